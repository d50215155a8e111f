"""What runs in keyed state: an engine for each model key, and the summary over all keys."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path
from time import monotonic
from typing import Any

from bytewax.operators import StatefulBatchLogic
from msgspec import MsgspecError, Struct, msgpack

from dataflows.config import FlowConfig
from dataflows.connectors.batch import Batch
from dataflows.connectors.decoding import decode_records, with_messages
from dataflows.connectors.files.sink import BLOBS
from dataflows.lifecycle import shutdown
from dataflows.lifecycle.commands import Control
from dataflows.lifecycle.retention import KeptReport, Retention, removals
from dataflows.registry.sink import REGISTERED, entries_of, entry_of
from dataflows.runtime import prometheus
from dataflows.runtime.backpressure import learned
from dataflows.runtime.key_cache import KeyCache
from dataflows.runtime.sealed import Seals
from engine.core.engine import Engine
from engine.core.event_rows import report_path
from engine.core.overall_summary import overall
from engine.core.serialize import encode
from engine.core.streams import ALL_KEYS
from engine.errors import SnapshotError
from engine.events import Decision, Event, FullReport, Report
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.worker.evaluator import BackgroundEvaluator, WindowEvaluator, make_evaluator
from engine.packing import pack, unpack
from engine.records.decode import Decoder
from engine.records.values import Example, Record
from engine.registry.versions import Start
from engine.tasks.registry import find_task

SHARE = "share"
"""What an engine emits for the overall summary instead of for a stream."""

_SHARES = "shares of keys"


class Saved(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps of a key.

    Attributes:
        engine: The engine as bytes.
        reports: Those that are kept.
    """

    engine: bytes
    reports: tuple[KeptReport, ...]


