"""Records from Kafka, as an input.

Differs from Bytewax's own source where that loses data or hangs (docs/kafka.md): one consumer reads all
partitions of all topics and puts their records into one order.

What happens between two snapshots, in numbered steps:

    1. Records are read ahead. What goes next is written to the journal, then handed on.
    2. At the end of an epoch Bytewax asks for a snapshot: the next record to hand on, by partition, and how
       many batches went. Engines and sinks give theirs for the same epoch; a Kafka sink delivers first.
    3. Bytewax writes all snapshots of the epoch, then that the epoch is whole.
    4. With the next snapshot, the offsets of this one are committed to the consumer group: for lag tools, and
       for `start = "stored"`. A run that is resumed does not look at them.

Killed between any two of these, a run goes on from the last whole epoch, with the same records in the same
order. Not guaranteed: that order when the machine itself fails, for records that came too late to be put
where their event time belongs (see `journal`).
"""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TypedDict

import msgspec
from confluent_kafka import Consumer, TopicPartition

from dataflows.connectors.batch import MOST_SOURCES, Batch, Source
from dataflows.connectors.decoding import TimeOf
from dataflows.connectors.kafka.client import Health, made, metadata
from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.consumer import Partition, TopicReader
from dataflows.connectors.kafka.envelope import Received
from dataflows.connectors.kafka.offsets import partitions, places_to_begin
from dataflows.connectors.kafka.order_log import Journal, Place, Runs
from dataflows.lifecycle.progress import Reading
from engine.errors import InputError, SnapshotError

_LOOK = 30.0
"""Seconds between two looks whether topics have more partitions."""


class Snapshot(TypedDict):
    """Where a run stands. Plain values, since it outlives the code.

    Attributes:
        places: The next record to hand on, for each partition, in the order of their numbers.
        batches: How many batches went.
        ids: Those of the topics, by name, where the brokers give them.
    """

    places: list[Place]
    batches: int
    ids: dict[str, str]


class KafkaSource:
    """Topics with records; see `RecordSource`.

    Args:
        config: The cluster, with an input.
        batch: Most records that travel together.
        time_of: Reads the event time; without it the messages' timestamps order them.
        journal: Where the order of records is kept between snapshots, when the run can be resumed.
    """

    name = "kafka"

    def __init__(
        self,
        config: KafkaConfig,
        batch: int,
        *,
        time_of: TimeOf | None = None,
        journal: Journal | None = None,
    ) -> None:
        if config.input is None:
            raise ValueError("a Kafka source needs kafka.input")
        self._config, self._input, self._batch = config, config.input, batch
        self._time_of = time_of
        self._journal = journal

    def snapshot_of(self, value: object) -> Snapshot:
        """A snapshot out of the value that was stored.

        Raises:
            SnapshotError: It is none of topics.
        """
        try:
            return msgspec.convert(value, Snapshot)
        except msgspec.ValidationError as error:
            raise SnapshotError(f"input: not where a run over topics stood: {error}") from error

    def open(self, snapshot: Snapshot | None, *, to_end: bool = False) -> "KafkaReader":
        """Begins to read, where a snapshot stood or as configured.

        Raises:
            InputError: No broker answers, a topic is not there or was made anew, or what comes next is no
                longer in it.
        """
        if to_end and self._input.until != "end":
            until_end = self._input.model_copy(update={"until": "end"})
            config = self._config.model_copy(update={"input": until_end})
            return KafkaSource(config, self._batch, time_of=self._time_of).open(snapshot, to_end=True)
        consumer, health = self._consumer()
        try:
            start = self._journal.start() if self._journal is not None and snapshot is None else None
            known, known_ids = (snapshot["places"], snapshot["ids"]) if snapshot else start or ([], {})
            places = self._places(consumer, health, known)
            reader = TopicReader(consumer, health, self._config, self._time_of, self._batch)
            reader.ids.known.update(known_ids)
            reader.ids.check()
            for place in places:
                reader.add(*place)
            if self._journal is not None and snapshot is None:
                self._journal.begin(places, reader.ids.known)
        except BaseException:
            consumer.close()
            raise
        batches = 0 if snapshot is None else snapshot["batches"]
        return KafkaReader(reader, self._batch, batches, self._journal)

    def _consumer(self) -> tuple[Consumer, Health]:
        return made(
            Consumer,
            self._config,
            {
                "group.id": self._input.group,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
            },
        )

    def _places(self, consumer: Consumer, health: Health, known: list[Place]) -> list[Place]:
        """Where each partition begins: those that are known, then those that have come since."""
        there = partitions(metadata(consumer, self._config, health), self._input)
        if not known:
            return places_to_begin(consumer, self._input, there)
        places = [(topic, number, offset) for topic, number, offset in known]
        missing = [f"{topic}[{number}]" for topic, number, _ in places if (topic, number) not in there]
        if missing:
            raise InputError(
                f"kafka.input: the run to be resumed was reading {', '.join(missing)}, which is not "
                f"configured or not there now; put it back, or start a new run"
            )
        read = {(topic, number) for topic, number, _ in places}
        topics = {topic for topic, _ in read}
        other = sorted({topic for topic, _ in there} - topics)
        if other:
            raise InputError(
                f"kafka.input: the run to be resumed was not reading topic {other[0]}; configure the topics "
                f"as they were, or start a new run"
            )
        new = [pair for pair in there if pair not in read]
        return places + [(topic, number, 0) for topic, number in new]


