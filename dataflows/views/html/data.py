"""What a page shows of one model key, read from a run's streams and thinned to what fits a screen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataflows.run_reader import read_stream

MOST_POINTS = 300
"""Most windows that a chart shows one by one; of more, neighbours are drawn together."""

MOST_ROWS = 500
"""Most windows in the table."""

MOST_KEYS = 50
"""Most model keys that are drawn."""

_ORDER = ("pass", "unjudged", "warn", "fail")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Point:
    """One window in the charts, or neighbours drawn together.

    Attributes:
        first: The number of the first window.
        last: That of the last.
        start: Event time at which the first begins, seconds since 1970.
        end: Event time at which the last ends.
        status: The worst verdict.
        looked: The worst first look; "" when there is none.
        lines: Mean of each series, by its name; without those that have no value.
        cells: Of each check by (name, column): value over limit, and status; the largest.
        business: Mean of each business metric.
    """

    first: int
    last: int
    start: float
    end: float
    status: str
    looked: str
    lines: dict[str, float]
    cells: dict[tuple[str, str], tuple[float, str]]
    business: dict[str, float]


@dataclass(frozen=True, slots=True)
class KeyData:
    """All that is shown of one model key.

    Attributes:
        key: The model key.
        points: In order.
        windows: How many windows there were.
        rows: The windows of the table, newest first: the lines of `reports.jsonl`.
        decisions: The lines of `decisions.jsonl`, oldest first.
        summary: The last line of `summary.jsonl` for the key, if there is one.
    """

    key: str
    points: Sequence[Point]
    windows: int
    rows: Sequence[Row]
    decisions: Sequence[Row]
    summary: Row | None


@dataclass(slots=True)
class _Found:
    reports: list[Row] = field(default_factory=list)
    looks: dict[int, str] = field(default_factory=dict)
    decisions: list[Row] = field(default_factory=list)
    summary: Row | None = None


def read_run(run: Path) -> tuple[list[KeyData], int]:
    """What a run has written, by model key; of many keys those with most decisions and failed windows.

    Returns:
        The keys that are shown, and how many there are.

    Raises:
        InputError: When this is not the folder of a run.
    """
    found: dict[str, _Found] = {}

    def of(row: Row) -> _Found:
        return found.setdefault(row["key"], _Found())

    for row in read_stream(run, "reports"):
        of(row).reports.append(row)
    for row in read_stream(run, "first_looks"):
        of(row).looks[row["window"]] = row["status"]
    for row in read_stream(run, "decisions"):
        of(row).decisions.append(row)
    for row in read_stream(run, "summary"):
        of(row).summary = row
    chosen = sorted(found, key=lambda key: _eventful(found[key]), reverse=True)[:MOST_KEYS]
    return [_data(key, one) for key, one in found.items() if key in chosen], len(found)


def _eventful(found: _Found) -> tuple[int, int]:
    """Decisions, and windows that failed."""
    return len(found.decisions), sum(row["status"] == "fail" for row in found.reports)


def _data(key: str, found: _Found) -> KeyData:
    reports = found.reports
    together = -(-len(reports) // MOST_POINTS) or 1
    groups = [reports[start : start + together] for start in range(0, len(reports), together)]
    points = [_point(group, found.looks) for group in groups]
    return KeyData(key, points, len(reports), _chosen(reports), found.decisions, found.summary)


def _chosen(reports: Sequence[Row]) -> list[Row]:
    """The windows of the table: the newest, and the newest that did not pass."""
    newest = reports[::-1]
    if len(newest) <= MOST_ROWS:
        return list(newest)
    half = MOST_ROWS // 2
    others = [row for row in newest[half:] if row["status"] != "pass"]
    return [*newest[:half], *others[: MOST_ROWS - half]]


def _point(group: Sequence[Row], looks: dict[int, str]) -> Point:
    first, last = group[0], group[-1]
    cells: dict[tuple[str, str], tuple[float, str]] = {}
    for row in group:
        for check in row["checks"]:
            if check["value"] is None or not check["limit"]:
                continue
            place = check["name"], str(check["column"])
            cell = check["value"] / check["limit"], check["status"]
            cells[place] = max(cells.get(place, cell), cell, key=lambda one: (_ORDER.index(one[1]), one[0]))
    looked = [looks[row["window"]] for row in group if row["window"] in looks]
    return Point(
        first["window"],
        last["window"],
        first["start"],
        last["end"],
        _worst([row["status"] for row in group]),
        _worst(looked) if looked else "",
        _means([_series(row["scores"]) for row in group]),
        cells,
        _means([_business(row["scores"]) for row in group]),
    )


def _worst(statuses: Sequence[str]) -> str:
    return max(statuses, key=_ORDER.index)


def _series(scores: Row) -> dict[str, float | None]:
    shadows = [one["loss"] for one in scores["shadows"].values() if one["loss"] is not None]
    return {
        "served": scores["loss"],
        "baseline": scores["baseline_loss"],
        "last label": scores["last_label_loss"],
        "shadow": min(shadows, default=None),
        **{f"challenger {name}": one["loss"] for name, one in scores.get("challengers", {}).items()},
    }


def _business(scores: Row) -> dict[str, float | None]:
    return {name: worth["mean"] for name, worth in scores["business"].items()}


def _means(rows: Sequence[dict[str, float | None]]) -> dict[str, float]:
    """The mean of each name over the rows that have a value of it."""
    values: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            if value is not None:
                values.setdefault(name, []).append(value)
    return {name: sum(found) / len(found) for name, found in values.items()}
