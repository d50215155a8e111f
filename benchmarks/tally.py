"""The always-on counts, in microseconds a feature, beside NumPy and River's histogram one value at a time.

    python -m benchmarks.tally

Ten features: seven numbers (one with gaps), three categories. Each row of the table goes through the same
examples in turn, in several rounds; `spread` is (slowest - fastest) / median. Counting and the verdict at the
close of every window of 5,000 are in it.
"""

from collections.abc import Callable
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from river import sketch

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.first_look.counter import FirstLookCounter
from engine.monitoring.types import Table

EXAMPLES = 50_000
WINDOW = 5_000
ROUNDS = 5
NUMBERS = [f"n{i}" for i in range(7)]
CATEGORIES = ["c0", "c1", "c2"]


def make_examples() -> list[dict[str, Any]]:
    """Examples in order."""
    random = Random(1)  # noqa: S311 - benchmark data
    rows = []
    for _ in range(EXAMPLES):
        row: dict[str, Any] = {name: random.gauss(0, 1) for name in NUMBERS}
        row |= {name: random.choice("abcdefgh") for name in CATEGORIES}
        if random.random() < 0.1:
            del row["n0"]
        rows.append(row)
    return rows


def ours(rows: list[dict[str, Any]]) -> None:
    """The engine's tally."""
    tally = FirstLookCounter(MonitoringConfig())
    tally.refer_to(Table({name: [row.get(name) for row in rows[:1000]] for name in NUMBERS + CATEGORIES}))
    tally.begin()
    for number, row in enumerate(rows, 1):
        tally.add(row)
        if number % WINDOW == 0:
            tally.close("main", number // WINDOW, 0.0, 0, 0)
            tally.begin()


def numpy_each(rows: list[dict[str, Any]]) -> None:
    """What one would write first: for each number of each example, NumPy finds its bin."""
    edges = {
        name: np.quantile([row.get(name, 0.0) for row in rows[:1000]], np.linspace(0, 1, 11))
        for name in NUMBERS
    }
    counts: dict[str, Any] = {name: np.zeros(12) for name in NUMBERS}
    seen: dict[tuple[str, Any], int] = {}
    for row in rows:
        for name, value in row.items():
            if name in edges:
                counts[name][np.searchsorted(edges[name], value)] += 1
            else:
                seen[name, value] = seen.get((name, value), 0) + 1


def river_each(rows: list[dict[str, Any]]) -> None:
    """River's `sketch.Histogram` (Ben-Haim and Tom-Tov 2010), ten bins a number; categories in a dict."""
    make: Any = sketch.Histogram  # River leaves it untyped
    histograms = {name: make(max_bins=10) for name in NUMBERS}
    seen: dict[tuple[str, Any], int] = {}
    for row in rows:
        for name, value in row.items():
            if name in histograms:
                histograms[name].update(value)
            else:
                seen[name, value] = seen.get((name, value), 0) + 1


def main() -> None:
    """Runs and prints."""
    rows = make_examples()
    peers: dict[str, Callable[[list[dict[str, Any]]], None]] = {
        "tally, with a verdict every 5,000": ours,
        "NumPy, one value at a time": numpy_each,
        "River's histogram": river_each,
    }
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(ROUNDS):
        for name, count in peers.items():
            began = perf_counter()
            count(rows)
            times[name].append((perf_counter() - began) / EXAMPLES / len(NUMBERS + CATEGORIES) * 1e6)
    print(f"{EXAMPLES:,} examples of {len(NUMBERS + CATEGORIES)} features, {ROUNDS} rounds, each in turn")
    print(f"{'':36}{'µs/feature':>11}{'spread':>9}{'of ours':>9}")
    first = median(times["tally, with a verdict every 5,000"])
    for name, found in times.items():
        middle = median(found)
        print(f"{name:36}{middle:>11.2f}{(max(found) - min(found)) / middle:>8.0%} {middle / first:>7.1f}x")


if __name__ == "__main__":
    main()
