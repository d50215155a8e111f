"""`riverkeeper status`: where a run stands, from what it has written so far."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from dataflows.lifecycle.status_file import STATUS
from dataflows.run_reader import STYLES, day, read_stream
from engine.errors import InputError

_QUIET = 10.0
"""Seconds after which a run that says nothing is not taken to be running: it speaks every second."""

_MOST_PLACES, _MOST_KEYS = 12, 20


def standing(run: Path, now: float | None = None) -> Iterator[str | Table]:
    """What a person wants to know of a run, line by line.

    Args:
        run: The run's folder.
        now: The time, seconds since 1970; by default the machine's.

    Raises:
        InputError: When this is not the folder of a run that has begun.
    """
    try:
        row: dict[str, Any] = orjson.loads((run / STATUS).read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(
            f"{run}: expected the folder of a run, with {STATUS} in it, which a run writes from its first "
            f"second; got none"
        ) from error
    yield from _position(row, (time.time() if now is None else now) - row["updated"])
    yield _roles(run)


def _position(row: dict[str, Any], age: float) -> Iterator[str]:
    state = row["state"]
    if state == "running" and age > _QUIET:
        state = f"silent for {_seconds(age)}: killed, or stuck"
    elif state != "running":
        state = f"{state} {_seconds(age)} ago"
    yield f"{state}; process {row['process']} on {row['host']}"
    rate = f", {row['rate']:,.0f}/s of late" if row["rate"] is not None else ""
    yield f"{row['records']:,} records since it was started{rate}"
    left = row["total"] - row["done"]
    if row["unit"] == "records":
        ahead = f", {_seconds(left / row['rate'])} at this rate" if row["rate"] else ""
        yield f"lag: {left:,} records{ahead}"
    else:
        share = row["done"] / row["total"] if row["total"] else 1.0
        yield f"position: {share:.0%} of {row['total']:,} bytes"
    for name, at in list(row["places"].items())[:_MOST_PLACES]:
        yield f"  {name} at {at:,}"
    if len(row["places"]) > _MOST_PLACES:
        yield f"  and {len(row['places']) - _MOST_PLACES} more"


def _roles(run: Path) -> Table:
    """Who serves for each key, and what its last window and decision say."""
    windows = {row["key"]: row for row in _stream(run, "reports")}
    decisions = {row["key"]: row for row in _stream(run, "decisions")}
    names = ("key", "serves", "window", "verdict", "ended", "shadows", "last decision")
    table = Table(*names, box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for key in sorted({*windows, *decisions})[:_MOST_KEYS]:
        window, decision = windows.get(key), decisions.get(key)
        found = [] if window is None else sorted(window["scores"]["shadows"])
        model = window["model"] if window is not None else ""
        if decision is not None and (window is None or decision["time"] >= window["end"]):
            model = decision["model"]
        table.add_row(
            escape(key),
            model,
            "" if window is None else str(window["window"]),
            "" if window is None else f"[{STYLES[window['status']]}]{window['status']}[/]",
            "" if window is None else day(window["end"]),
            ", ".join(found) or "none",
            "none" if decision is None else f"{decision['action']}, {day(decision['time'])}",
        )
    if len({*windows, *decisions}) > _MOST_KEYS:
        table.caption = f"{_MOST_KEYS} of {len({*windows, *decisions})} keys"
    return table


def _stream(run: Path, name: str) -> Iterator[dict[str, Any]]:
    return read_stream(run, name) if (run / f"{name}.jsonl").exists() else iter(())


def _seconds(seconds: float) -> str:
    """A length of time in words.

    >>> _seconds(42.0), _seconds(4200.0), _seconds(1e6)
    ('42 s', '1.2 h', '11.6 days')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
    return f"{seconds / 3600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"
