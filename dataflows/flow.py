"""The Bytewax dataflow: files in, engines in keyed state, files out.

    source -> route -> engine (one per model key) -> run folder
                                              |          ^
                                              +-> overall (with several keys: one summary of all)

Records travel in batches of raw bytes and are decoded where their model lives: crossing a process costs
several times what decoding does. It runs in one process, under `riverkeeper run`, or under Bytewax's own
runner, alone or as a cluster:

    python -m bytewax.run "dataflows.flow:flow('flow.toml')"
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path
from time import monotonic
from typing import Any

from bytewax import operators as op
from bytewax.dataflow import Dataflow
from bytewax.operators import StatefulBatchLogic

from dataflows import stopping
from dataflows.alerts.sink import AlertSink
from dataflows.config import FlowConfig, load_config
from dataflows.control import Control
from dataflows.decoding import ONE_KEY, decode_lines, key_of, read_holdout, read_reference
from dataflows.files.batch import Batch, Line
from dataflows.files.sink import BLOBS, RunSink
from dataflows.kafka.sink import KafkaSink
from dataflows.progress import Progress
from dataflows.reading import open_source
from dataflows.registry.sink import REGISTERED, RegistrySink, entries_of, entry_of
from dataflows.registry.starting import read_start
from dataflows.retention import Kept, Retention, removals
from engine.models.saving import dump, load
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.judges import BackgroundJudge, Judge, make_judge
from engine.pipeline.encode import STREAMS, encode, report_path
from engine.pipeline.engine import Engine
from engine.pipeline.events import Decision, Event, Report
from engine.pipeline.overall import ALL_KEYS, overall
from engine.records.config import Task
from engine.records.decode import Decoder
from engine.records.values import Example, Record
from engine.registry.values import Start

_SHARE = "share"
"""What an engine emits for the overall summary instead of for a stream."""

_SHARES = "shares of keys"

_Saved = tuple[bytes, tuple[Kept, ...]]

Item = tuple[str, Any]


def flow(path: str) -> Dataflow:
    """The dataflow that a configuration file describes.

    Raises:
        ConfigError: When the file does not describe one.
        InputError: When its input is not there.
    """
    return build_flow(load_config(Path(path)))


def build_flow(
    config: FlowConfig, progress: Progress | None = None, *, recovers: bool = True, prepared: bool = False
) -> Dataflow:
    """The dataflow of a configuration.

    Args:
        config: What to run.
        progress: It is told how far reading has come.
        recovers: Whether there is a recovery store. Bytewax asks for snapshots without one too, and throws
            them away; then they are left empty.
        prepared: Whether what is in the run's folder is of this run, and not of an earlier one.
    """
    source = open_source(config, progress, journal=recovers and prepared)
    dataflow = Dataflow("riverkeeper")
    batches = op.input("input", dataflow, source)
    routed = op.flat_map("route", batches, router(config.record.key))
    reference = read_reference(config)
    start, rows = cache(partial(read_start, config)), Rows(reference, read_holdout(config))
    keyed = op.stateful_batch(
        "engine", routed, lambda saved: _EngineLogic(config, rows, start, saved, recovers=recovers)
    )
    if config.record.key is not None:
        split = op.branch("split", keyed, lambda pair: pair[1][0] == _SHARE)
        shares = op.map("share", split.trues, lambda pair: (ALL_KEYS, (pair[0], pair[1][1])))
        summed = op.stateful_batch("overall", shares, lambda saved: _OverallLogic(config, saved))
        keyed = op.merge("merge", split.falses, summed)
    unkeyed = op.map("unkey", keyed, lambda pair: pair[1])
    kept = op.branch("registered", unkeyed, lambda item: item[0] == REGISTERED)
    op.output("registry", kept.trues, RegistrySink(config))
    items = kept.falses
    op.output("run", items, RunSink(config.run_dir, STREAMS))
    if config.kafka is not None and config.kafka.outputs.topics:
        topics = config.kafka.outputs.topics
        wanted = op.filter("topics", items, lambda item: item[0] in topics)
        op.output("kafka", wanted, KafkaSink(config.kafka, config.run_dir))
    if config.alerts.log or config.alerts.webhook is not None:
        alerts = op.filter("alerts", items, lambda item: item[0] == "alerts")
        op.output("send", alerts, AlertSink(config.alerts, config.run_dir))
    return dataflow


@dataclass(frozen=True, slots=True)
class Routed:
    """Lines for one model key. The key is repeated, since Bytewax does not tell it to the logic."""

    key: str
    lines: Batch | list[Line]


def router(field: str | None) -> Callable[[Batch], Iterable[tuple[str, Routed]]]:
    """What gives each batch's lines their model key; without a key field a batch stays whole."""
    if field is None:
        return lambda batch: ((ONE_KEY, Routed(ONE_KEY, batch)),)

    def by_key(batch: Batch) -> Iterator[tuple[str, Routed]]:
        groups: dict[str, list[Line]] = {}
        for line in batch.records():
            groups.setdefault(key_of(line, field), []).append(line)
        for key, lines in groups.items():
            yield key, Routed(key, lines)

    return by_key


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows besides the stream: those that windows are compared with, by key, and those that are held out."""

    reference: Mapping[str, list[Example]]
    holdout: Sequence[Example]


class _EngineLogic(StatefulBatchLogic[Routed, Item, _Saved]):
    """One engine: decodes, processes, encodes. Bytewax makes one per key, anew or from its snapshot."""

    def __init__(
        self,
        config: FlowConfig,
        rows: Rows,
        start: Callable[[], Start | None],
        saved: _Saved | None,
        *,
        recovers: bool,
    ) -> None:
        self._config = config
        self._recovers = recovers
        kept = () if saved is None else saved[1]
        self._retention = Retention(config.run.keep_reports, config.run.keep_reports_seconds, kept)
        self._rows, self._start = rows, start
        self._decoder = Decoder(config.record, config.model.task)
        self._judge = _shared_judge(config.monitoring, config.model.task)
        self._control = _shared_control(config.run_dir)
        self._told = 0
        self._late = saved is None and config.record.key is not None
        self._engine = None if saved is None else Engine.restore(saved[0], config, self._judge, rows.holdout)

    def on_batch(self, values: list[Routed]) -> tuple[Iterable[Item], bool]:
        """Processes all lines that came for this key at once."""
        if self._engine is None:
            key = values[0].key
            pinned, held_out = self._rows.reference.get(key, ()), self._rows.holdout
            self._engine = Engine(
                self._config, key, self._judge, pinned, start=self._start(), holdout=held_out
            )
        records = chain.from_iterable(decode_lines(self._decoder, routed.lines) for routed in values)
        commands: list[Item] = []
        events = self._engine.begin() + self._obey(self._engine, values[0].key, records, commands)
        items = self._items(events + self._engine.process(records))
        return [*items, *commands], StatefulBatchLogic.RETAIN

    def _items(self, events: list[Event]) -> list[Item]:
        """Lines, files, and the removal of files that are too old."""
        items = _items(events)
        for report in (event for event in events if isinstance(event, Report) and event.verdict.snapshot):
            for old in self._retention.add(report_path(report), report.end):
                items += removals(old)
        return items

    def _obey(self, engine: Engine, key: str, records: Iterator[Record], written: list[Item]) -> list[Event]:
        """Carries out the commands that have come, each at its record if it was carried out before.

        Those whose record is beyond this batch are looked at again with the next.
        """
        count = len(self._control)
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
            written.append((REGISTERED, entry_of(command, key, at)))
            for decision in found:
                if isinstance(decision, Decision):
                    outcome = {name: getattr(decision, name) for name in ("action", "reason", "model")}
                    self._control.done(key, at, command, outcome)
        self._told, self._late = count, False
        return events

    def on_eof(self) -> tuple[Iterable[Item], bool]:
        """The input has ended: the last report, the model as it is, and the summary; not when it goes on."""
        if stopping.wanted():
            return [], StatefulBatchLogic.RETAIN
        items = [] if self._engine is None else self._items(self._engine.finish())
        if items and self._engine is not None and self._config.record.key is not None:
            items.append((_SHARE, self._engine.share()))
        return items, StatefulBatchLogic.RETAIN

    def snapshot(self) -> _Saved:
        """The engine as bytes, and which reports it keeps; later events do not change them."""
        if not self._recovers:
            return b"", ()
        if self._engine is None:
            raise RuntimeError("Bytewax asked for the state of a key that has seen no record")
        return self._engine.snapshot(), self._retention.state()


class _OverallLogic(StatefulBatchLogic[tuple[str, bytes], Item, bytes]):
    """Keeps the latest share of every key; says at the end of the input what they come to together."""

    def __init__(self, config: FlowConfig, saved: bytes | None) -> None:
        self._config = config
        self._shares: dict[str, bytes] = {}
        self._changed = False
        if saved is not None:
            self._shares, self._changed = load(saved, _SHARES)

    def on_batch(self, values: list[tuple[str, bytes]]) -> tuple[Iterable[Item], bool]:
        """Takes the shares of keys whose input has ended."""
        self._shares.update(values)
        self._changed = True
        return [], StatefulBatchLogic.RETAIN

    def on_eof(self) -> tuple[Iterable[Item], bool]:
        """All keys have ended: their summary, unless it was said before."""
        items = _items([overall(self._shares, self._config)]) if self._changed else []
        self._changed = False
        return items, StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        """The shares as bytes, and whether they are still to be said."""
        return dump((self._shares, self._changed), _SHARES)


def _items(events: list[Event]) -> list[Item]:
    lines, files = encode(events)
    # Files first: a report's line must not name a file that is not there.
    kept = [(REGISTERED, entry) for entry in entries_of(events)]
    return [*((BLOBS, file) for file in files), *lines.items(), *kept]


@cache
def _shared_control(folder: Path) -> Control:
    """One reader of commands per worker process, for all its engines."""
    return Control(folder)


_judges: dict[str, Judge] = {}


def waited_for_reports() -> float:
    """Seconds that this process's engines have waited for reports, in all its runs."""
    return sum(judge.waited for judge in _judges.values())


def _shared_judge(config: MonitoringConfig, task: Task) -> Judge:
    """One judge per worker process, for all its engines; it ends itself with the process."""
    wanted = f"{task} {config.model_dump_json()}"
    if wanted not in _judges:
        _judges[wanted] = judge = make_judge(config, task, monotonic)
        if config.reports and isinstance(judge, BackgroundJudge):
            judge.warm()
    return _judges[wanted]
