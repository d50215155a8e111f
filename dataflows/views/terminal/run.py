"""A run in the terminal: its windows, its decisions, its summary."""

from collections.abc import Iterator
from pathlib import Path

from dataflows.console import PlainConsole
from dataflows.escape import typed
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


def show_run(console: PlainConsole, run: Path) -> None:
    """Windows, decisions, where every record went, and where the files are."""
    run = relative(run)
    if is_run(run) and not any(run.glob("*.jsonl")):
        console.print(f"no records: {run} has no results")
        return
    several = len({row.key for row in read_rows(run, ReportRow)}) > 1
    if any(read_rows(run, ReportRow)):
        console.print(windows_table(run, console.width))
        for line in newest(trend_lines(run), _MOST_LINES, "reports"):
            console.print(line)
        console.print(LEGEND, style="dim")
    else:
        console.print("no window has been evaluated")
    console.print()
    decisions = newest(decision_lines(run), _MOST_LINES, "decisions")
    for decided in list(decisions) or ["no decisions: the champion was never suspected"]:
        console.print(decided)
    for line in newest(drift_lines(run), _MOST_LINES, "drifts"):
        console.print(line)
    console.print()
    for part in summary_parts(run):
        console.print(part)
    console.print(
        f"results: {run}/*.jsonl (docs/reading.md says what is in each), {run}/reports/ (Evidently's)"
    )
    for what, command in _next(run, several=several):
        console.print(f"{what}: {command}", soft_wrap=True)


def _next(run: Path, *, several: bool) -> Iterator[tuple[str, str]]:
    """Commands that show more, each on a line of its own, to be copied."""
    of_key = " --key KEY" if several else ""
    yield "as a page", typed("reports", run, "--html")
    yield "one window", f"{typed('reports', run)} WINDOW [--html]{of_key}"
    yield "a decision", f"{typed('explain', run)} NUMBER [--html]{of_key}"
    registry = run.parent / "registry"
    if registry.is_dir():
        yield "its models", typed("registry", "list", "--registry", registry)


def relative(path: Path) -> Path:
    """The path relative to the working folder, where it lies below it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
