"""Whole runs over Kafka: the results of files, whatever is killed."""

import random
import subprocess
import time
from pathlib import Path

import pytest

from tests.integration.broker import AVAILABLE, Broker
from tests.integration.flows import RIVERKEEPER, riverkeeper, write_flow
from tests.integration.kafka import as_messages, consume, event_id, lines, make_topics, offsets_of, produce

pytestmark = pytest.mark.integration

STREAMS = ("predictions", "decisions", "reports", "alerts", "summary")


def over_kafka(flow: Path, address: str, tables: str, where: str = "") -> Path:
    """The flow with topics in place of its file."""
    text = flow.read_text().replace('path = "events.jsonl"\n', "")
    kafka = f'[kafka]\nbrokers = "{address}"\npatience = 20\n[kafka.input]\nuntil = "end"\n{tables}\n{where}'
    flow.write_text(f"{text}\n{kafka}")
    return flow


def written(folder: Path) -> dict[str, list[object]]:
    return {stream: list(lines(folder / f"runs/test/{stream}.jsonl")) for stream in STREAMS}


def test_topics_give_what_files_give(any_broker: str, tmp_path: Path) -> None:
    files = write_flow(tmp_path / "files", rows=3000)
    if AVAILABLE:  # the mock cluster makes topics by itself
        make_topics(any_broker, {"same": 1})
    produce(any_broker, as_messages(tmp_path / "files/events.jsonl", "same"))
    kafka = over_kafka(write_flow(tmp_path / "kafka", rows=3000), any_broker, 'topic = "same"')
    for flow in (files, kafka):
        found = riverkeeper("run", flow)
        assert found.returncode == 0, found.stderr
    assert written(tmp_path / "kafka") == written(tmp_path / "files")


def test_a_run_that_is_killed_again_and_again_writes_what_an_undisturbed_one_writes(
    real_broker: Broker, tmp_path: Path
) -> None:
    address = real_broker.address
    make_topics(address, {"examples": 3, "answers": 2, "served": 2, "once": 2, "decided": 1})
    clean = write_flow(tmp_path / "clean", rows=4000)
    produce(address, as_messages(tmp_path / "clean/events.jsonl", "examples", 3, "answers", 2))
    tables = 'topic = "examples"\nlabels = "answers"'
    over_kafka(clean, address, tables)
    found = riverkeeper("run", clean)
    assert found.returncode == 0, found.stderr

    outputs = '[kafka.outputs]\ntopics = { predictions = "served", decisions = "decided" }'
    killed = over_kafka(write_flow(tmp_path / "killed", rows=4000), address, tables, outputs)
    command = [*RIVERKEEPER, "run", str(killed), "--recovery", str(tmp_path / "store")]
    moments = random.Random(5)  # noqa: S311 - test data
    predictions = tmp_path / "killed/runs/test/predictions.jsonl"
    kills = 0
    while True:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:  # noqa: S603
            before = predictions.stat().st_size if predictions.exists() else 0
            until = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < until and kills < 4:
                if predictions.exists() and predictions.stat().st_size > before + 60_000:
                    time.sleep(moments.uniform(0, 0.3))
                    process.kill()
                    kills += 1
                    break
                time.sleep(0.01)
            _, said = process.communicate(timeout=120)
        if process.returncode == 0:
            break
        assert process.returncode < 0, said.decode()
    assert kills >= 2, "the run was over before it could be killed"
    assert written(tmp_path / "killed") == written(tmp_path / "clean")

    served = consume(address, "served")
    unique = {event_id(message): message.value() for message in served}
    rows = (tmp_path / "killed/runs/test/predictions.jsonl").read_bytes().splitlines()
    assert sorted(value or b"" for value in unique.values()) == sorted(rows)
    assert len({(event_id(message), message.value()) for message in served}) == len(unique), "replays differ"
    assert len({event_id(one) for one in consume(address, "decided")}) == len(
        lines(tmp_path / "killed/runs/test/decisions.jsonl")
    )
    places = [("examples", number) for number in range(3)]
    ends = [len(list(consume_partition)) for consume_partition in _by_partition(address, "examples", 3)]
    assert offsets_of(address, "riverkeeper-test", places) == ends


def _by_partition(address: str, topic: str, count: int) -> list[list[object]]:
    found: list[list[object]] = [[] for _ in range(count)]
    for message in consume(address, topic):
        found[message.partition() or 0].append(message)
    return found


def test_a_broker_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    flow = over_kafka(write_flow(tmp_path, rows=10), "127.0.0.1:9", 'topic = "t"')
    flow.write_text(flow.read_text().replace("patience = 20", "patience = 1"))
    found = riverkeeper("run", flow)
    assert found.returncode == 2
    assert "no broker has answered for 1 s" in found.stderr
    assert "Traceback" not in found.stderr
