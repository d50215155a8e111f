"""A window in the terminal."""

from pathlib import Path

from dataflows.console import PlainConsole
from dataflows.format import day, number
from dataflows.run_reader import read_rows
from dataflows.views.terminal.summary import business_lines
from dataflows.views.terminal.tables import Column, coloured, fitted_table
from engine.errors import InputError
from engine.rows import ReportRow


def read_window(run: Path, key: str, window: int) -> ReportRow:
    """The report of a window.

    Raises:
        InputError: When there is none.
    """
    rows = [row for row in read_rows(run, ReportRow) if (row.key, row.window) == (key, window)]
    if not rows:
        known = sorted({(row.key, row.window) for row in read_rows(run, ReportRow)})
        raise InputError(
            f"{run}: no report of window {window} of key {key!r}; it has {len(known)} reports"
            + (f", from {known[0]} to {known[-1]}" if known else "")
        )
    return rows[-1]


def show_window(console: PlainConsole, row: ReportRow) -> None:
    """One window: every check with what it measured, and the scores."""
    title = (
        f"window {row.window} ({day(row.start)} to {day(row.end)}), compared with {row.reference}: "
        f"{row.status}{': ' if row.reason else ''}{row.reason}"
    )
    console.print(title)
    checks = row.checks
    columns = [
        Column("check", [check.name for check in checks], folds=True),
        Column("column", [check.column for check in checks], folds=True),
        Column("measured", [number(check.value) for check in checks], number=True),
        Column("limit", [number(check.limit) for check in checks], number=True),
        Column("verdict", [coloured(check.status) for check in checks]),
    ]
    if checks:
        console.print(fitted_table(columns, console.width))
    scores = row.scores
    for name, measured in (
        ("loss", scores.loss),
        ("baseline loss", scores.baseline_loss),
        ("last label loss", scores.last_label_loss),
        ("calibration error", scores.calibration_error),
    ):
        console.print(f"  {name}: {number(measured) or '-'}")
    for line in business_lines(scores.business):
        console.print(f"  {line}")
    for name, value in row.metrics.items():
        if value is not None and not name.startswith(("drift.", "missing.")):
            console.print(f"  {name}: {value:g}")
