"""Evidently's own pages of a run."""

import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from dataflows.workspace import export, served

_PAUSE = 2.0
"""Seconds between two looks for new reports."""


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
