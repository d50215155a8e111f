"""Kills a run at random moments, again and again, and compares what it has written with an undisturbed run.

    python -m tests.integration.crashes --kills 200            over files
    python -m tests.integration.crashes --kills 200 --kafka    over a real broker, outputs too

A run that has come to its end between two kills is compared, and another one begins. Moments are even over
some seconds from the start of the process: imports, recovery, reading, reports, snapshots and the last one.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from engine.registry.log import Log
from tests.integration.broker import broker
from tests.integration.flows import RIVERKEEPER, riverkeeper, write_flow
from tests.integration.kafka import as_messages, consume, event_id, lines, make_topics, produce

STREAMS = ("predictions", "decisions", "reports", "alerts", "dead_letters", "drifts", "summary")
_FIRST, _LAST = 1.0, 9.0
"""Seconds from its start within which a process is killed."""


@dataclass(slots=True)
class Crashes:
    """What came of it.

    Attributes:
        kills: Processes that were killed before their end.
        runs: Runs that were killed, came to their end and were compared.
        differences: What differed, in words.
    """

    kills: int = 0
    runs: int = 0
    differences: list[str] | None = None


def over_kafka(flow: Path, address: str, topics: str, outputs: str = "") -> Path:
    """The flow with topics in place of its file."""
    text = flow.read_text().replace('path = "events.jsonl"\n', "")
    kafka = (
        f'[kafka]\nbrokers = "{address}"\npatience = 20\n[kafka.input]\nuntil = "end"\n{topics}\n{outputs}'
    )
    flow.write_text(f"{text}\n{kafka}")
    return flow


def written(folder: Path) -> dict[str, Any]:
    """Every row of the run, and what the registry's log has of it."""
    run = folder / "runs/test"
    found: dict[str, Any] = {
        name: lines(run / f"{name}.jsonl") for name in STREAMS if (run / f"{name}.jsonl").exists()
    }
    found["versions"] = [
        {name: row[name] for name in ("name", "reason", "records", "learned", "scores")}
        for row in lines(run / "versions.jsonl")
    ]
    log = Log(f"sqlite:///{folder / 'runs/registry/log.sqlite'}", None)
    entries = [
        (entry.kind, entry.key, entry.name)
        for entry in log.entries()
        if entry.kind in {"version", "decision"}
    ]
    found["registry"] = sorted(Counter(entries).items())
    log.close()
    return found


def crash(flow: Path, clean: Path, kills: int, random: Random, found: Crashes) -> None:
    """Runs a flow to its end, killing it on the way, and compares it with a clean one."""
    store = flow.parent / "store"
    command = [*RIVERKEEPER, "run", str(flow), "--recovery", str(store)]
    while True:
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:  # noqa: S603
            if found.kills < kills:
                try:
                    process.wait(random.uniform(_FIRST, _LAST))
                except subprocess.TimeoutExpired:
                    process.kill()
                    found.kills += 1
            _, said = process.communicate(timeout=300)
        if process.returncode == 0:
            break
        assert process.returncode < 0, said.decode()
    found.runs += 1
    one, other = written(clean.parent), written(flow.parent)
    found.differences = (found.differences or []) + [
        f"run {found.runs}: {name} differ" for name in one if one[name] != other.get(name)
    ]


def over_files(folder: Path, kills: int, rows: int, seed: int) -> Crashes:
    """Runs over files until so many processes were killed."""
    found, random = Crashes(differences=[]), Random(seed)  # noqa: S311 - test data
    clean = write_flow(folder / "clean", rows)
    assert riverkeeper("run", clean).returncode == 0
    while found.kills < kills:
        shutil.rmtree(folder / "killed", ignore_errors=True)
        crash(write_flow(folder / "killed", rows), clean, kills, random, found)
        _tell(found)
    return found


def over_topics(folder: Path, address: str, kills: int, rows: int, seed: int) -> Crashes:
    """The same over topics, with outputs to topics: the same too, once repetitions are left out."""
    found, random = Crashes(differences=[]), Random(seed)  # noqa: S311 - test data
    make_topics(address, {"examples": 3, "answers": 2})
    topics = 'topic = "examples"\nlabels = "answers"'
    clean = write_flow(folder / "clean", rows)
    produce(address, as_messages(folder / "clean/events.jsonl", "examples", 3, "answers", 2))
    assert riverkeeper("run", over_kafka(clean, address, topics)).returncode == 0
    while found.kills < kills:
        shutil.rmtree(folder / "killed", ignore_errors=True)
        served = f"served-{found.runs}"
        make_topics(address, {served: 2})
        outputs = f'[kafka.outputs]\ntopics = {{ predictions = "{served}" }}'
        flow = over_kafka(write_flow(folder / "killed", rows), address, topics, outputs)
        crash(flow, clean, kills, random, found)
        found.differences = (found.differences or []) + _served(folder, address, served)
        _tell(found)
    return found


def _served(folder: Path, address: str, topic: str) -> list[str]:
    """What is wrong with the predictions in a topic."""
    messages = [(event_id(message), message.value() or b"") for message in consume(address, topic)]
    rows = sorted((folder / "killed/runs/test/predictions.jsonl").read_bytes().splitlines())
    unique = dict(messages)
    wrong = []
    if len(set(messages)) != len(unique):
        wrong.append(f"{topic}: a message came again with another content")
    if sorted(unique.values()) != rows:
        wrong.append(f"{topic}: {len(unique)} messages, {len(rows)} predictions")
    return wrong


def _tell(found: Crashes) -> None:
    print(f"{found.kills} kills, {found.runs} runs, {found.differences or 'no difference'}", flush=True)  # noqa: T201


def main() -> None:
    """The command; it exits with 1 when anything differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kafka", action="store_true")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory() as name:
        if given.kafka:
            with broker() as started:
                found = over_topics(Path(name), started.address, given.kills, given.rows, given.seed)
        else:
            found = over_files(Path(name), given.kills, given.rows, given.seed)
    sys.exit(bool(found.differences))


if __name__ == "__main__":
    main()
