"""Runs a flow in this process: with a progress bar, with recovery, and with errors as one line."""

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bytewax.run import cli_main

from dataflows.alerts.terminal import log_shown
from dataflows.config import FlowConfig
from dataflows.console import PlainConsole
from dataflows.lifecycle import shutdown
from dataflows.lifecycle.progress import Reading
from dataflows.lifecycle.status_file import StatusFile
from dataflows.runtime import prometheus
from dataflows.runtime.backpressure import Pace, learned
from dataflows.runtime.dataflow import build_flow
from dataflows.runtime.operators import waited_for_reports
from dataflows.runtime.progress_bar import progress_bar
from dataflows.runtime.run_setup import Member, prepare, shared_wish
from engine.errors import RiverkeeperError, RunError, StoppedError

_WORTH_TELLING = 0.1
"""Seconds."""

_NO_NETWORK = re.compile(r"failed to initialize networking: (.*)")
"""What Bytewax says when an address cannot be resolved, or listened at."""


def run_flow(
    config: FlowConfig, recovery: Path | None, console: PlainConsole, member: Member | None = None
) -> int:
    """Runs to the end of the input; returns the number of records read by this process.

    With a recovery folder (made on first use) it goes on where the last run got to; without one it
    begins anew and writes over what an earlier run of this name has left.

    Args:
        config: What to run.
        recovery: The folder that keeps progress.
        console: Where progress is shown.
        member: Which process of a cluster this is, if of one.

    Raises:
        RiverkeeperError: Whatever of ours was raised in the flow.
    """
    store = prepare(config, recovery, member)
    if config.run.metrics is not None:
        prometheus.serve(prometheus.shared(), config.run.metrics, 0 if member is None else member.process)
    pace = None
    if member is not None:
        learned.open(config.run_dir, member.process)
        pace = Pace(config.run_dir, len(member.addresses), time.monotonic)
    before = waited_for_reports()
    whole = recovery is not None
    with progress_bar(console) as bar, StatusFile(config.run_dir) as status:

        def report(reading: Reading) -> None:
            bar(reading)
            status(reading)

        with log_shown(console), _ours_only(), shutdown.listening(shared_wish(config.run_dir, member)):
            cli_main(  # type: ignore[no-untyped-call]  # Bytewax leaves it untyped
                build_flow(config, report, pace, recovers=whole, prepared=True),
                process_id=None if member is None else member.process,
                addresses=None if member is None else list(member.addresses),
                epoch_interval=timedelta(seconds=config.run.snapshot_interval),
                recovery_config=store,
            )
        status.end("stopped" if shutdown.wanted() else "ended")
    if shutdown.wanted():
        how = "the same command goes on" if whole else "without --recovery it begins anew"
        raise StoppedError(f"stopped after {status.records:,} records; {how}", whole=whole)
    waited = waited_for_reports() - before
    if waited >= _WORTH_TELLING:
        console.print(f"the stream waited {waited:.1f} s for reports (docs/reports.md)")
    return status.records


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
        if isinstance(cause, RuntimeError) and (refused := _NO_NETWORK.search(str(cause))):
            return RunError(f"--addresses: the processes cannot be connected: {refused[1]}")
        if isinstance(cause, KeyboardInterrupt):
            return StoppedError("stopped at once; with --recovery the same command goes on")
        cause = cause.__cause__ or cause.__context__
    return None
