"""Writes one stream to its topic: a message for each line, each delivered before a snapshot is.

A line that is larger than the topic takes becomes a smaller message, which says so. The limit is asked for
at the start, and batches stay below it: a broker refuses a batch as a whole, with all that is in it. A
message that is refused for its size all the same is written again, alone; then smaller; then left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from bytewax.outputs import StatefulSinkPartition
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from dataflows.connectors.kafka.client import log, made, metadata, partitions_of
from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.message_size import limit_of, smaller
from dataflows.connectors.kafka.messages import ID, event_id
from engine.core.serialize import Chunk, Line
from engine.errors import OutputError
from engine.names import bounded

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


_POLL = 0.5
"""Seconds."""

_AROUND = 250
"""Bytes that Kafka puts around one message, at most; a batch of one was tried with less."""

_SMALL = 10_000
"""Bytes of a smaller message for a topic whose limit is not known."""

_BATCH = 1_000_000
"""Bytes of a batch, as librdkafka has it."""


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


@dataclass(frozen=True, slots=True)
class _Refused:
    """A message that the broker has found too large, perhaps for the others in its batch."""

    value: bytes
    key: bytes
    name: bytes


class TopicSink(StatefulSinkPartition[Chunk, Written]):
    """Writes one stream to its topic."""

    can_repeat = True
    """Whether a message that was refused can be written again."""

    def __init__(self, config: KafkaConfig, run: str, stream: str) -> None:
        self._config, self._run, self._stream = config, run, stream
        self._topic = config.outputs.topics[stream]
        self._where = f"kafka.outputs topic {self._topic}"
        limit = limit_of(config, self._topic)
        self._room = limit - _AROUND - len(ID)
        more: dict[str, Any] = {
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 5,
            "message.timeout.ms": round(config.patience * 1000),
            "message.max.bytes": max(1000, limit),
            "batch.size": max(1, min(limit, int(config.properties.get("batch.size", _BATCH)))),
            **self._settings(),
        }
        producer, health = made(Producer, config, more)
        self._producer: Producer = producer
        found = metadata(producer, config, health)
        self._ends: Ends = dict.fromkeys(partitions_of(found, self._topic, "kafka.outputs"), 0)
        self._failed: KafkaError | None = None
        self._refused: list[_Refused] = []
        self._warned = False

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
        if self._refused:
            self._flush()

    def _write(self, line: Line, name: str) -> None:
        value, key, header = line.line, line.key.encode(), name.encode()
        room = self._room - len(key) - len(header)
        if len(value) > room:
            found = smaller(value, room)
            self._warn(value, name, found)
            if found is None:
                return
            value = found
        self._produce(value, key, header)

    def _warn(self, value: bytes, name: str, found: bytes | None) -> None:
        """Says once what becomes of messages that are too large; each has its line in the run's folder."""
        if not self._warned:
            what = "is left out" if found is None else "is written with less in it, and says so (cut)"
            log.warning(
                "%s: message %s has %d bytes, more than the topic takes, and %s; the line in the run's "
                "folder is whole. Raise the topic's max.message.bytes. Further ones are not logged",
                self._where,
                bounded(name, 200),
                len(value),
                what,
            )
        self._warned = True

    def _produce(self, value: bytes, key: bytes, name: bytes) -> None:
        headers: list[tuple[str, str | bytes | None]] = [(ID, name)]
        done = partial(self._delivered, name)  # which does not get the headers back
        while True:
            try:
                self._producer.produce(self._topic, value, key, headers=headers, on_delivery=done)
            except BufferError:  # too many wait: so does the stream
                self._producer.poll(_POLL)
                self._check()
            except KafkaException as error:
                raise self._error(error.args[0]) from error
            else:
                return

    def _delivered(self, name: bytes, error: KafkaError | None, delivered: Message) -> None:
        if error is not None and error.code() == KafkaError.MSG_SIZE_TOO_LARGE and self.can_repeat:
            self._refused.append(_Refused(delivered.value() or b"", delivered.key() or b"", name))
            return
        if error is not None:
            self._failed = self._failed or error
            return
        partition, offset = delivered.partition() or 0, delivered.offset() or 0
        self._ends[partition] = max(self._ends.get(partition, 0), offset + 1)

    def _check(self) -> None:
        if self._failed is not None:
            raise self._error(self._failed)

    def _error(self, error: KafkaError) -> OutputError:
        hint = ""
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            hint = (
                ". To have larger ones cut, let the user of kafka.properties describe the topic's "
                "configuration, or set 'message.max.bytes' there to the topic's limit"
            )
        return OutputError(
            f"{self._where}: a message was not delivered: {error.str()}{hint}. The run stops here, so that "
            f"none is lost; with --recovery the same command goes on from the last snapshot"
        )

    def _flush(self) -> None:
        """Waits until everything is delivered; the producer itself gives up in the end.

        Raises:
            OutputError: When something was not.
        """
        self._wait()
        refused, self._refused = self._refused, []
        for message in refused:
            if not any(self._goes(message, value) for value in self._tries(message)):
                log.warning("%s: message %s is left out", self._where, bounded(message.name.decode(), 200))

    def _goes(self, message: _Refused, value: bytes) -> bool:
        """Writes a message alone; whether the broker takes it."""
        self._produce(value, message.key, message.name)
        self._wait()
        refused, self._refused = self._refused, []
        return not refused

    def _tries(self, refused: _Refused) -> Iterator[bytes]:
        """What is written of a message that was refused: itself, alone; then a smaller one."""
        yield refused.value
        found = smaller(refused.value, _SMALL)
        self._warn(refused.value, refused.name.decode(), found)
        if found is not None:
            yield found

    def _wait(self) -> None:
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
