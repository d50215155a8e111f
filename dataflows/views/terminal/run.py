"""A run in the terminal: its windows, its decisions, its summary."""

from pathlib import Path

from rich.console import Console

from dataflows.run_reader import is_run, read_rows
from dataflows.views.terminal.summary import summary_parts
from dataflows.views.terminal.windows import (
    LEGEND,
    decision_lines,
    drift_lines,
    newest,
    trend_lines,
    windows_table,
)
from engine.rows import ReportRow

_MOST_LINES = 40


def show_run(console: Console, run: Path) -> None:
    """Windows, decisions, where every record went, and where the files are."""
    run = relative(run)
    if is_run(run) and not any(run.glob("*.jsonl")):
        console.print(f"no records: {run} has no results", highlight=False, markup=False)
        return
    if any(read_rows(run, ReportRow)):
        console.print(windows_table(run))
        for line in newest(trend_lines(run), _MOST_LINES, "reports"):
            console.print(line, highlight=False, markup=False)
        console.print(LEGEND, style="dim", highlight=False)
    else:
        console.print("no window has been evaluated")
    console.print()
    decisions = newest(decision_lines(run), _MOST_LINES, "decisions")
    for line in list(decisions) or ["no decisions: the champion was never suspected"]:
        console.print(line, highlight=False)
    for line in newest(drift_lines(run), _MOST_LINES, "drifts"):
        console.print(line, highlight=False, markup=False)
    console.print()
    for part in summary_parts(run):
        console.print(part, highlight=False, markup=False)
    registry = run.parent / "registry"
    models = f"; its models: riverkeeper registry list --registry {registry}" if registry.is_dir() else ""
    console.print(
        f"results: {run}/*.jsonl (docs/reading.md says what is in each), {run}/reports/ (Evidently's)"
        f"{models}",
        highlight=False,
    )
    console.print(
        f"as a page: riverkeeper reports {run} --html; one window: riverkeeper reports {run} WINDOW [--html]",
        highlight=False,
        markup=False,
    )


def relative(path: Path) -> Path:
    """The path relative to the working folder, where it lies below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
