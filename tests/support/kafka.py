"""Topics of a broker, for tests: make them, fill them, read them."""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # their only place
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    ResourceType,
)

from dataflows.connectors.kafka.client import patiently
from dataflows.connectors.kafka.messages import ID


def make_topics(address: str, topics: dict[str, int], **settings: str) -> None:
    """Makes topics with so many partitions each."""
    admin = AdminClient({"bootstrap.servers": address})
    settings = {"retention.ms": "-1"} | settings  # the records of tests are from 1970
    made = admin.create_topics([NewTopic(name, count, 1, config=settings) for name, count in topics.items()])
    for future in made.values():
        future.result(30)
    until = time.monotonic() + 60  # the broker knows of them a moment later than its controller
    while not set(topics) <= set(admin.list_topics(timeout=30).topics):
        assert time.monotonic() < until, f"{', '.join(topics)} are made, and not there"
        time.sleep(0.02)


def add_partitions(address: str, topic: str, total: int) -> None:
    """Gives a topic more partitions."""
    admin = AdminClient({"bootstrap.servers": address})
    for future in admin.create_partitions([NewPartitions(topic, total)]).values():
        future.result(30)


def produce(address: str, messages: Iterable[dict[str, Any]]) -> None:
    """Writes messages: the keyword arguments of a producer's `produce`."""
    producer = Producer(
        {"bootstrap.servers": address, "linger.ms": 5, "queue.buffering.max.messages": 1_000_000}
    )
    for message in messages:
        producer.produce(**message)
    assert producer.flush(60) == 0


def limit_topic(address: str, topic: str, most: int) -> None:
    """Sets the bytes that a batch of the topic may have."""
    admin = AdminClient({"bootstrap.servers": address})
    entry = ConfigEntry("max.message.bytes", str(most), incremental_operation=AlterConfigOpType.SET)
    wanted = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    for future in admin.incremental_alter_configs([wanted]).values():
        future.result(30)


def delete_records(address: str, topic: str, before: int) -> None:
    """Removes the records of partition 0 before an offset, as retention does."""
    admin = AdminClient({"bootstrap.servers": address})
    for future in admin.delete_records([TopicPartition(topic, 0, before)]).values():
        future.result(30)


def delete_topic(address: str, topic: str) -> None:
    """Removes a topic."""
    admin = AdminClient({"bootstrap.servers": address})
    for future in admin.delete_topics([topic]).values():
        future.result(30)


def remake_topic(address: str, topic: str) -> None:
    """Makes a topic that was just removed: its name is taken until the brokers have forgotten the old one."""
    until = time.monotonic() + 60
    while True:
        try:
            make_topics(address, {topic: 1})
        except KafkaException:
            assert time.monotonic() < until, f"{topic} cannot be made again"
            time.sleep(0.02)
        else:
            return


def consume(address: str, topic: str, *, committed: bool = True, least: int = 0) -> list[Message]:
    """All messages of a topic, partition after partition.

    Args:
        address: The broker's.
        topic: The topic.
        committed: Whether those of transactions that are not committed are left out.
        least: How many are waited for: a transaction is committed before each partition shows it.
    """
    level = "read_committed" if committed else "read_uncommitted"
    reader = Consumer(
        {
            "bootstrap.servers": address,
            "group.id": "tests",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": level,
        }
    )
    numbers = list(reader.list_topics(topic, timeout=30).topics[topic].partitions)
    found: dict[int, list[Message]] = {number: [] for number in numbers}
    left = set(numbers)
    reader.assign([TopicPartition(topic, number, 0) for number in numbers])
    until = time.monotonic() + 60
    while left or (sum(map(len, found.values())) < least and time.monotonic() < until):
        assert not left or time.monotonic() < until, f"{topic} cannot be read to its end"
        message = reader.poll(1)
        if message is None:
            continue
        error = message.error()
        if error is not None:
            assert error.code() == KafkaError._PARTITION_EOF, error
            left.discard(message.partition() or 0)
        else:
            found[message.partition() or 0].append(message)
    reader.close()
    return [message for number in numbers for message in found[number]]


def event_id(message: Message) -> str:
    """The id in a message's header."""
    value = dict(message.headers() or [])[ID]
    assert isinstance(value, bytes)
    return value.decode()


def lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a stream's file."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def as_messages(
    path: Path, topic: str, partitions: int = 1, labels: str | None = None, label_partitions: int = 1
) -> Iterator[dict[str, Any]]:
    """The lines of a file as messages: each to the partition that its id says, labels to their own topic."""
    for number, line in enumerate(path.read_bytes().splitlines()):
        try:
            row = orjson.loads(line)
        except ValueError:
            row = {"id": number}
        is_label = labels is not None and row.get("kind") == "label"
        count = label_partitions if is_label else partitions
        yield {
            "topic": labels if is_label else topic,
            "value": line,
            "key": str(row.get("id")).encode(),
            "partition": int(row.get("id", 0)) % count,
            "timestamp": 1_000 * (int(row.get("time", 0)) + 1),
        }


def offsets_of(address: str, group: str, places: Sequence[tuple[str, int]]) -> list[int]:
    """What a consumer group has committed."""
    reader = Consumer({"bootstrap.servers": address, "group.id": group})
    asked = [TopicPartition(*place) for place in places]
    found = patiently(lambda: reader.committed(asked, timeout=30))
    reader.close()
    return [place.offset for place in found]
