"""Writes pages of a run, and opens them."""

import secrets
import time
import webbrowser
from contextlib import suppress
from pathlib import Path

from dataflows.connectors.files.blobs import write_blob
from dataflows.console import PlainConsole
from dataflows.lifecycle.unwritten import unwritten
from dataflows.views.evidently_ui import export, listening, served
from dataflows.views.explain.story import read_story
from dataflows.views.html.decision import story_page
from dataflows.views.html.page import PAGE, run_page
from dataflows.views.terminal.decision import show_story
from dataflows.views.terminal.run import relative
from dataflows.views.terminal.window import read_window, show_window
from engine.errors import InputError
from engine.monitoring.evidently import render_html
from engine.names import file_name
from engine.requirements import require
from engine.rows import ReportRow

_PAUSE = 2.0
"""Seconds between two looks for new reports."""


def show_page(console: PlainConsole, run: Path) -> None:
    """Writes the page of a run, and opens it.

    Raises:
        InputError: When this is not the folder of a run.
        OutputError: When the page cannot be written.
    """
    write_blob(run, PAGE, run_page(run).encode())
    _open(console, run / PAGE)


def show_report(console: PlainConsole, run: Path, key: str, window: int, *, html: bool) -> None:
    """Shows a window in the terminal, and as Evidently's page if asked for.

    Raises:
        InputError: When there is no such window, or Evidently's report of it is not there.
    """
    row = read_window(run, key, window)
    show_window(console, row)
    if html:
        _open(console, _drawn(run, row))


def _drawn(run: Path, row: ReportRow) -> Path:
    """Evidently's page of a window, written anew."""
    if row.evidently is None:
        raise InputError(
            f"{run}: window {row.window} has no report of Evidently's: {row.reason or 'none was made'}"
        )
    report = run / row.evidently
    if not report.is_file():
        refused = {one.name: one.error for one in unwritten(run)}.get(row.evidently)
        raise InputError(refused or f"{report}: the report is no longer kept (run.keep_reports)")
    path = report.with_suffix(".html")
    render_html(report.read_bytes(), path)
    return path


def _open(console: PlainConsole, page: Path) -> None:
    console.print(f"wrote {relative(page)}")
    webbrowser.open(page.resolve().as_uri())


def show_decision(console: PlainConsole, run: Path, number: int | None, key: str, *, html: bool) -> None:
    """Explains a decision in the terminal, or as a page that it writes and opens.

    Raises:
        InputError: When this is not the folder of a run, or there is no such decision.
        OutputError: When the page cannot be written.
    """
    story = read_story(run, number, key)
    if not html:
        return show_story(console, story)
    name = f"explain-{file_name(key)}-{story.decision.number}.html"
    write_blob(run, name, story_page(story).encode())
    _open(console, run / name)
    return None


def show_ui(console: PlainConsole, run: Path, port: int, *, serve: bool) -> None:
    """Writes the workspace of a run, and serves it until it is interrupted.

    Raises:
        InputError: When this is not the folder of a run, it has no report, or the pages cannot be served.
        MissingExtraError: When Evidently is not installed.
        OutputError: When the workspace cannot be written.
    """
    require("evidently", "riverkeeper ui", "serve")
    if not serve:
        _write_workspace(console, run)
        return
    with listening(port) as listener:
        folder = _write_workspace(console, run)
        token = secrets.token_hex(16)
        with suppress(KeyboardInterrupt), served(folder, listener, token) as refuse_ended:
            console.print(f"open http://127.0.0.1:{port}/?token={token}", soft_wrap=True)
            console.print("read-only, for who has this address, until Ctrl-C")
            while True:
                time.sleep(_PAUSE)
                refuse_ended()
                export(run)


def _write_workspace(console: PlainConsole, run: Path) -> Path:
    exported = export(run)
    left_out = [
        f"{count:,} {what}"
        for count, what in ((exported.left_out, "windows"), (exported.keys_left_out, "model keys"))
        if count
    ]
    said = f"wrote {exported.folder}: {exported.reports:,} reports"
    console.print(f"{said}, without {' and '.join(left_out)}" if left_out else said)
    return exported.folder
