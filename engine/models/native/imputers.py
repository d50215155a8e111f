"""Imputers. They wait for `None`, which no record has here, and learn what they would put in its place."""

from collections.abc import Callable, Iterable
from typing import Any

from river import preprocessing, stats
from river.preprocessing.impute import Constant

from engine.models.native.moments import finite, whole
from engine.models.native.recognition import Write, are_texts, attributes, expect, number

_CONSTANT: Any = Constant
Described = tuple[tuple[Any, ...], Write, Iterable[Any]]
"""A step as the crate takes it, what writes its state, and the objects that learn in it."""


def _stat_imputer(imputer: Any) -> Described:
    found = attributes(imputer, preprocessing.StatImputer, ("imputers", "stats"))["stats"]
    expect(type(found) is dict and are_texts(found))
    means = [(name, _mean(stat)) for name, stat in found.items()]
    learning = [stat for stat in found.values() if type(stat) is stats.Mean]

    def write(state: Any) -> None:
        for stat, mean in zip(found.values(), state, strict=True):
            if mean is not None:
                stat.n, stat._mean = mean

    return ("stat_imputer", means), write, learning


def _mean(stat: Any) -> tuple[float, float] | None:
    """How many numbers there were, and their mean; `None` for a constant, which learns nothing."""
    if type(stat) is _CONSTANT:
        attributes(stat, _CONSTANT, {"value"})
        return None
    known = attributes(stat, stats.Mean, ("n", "_mean"))
    return whole(known["n"]), finite(known["_mean"])


def _previous_imputer(imputer: Any) -> Described:
    latest = attributes(imputer, preprocessing.PreviousImputer, {"_latest"})["_latest"]
    expect(type(latest) is dict and are_texts(latest))
    expect(all(type(value) in (bool, str) or number(value) == value for value in latest.values()))
    return ("previous_imputer", dict(latest)), latest.update, ()


IMPUTERS: dict[type, Callable[[Any], Described]] = {
    preprocessing.StatImputer: _stat_imputer,
    preprocessing.PreviousImputer: _previous_imputer,
}
"""What describes an imputer, by its class."""
