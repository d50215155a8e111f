"""How good a model is on rows that it has not learned from, and how sure that is.

Intervals are of the delete-a-group jackknife (Kott 2001) over twenty blocks of consecutive rows: it takes any
metric, and rows that follow each other may be alike (Kunsch 1989). They hold 95 % of the time when blocks are
long against what binds neighbours together.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from engine.errors import RegistryError
from engine.evaluation.progressive_scores import Scores
from engine.models.operations import TaskOps
from engine.records.events import Output
from engine.records.values import Example, Features, Target

BLOCKS = 20

_T = 2.093
"""Student's t with 19 degrees of freedom, 97.5 %."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Tried:
    """A model's output for a row, and its loss; `None` where there is none."""

    label: Target
    output: Any
    loss: float | None


def try_on(
    predict: Callable[[Features], Output | None], ops: TaskOps, rows: Iterable[Example]
) -> list[Tried]:
    """What a model says of every labelled row. It learns nothing.

    Raises:
        RegistryError: When it cannot predict a row.
    """
    tried = []
    for row in rows:
        if row.label is None:
            continue
        try:
            output = predict(row.features)
        except Exception as error:
            # A model may raise anything.
            raise RegistryError(
                f"the model cannot predict {row.id}: {type(error).__name__}: {error}"
            ) from error
        loss = None if output is None else ops.loss(output, row.label)
        tried.append(Tried(row.label, output, loss))
    return tried


def estimate(tried: Sequence[Tried], fresh: Callable[[], Scores]) -> dict[str, Estimate]:
    """Every score with its interval.

    Raises:
        RegistryError: When there are too few rows for one.
    """
    return _jackknife(*_measured(tried, fresh))


def compare(one: Sequence[Tried], other: Sequence[Tried], fresh: Callable[[], Scores]) -> dict[str, Estimate]:
    """By how much the scores of `one` are above those of `other`, on the same rows."""
    whole, parts = _measured(one, fresh)
    their_whole, their_parts = _measured(other, fresh)
    return _jackknife(
        {name: value - their_whole[name] for name, value in whole.items() if name in their_whole},
        [
            {name: value - theirs[name] for name, value in mine.items() if name in theirs}
            for mine, theirs in zip(parts, their_parts, strict=True)
        ],
    )


def _measured(
    tried: Sequence[Tried], fresh: Callable[[], Scores]
) -> tuple[dict[str, float], list[dict[str, float]]]:
    """The scores of all rows, and without each block."""
    if len(tried) < 2 * BLOCKS:
        raise RegistryError(
            f"expected at least {2 * BLOCKS} labelled rows to say how sure a score is, got {len(tried)}"
        )
    edges = [round(len(tried) * number / BLOCKS) for number in range(BLOCKS + 1)]
    parts = [_scores((*tried[:begin], *tried[end:]), fresh) for begin, end in pairwise(edges)]
    return _scores(tried, fresh), parts


def _scores(tried: Iterable[Tried], fresh: Callable[[], Scores]) -> dict[str, float]:
    scores = fresh()
    for row in tried:
        if row.output is not None:
            scores.update(row.output, row.label, row.loss)
    return {name: value for name, value in scores.values().items() if "baseline" not in name}


def _jackknife(whole: Mapping[str, float], parts: Sequence[Mapping[str, float]]) -> dict[str, Estimate]:
    found = {}
    for name, value in whole.items():
        without = [part[name] for part in parts if name in part and math.isfinite(part[name])]
        if len(without) < BLOCKS or not math.isfinite(value):
            continue
        mean = sum(without) / BLOCKS
        error = math.sqrt((BLOCKS - 1) / BLOCKS * sum((part - mean) ** 2 for part in without))
        found[name] = Estimate(value, value - _T * error, value + _T * error)
    return found
