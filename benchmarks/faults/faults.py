"""What goes wrong with data, done to a stretch of a stream on purpose."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from random import Random
from statistics import fmean, pstdev
from typing import Any

from benchmarks.faults.losses import Task
from benchmarks.faults.streams import Stream
from engine.records.values import Scalar

Row = dict[str, Scalar | None]
"""Features of a row; `None` is a missing value."""

_FAR = 20.0
"""Standard deviations by which an outlier is off."""

_BATCH = 100
"""Rows of a batch that is sent over and over."""

_OTHER_UNIT = 2.54
"""Factor of labels in another unit: inches sent as centimetres."""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A stream of which a part is spoilt.

    Attributes:
        task: What is predicted.
        features: As the models see them.
        labels: As they come; they may be wrong.
        delays: Rows after which each label comes.
        truth: What is right.
    """

    task: Task
    features: list[Row]
    labels: list[Any]
    delays: list[int]
    truth: list[Any]


@dataclass(frozen=True)
class Part:
    """The rows from `start` up to `end` of a stream, and the chance by which they are spoilt."""

    spoilt: Spoilt
    start: int
    end: int
    random: Random

    @cached_property
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

    @cached_property
    def label_scale(self) -> float:
        """The standard deviation of the clean labels, in regression."""
        return float(pstdev(self.spoilt.labels[: self.start]))

    @cached_property
    def classes(self) -> list[Any]:
        """The classes before."""
        return sorted(set(self.spoilt.labels[: self.start]))

    def change(self, change: Callable[[Row], Row]) -> None:
        """Changes the features of every row of the part."""
        for number in range(self.start, self.end):
            self.spoilt.features[number] = change(self.spoilt.features[number])

    def wrong(self, label: Any) -> Any:
        """A label that is wrong: another class, or a number far off."""
        if self.spoilt.task == "regression":
            return label + self.random.choice([-_FAR, _FAR]) * self.label_scale
        return self.random.choice([one for one in self.classes if one != label])


def _number(value: Scalar | None) -> float | None:
    """The value as a number, if it is one."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def unit(part: Part) -> None:
    """A column is sent in another unit: a thousand times as large."""
    name = part.random.choice(sorted(part.numbers))
    part.change(lambda row: row | {name: None if (value := _number(row.get(name))) is None else value * 1000})


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
    """Three labels of ten are another class."""
    for number in range(part.start, part.end):
        if part.random.random() < 0.3:
            part.spoilt.labels[number] = part.wrong(part.spoilt.labels[number])


def label_noise(part: Part) -> None:
    """Numbers are added to labels: normal ones, of twice the labels' own standard deviation."""
    for number in range(part.start, part.end):
        part.spoilt.labels[number] += part.random.gauss(0.0, 2 * part.label_scale)


def label_unit(part: Part) -> None:
    """One label of five comes in another unit: one of five sources was switched."""
    for number in range(part.start, part.end):
        if part.random.random() < 0.2:
            part.spoilt.labels[number] *= _OTHER_UNIT


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
            part.spoilt.labels[number] = part.wrong(part.spoilt.labels[number])


def shuffled(part: Part) -> None:
    """A bad join: rows have each other's features."""
    rows = part.spoilt.features[part.start : part.end]
    part.random.shuffle(rows)
    part.spoilt.features[part.start : part.end] = rows


_ANY_TASK: dict[str, Callable[[Part], None]] = {
    "unit": unit,
    "stuck": stuck,
    "missing": missing,
    "swapped": swapped,
    "outliers": outliers,
    "shuffled": shuffled,
    "duplicated": duplicated,
    "label delay": label_delay,
}
_CLASSES = {"label flip": label_flip}
_NUMBERS = {"label noise": label_noise, "label unit": label_unit}

FAULTS: dict[str, Callable[[Part], None]] = _ANY_TASK | _CLASSES | _NUMBERS

CLEAN = "none"
"""The name of no fault."""


def faults_of(task: Task) -> tuple[str, ...]:
    """The faults that make sense for a task."""
    return (*_ANY_TASK, *(_NUMBERS if task == "regression" else _CLASSES))


def spoil(stream: Stream, fault: str, start: int, end: int, seed: int) -> Spoilt:
    """A copy of the stream whose rows from `start` up to `end` are spoilt; none of them for `CLEAN`."""
    spoilt = Spoilt(stream.task, [*stream.features], [*stream.labels], [*stream.delays], [*stream.labels])
    if fault != CLEAN:
        FAULTS[fault](Part(spoilt, start, end, Random(f"{fault} {seed}")))  # noqa: S311 - test data
    return spoilt
