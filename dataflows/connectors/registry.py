"""The source that a configuration describes: files or Kafka."""

from dataflows.config import FlowConfig
from dataflows.connectors.files.source import FileSource
from dataflows.connectors.kafka.order_log import Journal
from dataflows.connectors.kafka.source import KafkaSource
from dataflows.lifecycle.progress import Progress

Source = FileSource | KafkaSource


def open_source(config: FlowConfig, progress: Progress | None = None, *, journal: bool = False) -> Source:
    """The source of a flow.

    Args:
        config: The flow's.
        progress: It is told how far reading has come.
        journal: Whether the order of records is kept for a resume; the run's folder must belong to this run.

    Raises:
        InputError: A file is missing or is not what it should be.
    """
    if config.kafka is None or config.kafka.input is None:
        return FileSource(
            config.input,
            config.base,
            time_field=config.record.time,
            progress=progress,
            follow=config.input.follow,
        )
    given = config.kafka.input
    named = given.model_copy(update={"group": given.group or f"riverkeeper-{config.run.name}"})
    return KafkaSource(
        config.kafka.model_copy(update={"input": named}),
        config.input.batch,
        time_field=config.record.time,
        journal=Journal(config.run_dir) if journal else None,
        progress=progress,
    )
