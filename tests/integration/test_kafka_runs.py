"""Whole runs over Kafka: the results of files, whatever is killed."""

from collections import Counter, deque
from pathlib import Path

import pytest

from tests.support.broker import AVAILABLE, Broker
from tests.support.crashes import Crashes, fill_topics, over_kafka, over_topics, written
from tests.support.flows import riverkeeper, write_flow
from tests.support.kafka import as_messages, make_topics, offsets_of, produce
from tests.support.steps import OF_KAFKA, kills, run

pytestmark = pytest.mark.integration


def test_topics_give_what_files_give(any_broker: str, tmp_path: Path) -> None:
    files = write_flow(tmp_path / "files", rows=3000)
    if AVAILABLE:  # the mock cluster makes topics by itself
        make_topics(any_broker, {"same": 1})
    messages = list(as_messages(tmp_path / "files/events.jsonl", "same"))
    produce(any_broker, messages)
    kafka = over_kafka(write_flow(tmp_path / "kafka", rows=3000), any_broker, 'topic = "same"')
    for flow in (files, kafka):
        done = riverkeeper("run", flow)
        assert done.returncode == 0, done.stderr
    one, other = written(tmp_path / "files"), written(tmp_path / "kafka")
    for rows in (one["dead_letters"], other["dead_letters"]):
        for row in rows:
            del row["source"], row["position"]
            row.pop("message_key", None)  # which a line of a file has not
    for found in (one, other):  # their bodies say where in their files or topics the run stood
        found["registry"] = [entry[:5] for entry in found["registry"]]
        for row in (*found["rates"], *found["summary"]):
            for reason in row["reasons"]:
                del reason["source"], reason["position"]
    assert other == one
    assert offsets_of(any_broker, "riverkeeper-test", [("same", 0)]) == [len(messages)]


@pytest.mark.parametrize(
    ("steps", "once"),
    [
        pytest.param(OF_KAFKA, False, id="at least once", marks=pytest.mark.long),
        pytest.param(("delivery", "transaction", "epoch whole"), True, id="exactly once"),
    ],
)
def test_a_run_that_is_killed_at_every_step_writes_what_an_undisturbed_one_writes(
    real_broker: Broker, tmp_path: Path, steps: tuple[str, ...], once: bool
) -> None:
    clean = write_flow(tmp_path / "clean", rows=3000, extra="reports = false")
    fill_topics(clean, real_broker.address, f"-{once}")
    assert not run(clean, tmp_path / "store")
    planned = list(kills(steps))
    found = Crashes(deque(planned))
    over_topics(clean, real_broker.address, found, ["predictions", "dead_letters"], once=once)
    assert found.differences == []
    assert found.kills == Counter(kill.step for kill in planned), "a step was not reached"


def test_a_broker_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    flow = over_kafka(write_flow(tmp_path, rows=10), "127.0.0.1:9", 'topic = "t"')
    flow.write_text(flow.read_text().replace("patience = 20", "patience = 1"))
    found = riverkeeper("run", flow)
    assert found.returncode == 2
    assert "no broker has answered for 1 s" in found.stderr
    assert "Traceback" not in found.stderr