Item = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Routed:
    """Records for one model key. The key is repeated, since Bytewax does not tell it to the logic."""

    key: str
    batch: Batch


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows besides the stream: those that windows are compared with, by key, and those that are held out."""

    reference: Mapping[str, list[Example]]
    holdout: Sequence[Example]


class EngineLogic(StatefulBatchLogic[Routed, Item, bytes]):
    """One engine: decodes, processes, encodes. Bytewax makes one per key, anew or from its snapshot."""

    def __init__(  # noqa: PLR0913 - what all engines share, and what this one was
        self,
        config: FlowConfig,
        rows: Rows,
        start: Callable[[], Start | None],
        sealed: bytes | None,
        *,
        seals: Seals,
        recovers: bool,
    ) -> None:
        self._config = config
        self._recovers, self._seals = recovers, seals
        self._key, saved = "", None
        if sealed is not None:
            self._key, content = seals.opened(sealed)
            saved = _saved(content)
        kept = () if saved is None else saved.reports
        self._retention = Retention(config.run.keep_reports, config.run.keep_reports_seconds, kept)
        self._rows, self._start = rows, start
        self._addressed = _addressed(config)
        self._decoder = Decoder(config.record, find_task(config.model.task).labels)
        self._evaluator = _shared_evaluator(config.monitoring, config.model.task)
        self._control = _shared_control(config.run_dir)
        self._told = 0
        self._late = saved is None and config.record.key is not None
        self._engine: Engine | None = None
        self._key_cache = _shared_key_cache(config.run.resident_keys, config.run_dir)
        self._number, self._away = self._key_cache.number(), False
        self._asleep: bytes | None = None  # restored with the key's first record: of many keys most have none
        if saved is not None and self._key_cache.limited:
            self._key_cache.put(self._number, saved.engine)
            self._away = True
        elif saved is not None:
            self._asleep = saved.engine

    def on_batch(self, values: list[Routed]) -> tuple[Iterable[Item], bool]:
        """Processes all lines that came for this key at once."""
        engine = self._here() or self._begin(values[0].key)
        self._key_cache.use(self._number, self)
        records = chain.from_iterable(
            decode_records(self._decoder, routed.batch.records()) for routed in values
        )
        commands: list[Item] = []
        events = engine.begin()
        if self._takes_lines(engine):
            for routed in values:
                events += self._processed(engine, routed.batch)
        else:
            events += self._obey(engine, values[0].key, records, commands)
            events += engine.process(records)
        if self._config.run.metrics is not None:
            prometheus.shared().note(values[0].key, engine.counts, events)
        items = self._items(with_messages(events, (routed.batch for routed in values)))
        learned.add(sum(len(routed.batch) for routed in values))
        return [*items, *commands], StatefulBatchLogic.RETAIN

    def _takes_lines(self, engine: Engine) -> bool:
        """Whether the engine may take lines as they are: nobody wants it to stop between two of them."""
        if engine.native_lane or self._control.look() != self._told:
            return False
        self._late = False
        return True

    def _processed(self, engine: Engine, batch: Batch) -> list[Event]:
        """The events of a batch, whose records are decoded only where they must be."""

        def decode(index: int) -> Record:
            return next(decode_records(self._decoder, (batch.record(index),)))

        records = batch.plain(self._config.record.max_bytes)
        return engine.process_lines(records, batch.offsets, batch.sources, batch.origins, decode)

    def _begin(self, key: str) -> Engine:
        self._key = key
        pinned, held_out = self._rows.reference.get(key, ()), self._rows.holdout
        engine = Engine(self._config, key, self._evaluator, pinned, start=self._start(), holdout=held_out)
        self._engine = engine
        return engine

    def _here(self) -> Engine | None:
        """The engine, brought back when it was away; none before the first record."""
        saved = self._key_cache.get(self._number) if self._away else self._asleep
        if saved is not None:
            self._engine = Engine.restore(saved, self._config, self._evaluator, self._rows.holdout)
            self._asleep, self._away = None, False
        return self._engine

    def leave(self) -> None:
        """Puts the engine to disk, until its key has a record again."""
        if self._engine is not None:
            self._key_cache.put(self._number, self._engine.snapshot())
            self._engine, self._away = None, True

    def _items(self, events: Sequence[Event]) -> list[Item]:
        """Lines, files, and the removal of files that are too old."""
        removed = [
            name
            for report in events
            if isinstance(report, Report) and report.verdict.snapshot
            for old in self._retention.add(report_path(report), report.end)
            for name in removals(old)
        ]
        kept = [event for event in events if not isinstance(event, FullReport) or self._keeps(event)]
        return [*_items(kept, self._addressed), *((BLOBS, (name, None)) for name in removed)]

    def _keeps(self, report: FullReport) -> bool:
        """Whether the light report that it replaces is still kept."""
        return report_path(report) in self._retention

    def _obey(self, engine: Engine, key: str, records: Iterator[Record], written: list[Item]) -> list[Event]:
        """Carries out the commands that have come, each at its record if it was carried out before.

        Those whose record is beyond this batch are looked at again with the next.
        """
        count = self._control.look()
        if count == self._told:
            self._late = False
            return []
        events: list[Event] = []
        wanted = self._control.commands(key, engine.counts.records, self._told, late=self._late)
        for at, command in wanted:
            events += engine.process(islice(records, at - engine.counts.records))
            if engine.counts.records < at:
                return events
            found = engine.command(command)
            events += found
            decisions = [event for event in found if isinstance(event, Decision)]
            if decisions:  # else the engine has seen this command before
                written.append((REGISTERED, entry_of(command, key, at)))
            for decision in decisions:
                outcome = {name: getattr(decision, name) for name in ("action", "reason", "model")}
                self._control.done(key, at, command, outcome)
        self._told, self._late = count, False
        return events

    def on_eof(self) -> tuple[Iterable[Item], bool]:
        """The input has ended: the last report, the model as it is, and the summary; not when it goes on."""
        if shutdown.wanted():
            return [], StatefulBatchLogic.RETAIN
        engine = self._here()
        if engine is None:
            return [], StatefulBatchLogic.RETAIN
        self._key_cache.use(self._number, self)
        items = self._items(engine.finish())
        if items and self._config.record.key is not None:
            items.append((SHARE, engine.share()))
        return items, StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        """The engine, and which reports it keeps, sealed; later events do not change it."""
        if not self._recovers:
            return b""
        saved = Saved(self._state(), self._retention.state())
        return self._seals.closed(self._key, msgpack.encode(saved))

    def _state(self) -> bytes:
        """The engine as bytes, wherever it is."""
        if self._away:
            return self._key_cache.get(self._number)
        if self._asleep is not None:
            return self._asleep
        if self._engine is None:
            raise RuntimeError("Bytewax asked for the state of a key that has seen no record")
        return self._engine.snapshot()


def _saved(content: bytes) -> Saved:
    try:
        return msgpack.decode(content, type=Saved)
    except (MsgspecError, UnicodeDecodeError) as error:
        raise SnapshotError(
            f"recovery store: not a state of this version: {error}; start a new run"
        ) from error


class SharesState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps of the summary over all keys.

    Attributes:
        shares: The latest share of each key.
        changed: Whether there is one that no summary has reported.
    """

    shares: dict[str, bytes] = {}
    changed: bool = False


