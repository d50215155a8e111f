"""Clean windows for the benchmarks of reports: every column drawn from a law that does not change."""

from collections.abc import Callable

import numpy as np

from engine.monitoring.types import Cell, EvaluationJob, Table

Draw = Callable[[np.random.Generator, int], list[Cell]]


def _categories(shares: list[float]) -> Draw:
    names = [f"c{number}" for number in range(len(shares))]
    weights = np.array(shares) / sum(shares)
    return lambda random, rows: [str(name) for name in random.choice(names, rows, p=weights)]


def _with_gaps(random: np.random.Generator, rows: int) -> list[Cell]:
    return [None if random.random() < 0.1 else float(value) for value in random.normal(size=rows)]


KINDS: dict[str, Draw] = {
    "normal": lambda random, rows: random.normal(20, 5, rows).tolist(),
    "long tail": lambda random, rows: random.lognormal(0, 2, rows).tolist(),
    "no variance": lambda random, rows: (random.pareto(1.5, rows) + 1).tolist(),
    "counts": lambda random, rows: random.poisson(3, rows).tolist(),
    "rare flag": lambda random, rows: (random.random(rows) < 0.01).astype(float).tolist(),
    "with gaps": _with_gaps,
    "5 even categories": _categories([1.0] * 5),
    "20 skewed categories": _categories([1 / (number + 1) for number in range(20)]),
    "300 skewed categories": _categories([1 / (number + 1) for number in range(300)]),
}
"""What a column may be like."""


def window(random: np.random.Generator, kinds: list[str], columns: int, rows: int) -> Table:
    """A table with so many columns, the kinds in turn, and a label, a prediction and its probability."""
    cells: dict[str, list[Cell]] = {
        f"x{number:02}": KINDS[kinds[number % len(kinds)]](random, rows) for number in range(columns)
    }
    probability = random.beta(2, 5, rows)
    cells["label"] = (random.random(rows) < probability).tolist()
    cells["prediction"] = (probability > 0.5).tolist()
    cells["probability"] = probability.tolist()
    return Table(cells)


def pair(seed: int, kinds: list[str], columns: int, rows: int) -> EvaluationJob:
    """A window and its reference, drawn from the same laws."""
    random = np.random.default_rng(seed)
    current, reference = (window(random, kinds, columns, rows) for _ in range(2))
    return EvaluationJob("bench", seed, current, reference, "as many clean rows")
