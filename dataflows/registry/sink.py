"""The Bytewax sink that writes versions, decisions and commands to the registry."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from dataflows.config import FlowConfig
from dataflows.lifecycle.run_id import identity
from dataflows.registry.open import open_registry, origin, run_body, user
from engine.core.serialize import as_dict
from engine.events import Decision, Event
from engine.registry.audit_entry import Draft
from engine.registry.versions import Version
from engine.supervision.decisions import Command

REGISTERED = "registry"
"""The name of the stream whose items are for the registry."""

Item = tuple[Draft, bytes | None]
"""An entry of a run that is named later, and the bytes of a version."""


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
    body = {"order": command.order, "target": command.target, "why": command.why, "records": records}
    return Draft("", key, "command", command.id, None, command.who, body), None


class RegistrySink(FixedPartitionedSink[Item, str]):
    """Writes to the registry of a flow; one worker of a cluster does.

    A snapshot is the run's name there. What a replay brings again is there already, and stays as it is. A
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
        resume_state: str | None,
    ) -> "RegistryPartition":
        """Opens the registry, and begins a run or goes on with it.

        Raises:
            RegistryError: When it cannot be written to.
        """
        mark = identity(self._config.run_dir) if self._prepared else ""
        return RegistryPartition(self._config, resume_state, mark)


class RegistryPartition(StatefulSinkPartition[Item, str]):
    """Writes the entries of one run."""

    def __init__(self, config: FlowConfig, run: str | None, mark: str) -> None:
        self._registry = open_registry(config, create=True)
        self._keep = config.registry.keep
        self._origin = origin(config)
        body = run_body(config)
        if run is None:
            self._run = self._registry.begin(config.run.name, user(), body, mark)
        else:
            self._run = run
            self._registry.go_on(run, user(), body)

    def write_batch(self, items: list[Item]) -> None:
        """Writes them, all of a batch or none.

        Raises:
            RegistryError: When it cannot be written to.
        """
        self._registry.record([(self._whole(draft), saved) for draft, saved in items], self._keep)

    def _whole(self, draft: Draft) -> Draft:
        more = self._origin if draft.kind == "version" else {}
        return replace(draft, run=self._run, body={**draft.body, **more})

    def snapshot(self) -> str:
        """The run's name in the registry."""
        return self._run

    def close(self) -> None:
        """Ends the connection."""
        self._registry.log.close()