class KafkaReader:
    """Reads all partitions of all topics, from where it was opened on; see `Reader`."""

    def __init__(self, reader: TopicReader, limit: int, batches: int, journal: Journal | None) -> None:
        self._reader, self._limit = reader, limit
        self._journal = journal
        self._batches, self._records = batches, 0
        names = [partition.name for partition in reader.partitions]
        self._again: Iterator[Runs] = iter(()) if journal is None else journal.since(batches, names)
        self._next: Runs | None = next(self._again, None)
        self._looked = time.monotonic()
        self._safe: list[TopicPartition] = []

    def take(self) -> Sequence[Batch] | None:
        """What goes next; nothing when nothing has come, `None` when topics are read to where they ended.

        Raises:
            InputError: A partition cannot be read on, or no broker answers.
        """
        taken = self._take()
        if not taken:
            if self._reader.is_done():
                return None
            self._now_and_then()
            self._reader.fill(self._limit)
            taken = self._take()
        self._batches += bool(taken)
        self._records += len(taken)
        return batches_of(taken, self._reader.partitions)

    def _take(self) -> list[tuple[int, Received]]:
        """What goes next: what went in a run that was killed, in the same order, then what is due."""
        if self._next is not None and not self._reader.gaps:
            taken = self._reader.take_runs(self._next)
            if taken:
                self._next = next(self._again, None)
            return taken
        taken = self._reader.take(self._limit)
        if taken and self._journal is not None:
            names = [partition.name for partition in self._reader.partitions]
            self._journal.append(self._batches, (number for number, _ in taken), names)
        return taken

    def _now_and_then(self) -> None:
        """What need not be done for every batch."""
        now = time.monotonic()
        if now - self._looked >= _LOOK:
            self._looked = now
            self._reader.look()

    def pause(self) -> timedelta | None:
        """None: `take` itself waits a moment for messages."""
        return None

    def reading(self) -> Reading:
        """How far reading has come, in records; the rest is the lag."""
        total = self._records + self._reader.lag()
        return Reading(self._records, self._records, total, "records", self._places)

    def _places(self) -> dict[str, int]:
        return {partition.name: partition.begin for partition in self._reader.partitions}

    def snapshot(self) -> Snapshot:
        """Position of the next record of each partition; commits the positions of the last snapshot."""
        if self._journal is not None:
            self._journal.cut()
        self._reader.commit(self._safe)
        partitions = self._reader.partitions
        self._safe = [TopicPartition(one.topic, one.number, one.begin) for one in partitions]
        return {
            "places": [(one.topic, one.number, one.begin) for one in partitions],
            "batches": self._batches,
            "ids": dict(self._reader.ids.known),
        }

    def close(self) -> None:
        """Commits where the last snapshot stood, and leaves."""
        if self._journal is not None:
            self._journal.close()
        self._reader.commit(self._safe, wait=True)
        self._reader.close()


def batches_of(taken: list[tuple[int, Received]], partitions: list[Partition]) -> list[Batch]:
    """Records as batches: mostly one, more when they come from more partitions than a batch can name."""
    found: list[Batch] = []
    most = MOST_SOURCES if len(partitions) > MOST_SOURCES else max(len(taken), 1)
    for start in range(0, len(taken), most):
        part = taken[start : start + most]
        numbers = {number: index for index, number in enumerate(dict.fromkeys(number for number, _ in part))}
        whole = [received for _, received in part]
        as_they_came = all(received.content is received.raw for received in whole)
        found.append(
            Batch(
                contents=[received.content for received in whole],
                offsets=[received.offset for received in whole],
                sources=tuple(Source(partitions[n].name, partitions[n].is_label) for n in numbers),
                origins=bytes([numbers[number] for number, _ in part]) if len(numbers) > 1 else b"",
                raws=[] if as_they_came else [received.raw for received in whole],
                errors={i: one.error for i, one in enumerate(whole) if one.error is not None},
                messages=[one.name for one in whole] if any(one.name for one in whole) else (),
            )
        )
    return found
