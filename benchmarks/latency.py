"""From arrival to prediction, over a followed file and over Kafka, and what small batches cost.

    python -m benchmarks.latency [--seconds 20] [--rate 20000] [--transports file kafka]

`riverkeeper run` is a process of its own, everything on (contract, detector, windows with reports in the
background), but nothing opens a suspicion: Elec2 over and over has a drift with every pass, and what a
suspicion costs is measured by `benchmarks.speed`. This one appends lines (or produces messages) and looks for
predictions in the run's file (or in the topic of predictions); what it sees is late by at most the
milliseconds that it sleeps between two looks. First a burst: how many records a second at most. Then half of
that, or `--rate`, evenly. Last, bursts with `input.batch` of 1, 10, 100 and 1,000: seconds and processor time
of the flow's process for each record.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.speed.cases import make_case
from tests.support.broker import AVAILABLE, broker
from tests.support.kafka import make_topics

RIVERKEEPER = [sys.executable, "-c", "from dataflows.cli.entry import main; main()", "run"]
WARM = 10_500
"""Records before the clock starts: two windows, so that the process of reports is there and warm."""
BURST = 10_000
BATCHES = (1, 10, 100, 1000)
PAUSE = 0.0005
"""Seconds between two looks."""

FLOW = """
[run]
name = "bench"
[input]
batch = {batch}
{path}
[model]
task = "binary"
model = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
[scores]
metrics = ["Accuracy", "ROCAUC"]
[window]
count = 5000
[monitoring]
full_on = "never"
[monitoring.first_look]
psi_warn = 1e8
psi_fail = 1e9 # or the first look would ask for full reports, which a burst waits for
[supervision]
guard = false
on_warn = false
on_fail = false
on_loss_drift = false
on_baseline = false
on_loss_rise = false
[alerts]
log = false
[contract.fields]
{fields}
{kafka}
"""


class Transport(Protocol):
    """A way in and out."""

    def send(self, lines: list[bytes]) -> None:
        """Hands records in."""

    def seen(self) -> int:
        """How many more predictions have come out."""


class FollowedFile:
    """Lines are appended to one file, and read from another."""

    path = 'path = "in.jsonl"\nfollow = true'
    kafka = ""

    def __init__(self, folder: Path) -> None:
        self._in = (folder / "in.jsonl").open("wb", buffering=0)
        self._out = folder / "runs" / "bench" / "predictions.jsonl"
        self._read = -1

    def send(self, lines: list[bytes]) -> None:
        """Appends them, at once."""
        self._in.write(b"\n".join(lines) + b"\n")

    def seen(self) -> int:
        """Counts whole lines."""
        if self._read < 0:
            if not self._out.exists():
                return 0
            self._read = os.open(self._out, os.O_RDONLY)
        return os.read(self._read, 1 << 22).count(b"\n")


class Topics:
    """Messages are produced to one topic, and consumed from another."""

    path = ""

    def __init__(self, address: str, name: str) -> None:
        make_topics(address, {f"{name}-in": 1, f"{name}-out": 1})
        self.kafka = (
            f'[kafka]\nbrokers = "{address}"\n[kafka.input]\ntopic = "{name}-in"\n'
            f'[kafka.outputs]\ntopics = {{ predictions = "{name}-out" }}'
        )
        self._topic = f"{name}-in"
        self._producer = Producer(
            {"bootstrap.servers": address, "linger.ms": 0, "queue.buffering.max.messages": 1_000_000}
        )
        self._consumer = Consumer(
            {"bootstrap.servers": address, "group.id": name, "enable.auto.commit": False}
        )
        self._consumer.assign([TopicPartition(f"{name}-out", 0, 0)])

    def send(self, lines: list[bytes]) -> None:
        """Produces them."""
        for line in lines:
            self._producer.produce(self._topic, line)
        self._producer.poll(0)

    def seen(self) -> int:
        """Counts messages."""
        self._producer.poll(0)
        found = self._consumer.consume(10_000, 0)
        return sum(message.error() is None for message in found)


@contextmanager
def running(folder: Path, transport: FollowedFile | Topics, batch: int, fields: str) -> Iterator[int]:
    """The flow, in a process of its own; its number."""
    config = folder / "flow.toml"
    config.write_text(FLOW.format(batch=batch, path=transport.path, fields=fields, kafka=transport.kafka))
    with subprocess.Popen([*RIVERKEEPER, str(config)], stdout=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)


def processor_time(number: int) -> float:
    """Seconds that a process has worked, its threads together."""
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def burst(transport: Transport, lines: list[bytes]) -> float:
    """Seconds until all of these have their prediction."""
    began, seen = time.perf_counter(), 0
    transport.send(lines)
    while seen < len(lines):
        seen += transport.seen()
        if time.perf_counter() - began > 300:
            raise SystemExit(f"{seen} of {len(lines)} predictions have come in 300 s")
        time.sleep(PAUSE)
    return time.perf_counter() - began


def evenly(transport: Transport, lines: Iterator[bytes], rate: float, seconds: float) -> list[float]:
    """Sends so many a second; returns the seconds from arrival to prediction of each, in order."""
    arrived: list[float] = []
    waits: list[float] = []
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds or len(waits) < len(arrived):
        due = int(min(passed, seconds) * rate) - len(arrived)
        if due > 0:
            arrived += [time.perf_counter()] * due
            transport.send(list(islice(lines, due)))
        seen = transport.seen()
        now = time.perf_counter()
        waits += [now - moment for moment in arrived[len(waits) : len(waits) + seen]]
        time.sleep(PAUSE)
    return waits


def stream() -> tuple[Iterator[bytes], str]:
    """Elec2 over and over, each record with an id and a time of its own, and the contract's fields."""
    case = make_case("elec2", "linear", 45_000)
    rows = [orjson.loads(line) for line in case.lines]
    names = [name for name in rows[0] if name not in {"id", "time", "label"}]
    fields = "\n".join(f'{name} = {{ type = "number", required = true }}' for name in names)

    def lines() -> Iterator[bytes]:
        number = 0
        while True:
            for row in rows:
                yield orjson.dumps(row | {"id": number, "time": number})
                number += 1

    return lines(), fields


