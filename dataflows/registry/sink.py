"""The Bytewax sink that writes versions, decisions and commands to the registry."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from msgspec import Struct, structs

from dataflows.config import FlowConfig
from dataflows.lifecycle.run_id import identity
from dataflows.registry.anchor import anchor_of
from dataflows.registry.open import open_registry, origin, run_body, user
from engine.core.serialize import as_dict
from engine.errors import RiverkeeperError
from engine.events import Decision, Event
from engine.registry.audit_entry import Draft, Head
from engine.registry.versions import Version
from engine.supervision.decisions import Command, Order

REGISTERED = "registry"
"""The name of the stream whose items are for the registry."""

Item = tuple[Draft, bytes | None]
"""An entry of a run that is named later, and the bytes of a version."""

_MOST_WAITING = 4
"""Batches that wait to be written; with more the stream waits."""


class CommandBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What the log says of a person's command.

    Attributes:
        order: What was wanted.
        target: Of which model.
        why: Why.
        records: After how many records of its key it was carried out.
    """

    order: Order
    target: str
    why: str
    records: int


class Recorded(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot knows of the registry.

    Attributes:
        run: The run's name there.
        head: The last entry of the log at that moment.
    """

    run: str
    head: Head | None


def entries_of(events: Iterable[Event]) -> Iterator[Item]:
    """What of an engine's events the registry keeps."""
    for event in events:
        if isinstance(event, Version):
            yield Draft("", event.key, "version", event.name, event.time, "", as_dict(event)), event.saved
        elif isinstance(event, Decision):
            name = str(event.number)
            yield Draft("", event.key, "decision", name, event.time, event.who, as_dict(event)), None


def entry_of(command: Command, key: str, records: int) -> Item:
    """A person's command, and after how many records of its key it was carried out."""
    body = CommandBody(command.order, command.target, command.why, records)
    return Draft("", key, "command", command.id, None, command.who, structs.asdict(body)), None


class RegistrySink(FixedPartitionedSink[Item, Recorded]):
    """Writes to the registry of a flow; one worker of a cluster does.

    A snapshot is the run's name there, and the head of the log: when a run is resumed that entry must be
    there. What a replay brings again is there already, and stays as it is. A
    run without a snapshot is a new one, unless its folder was `prepared` for it: then the folder's mark says
    whether it has begun before.
    """

    def __init__(self, config: FlowConfig, *, prepared: bool) -> None:
        self._config = config
        self._prepared = prepared

    def list_parts(self) -> list[str]:
        """One."""
        return [REGISTERED]

    def part_fn(self, item_key: str) -> int:  # noqa: ARG002 - there is but one
        """The one."""
        return 0

    def build_part(
        self,
        step_id: str,  # noqa: ARG002
        for_part: str,  # noqa: ARG002
        resume_state: Recorded | None,
    ) -> "RegistryPartition":
        """Opens the registry, and begins a run or goes on with it.

        Raises:
            RegistryError: When it cannot be written to, or entries were cut off since the snapshot.
        """
        mark = identity(self._config.run_dir) if self._prepared else ""
        return RegistryPartition(self._config, resume_state, mark)


class RegistryPartition(StatefulSinkPartition[Item, Recorded]):
    """Writes the entries of one run.

    Writing takes milliseconds at every window, most of them for the disk, so a thread does it while the
    stream goes on. All is written before a snapshot says so; what the storage refuses ends the run with the
    next batch or snapshot.
    """

    def __init__(self, config: FlowConfig, resumed: Recorded | None, mark: str) -> None:
        self._registry = open_registry(config, create=True)
        self._anchor = anchor_of(self._registry.log, config.run_dir)
        self._noted: Head | None = None
        self._keep = config.registry.keep
        self._writer = ThreadPoolExecutor(1, "registry")
        self._written: deque[Future[object]] = deque()
        self._origin = origin(config)
        body = run_body(config)
        if resumed is None:
            self._run = self._registry.begin(config.run.name, user(), body, mark)
        else:
            if resumed.head is not None:
                self._registry.log.check_head(resumed.head)
            self._run = resumed.run
            self._registry.go_on(self._run, user(), body)

    def write_batch(self, items: list[Item]) -> None:
        """Has them written, all of a batch or none.

        Raises:
            RegistryError: When an earlier batch could not be written.
        """
        whole = [(self._whole(draft), saved) for draft, saved in items]
        self._wait(_MOST_WAITING)
        self._written.append(self._writer.submit(self._registry.record, whole, self._keep))

    def _wait(self, most: int) -> None:
        """Waits until at most so many batches are not written."""
        while self._written and (len(self._written) > most or self._written[0].done()):
            self._written.popleft().result()

    def _whole(self, draft: Draft) -> Draft:
        more = self._origin if draft.kind == "version" else {}
        return replace(draft, run=self._run, body={**draft.body, **more})

    def snapshot(self) -> Recorded:
        """The run's name in the registry, and the head of the log, which the run's folder gets too.

        Raises:
            RegistryError: When what came before could not be written.
        """
        self._wait(0)
        last = self._registry.log.head()
        head = None if last is None else Head(last.number, last.seal)
        if head is not None and head != self._noted:
            self._anchor.write(head)
            self._noted = head
        return Recorded(self._run, head)

    def close(self) -> None:
        """Notes the head of the log, and ends the connection."""
        with suppress(RiverkeeperError):  # Bytewax closes its sinks while it fails
            self.snapshot()
        self._writer.shutdown()
        self._registry.log.close()
