"""Pages of a run: Evidently's own, and that of a decision."""

import time
import webbrowser
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from dataflows.connectors.files.blobs import write_blob
from dataflows.views.evidently_ui import export, served
from dataflows.views.explain.page import story_page
from dataflows.views.explain.story import read_story
from dataflows.views.explain.terminal import show_story
from engine.core.streams import file_name

_PAUSE = 2.0
"""Seconds between two looks for new reports."""


def show_decision(console: Console, run: Path, number: int | None, key: str, *, html: bool) -> None:
    """Explains a decision in the terminal, or as a page that it writes and opens.

    Raises:
        InputError: When this is not the folder of a run, or there is no such decision.
        OutputError: When the page cannot be written.
    """
    story = read_story(run, number, key)
    if not html:
        return show_story(console, story)
    name = f"explain-{file_name(key)}-{story.decision['number']}.html"
    write_blob(run, name, story_page(story).encode())
    console.print(f"wrote {run / name}", highlight=False)
    webbrowser.open((run / name).resolve().as_uri())
    return None


def show_ui(console: Console, run: Path, port: int, *, serve: bool) -> None:
    """Writes the workspace of a run, and serves it until it is interrupted.

    Raises:
        InputError: When this is not the folder of a run, it has no report, or the pages cannot be served.
        OutputError: When the workspace cannot be written.
    """
    exported = export(run)
    left_out = [
        f"{count:,} {what}"
        for count, what in ((exported.left_out, "windows"), (exported.keys_left_out, "model keys"))
        if count
    ]
    said = f"wrote {exported.folder}: {exported.reports:,} reports"
    console.print(f"{said}, without {' and '.join(left_out)}" if left_out else said, highlight=False)
    if not serve:
        return
    with suppress(KeyboardInterrupt), served(exported.folder, port) as answers:
        while not answers():
            time.sleep(_PAUSE / 10)
        console.print(f"http://127.0.0.1:{port} shows it; Ctrl-C ends that", highlight=False)
        while answers():
            time.sleep(_PAUSE)
            export(run)
