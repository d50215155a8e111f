"""The Bytewax sink that writes streams to topics.

At least once: a snapshot waits until all messages are delivered, and what followed the last one comes again,
with the same event id, when a run is resumed. A message that cannot be delivered ends the run, which goes on
from its snapshot. Once for readers of committed messages: see `transactions`.
"""

from pathlib import Path

from bytewax.outputs import FixedPartitionedSink

from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.producer import TopicSink, Written
from dataflows.connectors.kafka.transactions import TransactionalSink
from dataflows.lifecycle.run_id import identity
from engine.core.serialize import Chunk


class KafkaSink(FixedPartitionedSink[Chunk, Written]):
    """Takes items `(stream, chunk)`; streams without a topic are not for it.

    A stream is one partition of Bytewax's, so one worker of a cluster writes it.

    Args:
        config: The cluster, and topics by stream.
        folder: The run's folder.
    """

    def __init__(self, config: KafkaConfig, folder: Path) -> None:
        self._config, self._folder = config, folder
        self._streams = sorted(config.outputs.topics)

    def list_parts(self) -> list[str]:
        """The streams."""
        return self._streams

    def part_fn(self, item_key: str) -> int:
        """The stream's number."""
        return self._streams.index(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: Written | None) -> "TopicSink":  # noqa: ARG002
        """Connects, and looks for the topic.

        Raises:
            InputError: No broker answers, or the topic is not there.
            OutputError: Transactions cannot be used.
        """
        if self._config.outputs.exactly_once:
            return TransactionalSink(self._config, self._folder, for_part, resume_state)
        return TopicSink(self._config, identity(self._folder), for_part)
