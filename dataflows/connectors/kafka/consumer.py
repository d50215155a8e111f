"""Reads the partitions of all topics with one consumer, and hands their records on in one order."""

import time
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from dataflows.connectors.decoding import TimeOf
from dataflows.connectors.kafka.client import PATIENCE, Health, log, metadata, patiently
from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.envelope import Envelope, Received
from dataflows.connectors.kafka.interleave import Order
from dataflows.connectors.kafka.offsets import bounds, partitions
from dataflows.connectors.kafka.topic_ids import TopicIds
from engine.errors import InputError
from engine.records.keys import fields_of

_IDLE = 0.01
"""Seconds to wait for a message when there is nothing to do."""

_HELD = 20_000
"""Records of one partition that may wait for others before it is paused."""


@dataclass(slots=True)
class Partition:
    """One that is read.

    Attributes:
        topic: Its topic.
        number: Its number there.
        is_label: Whether it holds label records.
        begin: The offset of the next record to hand on.
        end: The offset at which it ends; `None` when it goes on for ever.
        read: The offset of the next record to read.
        paused: Whether it is not asked for more at present.
        is_closed: Whether it was read to its end for good.
    """

    topic: str
    number: int
    is_label: bool
    begin: int
    end: int | None
    read: int
    paused: bool = False
    is_closed: bool = False

    @property
    def place(self) -> TopicPartition:
        """As Kafka's client wants it."""
        return TopicPartition(self.topic, self.number, self.read)

    @property
    def name(self) -> str:
        """As messages and dead letters call it."""
        return f"{self.topic}[{self.number}]"


