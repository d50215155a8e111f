"""Generated streams: of one concept that stays, or of several, so that the world changes by itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from river.datasets import synth

from benchmarks.faults.losses import Task

Pairs = Callable[[int, int], Iterator[tuple[Any, Any]]]
"""For a seed and a number of rows: features and label, at least so many."""


@dataclass(frozen=True, slots=True)
class Generated:
    """A stream that is made.

    Attributes:
        task: What is predicted.
        pairs: Makes it.
    """

    task: Task
    pairs: Pairs


def _concepts(make: Callable[[int, int], Any], order: list[int], width: int) -> Pairs:
    """Generated concepts one after the other, each passing into the next over `width` rows."""

    def pairs(seed: int, rows: int) -> Iterator[Any]:
        random = Random(seed)  # noqa: S311 - test data
        sources = [iter(make(concept, seed)) for concept in order]
        each = rows / len(order)
        for number in range(rows):
            # Within half a width of a change, the next concept becomes ever more likely.
            shifted = (number + random.uniform(-width, width) / 2) / each
            yield next(sources[min(max(int(shifted), 0), len(order) - 1)])

    return pairs


def _sea_concept(concept: int, seed: int) -> Any:
    return synth.SEA(variant=concept, seed=seed, noise=0.1)


def _agrawal_concept(concept: int, seed: int) -> Any:
    return synth.Agrawal(classification_function=concept, seed=seed, perturbation=0.05)


def _shifting(concept: int, seed: int) -> Iterator[Any]:
    """Features move too, and the boundary with them: a window's drift is real."""
    random = Random(seed * 100 + concept)  # noqa: S311 - test data
    while True:
        row = {name: random.gauss(1.5 * concept, 1.0) for name in "abcd"}
        weights = [1.0, -1.0, 0.5, 0.0] if concept % 2 else [-0.5, 1.0, 0.0, 1.0]
        score = sum(w * (x - 1.5 * concept) for w, x in zip(weights, row.values(), strict=True))
        yield row, score + random.gauss(0, 0.5) > 0


def _rbf(concept: int, seed: int) -> Any:
    return synth.RandomRBF(seed_model=concept, seed_sample=seed, n_classes=4, n_features=8, n_centroids=30)


def _friedman(kind: str) -> Pairs:
    """Friedman's function, with changes of the generator's own after a half and after three quarters."""

    def pairs(seed: int, rows: int) -> Iterator[Any]:
        positions = (rows // 2, rows * 3 // 4) if kind != "lea" else (rows // 4, rows // 2, rows * 3 // 4)
        return iter(
            synth.FriedmanDrift(drift_type=kind, position=positions, transition_window=rows // 10, seed=seed)
        )

    return pairs


STATIONARY: dict[str, Generated] = {
    "friedman": Generated("regression", lambda seed, _: iter(synth.Friedman(seed=seed))),
    "waveform": Generated("multiclass", lambda seed, _: iter(synth.Waveform(seed=seed))),
    "clouds": Generated("multiclass", lambda seed, _: iter(_rbf(7, seed))),
}
"""Streams of one concept; faults are done to them."""

DRIFTING: dict[str, Generated] = {
    "sea drift": Generated("binary", _concepts(_sea_concept, [0, 1, 2, 3], 1)),
    "agrawal drift": Generated("binary", _concepts(_agrawal_concept, [0, 3, 6], 1)),
    "sudden": Generated("binary", _concepts(_shifting, [0, 1], 1)),
    "gradual": Generated("binary", _concepts(_shifting, [0, 1], 3000)),
    "recurring": Generated("binary", _concepts(_shifting, [0, 1, 0, 1], 1)),
    "friedman sudden": Generated("regression", _friedman("gra")),
    "friedman gradual": Generated("regression", _friedman("gsg")),
    "friedman local": Generated("regression", _friedman("lea")),
    "clouds sudden": Generated("multiclass", _concepts(_rbf, [7, 8], 1)),
    "clouds gradual": Generated("multiclass", _concepts(_rbf, [7, 8], 3000)),
    "clouds recurring": Generated("multiclass", _concepts(_rbf, [7, 8, 7, 8], 1)),
}
"""Streams whose concept changes by itself; no fault is done to them."""
