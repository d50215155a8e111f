"""What a run has written, read back for people: windows, decisions, the summary."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from engine.errors import InputError

_STYLES = {"pass": "green", "warn": "yellow", "fail": "red", "unjudged": "magenta"}


def read_stream(run: Path, stream: str) -> Iterator[dict[str, Any]]:
    """The lines of one output stream.

    Raises:
        InputError: When this is not the folder of a run, or a line is not what a run writes.
    """
    path = run / f"{stream}.jsonl"
    if not path.is_file():
        raise InputError(f"{run}: expected the folder of a run, with {stream}.jsonl in it; there is none")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return  # A run that is still writing: the rest of this line is to come.
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InputError(f"{path}, line {number}: not JSON: {error}") from error


def day(time: float) -> str:
    """An event time, seconds since 1970, as a UTC date."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d")


def windows_table(run: Path) -> Table:
    """One row per window: its verdict, what drifted, and the losses of champion, shadows and baseline."""
    decided: dict[tuple[str, int], list[str]] = {}
    for decision in read_stream(run, "decisions"):
        decided.setdefault((decision["key"], decision["window"]), []).append(decision["action"])
    table = Table(title=f"{run}: windows", title_justify="left", header_style="bold")
    for name in ("window", "from", "to", "verdict", "drifted"):
        table.add_column(name)
    for name in ("served", "baseline", "champion", "best shadow"):
        table.add_column(name, justify="right")
    table.add_column("serves")
    table.add_column("decided in it")
    keys = set()
    rows = list(read_stream(run, "reports"))
    keys = {row["key"] for row in rows}
    for row in rows:
        scores, metrics = row["scores"], row["metrics"]
        drifted = f"{metrics.get('drifted_columns', 0):.0f} of {metrics.get('drift_tested_columns', 0):.0f}"
        name = str(row["window"]) if len(keys) == 1 else f"{row['key']}/{row['window']}"
        table.add_row(
            name,
            day(row["start"]),
            day(row["end"]),
            f"[{_STYLES[row['status']]}]{row['status']}[/]",
            drifted,
            _number(scores["loss"]),
            _number(scores["baseline_loss"]),
            _number(scores["champion_loss"]),
            _number(min(scores["shadow_loss"].values(), default=None)),
            row["model"],
            ", ".join(decided.get((row["key"], row["window"]), [])),
        )
    table.caption = (
        "Mean loss, lower is better. served and baseline: all labelled outcomes of the window; champion "
        "and best shadow: the same events for both, under a suspicion."
    )
    table.caption_justify = "left"
    return table


def decisions_table(run: Path) -> Table:
    """One row per decision, with its reason."""
    table = Table(title=f"{run}: decisions", title_justify="left", header_style="bold")
    for name in ("when", "window", "decision", "serves", "shadows", "why"):
        table.add_column(name, overflow="fold")
    for row in read_stream(run, "decisions"):
        style = {"rollback": "bold red", "alert": "yellow"}.get(row["action"], "")
        table.add_row(
            day(row["time"]),
            str(row["window"]),
            f"[{style}]{row['action']}[/]" if style else row["action"],
            row["model"] if row["model"] == row["previous"] else f"{row['previous']} → {row['model']}",
            row["shadow"],
            row["reason"],
        )
    return table


def summary_lines(run: Path) -> list[str]:
    """Where every record went, per key, in one or two lines of text each."""
    lines = []
    latest = {row["key"]: row for row in read_stream(run, "summary")}
    for row in latest.values():
        counts = row["counts"]
        went = ", ".join(
            f"{counts[name]:,} {name.replace('_', ' ')}"
            for name in counts
            if counts[name] and name != "records"
        )
        lines.append(
            f"{row['key']}: {counts['records']:,} records: {went}; "
            + ("the counts add up" if row["add_up"] else "THE COUNTS DO NOT ADD UP")
        )
        scores = ", ".join(f"{name} {_number(value)}" for name, value in row["scores"].items())
        lines.append(f"{row['key']}: {row['model']} serves; over the whole run: {scores}")
    return lines


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
