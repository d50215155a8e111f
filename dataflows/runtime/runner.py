"""Runs a flow in this process: with a progress bar, with recovery, and with errors as one line."""

import time
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from bytewax.recovery import RecoveryConfig
from bytewax.run import cli_main

from dataflows.alerts.terminal import log_shown
from dataflows.config import FlowConfig
from dataflows.console import PlainConsole
from dataflows.lifecycle import shutdown
from dataflows.lifecycle.progress import Reading
from dataflows.lifecycle.status_file import StatusFile
from dataflows.runtime import prometheus
from dataflows.runtime.backpressure import Pace, learned
from dataflows.runtime.bytewax_errors import ours_only
from dataflows.runtime.dataflow import build_flow
from dataflows.runtime.operators import waited_for_reports
from dataflows.runtime.process_group import is_child
from dataflows.runtime.progress_bar import progress_bar
from dataflows.runtime.run_setup import Member, Place, prepare, reserved, shared_wish, store_of
from engine.errors import StoppedError

_WORTH_TELLING = 0.1
"""Seconds."""


def run_flow(
    config: FlowConfig,
    recovery: Path | None,
    console: PlainConsole,
    member: Member | None = None,
    *,
    overwrite: bool = False,
) -> int:
    """Runs to the end of the input; returns the number of records read by this process.

    With a recovery folder (made on first use) it goes on where the last run got to; without one it
    begins anew, and what an earlier run of this name has left is kept aside.

    Args:
        config: What to run.
        recovery: The folder that keeps progress.
        console: Where progress is shown.
        member: Which process of a cluster this is, if of one.
        overwrite: Whether the results of an earlier run are replaced, and not kept aside.

    Raises:
        RiverkeeperError: Whatever of ours was raised in the flow.
    """
    place = Place(config, recovery, overwrite, 1 if member is None else len(member.addresses))
    with ExitStack() as stack:
        leads = not is_child() and (member is None or member.process == 0)
        locks = stack.enter_context(reserved(place)) if leads else None
        if config.run.metrics is not None:
            process = 0 if member is None else member.process
            prometheus.serve(prometheus.shared(), config.run.metrics, process)
        if locks is not None:
            prepare(place, locks, console)
        return _run(config, store_of(recovery, wait=not leads), console, member)


def _run(
    config: FlowConfig, store: RecoveryConfig | None, console: PlainConsole, member: Member | None
) -> int:
    """Runs the dataflow in a folder that was made ready."""
    pace = None
    if member is not None:
        learned.open(config.run_dir, member.process)
        pace = Pace(config.run_dir, len(member.addresses), time.monotonic)
    before = waited_for_reports()
    whole = store is not None
    with progress_bar(console) as bar, StatusFile(config.run_dir) as status:

        def report(reading: Reading) -> None:
            bar(reading)
            status(reading)

        with log_shown(console), ours_only(), shutdown.listening(shared_wish(config.run_dir, member)):
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
