"""Kills a run before and after the steps by which its progress becomes safe (docs/recovery.md numbers them).

    python -m tests.support.crashes --kills 200 --steps [--kafka [--exactly-once]]

Each process is a fork of one that has imported everything, so that a kill takes a fraction of a second. In
the fork the step's method is wrapped: at its n-th call the process kills itself. Bytewax's own steps are
statements in its database: a trigger refuses one, Bytewax fails at that, and the process kills itself then.
"""

import faulthandler
import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.forks import context, start_server

METHODS = {
    "order written": "dataflows.connectors.kafka.order_log:Journal.append",
    "bytes of a version": "engine.registry.blobs:Blobs.put",
    "registry": "dataflows.registry.sink:RegistryPartition.write_batch",
    "files": "dataflows.connectors.files.sink:BlobPartition.write_batch",
    "report": "engine.monitoring.worker.process:receive",
    "report inline": "engine.monitoring.worker.evaluator:judge",
    "position": "dataflows.connectors.files.source:FileReader.snapshot",
    "positions": "dataflows.connectors.kafka.source:KafkaReader.snapshot",
    "offsets": "dataflows.connectors.kafka.consumer:TopicReader.commit",
    "engine": "dataflows.runtime.operators:EngineLogic.snapshot",
    "lines": "dataflows.connectors.files.sink:LinesPartition.snapshot",
    "delivery": "dataflows.connectors.kafka.producer:TopicSink._flush",
    "transaction": "dataflows.connectors.kafka.transactions:TransactionalSink.snapshot",
}
"""Steps by name: where they are done. For a report of the background this is where it is waited for."""

STATEMENTS = {
    "snapshots stored": ("snaps", "snap_epoch", "NEW.step_id LIKE '%engine%'"),
    "epoch whole": ("fronts", "worker_frontier", "1"),
    "old snapshots removed": ("commits", "commit_epoch", "1"),
}
"""Steps of Bytewax by name: table, the column with the epoch, and which rows."""

ANYWHERE = ("bytes of a version", "registry", "engine", "lines", *STATEMENTS)
OF_FILES = ("position", *ANYWHERE)
OF_KAFKA = ("order written", "positions", "offsets", *ANYWHERE, "delivery")
OF_TRANSACTIONS = (*OF_KAFKA, "transaction")
OF_REPORTS = ("files", "report")
OF_INLINE_REPORTS = ("files", "report inline")


@dataclass(frozen=True, slots=True)
class Kill:
    """When a process is to die.

    Attributes:
        step: The step's name.
        call: The how many-th time that the process does it.
        after: Once it is done, and not before. Bytewax's own steps have a before alone.
    """

    step: str
    call: int = 1
    after: bool = False


def kills(steps: tuple[str, ...]) -> Iterator[Kill]:
    """Before and after each step, once it was done without a kill; rare ones at their first time."""
    for step in steps:
        call = 1 if step in {"bytes of a version", "registry", *OF_REPORTS} else 2
        yield Kill(step, call)
        if step in METHODS:
            yield Kill(step, call, after=True)


_LONGEST = 300.0
"""Seconds."""


def run(flow: Path, store: Path, moment: Kill | float | None = None) -> bool:
    """Runs a flow in a process of its own, until it ends or was killed; whether it was killed.

    Args:
        flow: The configuration.
        store: The recovery store.
        moment: When to kill it: at a step, or so many seconds after its start.
    """
    said = flow.parent / "said"
    kill = moment if isinstance(moment, Kill) else None
    refused = kill is not None and kill.step in STATEMENTS
    if refused and not any(store.glob("*.sqlite3")):  # the database must be there to refuse anything
        run(flow, store, Kill("engine", after=True))
    start_server()
    process = context.Process(target=_run, args=(flow, store, kill, said))
    process.start()
    process.join(moment if isinstance(moment, float) else _LONGEST)
    if process.is_alive() and not isinstance(moment, float):
        os.kill(process.pid or 0, signal.SIGABRT)  # faulthandler says where it stands
    process.kill()
    process.join()
    if refused:
        _allow(store)
    assert process.exitcode in {0, -signal.SIGKILL}, f"{kill}: {process.exitcode}\n{said.read_text()}"
    return process.exitcode != 0


def _run(flow: Path, store: Path, kill: Kill | None, said: Path) -> None:
    from dataflows.config import load_config  # noqa: PLC0415
    from dataflows.console import PlainConsole  # noqa: PLC0415 - in the fork
    from dataflows.runtime import runner  # noqa: PLC0415

    with said.open("w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
        faulthandler.enable(out)
        if kill is not None and kill.step in METHODS:
            _arm(kill)
        try:
            if kill is not None and kill.step in STATEMENTS:
                # Only now: a store that has such a trigger is refused.
                runner.__dict__["store_of"] = _refusing(runner.__dict__["store_of"], kill)
            runner.run_flow(load_config(flow), store, PlainConsole(file=out))
        except BaseException as error:
            if kill is not None and kill.step in STATEMENTS and "not now" in repr(error):
                _die()
            raise


def _arm(kill: Kill) -> None:
    module, _, path = METHODS[kill.step].partition(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    setattr(owner, name, _deadly(getattr(owner, name), kill))


def _deadly(original: Callable[..., Any], kill: Kill) -> Callable[..., Any]:
    calls = count(1)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        now = next(calls) == kill.call
        if now and not kill.after:
            _die()
        found = original(*arguments, **named)
        if now:
            _die()
        return found

    return wrapped


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()


def _refusing(store_of: Callable[..., Any], kill: Kill) -> Callable[..., Any]:
    """Gives out the store, checked, and makes it refuse a statement from now on."""

    def wrapped(recovery: Path, *, wait: bool) -> Any:
        found = store_of(recovery, wait=wait)
        _refuse(recovery, kill)
        return found

    return wrapped


def _refuse(store: Path, kill: Kill) -> None:
    """Lets Bytewax's database refuse a statement, once some epochs more are whole."""
    table, column, which = STATEMENTS[kill.step]
    for part in store.glob("*.sqlite3"):
        with closing(sqlite3.connect(part)) as database, database:
            (last,) = database.execute(f"SELECT coalesce(max({column}), 0) FROM {table}").fetchone()  # noqa: S608
            database.execute(
                f"CREATE TRIGGER refused BEFORE INSERT ON {table} WHEN NEW.{column} > {last + kill.call} "
                f"AND {which} BEGIN SELECT RAISE(ABORT, 'not now'); END"
            )


def _allow(store: Path) -> None:
    for part in store.glob("*.sqlite3"):
        with closing(sqlite3.connect(part)) as database, database:
            database.execute("DROP TRIGGER IF EXISTS refused")
