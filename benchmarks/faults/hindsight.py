"""The best sequence of experts with at most k changes, in hindsight, by dynamic programming."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.faults.losses import Array

BLOCK = 50
"""Rows that one expert serves at least."""


@dataclass(frozen=True, slots=True)
class Sequenced:
    """The experts that serve, one after the other.

    Attributes:
        loss: What all of it loses.
        turns: Block and number of the expert that serves from there on.
    """

    loss: float
    turns: tuple[tuple[int, int], ...]


def best_sequences(losses: Sequence[Array], most: int, block: int = BLOCK) -> list[Sequenced]:
    """For 0, 1, ... `most` changes, the sequence that loses least; the first expert serves until a change.

    Args:
        losses: By row, for each expert.
        most: The largest number of changes.
        block: Rows in a block; the last may have fewer.
    """
    sums = [np.add.reduceat(one, range(0, len(one), block)) for one in losses]
    nobody = Sequenced(np.inf, ())
    best = [[Sequenced(0.0, ()) if not one else nobody for one in range(len(sums))] for _ in range(most + 1)]
    for at in range(len(sums[0])):
        leaders = [min(row, key=_loss) for row in best]
        for changes, row in enumerate(best):
            for one, block_sums in enumerate(sums):
                kept = row[one]
                if changes and leaders[changes - 1].loss < kept.loss:
                    before = leaders[changes - 1]
                    kept = Sequenced(before.loss, (*before.turns, (at, one)))
                row[one] = Sequenced(kept.loss + float(block_sums[at]), kept.turns)
    return [min(row, key=_loss) for row in best]


def _loss(sequence: Sequenced) -> float:
    return sequence.loss
