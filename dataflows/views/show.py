"""What the commands print."""

import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dataflows.connectors.files.blobs import write_blob
from dataflows.lifecycle.progress import Progress
from dataflows.run_reader import (
    LEGEND,
    day,
    decision_lines,
    drift_lines,
    newest,
    read_stream,
    shown,
    trend_lines,
    windows_table,
)
from dataflows.views.html.page import PAGE, run_page
from dataflows.views.summary import business_lines, summary_parts
from engine.errors import InputError
from engine.monitoring.evidently import render_html
from engine.records.events import Counts

if TYPE_CHECKING:  # what they come from imports River
    from dataflows.commands.check import Findings
    from dataflows.commands.contract_infer import Findings as Inferred

_MOST_LINES = 40


def show_run(console: Console, run: Path) -> None:
    """Windows, decisions, where every record went, and where the files are."""
    run = _short(run)
    if any(read_stream(run, "reports")):
        console.print(windows_table(run))
        for line in newest(trend_lines(run), _MOST_LINES, "reports"):
            console.print(line, highlight=False, markup=False)
        console.print(LEGEND, style="dim", highlight=False)
    else:
        console.print("no window has been judged")
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


def show_page(console: Console, run: Path) -> None:
    """Writes the page of a run, and opens it.

    Raises:
        InputError: When this is not the folder of a run.
        OutputError: When the page cannot be written.
    """
    write_blob(run, PAGE, run_page(run).encode())
    console.print(f"wrote {_short(run) / PAGE}", highlight=False)
    webbrowser.open((run / PAGE).resolve().as_uri())


def _short(path: Path) -> Path:
    """The path as one would type it here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def show_window(console: Console, run: Path, key: str, window: int, *, html: bool) -> None:
    """One window: every check with what it measured, and its HTML report if asked for.

    Raises:
        InputError: When there is no such window, or no report of it.
    """
    rows = [row for row in read_stream(run, "reports") if (row["key"], row["window"]) == (key, window)]
    if not rows:
        known = sorted({(row["key"], row["window"]) for row in read_stream(run, "reports")})
        raise InputError(
            f"{run}: no report of window {window} of key {key!r}; it has {len(known)} reports"
            + (f", from {known[0]} to {known[-1]}" if known else "")
        )
    row = rows[-1]
    title = (
        f"window {window} ({day(row['start'])} to {day(row['end'])}), compared with {row['reference']}: "
        f"{row['status']}{': ' if row['reason'] else ''}{row['reason']}"
    )
    console.print(escape(title), highlight=False)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name in ("check", "column", "measured", "limit", "verdict"):
        table.add_column(name)
    for check in row["checks"]:
        numbers = ["" if check[name] is None else f"{check[name]:.4f}" for name in ("value", "limit")]
        table.add_row(check["name"], check["column"], *numbers, check["status"])
    console.print(table)
    scores = row["scores"]
    for name in ("loss", "baseline_loss", "last_label_loss", "calibration_error"):
        console.print(f"  {name.replace('_', ' ')}: {shown(scores[name])}", highlight=False)
    for line in business_lines(scores["business"]):
        console.print(f"  {line}", highlight=False, markup=False)
    for name, value in row["metrics"].items():
        if not name.startswith(("drift.", "missing.")):
            console.print(f"  {name}: {value:g}", highlight=False)
    if html:
        _show_drawn(console, run, row)


def _show_drawn(console: Console, run: Path, row: dict[str, Any]) -> None:
    """Writes Evidently's page of a window, and opens it."""
    if row["evidently"] is None:
        raise InputError(
            f"{run}: window {row['window']} could not be judged, so it has no HTML report: {row['reason']}"
        )
    report = run / row["evidently"]
    if not report.is_file():
        raise InputError(f"{report}: the report is no longer kept (run.keep_reports)")
    path = report.with_suffix(".html")
    render_html(report.read_bytes(), path)
    console.print(f"wrote {path}", highlight=False)
    webbrowser.open(path.resolve().as_uri())


def show_check(console: Console, config: Path, found: "Findings") -> None:
    """What the sample has shown."""
    console.print(f"{config}: {_where_they_went(found.counts)}", highlight=False)
    for reasons in sorted(found.reasons.values(), key=len, reverse=True)[:5]:
        first = ", first" if len(set(reasons)) > 1 else ""
        console.print(f"  {len(reasons)} times{first}: {reasons[0]}", highlight=False, markup=False)
    for name, kinds in found.types.items():
        share = sum(kinds.values()) / found.learned
        seen = ", ".join(kind for kind, _ in kinds.most_common())
        console.print(f"  feature {name}: {seen}, present in {share:.1%}", highlight=False, markup=False)
    if found.last is not None:
        sure = (
            f", probability {found.last.probability:.4f}" if isinstance(found.last.probability, float) else ""
        )
        console.print(f"  last prediction: {found.last.prediction}{sure}", highlight=False, markup=False)
    scores = ", ".join(f"{name} {value:.4f}" for name, value in found.scores.items())
    console.print(f"  scores on the sample: {scores or 'none, nothing was labelled'}", highlight=False)
    console.print(f"  alerts go to {found.alerts}", highlight=False, markup=False)
    for warning in found.warnings:
        console.print(f"[yellow]warning:[/] {escape(warning)}", highlight=False)
    for problem in found.problems:
        console.print(f"[red]problem:[/] {escape(problem)}", highlight=False)
    if not found.problems:
        console.print("[green]fine[/]")


def _where_they_went(counts: Counts) -> str:
    seldom = {
        "let through with a breach": counts.warned,
        "labels without a prediction": counts.unmatched,
        "labels waiting for their example": counts.early,
        "labels corrected": counts.corrected,
        "expired without a label": counts.expired,
    }
    return ", ".join(
        [
            f"{counts.records} records tried: {counts.predicted} predicted",
            f"{counts.inline + counts.matched} labelled",
            f"{counts.rejected} rejected",
            *(f"{count} {what}" for what, count in seldom.items() if count),
            f"{counts.waiting} still waiting",
        ]
    )


@contextmanager
def reading(console: Console) -> Iterator[Progress]:
    """Shows how many records have been read, while it is going on."""
    with console.status("reading") as status:
        yield lambda reading: status.update(f"reading: {reading.records:,} records")


def show_inferred(console: Console, found: "Inferred", flow: Path | None, out: Path | None) -> None:
    """What a contract was inferred from, and what is left to do."""
    inference = found.inference
    fields = inference.found()
    open_ = sum(not one.settled for one in fields)
    lines = [f"{len(fields)} fields in {inference.records:,} records"]
    if found.labels:
        lines[0] += f", {found.labels:,} labels left out"
    if found.unreadable:
        lines.append(f"{found.unreadable:,} lines could not be read; the first: {found.first}")
    if open_:
        lines.append(f"{open_} fields are for you to decide: they are commented out")
    if flow is None:
        names = ", ".join(found.record.not_features())
        lines.append(f"no --config given: every field is taken for a feature, except {names}")
    if out is not None:
        lines.append(f'wrote {out}; read it, then name it in your flow: [input] contract = "{out.name}"')
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
