"""Sinks over a test's broker, what they are given, and what has come of it."""

from pathlib import Path
from typing import Any

from confluent_kafka import Message

from dataflows.connectors.kafka.config import KafkaConfig
from dataflows.connectors.kafka.producer import TopicSink
from dataflows.connectors.kafka.sink import KafkaSink
from engine.core.serialize import Chunk, encode
from engine.records.events import Prediction
from tests.support.broker import Broker
from tests.support.kafka import event_id


def sink(made: Broker, topic: str, folder: Path, state: Any = None, **outputs: Any) -> TopicSink:
    config = {
        "brokers": made.address,
        "patience": outputs.pop("patience", 20),
        "outputs": {"topics": {"predictions": topic}, **outputs},
    }
    return KafkaSink(KafkaConfig.model_validate(config), folder).build_part("step", "predictions", state)


def chunk(numbers: range) -> Chunk:
    found = [Prediction(f"e{n}", 0.0, True, None, "m0", n, "main") for n in numbers]
    return encode(found, ["predictions"])[0]["predictions"]


def numbers(messages: list[Message]) -> list[int]:
    return sorted(int(event_id(message).rpartition("/")[2]) for message in messages)