def measure(kind: str, address: str, seconds: float, wanted: float | None) -> None:
    """Prints the rows of one transport."""
    for batch in (0, *BATCHES):
        lines, fields = stream()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            transport = FollowedFile(folder) if kind == "file" else Topics(address, f"bench-{batch}")
            number = stack.enter_context(running(folder, transport, batch or 1000, fields))
            burst(transport, list(islice(lines, WARM)))
            worked = processor_time(number)
            took = burst(transport, list(islice(lines, BURST)))
            worked = processor_time(number) - worked
            if batch:
                each = f"{took / BURST * 1e6:8.1f} µs, of the processor {worked / BURST * 1e6:8.1f} µs"
                print(f"{kind}, batch of {batch:>5}: for each record {each}", flush=True)
                continue
            rate = wanted or BURST / took / 2
            waits = sorted(evenly(transport, lines, rate, seconds))
            p50, p99, p999 = (waits[int(len(waits) * share)] * 1e3 for share in (0.5, 0.99, 0.999))
            print(
                f"{kind}: at most {BURST / took:,.0f} records/s; at {rate:,.0f}: "
                f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, p99.9 {p999:.1f} ms, longest {waits[-1] * 1e3:.1f} ms "
                f"({len(waits):,} records)",
                flush=True,
            )


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, help="records a second; half of the most when omitted")
    parser.add_argument("--transports", nargs="+", default=["file", "kafka"], choices=["file", "kafka"])
    given = parser.parse_args()
    if "file" in given.transports:
        measure("file", "", given.seconds, given.rate)
    if "kafka" in given.transports:
        if not AVAILABLE:
            raise SystemExit("kafka: needs Java 17 and Maven for a broker")
        with broker() as started:
            measure("kafka", started.address, given.seconds, given.rate)


if __name__ == "__main__":
    main()