class OverallLogic(StatefulBatchLogic[tuple[str, bytes], Item, bytes]):
    """Keeps the latest share of every key; says at the end of the input what they come to together."""

    def __init__(self, config: FlowConfig, sealed: bytes | None, seals: Seals) -> None:
        self._config, self._seals = config, seals
        self._state = SharesState()
        if sealed is not None:
            self._state = unpack(seals.opened(sealed)[1], _SHARES, SharesState)

    def on_batch(self, values: list[tuple[str, bytes]]) -> tuple[Iterable[Item], bool]:
        """Takes the shares of keys whose input has ended."""
        self._state.shares.update(values)
        self._state.changed = True
        return [], StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[Item], bool]:
        """All keys have ended: their summary, unless it was reported before."""
        items: list[Item] = []
        if self._state.changed:
            items = _items([overall(self._state.shares, self._config)], _addressed(self._config))
        self._state.changed = False
        return items, StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        """The shares, sealed."""
        return self._seals.closed(ALL_KEYS, pack(self._state, _SHARES))


def _addressed(config: FlowConfig) -> Collection[str]:
    """Streams whose lines are written one by one, each with its key and id."""
    return () if config.kafka is None else config.kafka.outputs.topics


def _items(events: Sequence[Event], addressed: Collection[str]) -> list[Item]:
    chunks, files = encode(events, addressed)
    # Files first: a report's line must not name a file that is not there.
    kept = [(REGISTERED, entry) for entry in entries_of(events)]
    return [*((BLOBS, file) for file in files), *chunks.items(), *kept]


@cache
def _shared_control(folder: Path) -> Control:
    """One reader of commands per worker process, for all its engines."""
    return Control(folder)


@cache
def _shared_key_cache(limit: int | None, folder: Path) -> KeyCache:
    """Of one worker process, for all its engines."""
    return KeyCache(limit, folder)


_evaluators: dict[str, WindowEvaluator] = {}


def waited_for_reports() -> float:
    """Seconds that this process's engines have waited for reports, in all its runs."""
    return sum(evaluator.waited for evaluator in _evaluators.values())


def _shared_evaluator(config: MonitoringConfig, task: str) -> WindowEvaluator:
    """One evaluator per worker process, for all its engines; it ends itself with the process."""
    wanted = f"{task} {config.model_dump_json()}"
    if wanted not in _evaluators:
        _evaluators[wanted] = evaluator = make_evaluator(config, task, monotonic)
        if config.reports and isinstance(evaluator, BackgroundEvaluator):
            evaluator.warm()
    return _evaluators[wanted]
