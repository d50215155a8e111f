"""Sources of Kafka records over a test's broker."""

import time
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from dataflows.connectors.batch import Fields, RawRecord
from dataflows.connectors.decoding import time_of
from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.order_log import Journal
from dataflows.connectors.kafka.source import KafkaReader, KafkaSource, Snapshot
from engine.records.config import RecordConfig
from engine.records.keys import fields_of
from tests.support.broker import Broker
from tests.support.kafka import make_topics


def topic_on(broker: Broker, partitions: int = 1, **settings: str) -> str:
    name = f"t-{uuid4().hex[:8]}"
    make_topics(broker.address, {name: partitions}, **settings)
    return name


def source(broker: Broker, topic: str, folder: Path | None = None, **given: Any) -> KafkaSource:
    patience = given.pop("patience", 20)
    config = {"topic": topic, "group": f"g-{topic}", "order_wait": 0.05, **given}
    kafka = KafkaConfig.model_validate({"brokers": broker.address, "patience": patience, "input": config})
    return KafkaSource(
        kafka, 100, time_of=time_of(RecordConfig()), journal=None if folder is None else Journal(folder)
    )


def opened(made: KafkaSource, state: Snapshot | None = None) -> closing[KafkaReader]:
    return closing(made.open(state))


def read(part: KafkaReader, count: int, seconds: float = 60.0) -> list[RawRecord]:
    """The next so many records; `EOFError` when the input ends before."""
    found: list[RawRecord] = []
    until = time.monotonic() + seconds
    while len(found) < count:
        assert time.monotonic() < until, f"{len(found)} of {count} records have come"
        if (taken := part.take()) is None:
            raise EOFError
        found += [record for batch in taken for record in batch.records()]
    return found


def message(topic: str, number: int, partition: int = 0, at: float | None = None) -> dict[str, Any]:
    value = b'{"id": %d, "time": %f}' % (number, number if at is None else at)
    return {"topic": topic, "value": value, "partition": partition, "timestamp": 1000 * (number + 1)}


def fields_in(record: RawRecord) -> Fields:
    """The fields of a record that has them, whether it was parsed or not."""
    fields = fields_of(record.content)
    assert fields is not None
    return fields


def ids(records: list[RawRecord]) -> list[int]:
    return [orjson.loads(record.raw)["id"] for record in records]
