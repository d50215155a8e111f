"""What goes wrong with data, done to a stretch of a stream on purpose."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from statistics import fmean, pstdev

from benchmarks.faults.streams import Stream
from engine.records.values import Scalar

Row = dict[str, Scalar | None]
"""Features of a row; `None` is a missing value."""

_FAR = 20.0
"""Deviations by which an adversarial outlier is off."""

_BATCH = 100
"""Rows of a batch that is sent over and over."""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A stream of which a part is spoilt.

    Attributes:
        features: As the models see them.
        labels: As they come; they may be wrong.
        delays: Rows after which each label comes.
        truth: What is right.
    """

    features: list[Row]
    labels: list[bool]
    delays: list[int]
    truth: list[bool]


@dataclass(frozen=True, slots=True)
class Part:
    """The rows from `start` up to `end` of a stream, and the chance by which they are spoilt."""

    spoilt: Spoilt
    start: int
    end: int
    random: Random

    @property
    def numbers(self) -> dict[str, list[float]]:
        """The clean values of every column of numbers that differ."""
        rows = self.spoilt.features[: self.start]
        names = sorted(
            {name for row in rows for name, value in row.items() if isinstance(value, int | float)}
        )
        columns = {
            name: [float(value) for row in rows if (value := _number(row.get(name))) is not None]
            for name in names
        }
        return {name: values for name, values in columns.items() if len(set(values)) > 10}

    def change(self, change: Callable[[Row], Row]) -> None:
        """Changes the features of every row of the part."""
        for number in range(self.start, self.end):
            self.spoilt.features[number] = change(self.spoilt.features[number])


def _number(value: Scalar | None) -> float | None:
    """The value as a number, if it is one."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def unit(part: Part) -> None:
    """A column is sent in another unit: a thousand times as large, or as small."""
    name, factor = part.random.choice(sorted(part.numbers)), part.random.choice([1000.0, 0.001])
    part.change(
        lambda row: row | {name: None if (value := _number(row.get(name))) is None else value * factor}
    )


def stuck(part: Part) -> None:
    """A column stays at its last value."""
    name = part.random.choice(sorted(part.numbers))
    last = part.spoilt.features[part.start - 1].get(name)
    part.change(lambda row: row | {name: last})


def missing(part: Part) -> None:
    """Half of all values are missing."""
    part.change(lambda row: {name: value for name, value in row.items() if part.random.random() < 0.5})


def swapped(part: Part) -> None:
    """Two columns of numbers have changed places."""
    one, other = part.random.sample(sorted(part.numbers), 2)
    part.change(lambda row: row | {one: row.get(other), other: row.get(one)})


def label_flip(part: Part) -> None:
    """Three labels of ten are wrong."""
    for number in range(part.start, part.end):
        if part.random.random() < 0.3:
            part.spoilt.labels[number] = not part.spoilt.labels[number]


def label_delay(part: Part) -> None:
    """No labels come; all of them when it is over."""
    for number in range(part.start, part.end):
        part.spoilt.delays[number] = max(part.spoilt.delays[number], part.end - number)


def duplicated(part: Part) -> None:
    """The last batch before is sent over and over, labels and all."""
    spoilt, first = part.spoilt, part.start - _BATCH
    for number in range(part.start, part.end):
        source = first + (number - part.start) % _BATCH
        spoilt.features[number] = spoilt.features[source]
        spoilt.labels[number] = spoilt.truth[number] = spoilt.labels[source]


def outliers(part: Part) -> None:
    """One row of twenty is far off in every number, and its label is wrong."""
    scales = {name: (fmean(values), pstdev(values)) for name, values in part.numbers.items()}
    for number in range(part.start, part.end):
        if part.random.random() < 0.05:
            sign = part.random.choice([-_FAR, _FAR])
            wild: Row = {name: mean + sign * deviation for name, (mean, deviation) in scales.items()}
            part.spoilt.features[number] = part.spoilt.features[number] | wild
            part.spoilt.labels[number] = not part.spoilt.labels[number]


def shuffled(part: Part) -> None:
    """A bad join: rows have each other's features."""
    rows = part.spoilt.features[part.start : part.end]
    part.random.shuffle(rows)
    part.spoilt.features[part.start : part.end] = rows


FAULTS: dict[str, Callable[[Part], None]] = {
    "unit": unit,
    "stuck": stuck,
    "missing": missing,
    "swapped": swapped,
    "label flip": label_flip,
    "label delay": label_delay,
    "duplicated": duplicated,
    "outliers": outliers,
    "shuffled": shuffled,
}


def spoil(stream: Stream, fault: str, start: int, end: int, seed: int) -> Spoilt:
    """A copy of the stream whose rows from `start` up to `end` are spoilt; none of them for `"none"`."""
    spoilt = Spoilt([*stream.features], [*stream.labels], [*stream.delays], [*stream.labels])
    if fault != "none":
        FAULTS[fault](Part(spoilt, start, end, Random(f"{fault} {seed}")))  # noqa: S311 - test data
    return spoilt
