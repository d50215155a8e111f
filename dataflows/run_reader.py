"""What a run has written, read back for people: windows and decisions."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from statistics import mean
from typing import Any

import orjson
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from engine.errors import InputError

_DECISIONS = {
    "rollback": "bold red",
    "promotion": "bold green",
    "alert": "bold yellow",
    "accept": "bold magenta",
}
STYLES = {"pass": "green", "warn": "yellow", "fail": "red", "unjudged": "magenta"}


def read_stream(run: Path, stream: str) -> Iterator[dict[str, Any]]:
    """The lines of one output stream.

    Raises:
        InputError: When this is not the folder of a run, or a line is not what a run writes.
    """
    path = run / f"{stream}.jsonl"
    if not path.is_file():
        if any(run.glob("*.jsonl")):
            return  # A stream without a line has no file.
        raise InputError(f"{run}: expected the folder of a run, with predictions.jsonl in it; there is none")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return  # A run that is still writing: the rest of this line is to come.
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InputError(f"{path}, line {number}: not JSON: {error}") from error


def day(time: float) -> str:
    """An event time, seconds since 1970, as a UTC date; "-" for records that state no time."""
    if time == 0.0:
        return "-"
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d")


_MOST_WINDOWS = 60
_MOST_EARLIER = 20
_BARS = "▁▂▃▄▅▆▇█"


def newest(lines: Iterable[str], most: int, stream: str) -> Iterator[str]:
    """The last of many lines, after one that says how many came before.

    >>> [*newest("abc", 2, "decisions")]
    ['1 more before these: decisions.jsonl', 'b', 'c']
    """
    found = deque(lines)
    if len(found) > most:
        yield f"{len(found) - most:,} more before these: {stream}.jsonl"
    yield from islice(found, max(0, len(found) - most), None)


def trend_lines(run: Path) -> Iterator[str]:
    """For each model key a line with its served loss by window, each bar the mean of some neighbours."""
    losses: dict[str, list[float]] = {}
    for row in read_stream(run, "reports"):
        if row["scores"]["loss"] is not None:
            losses.setdefault(row["key"], []).append(row["scores"]["loss"])
    for key, found in losses.items():
        if len(found) > 1:
            yield f"served loss, {key}: {sparkline(found, 40)} {shown(min(found))} to {shown(max(found))}"


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


def _chosen(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """The newest windows and the newest before them that failed, and what that leaves out."""
    earlier = rows[:-_MOST_WINDOWS]
    if not earlier:
        return rows, ""
    failed = [row for row in earlier if row["status"] == "fail"]
    kept = failed[-_MOST_EARLIER:]
    statuses = Counter(row["status"] for row in earlier)
    said = ", ".join(f"{statuses[status]:,} {status}" for status in STYLES if statuses[status])
    return [*kept, *rows[-_MOST_WINDOWS:]], (
        f"{len(earlier):,} earlier windows ({said}) are not shown"
        + (f", but for the last {len(kept)} that failed" if kept else "")
        + "; all are on the page of --html or in reports.jsonl"
    )


def windows_table(run: Path) -> Table:
    """One row per window: its verdict, what drifted, and the losses of champion, shadows and baseline.

    Then the mean of each business metric. It fits 80 columns, with one of these. Of many windows the newest
    are shown, and a caption says what is not.
    """
    decided: dict[tuple[str, int], list[str]] = {}
    for decision in read_stream(run, "decisions"):
        decided.setdefault((decision["key"], decision["window"]), []).append(decision["action"])
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for name in ("win", "from", "verdict"):
        table.add_column(name, no_wrap=True)
    for name in ("drift", "served", "base", "champ", "shadow"):
        table.add_column(name, justify="right", no_wrap=True)
    rows, left_out = _chosen(list(read_stream(run, "reports")))
    table.caption, table.caption_justify = left_out or None, "left"
    keys = {row["key"] for row in rows}
    business = list(rows[0]["scores"]["business"]) if rows else []
    for name in business:
        table.add_column(escape(name[:8]), justify="right", no_wrap=True)
    table.add_column("by", no_wrap=True)
    table.add_column("decided")
    for row in rows:
        scores, metrics = row["scores"], row["metrics"]
        table.add_row(
            str(row["window"]) if len(keys) == 1 else f"{row['key']}/{row['window']}",
            day(row["start"])[-8:],
            f"[{STYLES[row['status']]}]{row['status']}[/]",
            f"{metrics.get('drifted_columns', 0):.0f}/{metrics.get('drift_tested_columns', 0):.0f}",
            shown(scores["loss"]),
            shown(scores["baseline_loss"]),
            *_best_shadow(scores["shadows"]),
            *(shown(scores["business"][name]["mean"]) for name in business),
            row["model"],
            ", ".join(decided.get((row["key"], row["window"]), [])),
        )
    return table


def _best_shadow(shadows: dict[str, Any]) -> tuple[str, str]:
    """The losses of the champion and of the shadow that lost least, on the same events."""
    known = [one for one in shadows.values() if one["loss"] is not None]
    best = min(known, key=lambda one: float(one["loss"]), default={"champion_loss": None, "loss": None})
    return shown(best["champion_loss"]), shown(best["loss"])


LEGEND = (
    "drift: columns that drifted, of those tested. Mean loss, lower is better: served and the baseline on "
    "all labelled outcomes of the window; champion and best shadow on the same events for both, while the "
    "champion is suspected. Then the mean of each business metric, if there are any. by: which model serves "
    "at the window's end."
)


def decision_lines(run: Path) -> Iterator[str]:
    """One line of markup per decision: when, what, and why."""
    for row in read_stream(run, "decisions"):
        style = _DECISIONS.get(row["action"], "bold")
        change = "" if row["model"] == row["previous"] else f" {row['previous']} → {row['model']}"
        shadows = f" (shadows: {row['shadow']})" if row["action"] == "suspect" and row["shadow"] else ""
        yield (
            f"{day(row['time'])} window {row['window']:>3} [{style}]{row['action']}[/]{change}: "
            f"{escape(row['reason'])}{escape(shadows)}"
        )


def drift_lines(run: Path) -> Iterator[str]:
    """For each detector that found something: how often, and the last."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in read_stream(run, "drifts"):
        found.setdefault((row["key"], row["detector"]), []).append(row)
    for (key, detector), rows in found.items():
        times = Counter(row["kind"] for row in rows)
        last = rows[-1]
        before = "" if last["before"] is None else f"{shown(last['before'])} → "
        yield (
            f"{detector}, {key}: drift {times['drift']}, warning {times['warning']}; the last in window "
            f"{last['window']}, {day(last['time'])}: mean {before}{shown(last['after'])}"
        )


def shown(value: float | None) -> str:
    """A number with four decimals, or four digits when it is large; "" when there is none."""
    if value is None:
        return ""
    return f"{value:.4f}" if abs(value) < 1e6 else f"{value:.4g}"
