"""A window in the terminal."""

from pathlib import Path

from dataflows.console import PlainConsole
from dataflows.format import day, number
from dataflows.run_reader import no_such_key, read_rows
from dataflows.views.terminal.summary import business_lines
from dataflows.views.terminal.tables import Column, coloured, fitted_table
from engine.errors import InputError
from engine.rows import ReportRow


def read_window(run: Path, key: str, window: int) -> ReportRow:
    """The report of a window.

    Raises:
        InputError: When there is none.
    """
    windows: dict[str, dict[int, ReportRow]] = {}
    for row in read_rows(run, ReportRow):
        windows.setdefault(row.key, {})[row.window] = row
    if key not in windows:
        raise no_such_key(run, key, windows, "window")
    found = windows[key].get(window)
    if found is None:
        first, last = min(windows[key]), max(windows[key])
        raise InputError(f"{run}: no window {window} of model key {key!r}; there are {first} to {last}")
    return found


def show_window(console: PlainConsole, row: ReportRow) -> None:
    """One window: every check with what it measured, and the scores."""
    outputs = f", outputs with {row.outputs_reference}" if row.outputs_reference else ""
    title = (
        f"window {row.window} ({day(row.start)} to {day(row.end)}), compared with {row.reference}{outputs}: "
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