class TopicReader:
    """Holds what was read and not yet handed on.

    Args:
        consumer: Without an assignment.
        health: What the consumer knows of its brokers.
        config: The cluster, with what to read and in what order.
        time_of: Reads the event time; without it the message's timestamp is taken.
        most: Records of one partition that a caller may ask for at once.

    Attributes:
        partitions: Those that are read, by number.
        gaps: How many times records were gone before they were read.
        ids: Which topics these are.
    """

    def __init__(
        self, consumer: Consumer, health: Health, config: KafkaConfig, time_of: TimeOf | None, most: int
    ) -> None:
        if config.input is None:
            raise ValueError("a reader needs kafka.input")
        self._consumer, self._health, self._cluster, self._config = consumer, health, config, config.input
        self._time_of = time_of
        self.ids = TopicIds(config)
        self._envelope = Envelope(config.input)
        self._order: Order[Received] = Order(config.input.order_bound)
        self._held = max(_HELD, 2 * most)
        self._numbers: dict[tuple[str, int], int] = {}
        self.partitions: list[Partition] = []
        self.gaps = 0

    def add(self, topic: str, partition: int, offset: int) -> None:
        """Begins to read a partition, at an offset.

        Raises:
            InputError: When there is a gap, or no broker answers.
        """
        low, high = bounds(self._consumer, topic, partition)
        end = high if self._config.until == "end" else None
        is_label = topic in self._config.label_topics()
        self._numbers[topic, partition] = number = self._order.add()
        self.partitions.append(Partition(topic, partition, is_label, offset, end, offset))
        if end is not None and offset == end:
            self.partitions[number].is_closed = True
            self._order.close(number)
            return
        self._consumer.incremental_assign([self.partitions[number].place])
        if not low <= offset <= high:
            self._mend(number)

    def look(self) -> None:
        """Begins to read partitions that topics have got since, from their first record.

        Raises:
            InputError: When a topic no longer exists or was made anew, or no broker answers.
        """
        found = metadata(self._consumer, self._cluster, self._health)
        self.ids.check()
        for topic, partition in partitions(found, self._config):
            if (topic, partition) not in self._numbers:
                log.info("%s has a new partition, %d", topic, partition)
                self.add(topic, partition, 0)

    def fill(self, limit: int) -> None:
        """Reads what has come, and waits a moment when nothing is at hand.

        Raises:
            InputError: When a partition cannot be read on, or no broker answers.
        """
        messages: list[Message] = self._consumer.consume(limit, 0)
        if not messages:
            message = self._consumer.poll(_IDLE)
            messages = [message] if message is not None else []
        now = time.monotonic()
        for message in messages:
            error = message.error()
            number = self._numbers.get((message.topic() or "", message.partition() or 0))
            if error is not None:
                self._take_error(number, error)
            elif number is not None:
                self._take(number, message, now)
        self._health.check(self._consumer)
        self._hold_back()

    def _take(self, number: int, message: Message, now: float) -> None:
        partition = self.partitions[number]
        received = self._envelope.read(message)
        beyond = partition.end is not None and received.offset >= partition.end
        if received.offset < partition.read or beyond:
            return
        moment = 0.0
        if self._time_of is None:
            moment = message.timestamp()[1] / 1000
        elif len(self.partitions) > 1:
            # Records may wait here for long, and JSON takes less memory as bytes than as fields.
            moment = self._time_of(fields_of(received.content))
        self._order.put(number, moment, now, received)
        partition.read = received.offset + 1
        if partition.end is not None and partition.read >= partition.end:
            self._close(number)

    def _take_error(self, number: int | None, error: KafkaError) -> None:
        """An end, a gap, or what makes further reading impossible; everything else heals by itself.

        Raises:
            InputError: When the partition cannot be read on, or its topic was made anew.
        """
        code = error.code()
        if number is None:
            self._health.hear(error)
        elif code == KafkaError._PARTITION_EOF:
            if self.partitions[number].end is None:
                self._order.pause(number)
            else:
                self._close(number)
        elif code == KafkaError._AUTO_OFFSET_RESET:
            self._mend(number)
        elif code in {
            KafkaError.UNKNOWN_TOPIC_OR_PART,
            KafkaError._UNKNOWN_TOPIC,
            KafkaError._UNKNOWN_PARTITION,
            KafkaError.TOPIC_AUTHORIZATION_FAILED,
            KafkaError._FATAL,
        }:
            self.ids.check()
            raise InputError(
                f"kafka.input {self.partitions[number].name}: cannot be read on: {error.str()}; what was "
                f"read before is safe. See to the topic, then start the same command again"
            )
        else:
            self._health.hear(error)

    def _mend(self, number: int) -> None:
        """The next record of a partition is no longer there: stops, or goes on with the earliest.

        Raises:
            InputError: When configured to stop, the topic was made anew, or no broker answers.
        """
        self.ids.check()
        partition = self.partitions[number]
        low, high = bounds(self._consumer, partition.topic, partition.number)
        where = f"kafka.input {partition.name}: expected the record at offset {partition.read}"
        if partition.read > high:
            raise InputError(
                f"{where}, got a partition that ends at {high}: the topic was made anew or has lost records. "
                f"Restore it, or start a new run (without the old --recovery folder)"
            )
        gap = f"the topic begins at {low} now: {low - partition.read} records were removed unread"
        if self._config.expired == "stop":
            raise InputError(
                f"{where}; {gap}. To go on without them set kafka.input.expired = 'earliest'; to keep "
                f"records longer raise the topic's retention"
            )
        log.warning("%s; %s; going on", where, gap)
        self.gaps += 1
        partition.read = max(low, partition.read)
        self._consumer.incremental_unassign([TopicPartition(partition.topic, partition.number)])
        self._consumer.incremental_assign([partition.place])

    def _close(self, number: int) -> None:
        """Nothing more is wanted of a partition. It stays assigned: what else it gives is left out."""
        partition = self.partitions[number]
        if partition.is_closed:
            return
        self._order.close(number)
        self._consumer.pause([TopicPartition(partition.topic, partition.number)])
        partition.is_closed = True

    def _hold_back(self) -> None:
        """Pauses partitions that are far ahead of the others, and resumes those that no longer are."""
        if len(self.partitions) == 1:
            return
        for number, partition in enumerate(self.partitions):
            waiting = self._order.waiting(number)
            if partition.is_closed:
                continue
            if partition.paused and waiting < self._held // 2:
                partition.paused = False
                self._consumer.resume([TopicPartition(partition.topic, partition.number)])
            elif not partition.paused and waiting > self._held:
                partition.paused = True
                self._consumer.pause([TopicPartition(partition.topic, partition.number)])

    def take(self, limit: int) -> list[tuple[int, Received]]:
        """The next records, at most so many, each with the number of its partition."""
        arrived = time.monotonic() - self._config.order_wait
        return self._went(self._order.take(limit, arrived=arrived))

    def take_runs(self, runs: list[tuple[int, int]]) -> list[tuple[int, Received]]:
        """The records that went in that order once; none while they are not all read."""
        needed: dict[int, int] = {}
        for number, count in runs:
            needed[number] = needed.get(number, 0) + count
        if any(self._order.waiting(number) < count for number, count in needed.items()):
            return []
        return self._went([pair for number, count in runs for pair in self._order.take_from(number, count)])

    def _went(self, taken: list[tuple[int, Received]]) -> list[tuple[int, Received]]:
        for number, received in taken:
            self.partitions[number].begin = received.offset + 1
        return taken

    def is_done(self) -> bool:
        """Whether all there is has been handed on; never, when topics go on for ever."""
        return self._order.is_done()

    def lag(self) -> int:
        """Records that are in the topics and were not handed on, as far as the consumer knows."""
        lag = 0
        for partition in self.partitions:
            _, high = self._consumer.get_watermark_offsets(partition.place, cached=True)
            lag += max(0, max(high, partition.read) - partition.begin)
        return lag

    def commit(self, places: list[TopicPartition], *, wait: bool = False) -> None:
        """Tells the consumer group how far reading has come; that it fails harms nothing but lag tools.

        One after the other: of two that are under way, as before the group's coordinator is known, the
        brokers may take the later one first. One that comes meanwhile is left out, and the next goes further.
        """
        if not places:
            return
        try:
            if wait:
                self._wait_for_commit()
                patiently(lambda: self._consumer.commit(offsets=places, asynchronous=False))
            elif not self._health.commits:
                self._consumer.commit(offsets=places, asynchronous=True)
                self._health.commits = True
        except KafkaException as error:
            log.warning("progress was not committed to the consumer group: %s", error.args[0].str())

    def _wait_for_commit(self) -> None:
        until = time.monotonic() + PATIENCE
        while self._health.commits and time.monotonic() < until:
            self._consumer.poll(_IDLE)

    def close(self) -> None:
        """Leaves the brokers."""
        self._consumer.close()
