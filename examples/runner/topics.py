"""Hosts that read a topic: a broker for each trial, records in, predictions out."""

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

from examples.runner.hosts import Row
from examples.runner.processes import PATIENCE, HostError, Process, started
from examples.runner.trial import Result, result
from tests.support.broker import AVAILABLE, broker
from tests.support.kafka import consume, make_topics, produce

PARTITIONS = 2


def try_topics(command: Sequence[str], work: Path, wanted: Sequence[Row]) -> Result:
    """A host that reads `records`, keyed by shop, and writes `predictions`; it runs until it is ended.

    Raises:
        HostError: There is no Java or no Maven for the broker, or the host failed.
    """
    if not AVAILABLE:
        raise HostError("a broker needs java and mvn on the path")
    with broker() as kafka:
        compacted = {"cleanup.policy": "compact"}
        make_topics(kafka.address, {"records": PARTITIONS, "predictions": 1})
        make_topics(kafka.address, {"states": PARTITIONS}, **compacted)
        lines = (work / "records.jsonl").read_bytes().splitlines()
        keyed = ((json.loads(line)["shop"], line) for line in lines)
        produce(kafka.address, ({"topic": "records", "key": key, "value": value} for key, value in keyed))
        with started([*command, kafka.address], work) as process:
            process.wait(lambda: _written(kafka.address) >= len(wanted) // 4)
        killed = len(_rows(kafka.address))
        with started([*command, kafka.address], work) as process:
            _wait_for_all(process, kafka.address, len(wanted))
        return result(work, wanted, killed, _rows(kafka.address))


def _wait_for_all(process: Process, address: str, wanted: int) -> None:
    found, until = -1, time.monotonic() + PATIENCE
    while found < wanted:
        time.sleep(0.3)
        rows = _rows(address)
        last, found = found, len({(row["key"], row["sequence"]) for row in rows})
        if found > last:
            until = time.monotonic() + PATIENCE
        if process.ended() or time.monotonic() > until:
            raise HostError(f"{found} of {wanted} predictions came\n{process.said()}")


def _written(address: str) -> int:
    """Messages in the topic of predictions, those of open transactions too."""
    reader = Consumer({"bootstrap.servers": address, "group.id": "count"})
    with suppress(KafkaException):
        return reader.get_watermark_offsets(TopicPartition("predictions", 0), timeout=5)[1]
    return 0


def _rows(address: str) -> list[Row]:
    return [json.loads(message.value() or b"") for message in consume(address, "predictions")]
