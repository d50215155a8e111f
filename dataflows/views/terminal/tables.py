"""What the tables in the terminal have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from dataflows.escape import visible
from engine.windows import Status

COLOURS: dict[Status, str] = {"pass": "green", "warn": "yellow", "fail": "red", "unjudged": "magenta"}

_BETWEEN = 2
"""Blanks between two columns, and as many at the edges."""

_WIDEST = 24
"""Columns that text which may be folded asks for at most."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table that is fitted into the width there is.

    Attributes:
        heading: Its name.
        cells: Its content, row by row.
        spare: The columns that are spared most easily are left out first; 0 is never left out.
        number: Whether it holds numbers, which stand on the right.
        folds: Whether its text may take several lines.
    """

    heading: str
    cells: Sequence[str | Text]
    spare: int = 0
    number: bool = False
    folds: bool = False

    @property
    def width(self) -> int:
        """Columns of the terminal that it asks for."""
        widest = max(map(_width, (self.heading, *self.cells)))
        return min(widest, _WIDEST) if self.folds else widest


def _width(cell: str | Text) -> int:
    return cell.cell_len if isinstance(cell, Text) else cell_len(visible(cell))


def plain_table(gap: int = 1) -> Table:
    """A table without borders, with so many blanks between its columns."""
    return Table(box=SIMPLE_HEAD, padding=(0, gap, 0, 0), pad_edge=False, header_style="bold")


def fitted_table(columns: Sequence[Column], width: int, caption: str = "") -> Table:
    """A table in which nothing is cut off; columns without room are left out, and the caption names them.

    Args:
        columns: All columns; those without a value in any row are left out anyway.
        width: That of the terminal.
        caption: What stands below.
    """
    shown = [column for column in columns if column.spare == 0 or any(column.cells)]
    left_out: list[str] = []
    while sum(column.width + _BETWEEN for column in shown) > width:
        most = max(column.spare for column in shown)
        if most == 0:
            break
        left_out = [*(column.heading for column in shown if column.spare == most), *left_out]
        shown = [column for column in shown if column.spare < most]
    table = plain_table()
    for column in shown:
        table.add_column(
            column.heading,
            justify="right" if column.number else "left",
            no_wrap=not column.folds,
            overflow="fold",
        )
    for cells in zip(*(column.cells for column in shown), strict=True):
        table.add_row(*cells)
    if left_out:
        caption = "; ".join([*filter(None, [caption]), f"no room for: {', '.join(left_out)}"])
    table.caption, table.caption_justify = caption or None, "left"
    return table


def coloured(status: Status) -> Text:
    """A verdict in its colour."""
    return Text(status, COLOURS[status])
