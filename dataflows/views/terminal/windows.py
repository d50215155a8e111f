"""The windows of a run as a table, and its decisions and drifts as lines."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import mean

from rich.markup import escape
from rich.table import Table

from dataflows.format import day, number, short_day
from dataflows.run_reader import read_rows
from dataflows.views.terminal.tables import COLOURS, coloured, plain_table
from engine.rows import DecisionRow, DriftRow, ReportRow
from engine.supervision.decisions import Action

_ACTIONS: dict[Action, str] = {
    "rollback": "bold red",
    "promotion": "bold green",
    "alert": "bold yellow",
    "accept": "bold magenta",
}

_MOST_WINDOWS = 60
_MOST_EARLIER = 20
_BARS = "▁▂▃▄▅▆▇█"

LEGEND = (
    "drift: drifted columns of those tested. Mean loss, lower is better: served and baseline over all "
    "labelled outcomes of the window; champion and best shadow over the same events, while the champion is "
    "suspected. Then the mean of each business metric. by: the model that serves at the window's end."
)


def windows_table(run: Path) -> Table:
    """One row per window: verdict, drift, and the losses of champion, shadows and baseline.

    Then the mean of each business metric. It fits 80 columns, with one of these. Of many windows the newest
    are shown, and a caption counts the others.
    """
    decided: dict[tuple[str, int], list[str]] = {}
    for decision in read_rows(run, DecisionRow):
        decided.setdefault((decision.key, decision.window), []).append(decision.action)
    table = plain_table()
    for name in ("win", "from", "verdict"):
        table.add_column(name, no_wrap=True)
    for name in ("drift", "served", "base", "champ", "shadow"):
        table.add_column(name, justify="right", no_wrap=True)
    rows, left_out = _chosen(list(read_rows(run, ReportRow)))
    table.caption, table.caption_justify = left_out or None, "left"
    several = len({row.key for row in rows}) > 1
    business = list(rows[0].scores.business) if rows else []
    for name in business:
        table.add_column(escape(name[:8]), justify="right", no_wrap=True)
    table.add_column("by", no_wrap=True)
    table.add_column("decided")
    for row in rows:
        scores, best = row.scores, row.scores.best_shadow
        table.add_row(
            f"{row.key}/{row.window}" if several else str(row.window),
            short_day(row.start),
            coloured(row.status),
            _drift(row),
            number(scores.loss),
            number(scores.baseline_loss),
            *((number(best.champion_loss), number(best.loss)) if best else ("", "")),
            *(number(scores.business[name].mean) for name in business),
            row.model,
            ", ".join(decided.get((row.key, row.window), [])),
        )
    return table


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


def decision_lines(run: Path) -> Iterator[str]:
    """One line of markup per decision: when, what, and why."""
    for row in read_rows(run, DecisionRow):
        style = _ACTIONS.get(row.action, "bold")
        change = f" {row.previous} → {row.model}" if row.changes else ""
        shadows = f" (shadows: {row.shadow})" if row.action == "suspect" and row.shadow else ""
        yield (
            f"{day(row.time)} window {row.window:>3} [{style}]{row.action}[/]{change}: "
            f"{escape(row.reason)}{escape(shadows)}"
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


def newest(lines: Iterable[str], most: int, stream: str) -> Iterator[str]:
    """The last of many lines, after one that says how many came before.

    >>> [*newest("abc", 2, "decisions")]
    ['1 more before these: decisions.jsonl', 'b', 'c']
    """
    found = deque(lines)
    if len(found) > most:
        yield f"{len(found) - most:,} more before these: {stream}.jsonl"
    yield from islice(found, max(0, len(found) - most), None)
