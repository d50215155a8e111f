"""The Bytewax dataflow: an input, engines in keyed state, files out.

    source -> route -> engine (one per model key) -> run folder
                                              |          ^
                                              +-> overall (with several keys: one summary of all)

Records travel in batches, not decoded, and are decoded where their model lives: crossing to another process
costs several times what decoding does. It runs in one process, under `riverkeeper run`, or under Bytewax's
own runner, alone or as a cluster:

    python -m bytewax.run "dataflows.runtime.dataflow:flow('flow.toml')"
"""

from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path

from bytewax import operators as op
from bytewax.dataflow import Dataflow

from dataflows.alerts.sink import AlertSink, Pending
from dataflows.config import FlowConfig, check_buildable, load_config
from dataflows.connectors.batch import Batch
from dataflows.connectors.decoding import by_key
from dataflows.connectors.files.sink import Blob, RunSink
from dataflows.connectors.registry import open_source
from dataflows.lifecycle.progress import Progress
from dataflows.pinned_rows import read_holdout, read_reference
from dataflows.registry.sink import REGISTERED, Recorded, RegistrySink
from dataflows.registry.start_version import read_start
from dataflows.runtime.backpressure import Pace, PacedSource
from dataflows.runtime.operators import SHARE, EngineLogic, Item, OverallLogic, Routed, Rows
from dataflows.runtime.sealed import SealedSink, Seals
from dataflows.runtime.source import BatchSource
from engine.core.serialize import Chunk
from engine.core.streams import ALL_KEYS, STREAMS
from engine.requirements import needing

_FLOW = "riverkeeper"
"""The flow's id: its steps are `riverkeeper.engine` and the like in recovery stores."""


def flow(path: str) -> Dataflow:
    """The dataflow that a configuration file describes.

    Raises:
        ConfigError: When the file does not describe one.
        ModelError: When its model cannot be built.
        InputError: When its input is not there.
    """
    config = load_config(Path(path))
    check_buildable(config, Path(path))
    return build_flow(config)


def build_flow(
    config: FlowConfig,
    progress: Progress | None = None,
    pace: Pace | None = None,
    *,
    recovers: bool = True,
    prepared: bool = False,
) -> Dataflow:
    """The dataflow of a configuration.

    Args:
        config: What to run.
        progress: Called with the progress of reading.
        pace: Holds reading back in a cluster.
        recovers: Whether there is a recovery store. Bytewax asks for snapshots without one too, and throws
            them away; then they are left empty.
        prepared: Whether what is in the run's folder is of this run, and not of an earlier one.
    """
    opened = BatchSource(open_source(config, journal=recovers and prepared), progress)
    source = opened if pace is None else PacedSource(opened, pace)
    dataflow = Dataflow(_FLOW)
    batches = op.input("input", dataflow, source)
    routed = op.flat_map("route", batches, partial(_routed, field=config.record.key))
    reference = read_reference(config)
    start, rows = cache(partial(read_start, config)), Rows(reference, read_holdout(config))
    engines, summary = Seals.of(f"{_FLOW}.engine"), Seals.of(f"{_FLOW}.overall")
    keyed = op.stateful_batch(
        "engine",
        routed,
        lambda saved: EngineLogic(config, rows, start, saved, seals=engines, recovers=recovers),
    )
    if config.record.key is not None:
        split = op.branch("split", keyed, lambda pair: pair[1][0] == SHARE)
        shares = op.map("share", split.trues, lambda pair: (ALL_KEYS, (pair[0], pair[1][1])))
        summed = op.stateful_batch("overall", shares, lambda saved: OverallLogic(config, saved, summary))
        keyed = op.merge("merge", split.falses, summed)
    unkeyed = op.map("unkey", keyed, lambda pair: pair[1])
    kept = op.branch("registered", unkeyed, lambda item: item[0] == REGISTERED)
    op.output("registry", kept.trues, SealedSink(RegistrySink(config, prepared=prepared), Recorded))
    items = kept.falses
    filed = op.filter_map("filed", items, partial(_filed, left_out=frozenset(config.run.leave_out)))
    op.output("run", filed, SealedSink(RunSink(config.run_dir, STREAMS), int))
    if config.kafka is not None and config.kafka.outputs.topics:
        with needing("[kafka.outputs]", "kafka"):
            from dataflows.connectors.kafka.producer import Written  # noqa: PLC0415 - an extra
            from dataflows.connectors.kafka.sink import KafkaSink  # noqa: PLC0415 - an extra
        topics = config.kafka.outputs.topics
        wanted = op.filter("topics", items, lambda item: item[0] in topics)
        op.output("kafka", wanted, SealedSink(KafkaSink(config.kafka, config.run_dir), Written))
    if config.alerts.log or config.alerts.webhook is not None:
        alerts = op.filter("alerts", items, lambda item: item[0] == "alerts")
        op.output("send", alerts, SealedSink(AlertSink(config.alerts, config.run_dir), Pending))
    return dataflow


def _routed(batch: Batch, field: str | None) -> Iterable[tuple[str, Routed]]:
    return ((key, Routed(key, part)) for key, part in by_key(batch, field).items())


def _filed(item: Item, left_out: frozenset[str]) -> tuple[str, bytes | Blob] | None:
    """What is written to the run's folder."""
    stream, value = item
    if stream in left_out:
        return None
    return stream, value.text if isinstance(value, Chunk) else value
