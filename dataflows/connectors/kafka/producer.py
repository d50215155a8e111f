"""Writes one stream to its topic: a message for each line, each delivered before a snapshot is."""

from dataclasses import dataclass
from typing import Any

from bytewax.outputs import StatefulSinkPartition
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from dataflows.connectors.kafka.client import made, metadata, partitions_of
from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.messages import ID, event_id
from engine.core.serialize import Chunk, Line
from engine.errors import OutputError

Ends = dict[int, int]
"""Where each partition of a topic ends: the offset of what comes next."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a snapshot knows of a topic.

    Attributes:
        ends: Where its partitions end for this run.
        ahead: Event ids of messages before these ends that the run has yet to come to again: a process that
            has died since had committed them.
    """

    ends: Ends
    ahead: frozenset[str] = frozenset()


Headers = list[tuple[str, str | bytes | None]]

_POLL = 0.5
"""Seconds."""


def check_topics(config: KafkaConfig) -> None:
    """Looks for the topics that streams go to.

    Raises:
        InputError: No broker answers, or one of them is not there.
        ConfigError: When a setting is not one.
    """
    if config.outputs.topics:
        producer, health = made(Producer, config, {})
        found = metadata(producer, config, health)
        for topic in config.outputs.topics.values():
            partitions_of(found, topic, "kafka.outputs")


class TopicSink(StatefulSinkPartition[Chunk, Written]):
    """Writes one stream to its topic."""

    def __init__(self, config: KafkaConfig, run: str, stream: str) -> None:
        self._config, self._run, self._stream = config, run, stream
        self._topic = config.outputs.topics[stream]
        self._where = f"kafka.outputs topic {self._topic}"
        more: dict[str, Any] = {
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 5,
            "message.timeout.ms": round(config.patience * 1000),
            **self._settings(),
        }
        producer, health = made(Producer, config, more)
        self._producer: Producer = producer
        found = metadata(producer, config, health)
        self._ends: Ends = dict.fromkeys(partitions_of(found, self._topic, "kafka.outputs"), 0)
        self._failed: KafkaError | None = None

    def _settings(self) -> dict[str, Any]:
        """What a producer needs besides."""
        return {}

    def write_batch(self, items: list[Chunk]) -> None:
        """Hands messages to the producer; a snapshot waits for them.

        Raises:
            OutputError: When one was not delivered.
        """
        for chunk in items:
            for line in chunk.lines():
                self._write(line, event_id(self._run, self._stream, line.id))
        self._producer.poll(0)
        self._check()

    def _write(self, line: Line, name: str) -> None:
        headers: Headers = [(ID, name.encode())]
        while True:
            try:
                self._producer.produce(
                    self._topic, line.line, line.key.encode(), headers=headers, on_delivery=self._delivered
                )
            except BufferError:  # too many wait: so does the stream
                self._producer.poll(_POLL)
                self._check()
            except KafkaException as error:
                raise self._error(error.args[0]) from error
            else:
                return

    def _delivered(self, error: KafkaError | None, delivered: Message) -> None:
        if error is not None:
            self._failed = self._failed or error
            return
        partition, offset = delivered.partition() or 0, delivered.offset() or 0
        self._ends[partition] = max(self._ends.get(partition, 0), offset + 1)

    def _check(self) -> None:
        if self._failed is not None:
            raise self._error(self._failed)

    def _error(self, error: KafkaError) -> OutputError:
        return OutputError(
            f"{self._where}: a message was not delivered: {error.str()}. The run stops here, so that none is "
            f"lost; with --recovery the same command goes on from the last snapshot"
        )

    def _flush(self) -> None:
        """Waits until everything is delivered; the producer itself gives up in the end.

        Raises:
            OutputError: When something was not.
        """
        while self._producer.flush(_POLL):
            self._check()
        self._check()

    def snapshot(self) -> Written:
        """What is in the topic, all of it delivered.

        Raises:
            OutputError: When something was not.
        """
        self._flush()
        return Written(dict(self._ends))

    def close(self) -> None:
        """Waits for what is on its way."""
        if self._failed is None:
            self._flush()
