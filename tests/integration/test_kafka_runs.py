"""Whole runs over Kafka: the results of files, whatever is killed."""

from pathlib import Path

import pytest

from tests.integration.broker import AVAILABLE, Broker
from tests.integration.crashes import over_kafka, over_topics, written
from tests.integration.flows import riverkeeper, write_flow
from tests.integration.kafka import as_messages, make_topics, offsets_of, produce

pytestmark = pytest.mark.integration


def test_topics_give_what_files_give(any_broker: str, tmp_path: Path) -> None:
    files = write_flow(tmp_path / "files", rows=3000)
    if AVAILABLE:  # the mock cluster makes topics by itself
        make_topics(any_broker, {"same": 1})
    messages = list(as_messages(tmp_path / "files/events.jsonl", "same"))
    produce(any_broker, messages)
    kafka = over_kafka(write_flow(tmp_path / "kafka", rows=3000), any_broker, 'topic = "same"')
    for flow in (files, kafka):
        found = riverkeeper("run", flow)
        assert found.returncode == 0, found.stderr
    one, other = written(tmp_path / "files"), written(tmp_path / "kafka")
    for rows in (one["dead_letters"], other["dead_letters"]):
        for row in rows:
            del row["source"], row["position"]
    assert other == one
    assert offsets_of(any_broker, "riverkeeper-test", [("same", 0)]) == [len(messages)]


def test_a_run_that_is_killed_again_and_again_writes_what_an_undisturbed_one_writes(
    real_broker: Broker, tmp_path: Path
) -> None:
    found = over_topics(tmp_path, real_broker.address, kills=4, rows=6000, seed=5)
    assert (found.kills, found.differences) == (4, [])


def test_a_broker_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    flow = over_kafka(write_flow(tmp_path, rows=10), "127.0.0.1:9", 'topic = "t"')
    flow.write_text(flow.read_text().replace("patience = 20", "patience = 1"))
    found = riverkeeper("run", flow)
    assert found.returncode == 2
    assert "no broker has answered for 1 s" in found.stderr
    assert "Traceback" not in found.stderr
