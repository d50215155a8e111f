"""What a page shows of one model key, read from a run's streams and thinned to what fits a screen."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dataflows.run_reader import read_rows
from dataflows.views.html.weights import shares, summed
from engine.rows import DecisionRow, PreliminaryVerdictRow, RatesRow, ReportRow, SummaryRow, WindowScoresRow
from engine.windows import Status

MOST_POINTS = 300
"""Most windows that a chart shows one by one; of more, neighbours are drawn together."""

MOST_ROWS = 500
"""Most windows in the table."""

MOST_KEYS = 50
"""Most model keys that are drawn."""

_ORDER: tuple[Status, ...] = ("pass", "unjudged", "warn", "fail")


@dataclass(frozen=True, slots=True)
class Point:
    """One window in the charts, or neighbours drawn together.

    Attributes:
        first: The number of the first window.
        last: That of the last.
        start: Event time at which the first begins, seconds since 1970.
        end: Event time at which the last ends.
        status: The worst verdict.
        preliminary: The worst preliminary verdict; `None` without one.
        lines: Mean of each series, by its name; without those that have no value.
        cells: Of each check by (name, column): value over limit, and status; the largest.
        business: Mean of each business metric.
        shares: Mean weight of each model in what is served.
    """

    first: int
    last: int
    start: float
    end: float
    status: Status
    preliminary: Status | None
    lines: dict[str, float]
    cells: dict[tuple[str, str], tuple[float, Status]]
    business: dict[str, float]
    shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class KeyData:
    """All that is shown of one model key.

    Attributes:
        key: The model key.
        points: In order.
        windows: How many windows there were.
        rows: The windows of the table, newest first.
        decisions: Oldest first.
        summary: The last one, if there is one.
        rates: The last rates, if there are some.
    """

    key: str
    points: Sequence[Point]
    windows: int
    rows: Sequence[ReportRow]
    decisions: Sequence[DecisionRow]
    summary: SummaryRow | None
    rates: RatesRow | None


@dataclass(slots=True)
class _Found:
    reports: list[ReportRow] = field(default_factory=list)
    preliminary: dict[int, Status] = field(default_factory=dict)
    decisions: list[DecisionRow] = field(default_factory=list)
    summary: SummaryRow | None = None
    rates: RatesRow | None = None


def read_run(run: Path) -> tuple[list[KeyData], int]:
    """What a run has written, by model key; of many keys those with most decisions and failed windows.

    Returns:
        The keys that are shown, and how many there are.

    Raises:
        InputError: When this is not the folder of a run.
    """
    found: defaultdict[str, _Found] = defaultdict(_Found)
    for report in read_rows(run, ReportRow):
        found[report.key].reports.append(report)
    for verdict in read_rows(run, PreliminaryVerdictRow):
        found[verdict.key].preliminary[verdict.window] = verdict.status
    for decision in read_rows(run, DecisionRow):
        found[decision.key].decisions.append(decision)
    for summary in read_rows(run, SummaryRow):
        found[summary.key].summary = summary
    for rates in read_rows(run, RatesRow):
        found[rates.key].rates = rates
    chosen = sorted(found, key=lambda key: _eventful(found[key]), reverse=True)[:MOST_KEYS]
    return [_data(key, one) for key, one in found.items() if key in chosen], len(found)


def _eventful(found: _Found) -> tuple[int, int]:
    """Decisions, and windows that failed."""
    return len(found.decisions), sum(row.status == "fail" for row in found.reports)


def _data(key: str, found: _Found) -> KeyData:
    reports = found.reports
    together = -(-len(reports) // MOST_POINTS) or 1
    groups = [reports[start : start + together] for start in range(0, len(reports), together)]
    points = [_point(group, found.preliminary) for group in groups]
    return KeyData(key, points, len(reports), _chosen(reports), found.decisions, found.summary, found.rates)


def _chosen(reports: Sequence[ReportRow]) -> list[ReportRow]:
    """The windows of the table: the newest, and the newest that did not pass."""
    newest = reports[::-1]
    if len(newest) <= MOST_ROWS:
        return list(newest)
    half = MOST_ROWS // 2
    others = [row for row in newest[half:] if row.status != "pass"]
    return [*newest[:half], *others[: MOST_ROWS - half]]


def _point(group: Sequence[ReportRow], preliminary: Mapping[int, Status]) -> Point:
    first, last = group[0], group[-1]
    cells: dict[tuple[str, str], tuple[float, Status]] = {}
    for row in group:
        for check in row.checks:
            if check.value is None or not check.limit:
                continue
            place = check.name, check.column
            cell = check.value / check.limit, check.status
            cells[place] = max(cells.get(place, cell), cell, key=lambda one: (_ORDER.index(one[1]), one[0]))
    found = [preliminary[row.window] for row in group if row.window in preliminary]
    return Point(
        first.window,
        last.window,
        first.start,
        last.end,
        _worst([row.status for row in group]),
        _worst(found) if found else None,
        _means([_series(row.scores) for row in group]),
        cells,
        _means([_business(row.scores) for row in group]),
        summed([shares(row) for row in group], 1.0 / len(group)),
    )


def _worst(statuses: Sequence[Status]) -> Status:
    return max(statuses, key=_ORDER.index)


def _series(scores: WindowScoresRow) -> dict[str, float | None]:
    return {
        "served": scores.loss,
        "baseline": scores.baseline_loss,
        "last label": scores.last_label_loss,
        "shadow": scores.best_shadow.loss if scores.best_shadow else None,
        **{f"challenger {name}": one.loss for name, one in scores.challengers.items()},
    }


def _business(scores: WindowScoresRow) -> dict[str, float | None]:
    return {name: one.mean for name, one in scores.business.items()}


def _means(rows: Sequence[dict[str, float | None]]) -> dict[str, float]:
    """The mean of each name over the rows that have a value of it."""
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None:
                values.setdefault(name, []).append(value)
    return {name: sum(found) / len(found) for name, found in values.items()}
