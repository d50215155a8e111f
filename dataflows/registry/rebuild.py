"""Builds a version anew from the stream that it learned from, up to the record at which it was saved.

It is the way out when saved bytes cannot be loaded: they were removed, or are of another version of River.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from dataflows.config import FlowConfig
from dataflows.connectors.base import batches
from dataflows.connectors.decoding import by_key, decode_records
from dataflows.connectors.files.storage import absolute
from dataflows.connectors.registry import open_source
from dataflows.pinned_rows import read_reference
from dataflows.registry.open import origin, user
from dataflows.registry.origin import Opened, flow_of
from dataflows.registry.sink import CommandBody
from dataflows.registry.start_version import read_start
from engine.core.engine import Engine
from engine.core.serialize import as_dict
from engine.errors import RegistryError
from engine.events import Event
from engine.models.serialization import VERSIONS
from engine.records.decode import Decoder
from engine.records.values import Record
from engine.registry.version_ref import VersionRef
from engine.registry.versions import Version
from engine.supervision.decisions import Command
from engine.tasks.registry import find_task


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What came of it.

    Attributes:
        before: The version.
        after: The one built anew.
        differences: By score: before and after, where they are not the same.
    """

    before: VersionRef
    after: VersionRef
    differences: dict[str, tuple[float | None, float | None]]


def rebuild(where: Opened, reference: str, data: Sequence[str]) -> Rebuilt:
    """Replays the run's input and keeps the version that comes of it, as one of a run of its own.

    Args:
        where: The registry.
        reference: The version.
        data: Files to replay instead of the run's input.

    Raises:
        RiverkeeperError: When the input is not there, or the replay does not come to this version.
    """
    kept = where.registry.find(reference)
    config = flow_of(where, kept)
    if data:
        paths = [absolute(path) for path in data]
        given = config.input.model_copy(update={"path": paths})
        config = config.model_copy(update={"input": given, "kafka": None})
    version = _replayed(where, kept, config)
    run = f"{kept.entry.run}-rebuilt-river-{VERSIONS['river']}-python-{VERSIONS['python']}"
    row = as_dict(version) | origin(config)
    agree = {
        name: (kept.row.scores.get(name), row["scores"].get(name))
        for name in {**kept.row.scores, **row["scores"]}
        if kept.row.scores.get(name) != row["scores"].get(name)
    }
    body = {"rebuilt": kept.place, "differences": agree}
    return Rebuilt(kept, where.registry.add(run, row, version.saved, user(), body), agree)


def _replayed(where: Opened, kept: VersionRef, config: FlowConfig) -> Version:
    key, records = kept.row.key, kept.row.records
    reference = read_reference(config).get(key, ())
    # A window's verdict comes when the next one has closed; all others are saved at their record.
    replayed = islice(_records(config, key), None if kept.row.reason == "passed" else records)
    with closing(Engine(config, key, reference=reference, start=read_start(config))) as engine:
        for event in _events(engine, replayed, _commands(where, kept)):
            if isinstance(event, Version) and event.name == kept.entry.name:
                if event.records != records:
                    break
                return event
    raise RegistryError(
        f"{kept.place}: the replay came to {engine.counts.records:,} records of key {key!r} and not to this "
        f"version, which was saved after {records:,}: the input is not the one that it learned from, or code "
        f"has changed since"
    )


def _events(
    engine: Engine, records: Iterator[Record], commands: Sequence[tuple[int, Command]]
) -> Iterator[Event]:
    """What comes of the records, with people's commands where they were carried out; then of the end."""
    yield from engine.begin()
    for at, command in commands:
        yield from _processed(engine, islice(records, at - engine.counts.records))
        yield from engine.command(command)
    yield from _processed(engine, records)
    yield from engine.finish()


def _processed(engine: Engine, records: Iterator[Record]) -> Iterator[Event]:
    while batch := list(islice(records, 1000)):
        yield from engine.process(batch)


def _records(config: FlowConfig, key: str) -> Iterator[Record]:
    decoder = Decoder(config.record, find_task(config.model.task).labels)
    for batch in batches(open_source(config)):
        part = by_key(batch, config.record.key).get(key)
        if part is not None:
            yield from decode_records(decoder, part.records())


def _commands(where: Opened, kept: VersionRef) -> list[tuple[int, Command]]:
    entries = where.registry.log.entries(run=kept.entry.run, key=kept.entry.key, kinds=["command"])
    found: list[tuple[int, Command]] = []
    for entry in entries:
        body = where.registry.log.checked(entry, kept.place).read(CommandBody)
        found.append((body.records, Command(entry.name, body.order, body.target, entry.who, body.why)))
    return found
