"""Measures of a cell, from losses by row."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.faults.hindsight import BLOCK
from benchmarks.faults.losses import Array

_COST, _ERRORS = 0.03, 2.5
_SMOOTHED, _WITHIN = 250, 0.05


@dataclass(frozen=True, slots=True)
class Excess:
    """Loss above that of the twin.

    Attributes:
        total: Summed over all rows.
        error: Its standard error, from sums over blocks of 50 rows.
        counts: Whether it is above 3 % of the twin's loss and above 2.5 standard errors.
    """

    total: float
    error: float
    counts: bool


def excess(losses: Array, twin: Array) -> Excess:
    """The excess over the twin, row by row."""
    differences = losses - twin
    blocks = np.add.reduceat(differences, range(0, len(differences), BLOCK))
    total, error = float(differences.sum()), math.sqrt(float((blocks**2).sum()))
    return Excess(total, error, total > _COST * float(twin.sum()) and total > _ERRORS * error)


def rows_to_recover(losses: Array, twin: Array) -> int | None:
    """Rows until the loss is back within 5 % of the twin's, both being means over the last 250 rows.

    It must stay there for 250 rows, so that a chance crossing is no recovery. 0 when it never was further
    away; `None` when it does not come back.
    """
    worse = _smoothed(losses) > (1 + _WITHIN) * _smoothed(twin) + 1e-12
    if not worse.any():
        return 0
    first = int(worse.argmax())
    # How many of the next 250 rows are worse, from each row on.
    sums = np.concatenate([[0], np.cumsum(worse)])
    ahead = sums[_SMOOTHED:] - sums[:-_SMOOTHED]
    back = np.flatnonzero(ahead[first:] == 0)
    return first + int(back[0]) if len(back) else None


def _smoothed(losses: Array) -> Array:
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    ends = np.arange(1, len(losses) + 1)
    begins = np.maximum(ends - _SMOOTHED, 0)
    means: Array = (sums[ends] - sums[begins]) / (ends - begins)
    return means


def regret(served: Array, alone: Array, doubted: NDArray[np.bool_]) -> float:
    """The most that what was served had lost above the champion left alone, at any moment of a suspicion.

    Args:
        served: Losses on the labels as they came, of what was served.
        alone: The same of the champion left alone.
        doubted: Rows that were predicted while a suspicion was open; the sum begins anew with each.
    """
    most = running = 0.0
    for difference, open_ in zip((served - alone).tolist(), doubted.tolist(), strict=True):
        running = running + difference if open_ else 0.0
        most = max(most, running)
    return most
