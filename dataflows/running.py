"""Runs a flow in this process: with a progress bar, with recovery, and with errors as one line."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from dataflows import control, stopping
from dataflows.alerts.sink import DELIVERED
from dataflows.alerts.terminal import log_shown
from dataflows.config import FlowConfig
from dataflows.files.source import FileSource
from dataflows.flow import build_flow, waited_for_reports
from engine.errors import OutputError, RiverkeeperError, StoppedError
from engine.pipeline.encode import STREAMS

_FILES = (
    "reports/*-[0-9]*.json",
    "reports/*-[0-9]*.html",
    "report.html",
    "explain-*.html",
    "workspace/*-*-*-*-*/*.json",
    "workspace/*-*-*-*-*/snapshots/*.json",
)
"""What a run writes beside its streams: only this is removed, should somebody keep more in the folder."""


_WORTH_TELLING = 0.1
"""Seconds."""


class _Rate(ProgressColumn):
    """Records so far, and how many a second."""

    def render(self, task: Task) -> Text:
        records = int(task.fields.get("records", 0))
        seconds = task.elapsed or 0.0
        rate = records / seconds if seconds else 0.0
        return Text(f"{records:,} records, {rate:,.0f}/s", style="progress.data.speed")


def run_flow(config: FlowConfig, recovery: Path | None, console: Console) -> int:
    """Runs to the end of the input; returns the number of records read.

    With a recovery folder (made on first use) it goes on where the last run got to; without one it
    begins anew and writes over what an earlier run of this name has left.

    Raises:
        RiverkeeperError: Whatever of ours was raised in the flow.
    """
    fresh = recovery is None or not any(recovery.glob("*.sqlite3"))
    if fresh:
        clear(config.run_dir)
    store = None
    if recovery is not None:
        if fresh:
            recovery.mkdir(parents=True, exist_ok=True)
            init_db_dir(recovery, 1)  # type: ignore[no-untyped-call]  # Bytewax leaves these untyped
        store = RecoveryConfig(recovery, timedelta(0))  # type: ignore[no-untyped-call]
    before = waited_for_reports()
    with _progress(config, console) as (progress, read):
        with log_shown(console), _ours_only(), stopping.listening():
            cli_main(  # type: ignore[no-untyped-call]
                build_flow(config, read, recovers=store is not None),
                epoch_interval=timedelta(seconds=config.run.snapshot_interval),
                recovery_config=store,
            )
        records = int(progress.tasks[0].fields["records"])
    if stopping.wanted():
        how = "the same command goes on" if recovery is not None else "without --recovery it begins anew"
        raise StoppedError(f"stopped after {records:,} records; {how}", whole=recovery is not None)
    waited = waited_for_reports() - before
    if waited >= _WORTH_TELLING:
        console.print(f"the stream waited {waited:.1f} s for reports (docs/reports.md)", highlight=False)
    return records


def clear(run_dir: Path) -> None:
    """Removes what an earlier run wrote, and nothing else.

    Raises:
        OutputError: When the folder cannot be used.
    """
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        for pattern in (*(f"{stream}.jsonl" for stream in STREAMS), *control.FILES, DELIVERED, *_FILES):
            for stale in run_dir.glob(pattern):
                stale.unlink()
    except OSError as error:
        raise OutputError(f"{run_dir}: cannot be written: {error.strerror}") from error


class _Reader:
    """Told by the source what it has read; keeps the bar up to date."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("running", total=total, records=0)

    def __call__(self, records: int, position: int) -> None:
        self._progress.update(self._task, completed=position, records=records)


@contextmanager
def _progress(config: FlowConfig, console: Console) -> Iterator[tuple[Progress, _Reader]]:
    total = FileSource(config.input, config.base, time_field=config.record.time).total_bytes()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TaskProgressColumn(),
        _Rate(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield progress, _Reader(progress, total)


@contextmanager
def _ours_only() -> Iterator[None]:
    """Bytewax panics and wraps what an operator raises; a user is to see our own message alone.

    What is written to standard error meanwhile is held back, and shown unless the error is one of ours.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        show = True
        try:
            yield
        except BaseException as error:
            ours = _ours_behind(error)
            if ours is None:
                raise
            show = False
            raise ours from None
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            if show:
                shutil.copyfileobj(held, sys.stderr.buffer)
                sys.stderr.flush()


def _ours_behind(error: BaseException) -> RiverkeeperError | None:
    """The first of our errors among an error and its causes; the user's wish to stop is one too."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RiverkeeperError):
            return cause
        if isinstance(cause, KeyboardInterrupt):
            return StoppedError("stopped at once; with --recovery the same command goes on")
        cause = cause.__cause__ or cause.__context__
    return None
