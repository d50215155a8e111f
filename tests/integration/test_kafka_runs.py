"""Whole runs over Kafka: the results of files, whatever is killed."""

from collections import Counter, deque
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from engine.records.outside import bytes_of
from tests.support.broker import AVAILABLE, Broker
from tests.support.crashes import Crashes, fill_topics, over_kafka, over_topics, written
from tests.support.flows import riverkeeper, write_flow
from tests.support.kafka import as_messages, consume, lines, make_topics, offsets_of, produce
from tests.support.sources import topic_on
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


@pytest.mark.parametrize("once", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_large_binary_message_stops_nothing_and_its_dead_letter_says_what_it_was(
    real_broker: Broker, tmp_path: Path, *, once: bool
) -> None:
    flow = write_flow(tmp_path, rows=300, extra="reports = false")
    topic, dead = topic_on(real_broker), topic_on(real_broker, 1, **{"max.message.bytes": "100000"})
    messages = list(as_messages(tmp_path / "events.jsonl", topic))
    binary = bytes(range(256)) * 800
    headers = [("trace", b"\xff"), ("from", b"sensor 7")]
    strange = {"topic": topic, "partition": 0, "value": binary, "key": b"k" * 5000, "headers": headers}
    produce(real_broker.address, [*messages[:100], strange, *messages[100:]])
    over_kafka(flow, real_broker.address, f'topic = "{topic}"')
    outputs = f'[kafka.outputs]\ntopics = {{ dead_letters = "{dead}" }}\nexactly_once = {str(once).lower()}\n'
    flow.write_text(flow.read_text() + outputs)
    for _ in range(2):  # a start after the end changes nothing
        done = riverkeeper("run", flow, "--recovery", tmp_path / "recovery")
        assert done.returncode == 0, done.stderr
    written = lines(tmp_path / "runs/test/dead_letters.jsonl")
    assert [orjson.loads(message.value() or b"") for message in consume(real_broker.address, dead)] == written
    (letter,) = (row for row in written if row["source"] == f"{topic}[0]" and row["position"] == 100)
    assert binary.startswith(bytes_of(letter["raw"], letter["raw_encoding"]))
    assert (letter["raw_bytes"], letter["raw_sha256"]) == (len(binary), sha256(binary).hexdigest())
    assert (letter["message_key"]["bytes"], letter["message_key"]["value"]) == (5000, "k" * 1024)
    assert letter["message_headers"] == [
        {"name": "trace", "value": {"value": "/w==", "encoding": "base64"}},
        {"name": "from", "value": {"value": "sensor 7"}},
    ]


def test_a_broker_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    flow = over_kafka(write_flow(tmp_path, rows=10), "127.0.0.1:9", 'topic = "t"')
    flow.write_text(flow.read_text().replace("patience = 20", "patience = 1"))
    found = riverkeeper("run", flow)
    assert found.returncode == 2
    assert "no broker has answered for 1 s" in found.stderr
    assert "Traceback" not in found.stderr
