"""Streams to topics against a broker: delivered before a snapshot is, once when asked for, never lost."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from confluent_kafka import Message

from dataflows.kafka.config import KafkaConfig
from dataflows.kafka.sink import KafkaSink
from dataflows.kafka.topic import TopicSink
from engine.errors import InputError, OutputError
from tests.integration.broker import Broker, broker
from tests.integration.kafka import consume, event_id, make_topics

pytestmark = pytest.mark.integration


def topic_on(made: Broker, partitions: int = 2, /, **settings: str) -> str:
    name = f"out-{uuid4().hex[:8]}"
    make_topics(made.address, {name: partitions}, **settings)
    return name


def sink(made: Broker, topic: str, folder: Path, state: Any = None, **outputs: Any) -> TopicSink:
    config = {
        "brokers": made.address,
        "patience": outputs.pop("patience", 20),
        "outputs": {"topics": {"predictions": topic}, **outputs},
    }
    return KafkaSink(KafkaConfig.model_validate(config), folder).build_part("step", "predictions", state)


def chunk(numbers: range) -> bytes:
    rows = ({"id": f"e{n}", "sequence": n, "key": "main", "prediction": True} for n in numbers)
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def numbers(messages: list[Message]) -> list[int]:
    return sorted(int(event_id(message).rpartition("/")[2]) for message in messages)


def test_all_is_delivered_when_the_snapshot_is_taken(real_broker: Broker, tmp_path: Path) -> None:
    topic = topic_on(real_broker)
    part = sink(real_broker, topic, tmp_path)
    part.write_batch([chunk(range(3000)), chunk(range(3000, 5000))])
    ends = part.snapshot()
    found = consume(real_broker.address, topic)
    assert numbers(found) == list(range(5000))
    assert sum(ends.values()) == 5000
    assert all(min(count, 5000 - count) > 2000 for count in ends.values()), "keys spread over partitions"
    by_key = {message.key(): message for message in found}
    assert orjson.loads(by_key[b"e7"].value() or b"")["sequence"] == 7
    assert event_id(by_key[b"e7"]).startswith(f"{tmp_path.name}-")
    part.close()


def test_what_the_broker_refuses_ends_the_run(real_broker: Broker, tmp_path: Path) -> None:
    topic = topic_on(real_broker, 2, **{"max.message.bytes": "200"})
    part = sink(real_broker, topic, tmp_path)
    row = {"id": "e", "sequence": 0, "key": "main", "text": "x" * 1000}
    part.write_batch([orjson.dumps(row) + b"\n"])
    with pytest.raises(OutputError, match=rf"topic {topic}: a message was not delivered: .*too large"):
        part.snapshot()


def test_a_topic_that_is_missing_is_named(real_broker: Broker, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"kafka\.outputs: there is no topic 'nowhere'"):
        sink(real_broker, "nowhere", tmp_path)


def test_an_outage_is_waited_out_and_one_that_is_too_long_ends_the_run(tmp_path: Path) -> None:
    with broker() as own:
        topic = topic_on(own)
        part = sink(own, topic, tmp_path, patience=60)
        part.write_batch([chunk(range(100))])
        part.snapshot()
        own.stop(kill=True)
        part.write_batch([chunk(range(100, 200))])
        own.start()
        part.snapshot()
        assert numbers(consume(own.address, topic)) == list(range(200))
        impatient = sink(own, topic, tmp_path, patience=2)
        own.stop(kill=True)
        impatient.write_batch([chunk(range(200, 300))])
        with pytest.raises(OutputError, match="was not delivered"):
            impatient.snapshot()


def test_exactly_once_is_seen_with_the_snapshot_and_not_again(real_broker: Broker, tmp_path: Path) -> None:
    topic = topic_on(real_broker)
    part = sink(real_broker, topic, tmp_path, exactly_once=True)
    part.write_batch([chunk(range(100))])
    assert consume(real_broker.address, topic) == []
    state = part.snapshot()
    assert numbers(consume(real_broker.address, topic)) == list(range(100))
    part.write_batch([chunk(range(100, 200))])
    part.snapshot()  # committed, and then Bytewax died before the epoch was whole
    part.write_batch([chunk(range(200, 250))])
    part._producer.flush(10)  # on the broker, in a transaction that nobody commits

    resumed = sink(real_broker, topic, tmp_path, state, exactly_once=True)
    resumed.write_batch([chunk(range(100, 300))])
    resumed.snapshot()
    assert numbers(consume(real_broker.address, topic)) == list(range(300))
    with pytest.raises(OutputError, match=r"fenced|Fenced"):
        part.snapshot()  # the dead one cannot write any more

    sure = sink(real_broker, topic, tmp_path, None, exactly_once=True)  # killed before any snapshot was whole
    sure.write_batch([chunk(range(300))])
    sure.snapshot()
    assert numbers(consume(real_broker.address, topic)) == list(range(300))


def test_a_run_of_the_same_name_that_begins_anew_is_not_taken_for_the_old_one(
    real_broker: Broker, tmp_path: Path
) -> None:
    topic = topic_on(real_broker)
    first = sink(real_broker, topic, tmp_path, exactly_once=True)
    first.write_batch([chunk(range(10))])
    first.snapshot()
    for name in ("identity", "kafka-start-predictions.json"):
        (tmp_path / name).unlink()
    second = sink(real_broker, topic, tmp_path, exactly_once=True)
    second.write_batch([chunk(range(10))])
    second.snapshot()
    assert len({event_id(message) for message in consume(real_broker.address, topic)}) == 20
