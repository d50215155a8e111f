"""What the tables in the terminal have in common."""

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from engine.windows import Status

COLOURS: dict[Status, str] = {"pass": "green", "warn": "yellow", "fail": "red", "unjudged": "magenta"}


def plain_table(gap: int = 1) -> Table:
    """A table without borders, with so many blanks between its columns."""
    return Table(box=SIMPLE_HEAD, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")


def coloured(status: Status) -> Text:
    """A verdict in its colour."""
    return Text(status, COLOURS[status])
