"""What the tables and the picture say of cells: shares recovered, harm, and the bars."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

Row = dict[str, Any]

_RECOVERABLE = 0.1
"""Share of the cost that the best sequence recovers where a share of it means something."""


def counting(rows: Iterable[Row]) -> list[Row]:
    """The cells with a fault that cost something."""
    return [row for row in rows if row["kind"] == "fault" and row["excess"]["counts"]]


def gain(row: Row, arm: str = "supervised") -> float:
    """What an arm loses less than the champion left alone."""
    return float(row["loss"]["none"] - row["loss"][arm])


def share(row: Row, arm: str = "supervised") -> float:
    """The share of the fault's cost that an arm recovers."""
    return float(gain(row, arm) / row["excess"]["total"])


def recoverable(rows: Iterable[Row]) -> list[Row]:
    """The cells that count in which the best sequence with two changes recovers a tenth of the cost."""
    return [row for row in counting(rows) if share(row, "best 2") >= _RECOVERABLE]


def share_of_best(row: Row) -> float:
    """The share of what the best sequence with two changes recovers, where it recovers something."""
    return gain(row) / gain(row, "best 2")


def harm(row: Row) -> float:
    """The loss with supervision above that of the champion left alone, as a share of it."""
    return float(row["loss"]["supervised"] / row["loss"]["none"] - 1.0)


def of_all(rows: Sequence[Row], arm: str = "supervised") -> float:
    """The share recovered, of the sums over cells that count."""
    return sum(gain(row, arm) for row in rows) / _cost(rows)


def net(rows: Sequence[Row]) -> float:
    """The same, of supervision against its own twin: what it gains on a clean stream too is no recovery."""
    left = sum(row["loss"]["supervised"] - row["loss"]["twin supervised"] for row in rows)
    return float(1.0 - left / _cost(rows))


def _cost(rows: Sequence[Row]) -> float:
    return float(sum(row["excess"]["total"] for row in rows))


def best_of_all(rows: Sequence[Row]) -> float:
    """The share of what the best sequences with two changes recover, of the sums."""
    return sum(map(gain, rows)) / sum(gain(row, "best 2") for row in rows)


def doubted(rows: Sequence[Row]) -> float:
    """The share of rows that were predicted while a suspicion was open."""
    return float(sum(row["doubted"] for row in rows) / sum(row["rows"] for row in rows))


def alive(rows: Iterable[Row]) -> float:
    """The mean number of models alive while a suspicion is open, over cells; 1 without one."""
    found = [row["alive"]["doubt"] for row in rows if row["alive"]["doubt"] is not None]
    return fmean(found) if found else 1.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A goal.

    Attributes:
        name: What is measured.
        limit: What it must reach, or must not exceed.
        least: Whether it must reach it.
        cells: Of these.
        measure: How.
        percent: Whether it is shown as a change in per cent.
    """

    name: str
    limit: float
    least: bool
    cells: Callable[[Sequence[Row]], list[Row]]
    measure: Callable[[list[Row]], float]
    percent: bool = False

    def measured(self, rows: Sequence[Row]) -> float | None:
        """The value; `None` when there is no such cell."""
        cells = self.cells(rows)
        return self.measure(cells) if cells else None

    def met(self, value: float) -> bool:
        """Whether the goal is reached."""
        return value >= self.limit if self.least else value <= self.limit

    def text(self, value: float) -> str:
        """A value as the tables show it."""
        return f"{value:+.2%}" if self.percent else f"{value:.2f}"


def of_kind(kind: str) -> Callable[[Sequence[Row]], list[Row]]:
    """Chooses the cells of a kind."""
    return lambda rows: [row for row in rows if row["kind"] == kind]


def _worst(rows: Sequence[Row]) -> float:
    return max(map(harm, rows))


def _median_of_best(rows: Sequence[Row]) -> float:
    return median(map(share_of_best, rows))


BARS = (
    Bar("of the best with 2 changes, median", 0.75, True, recoverable, _median_of_best),
    Bar("of the best with 2 changes, of all", 0.8, True, counting, best_of_all),
    Bar("share of the excess recovered, of all", 0.5, True, counting, of_all),
    Bar("worst cell against doing nothing", 0.005, False, of_kind("fault"), _worst, percent=True),
    Bar("worst clean stream", 0.002, False, of_kind("clean"), _worst, percent=True),
    Bar("worst drifting stream", 0.002, False, of_kind("drift"), _worst, percent=True),
    Bar("clean rows in doubt", 0.1, False, of_kind("clean"), doubted),
    Bar("models alive in doubt, mean", 4.0, False, lambda rows: [*rows], alive),
)
