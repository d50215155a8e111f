"""The windows of a run as a table, and its decisions and drifts as lines."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import mean
from typing import TypeVar

from rich.table import Table
from rich.text import Text

from dataflows.console import styled
from dataflows.format import day, number, short_day
from dataflows.run_reader import read_rows
from dataflows.views.explain.sentences import weights
from dataflows.views.terminal.tables import COLOURS, Column, coloured, fitted_table
from engine.rows import DecisionRow, DriftRow, ReportRow, WindowScoresRow
from engine.supervision.decisions import Action

_ACTIONS: dict[Action, str] = {
    "rollback": "bold red",
    "promotion": "bold green",
    "alert": "bold yellow",
    "accept": "bold magenta",
}

_MOST_WINDOWS = 60
_MOST_EARLIER = 20
_Line = TypeVar("_Line", str, Text)
_BARS = "▁▂▃▄▅▆▇█"

LEGEND = (
    "drift: drifted columns of those tested. Mean loss, lower is better: served and baseline over all "
    "labelled outcomes of the window; champion and best shadow over the same events, while the champion is "
    "suspected. Then the mean of each business metric. by: the model that serves at the window's end; "
    "while several serve together, each with its weight."
)


def windows_table(run: Path, width: int) -> Table:
    """One row per window: verdict, drift, and the losses of champion, shadows and baseline.

    Then the mean of each business metric. What was decided is always shown; columns that have no room in the
    width are left out and named. Of many windows the newest are shown, and a caption counts the others.
    """
    rows, left_out = _chosen(list(read_rows(run, ReportRow)))
    decided: dict[tuple[str, int], list[str]] = {}
    for decision in read_rows(run, DecisionRow):
        decided.setdefault((decision.key, decision.window), []).append(decision.action)
    scores = [row.scores for row in rows]
    best = [one.best_shadow for one in scores]
    business = dict.fromkeys(name for one in scores for name in one.business)
    several = len({row.key for row in rows}) > 1
    columns = [
        Column("win", [str(row.window) for row in rows], number=True),
        Column("from", [short_day(row.start) for row in rows], spare=3),
        Column("verdict", [coloured(row.status) for row in rows]),
        Column("drift", [_drift(row) for row in rows], spare=2, number=True),
        Column("served", [number(one.loss) for one in scores], spare=1, number=True),
        Column("base", [number(one.baseline_loss) for one in scores], spare=1, number=True),
        Column("champ", [number(one.champion_loss) if one else "" for one in best], spare=5, number=True),
        Column("shadow", [number(one.loss) if one else "" for one in best], spare=5, number=True),
        *(
            Column(name, _means(scores, name), spare=4 if place == 0 else 5 + place, number=True)
            for place, name in enumerate(business)
        ),
        Column("by", [weights(row) for row in rows], folds=True),
        Column("decided", [", ".join(decided.get((row.key, row.window), [])) for row in rows], folds=True),
    ]
    if several:
        columns.insert(0, Column("key", [row.key for row in rows], folds=True))
    return fitted_table(columns, width, left_out)


def _means(scores: Sequence[WindowScoresRow], name: str) -> list[str]:
    """The mean of a business metric in each window."""
    found = [one.business.get(name) for one in scores]
    return ["" if one is None else number(one.mean) for one in found]


def _drift(row: ReportRow) -> str:
    """Drifted columns of those tested."""
    drifted, tested = (row.metrics.get(f"{name}_columns") or 0 for name in ("drifted", "drift_tested"))
    return f"{drifted:.0f}/{tested:.0f}"


def _chosen(rows: Sequence[ReportRow]) -> tuple[Sequence[ReportRow], str]:
    """The newest windows and the newest before them that failed, and what that leaves out."""
    earlier = rows[:-_MOST_WINDOWS]
    if not earlier:
        return rows, ""
    failed = [row for row in earlier if row.status == "fail"]
    kept = failed[-_MOST_EARLIER:]
    statuses = Counter(row.status for row in earlier)
    counted = ", ".join(f"{statuses[status]:,} {status}" for status in COLOURS if statuses[status])
    return [*kept, *rows[-_MOST_WINDOWS:]], (
        f"{len(earlier):,} earlier windows ({counted}) are not shown"
        + (f", except the last {len(kept)} that failed" if kept else "")
        + "; --html and reports.jsonl have all"
    )


def trend_lines(run: Path) -> Iterator[str]:
    """For each model key a line with its served loss by window, each bar the mean of some neighbours."""
    losses: dict[str, list[float]] = {}
    for row in read_rows(run, ReportRow):
        if row.scores.loss is not None:
            losses.setdefault(row.key, []).append(row.scores.loss)
    for key, found in losses.items():
        if len(found) > 1:
            yield f"served loss, {key}: {sparkline(found, 40)} {number(min(found))} to {number(max(found))}"


def sparkline(values: Sequence[float], width: int) -> str:
    """Bars from the lowest value to the highest, at most so many.

    >>> sparkline([1.0, 2.0, 3.0, 8.0], 4), sparkline([5.0, 5.0], 9), sparkline([0.0, 0.0, 1.0, 1.0], 2)
    ('▁▂▃█', '▁▁', '▁█')
    """
    size = -(-len(values) // width)
    means = [mean(values[start : start + size]) for start in range(0, len(values), size)]
    low, high = min(means), max(means)
    scale = (len(_BARS) - 1) / ((high - low) or 1.0)
    return "".join(_BARS[round((value - low) * scale)] for value in means)


def decision_lines(run: Path) -> Iterator[Text]:
    """One line per decision: its number and key as `explain` takes them, when, what, and why."""
    rows = list(read_rows(run, DecisionRow))
    keys = {row.key for row in rows} | {row.key for row in read_rows(run, ReportRow)}
    several = len(keys) > 1
    return (decision_line(row, several=several) for row in rows)


def decision_line(row: DecisionRow, *, several: bool) -> Text:
    """One decision; with its key when there are several."""
    of_key = f" of {row.key}" if several else ""
    change = f" {row.previous} → {row.model}" if row.changes else ""
    shadows = f" (shadows: {row.shadow})" if row.action == "suspect" and row.shadow else ""
    return styled(
        f"decision {row.number}{of_key}: {day(row.time)} window {row.window:>3} ",
        (row.action, _ACTIONS.get(row.action, "bold")),
        f"{change}: {row.reason}{shadows}",
    )


def drift_lines(run: Path) -> Iterator[str]:
    """For each detector that found something: how often, and the last."""
    found: dict[tuple[str, str], list[DriftRow]] = {}
    for row in read_rows(run, DriftRow):
        found.setdefault((row.key, row.detector), []).append(row)
    for (key, detector), rows in found.items():
        times = Counter(row.kind for row in rows)
        last = rows[-1]
        before = "" if last.before is None else f"{number(last.before)} → "
        yield (
            f"{detector}, {key}: drift {times['drift']}, warning {times['warning']}; the last in window "
            f"{last.window}, {day(last.time)}: mean {before}{number(last.after)}"
        )


def newest(lines: Iterable[_Line], most: int, stream: str) -> Iterator[_Line | str]:
    """The last of many lines, after one that says how many came before.

    >>> [*newest("abc", 2, "decisions")]
    ['1 more before these: decisions.jsonl', 'b', 'c']
    """
    found = deque(lines)
    if len(found) > most:
        yield f"{len(found) - most:,} more before these: {stream}.jsonl"
    yield from islice(found, max(0, len(found) - most), None)
