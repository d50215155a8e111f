"""Kills a run again and again, and compares what it has written with an undisturbed run.

    python -m tests.support.crashes --kills 200            at random moments, over files
    python -m tests.support.crashes --kills 200 --steps    at random steps
          --kafka [--exactly-once]    over topics, of a real broker; outputs go to topics too
          --inline                    reports in the same process: it starts faster, so more kills in an hour

Moments are even over half the time that the undisturbed run takes, so that it takes a run several processes.
Steps are those by which progress becomes safe (`steps`). A run that has come to its end between two kills is
compared, and another one begins.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import orjson

from engine.registry.log import Log
from tests.support.broker import broker
from tests.support.flows import write_flow
from tests.support.kafka import as_messages, consume, event_id, lines, make_topics, produce
from tests.support.steps import (
    OF_FILES,
    OF_INLINE_REPORTS,
    OF_KAFKA,
    OF_REPORTS,
    OF_TRANSACTIONS,
    Kill,
    run,
)

STREAMS = (
    "predictions",
    "decisions",
    "reports",
    "alerts",
    "dead_letters",
    "drifts",
    "preliminary_verdicts",
    "rates",
    "summary",
)
SERVED = ("predictions", "decisions", "reports", "alerts", "dead_letters")
"""Streams that go to topics."""


@dataclass(slots=True)
class Crashes:
    """When to kill, and what came of it.

    Attributes:
        moments: When to kill the next processes. One that a fresh run does not come to is left out.
        kills: Processes that were killed before their end, by what they were doing.
        runs: Runs that were killed, came to their end and were compared.
        differences: What differed, in words.
    """

    moments: deque[Kill | float]
    kills: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    differences: list[str] = field(default_factory=list)


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
    found["registry"] = sorted(
        (entry.kind, entry.key, entry.name, entry.time, entry.who, orjson.dumps(_lasting(entry.body)))
        for entry in log.entries()
        if entry.kind in {"version", "decision", "removed"}
    )
    log.close()
    return found


def _lasting(body: dict[str, Any]) -> dict[str, Any]:
    """Without the bytes of a version, which may differ for equal models (ADR 3), and without the input."""
    return {name: value for name, value in body.items() if name not in {"size", "sha256", "config_sha256"}}


def crash(flow: Path, clean: Path, found: Crashes) -> None:
    """Runs a flow to its end, killing it on the way, and compares it with a clean one."""
    store = flow.parent / "store"
    fresh = True
    while found.moments:
        moment = found.moments[0]
        killed = run(flow, store, moment)
        if killed or fresh:
            found.moments.popleft()
        if not killed:
            break
        found.kills[moment.step if isinstance(moment, Kill) else "anything"] += 1
        fresh = False
    else:
        assert not run(flow, store)
    found.runs += 1
    one, other = written(clean.parent), written(flow.parent)
    found.differences += [f"run {found.runs}: {name} differ" for name in one if one[name] != other.get(name)]


def over_files(folder: Path, clean: Path, found: Crashes) -> None:
    """Runs over the files of a clean run until so many processes were killed."""
    while found.moments:
        flow = copy(clean, folder / "killed")
        crash(flow, clean, found)
        _tell(found)


def over_topics(
    clean: Path, address: str, found: Crashes, served: Sequence[str] = SERVED, *, once: bool
) -> None:
    """The same over topics, with outputs to topics: the same too, once repetitions are left out."""
    while found.moments:
        flow = copy(clean, clean.parents[1] / "killed")
        topics = {name: f"{name}-{found.runs}-{once}" for name in served}
        make_topics(address, dict.fromkeys(topics.values(), 2))
        named = ", ".join(f'{name} = "{topic}"' for name, topic in topics.items())
        with flow.open("a") as out:
            out.write(f"[kafka.outputs]\nexactly_once = {str(once).lower()}\ntopics = {{ {named} }}\n")
        crash(flow, clean, found)
        for name, topic in topics.items():
            found.differences += _served(flow.parent / f"runs/test/{name}.jsonl", address, topic, once=once)
        _tell(found)


def copy(clean: Path, folder: Path) -> Path:
    """The flow of a clean run, in a folder that is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in clean.parent.iterdir():
        if path.is_file():
            shutil.copy(path, folder)
    return folder / clean.name


def fill_topics(clean: Path, address: str, suffix: str = "") -> None:
    """Makes the flow read its file from topics, which are filled."""
    examples, answers = f"examples{suffix}", f"answers{suffix}"
    make_topics(address, {examples: 3, answers: 2})
    produce(address, as_messages(clean.parent / "events.jsonl", examples, 3, answers, 2))
    over_kafka(clean, address, f'topic = "{examples}"\nlabels = "{answers}"')


def _served(rows: Path, address: str, topic: str, *, once: bool) -> list[str]:
    """What is wrong with a stream in its topic."""
    there = rows.read_bytes().splitlines() if rows.exists() else []
    found = consume(address, topic, least=len(there))
    messages = [(event_id(message), message.value() or b"") for message in found]
    unique = dict(messages)
    wrong = []
    if len(set(messages)) != len(unique):
        wrong.append(f"{topic}: a message came again with another content")
    if once and len(messages) != len(unique):
        wrong.append(f"{topic}: {len(messages) - len(unique)} messages came twice")
    if sorted(unique.values()) != sorted(there):
        wrong.append(f"{topic}: its {len(unique)} messages are not the lines of {rows.name}")
    return wrong


def _tell(found: Crashes) -> None:
    kills = found.kills.total()
    print(f"{kills} kills, {found.runs} runs, {found.differences or 'no difference'}", flush=True)  # noqa: T201


def main() -> None:
    """The command; it exits with 1 when anything differs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--steps", action="store_true")
    parser.add_argument("--kafka", action="store_true")
    parser.add_argument("--exactly-once", action="store_true")
    parser.add_argument("--inline", action="store_true")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)  # noqa: T201
    with tempfile.TemporaryDirectory() as name:
        if given.kafka:
            with broker() as started:
                found = tried(given, Path(name), started.address)
        else:
            found = tried(given, Path(name), None)
    for step, kills in sorted(found.kills.items()):
        print(f"  {kills:4} at {step}")  # noqa: T201
    sys.exit(bool(found.differences))


def tried(given: argparse.Namespace, folder: Path, address: str | None) -> Crashes:
    """Runs once without a kill, then with kills."""
    mode, once = "inline" if given.inline else "background", given.exactly_once
    clean = write_flow(folder / "clean", given.rows, f'mode = "{mode}"')
    if address is not None:
        fill_topics(clean, address)
    run(clean, folder / "store")  # which also imports everything
    again = copy(clean, folder / "again")
    began = time.monotonic()
    run(again, folder / "again/store")
    took = time.monotonic() - began
    print(f"a run without a kill takes {took:.1f} s", flush=True)  # noqa: T201
    random = Random(given.seed)  # noqa: S311 - test data
    steps = OF_FILES if address is None else OF_TRANSACTIONS if once else OF_KAFKA
    steps += OF_INLINE_REPORTS if given.inline else OF_REPORTS
    found = Crashes(
        deque(
            Kill(random.choice(steps), random.randint(1, 4), after=random.random() < 0.5)
            if given.steps
            else random.uniform(0, took / 2)
            for _ in range(given.kills)
        )
    )
    if address is None:
        over_files(folder, clean, found)
    else:
        over_topics(clean, address, found, once=once)
    return found


if __name__ == "__main__":
    main()
