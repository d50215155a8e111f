"""`riverkeeper status`: where a run stands, from what it has written so far."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.table import Table
from rich.text import Text

from dataflows.console import styled
from dataflows.format import day, duration
from dataflows.lifecycle.status_file import RATE_SECONDS, Status, read_status
from dataflows.lifecycle.unwritten import unwritten
from dataflows.run_reader import is_run, read_rows
from dataflows.views.terminal.summary import reason_lines
from dataflows.views.terminal.tables import COLOURS, Column, coloured, fitted_table
from dataflows.views.terminal.windows import decision_line
from engine.rows import DecisionRow, RatesRow, ReportRow

_QUIET = 10.0
"""Seconds without news after which a run does not count as running; it writes its status every second."""

_MOST_PLACES, _MOST_KEYS = 12, 20


def standing(run: Path, width: int, now: float | None = None) -> Iterator[str | Table | Text]:
    """Position, lag and rate of a run, and who serves.

    Args:
        run: The run's folder.
        width: Columns of the terminal.
        now: The time, seconds since 1970; by default the machine's.

    Raises:
        InputError: When this is not the folder of a run that has begun.
    """
    status = read_status(run)
    yield from _position(status, (time.time() if now is None else now) - status.updated)
    if left_out := unwritten(run):
        yield f"files that could not be written: {len(left_out):,}; the last: {left_out[-1].error}"
    written = is_run(run)  # a run that has just begun has no stream yet
    windows = {row.key: row for row in read_rows(run, ReportRow)} if written else {}
    decisions = {row.key: row for row in read_rows(run, DecisionRow)} if written else {}
    rates = {row.key: row for row in read_rows(run, RatesRow)} if written else {}
    yield roles_table(windows, decisions, rates, width)
    several = len({*windows, *decisions, *rates}) > 1
    for row in [row for row in rates.values() if row.status != "pass"][:_MOST_KEYS]:
        yield from rate_lines(row)
    for key in sorted(decisions)[:_MOST_KEYS]:
        yield decision_line(decisions[key], several=several)


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


def roles_table(
    windows: Mapping[str, ReportRow],
    decisions: Mapping[str, DecisionRow],
    rates: Mapping[str, RatesRow],
    width: int,
) -> Table:
    """Who serves for each key, its last window and decision, and whether its records are well."""
    keys = sorted({*windows, *decisions, *rates})
    shown = [(key, windows.get(key), decisions.get(key)) for key in keys[:_MOST_KEYS]]
    health = [rates.get(key) for key, _, _ in shown]
    columns = [
        Column("key", [key for key, _, _ in shown], folds=True),
        Column("serves", [_serves(window, decision) for _, window, decision in shown], folds=True),
        Column("records", [coloured(one.status) if one else "" for one in health]),
        Column("window", [str(window.window) if window else "" for _, window, _ in shown]),
        Column("verdict", [coloured(window.status) if window else "" for _, window, _ in shown]),
        Column("ended", [day(window.end) if window else "" for _, window, _ in shown], spare=1),
        Column("shadows", [_shadows(window) for _, window, _ in shown], spare=2, folds=True),
        Column("last decision", [_decided(decision) for _, _, decision in shown], folds=True),
    ]
    many = f"{_MOST_KEYS} of {len(keys)} keys" if len(keys) > _MOST_KEYS else ""
    return fitted_table(columns, width, many)


def rate_lines(row: RatesRow) -> Iterator[Text | str]:
    """What is wrong with the records of a key of late, and why they were turned away."""
    records = f"of its last {row.last - row.first:,} records"
    yield styled((row.status.upper(), COLOURS[row.status]), f" {row.key}: {row.reason}, {records}")
    yield from reason_lines(row.reasons)


def _serves(window: ReportRow | None, decision: DecisionRow | None) -> str:
    if decision is not None and (window is None or decision.time >= window.end):
        return decision.model
    return "" if window is None else window.model


def _shadows(window: ReportRow | None) -> str:
    return ", ".join(sorted(window.scores.shadows) if window else ()) or "none"


def _decided(decision: DecisionRow | None) -> str:
    return "none" if decision is None else f"{decision.number}: {decision.action}, {day(decision.time)}"
