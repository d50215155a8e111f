"""The same streams with a fault in one window: is it found in that window?

Faults that nobody could see are left out: those in columns that have one value in most rows. Two columns that
are swapped are told by their values only where these differ: bananas' two coordinates, or polls of the same
candidate, do not.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations
from random import Random
from statistics import mode
from typing import Any

from benchmarks.false_alarms.runs import Found, configured, evaluator, examples
from benchmarks.false_alarms.streams import Row, Stream
from engine.core.engine import Engine
from engine.records.values import Scalar

Features = dict[str, Scalar | None]
Spoil = Callable[[Features], Features]

KINDS = ("unit change", "stuck column", "missing surge", "swapped columns")

_CLEAN = 8
"""Windows before the fault, at most."""

_COLUMNS, _PAIRS = 8, 10
"""Columns that are spoilt, and pairs that are swapped, at most."""

_MISSING = 0.4
"""Share of values that go missing."""


def find(stream: Stream, rows: Sequence[Row]) -> dict[str, list[str]]:
    """The verdict on the window that holds the fault: by kind of fault, for each column or pair."""
    config = configured(stream, rows)
    count = config.window.count
    window = min(len(rows) // count - 2, _CLEAN)
    clean = window * count
    with Engine(config, evaluator=evaluator(stream, config)) as engine:
        engine.process(examples(rows[:clean]))
        saved = engine.snapshot()
    verdicts: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for kind, spoil in _faults(rows):
        found = Found()
        with Engine.restore(saved, config, evaluator(stream, config)) as engine:
            spoilt = [(spoil(features), label) for features, label in rows[clean : clean + count]]
            found.add(engine.process(examples(spoilt, clean)))
            found.add(engine.finish())
        verdicts[kind].append(found.verdicts[window])
    return verdicts


def _faults(rows: Sequence[Row]) -> Iterator[tuple[str, Spoil]]:
    first, varied = rows[0][0], list(_varied(rows))
    for name in varied[:_COLUMNS]:
        yield KINDS[0], partial(_in_other_unit, name)
        yield KINDS[1], partial(_stuck, name, first[name])
        yield KINDS[2], partial(_missing, name, Random(name))  # noqa: S311 - test data
    for left, right in list(combinations(varied, 2))[:_PAIRS]:
        yield KINDS[3], partial(_swapped, left, right)


def _varied(rows: Sequence[Row]) -> Iterator[Any]:
    """Columns of numbers of which no value fills half."""
    for name, value in rows[0][0].items():
        values = [features.get(name) for features, _ in rows[:2000]]
        if isinstance(value, float | int) and values.count(mode(values)) < len(values) / 2:
            yield name


def _in_other_unit(name: Any, features: Features) -> Features:
    value = features.get(name)
    return features if not isinstance(value, float | int) else features | {name: value * 1000}


def _stuck(name: Any, value: Scalar | None, features: Features) -> Features:
    return features | {name: value}


def _missing(name: Any, random: Random, features: Features) -> Features:
    return features | {name: None} if random.random() < _MISSING else features


def _swapped(left: Any, right: Any, features: Features) -> Features:
    return features | {left: features.get(right), right: features.get(left)}
