"""What the commands that change a running flow have in common."""

from pathlib import Path

import typer

from dataflows.console import PlainConsole
from dataflows.lifecycle.commands import EVERY_KEY, send
from dataflows.run_reader import read_rows
from dataflows.suggestion import meant
from engine.rows import ReportRow
from engine.supervision.decisions import Command


def order(console: PlainConsole, run: Path, command: Command, key: str) -> None:
    """Sends a command and tells what came of it; the exit status is 1 when it was refused or not taken up.

    Raises:
        RiverkeeperError: When the run cannot be told.
    """
    done = send(run, command, key)
    for row in done:
        console.print(
            f"{row.key}: {row.action} at record {row.records:,}; {row.model} serves ({row.reason})",
            soft_wrap=True,
        )
    if not done:
        console.print(
            f"the flow is not running; the command is queued: no record has come to {run} within ten "
            f"seconds. It is in control.jsonl, and carried out when the flow goes on.",
            soft_wrap=True,
        )
        known = {row.key for row in read_rows(run, ReportRow)}
        if key != EVERY_KEY and key not in known:
            console.print(f"no window of model key {key!r} has closed; {meant(key, sorted(known))}")
    if not done or any(row.action == "alert" for row in done):
        raise typer.Exit(1)
