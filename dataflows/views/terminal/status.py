"""`riverkeeper status`: where a run stands, from what it has written so far."""

import time
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table

from dataflows.format import day, duration
from dataflows.lifecycle.status_file import RATE_SECONDS, Status, read_status
from dataflows.run_reader import is_run, read_rows
from dataflows.views.terminal.tables import coloured, plain_table
from engine.rows import DecisionRow, ReportRow

_QUIET = 10.0
"""Seconds without news after which a run does not count as running; it writes its status every second."""

_MOST_PLACES, _MOST_KEYS = 12, 20


def standing(run: Path, now: float | None = None) -> Iterator[str | Table]:
    """Position, lag and rate of a run, and who serves.

    Args:
        run: The run's folder.
        now: The time, seconds since 1970; by default the machine's.

    Raises:
        InputError: When this is not the folder of a run that has begun.
    """
    status = read_status(run)
    yield from _position(status, (time.time() if now is None else now) - status.updated)
    yield _roles(run)


def _position(status: Status, age: float) -> Iterator[str]:
    state: str = status.state
    if state == "running" and age > _QUIET:
        state = f"silent for {duration(age)}: killed, or stuck"
    elif state != "running":
        state = f"{state} {duration(age)} ago"
    yield f"{state}; process {status.process} on {status.host}"
    rate = f", {status.rate:,.0f}/s over the last {RATE_SECONDS} s" if status.rate is not None else ""
    yield f"{status.records:,} records since its start{rate}"
    left = status.total - status.done
    if status.unit == "records":
        ahead = f", {duration(left / status.rate)} at this rate" if status.rate else ""
        yield f"lag: {left:,} records{ahead}"
    else:
        share = status.done / status.total if status.total else 1.0
        yield f"position: {share:.0%} of {status.total:,} bytes"
    for name, at in list(status.places.items())[:_MOST_PLACES]:
        yield f"  {name} at {at:,}"
    if len(status.places) > _MOST_PLACES:
        yield f"  and {len(status.places) - _MOST_PLACES} more"


def _roles(run: Path) -> Table:
    """Who serves for each key, and its last window and decision."""
    written = is_run(run)  # a run that has just begun has no stream yet
    windows = {row.key: row for row in read_rows(run, ReportRow)} if written else {}
    decisions = {row.key: row for row in read_rows(run, DecisionRow)} if written else {}
    table = plain_table()
    for name in ("key", "serves", "window", "verdict", "ended", "shadows", "last decision"):
        table.add_column(name)
    keys = sorted({*windows, *decisions})
    for key in keys[:_MOST_KEYS]:
        window, decision = windows.get(key), decisions.get(key)
        model = window.model if window is not None else ""
        if decision is not None and (window is None or decision.time >= window.end):
            model = decision.model
        table.add_row(
            key,
            model,
            "" if window is None else str(window.window),
            "" if window is None else coloured(window.status),
            "" if window is None else day(window.end),
            ", ".join(sorted(window.scores.shadows) if window else ()) or "none",
            "none" if decision is None else f"{decision.action}, {day(decision.time)}",
        )
    if len(keys) > _MOST_KEYS:
        table.caption = f"{_MOST_KEYS} of {len(keys)} keys"
    return table
