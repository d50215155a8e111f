"""What `init --from` shows: what was guessed of a file, and what to type next."""

from pathlib import Path

from rich.table import Table

from dataflows.commands.init_from import findings, write_flow
from dataflows.console import PlainConsole, styled
from dataflows.escape import typed, visible


def begin_flow(console: PlainConsole, folder: Path, data: Path, label: str | None) -> None:
    """Writes the flow's file, and shows what is in it."""
    path, guess = write_flow(folder, data, label)
    console.print(f"wrote {path}, guessed from {data}; nothing else was written")
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, what in findings(guess):
        table.add_row(visible(name), visible(what))
    console.print(table)
    for doubt in guess.doubts:
        console.print(styled(("look:", "yellow"), f" {doubt}"))
    console.print(f"next: {typed('check', path)}")
    console.print(f"then: {typed('run', path)}")
