"""Spoilt records by the million through decoder and engine: nothing may stop it, nothing bad may train.

    python -m benchmarks.fuzz --records 1000000

It fails unless, for every block of records: nothing was raised; the counts add up; no model has learned from
a record that was turned away; every dead letter has the bytes of its line, and once it is encoded those, or
their beginning with length and hash of the whole; every event can be encoded, and every line of output read
again; a snapshot taken in the middle goes on alike.
"""

import argparse
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from time import perf_counter
from typing import Any

import orjson

from benchmarks.mutations import CATEGORIES, EMBEDDED, MAX_BYTES, Stream, embedded
from benchmarks.spy import TRAINED
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.core.serialize import encode
from engine.events import Event
from engine.records.decode import Decoder
from engine.records.events import ContractViolation, Counts, DeadLetter
from engine.records.outside import bytes_of
from engine.records.values import Example, Record
from engine.tasks.registry import find_task

BLOCK = 10_000
BATCH = 500
_NAMES = Counts.__struct_fields__
POLICIES = [
    ("reject", "accept"),
    ("warn", "warn"),
    ("impute", "ignore"),
    ("warn", "accept"),
    ("impute", "reject"),
]


def make_config(policy: str, extra: str) -> EngineConfig:
    """An engine with a contract over every field, a model that remembers, and small windows."""
    number = {"type": "number", "min": -10, "max": 10}
    rules: dict[str, Any] = {f"n{i}": number for i in range(6)}
    rules["n0"] = number | {"required": True}
    rules["color"] = {"type": "text", "categories": CATEGORIES}
    rules["town"] = {"type": "text"}
    rules["open"] = {"type": "boolean", "required": True}
    rules["stamp"] = {"type": "text", "required": True, "policy": "reject"}
    return EngineConfig.model_validate(
        {
            "model": {"task": "binary", "model": "benchmarks.spy:make_spy"},
            "record": {"kind": {"field": "kind"}, "max_bytes": MAX_BYTES},
            "contract": {
                "policy": policy,
                "extra": extra,
                "fields": rules,
                "max_ahead": 86_400,
                "max_behind": 1e8,
            },
            "labels": {"wait": 10_000, "max_waiting": 400},
            "window": {"count": 300, "sample": 20},
            "supervision": {"min_events": 100, "cooldown": 300},
            "monitoring": {"reports": False, "mode": "inline"},
        }
    )


@dataclass(slots=True)
class Tally:
    """What a run has come to.

    Attributes:
        counts: Where every record went, over all blocks.
        done: How many lines were spoilt in each way.
        rejected: How many of those were rejected.
        unmatched: How many were labels for which no prediction waited.
        warned: How many were let through with a breach.
        reasons: Why records were turned away, whatever the value was.
        events: Events that were encoded.
    """

    counts: Counts = field(default_factory=Counts)
    done: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    unmatched: Counter[str] = field(default_factory=Counter)
    warned: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    events: int = 0


def fuzz(records: int, seed: int = 0, block: int = BLOCK) -> Tally:
    """Runs that many records, in blocks with an engine each.

    Raises:
        AssertionError: A law is broken.
    """
    tally = Tally()
    for index, first in enumerate(range(0, records, block)):
        lines = list(islice(Stream(seed, first), min(block, records - first)))
        _block(make_config(*POLICIES[index % len(POLICIES)]), first, lines, tally)
    return tally


def _block(config: EngineConfig, first: int, lines: list[tuple[str, bytes]], tally: Tally) -> None:
    TRAINED.clear()
    engine = Engine(config)
    decode = Decoder(config.record, find_task(config.model.task).labels).decode
    events: list[Event] = []
    for start in range(0, len(lines), BATCH):
        records: list[Record] = []
        for position, (what, line) in enumerate(lines[start : start + BATCH], first + start):
            record = decode(line, "fuzz", position)
            if what == EMBEDDED and isinstance(record, Example):
                record = embedded(record)
            records.append(record)
        events += engine.process(records)
        _must(engine.counts.add_up(), "the counts add up", engine.counts)
        if start == len(lines) // BATCH // 2 * BATCH:
            engine = Engine.restore(engine.snapshot(), config)
    events += engine.finish()
    counts = engine.counts
    turned_away = _look(events, first, lines, tally)
    _must(counts.add_up(), "the counts add up", counts)
    _must(counts.records == len(lines), "every record is counted", counts)
    _must(counts.rejected + counts.unmatched == len(turned_away), "every dead letter is counted", counts)
    _must(not TRAINED & turned_away, "what is turned away trains nothing", TRAINED & turned_away)
    _must(len(TRAINED) > len(lines) / 10, "the rest does train", len(TRAINED))
    for name in _NAMES:
        setattr(tally.counts, name, getattr(tally.counts, name) + getattr(counts, name))
    engine.close()


def _look(events: list[Event], first: int, lines: list[tuple[str, bytes]], tally: Tally) -> set[int]:
    """Holds the events against the lines; returns the numbers of the records that were turned away."""
    turned_away = set()
    for what, _ in lines:
        tally.done[what] += 1
    for event in events:
        if isinstance(event, DeadLetter):
            what, line = lines[event.position - first]
            _must(event.raw == line, "a dead letter has the bytes of its line", event)
            _must(event.position not in turned_away, "a record is turned away once", event)
            turned_away.add(event.position)
            (tally.rejected if event.kind == "rejected" else tally.unmatched)[what] += 1
            tally.reasons[_sort(event)] += 1
    for position in {event.position for event in events if isinstance(event, ContractViolation)}:
        tally.warned[lines[position - first][0]] += 1
        _must(position not in turned_away, "what is let through is not turned away", position)
    streams, _ = encode(events)
    for stream, chunk in streams.items():
        rows = [orjson.loads(row) for row in chunk.text.splitlines()]
        tally.events += len(rows)
        if stream == "dead_letters":
            for row in rows:
                line = lines[row["position"] - first][1]
                raw = bytes_of(row["raw"], row.get("raw_encoding", "utf-8"))
                _must(line.startswith(raw), "its bytes can be had back, or their beginning", row)
                whole = row.get("raw_bytes", len(raw)), row.get("raw_sha256", sha256(raw).hexdigest())
                _must(whole == (len(line), sha256(line).hexdigest()), "cut bytes name the whole", row)
    return turned_away


def _must(holds: bool, law: str, found: object) -> None:
    if not holds:
        raise AssertionError(f"law broken: {law}: {found}")


def _sort(event: DeadLetter) -> str:
    """The reason without what differs from record to record."""
    said = event.reason.partition(", got ")[0].partition(": line 1 column")[0]
    if "codec can't decode" in said:
        said = "... codec can't decode ..."
    if said.startswith("id "):
        said = f"id ...{said[said.rindex(':') :]}"
    return f"{event.kind}: {said}"


def print_tally(tally: Tally, seconds: float) -> None:
    """Two tables: what was done to records and what came of them, and why they were turned away."""
    print(f"{'what was done':24}{'records':>9}{'went on':>9}{'breach':>9}{'rejected':>10}{'unmatched':>11}")
    for what, records in tally.done.most_common():
        rejected, unmatched = tally.rejected[what], tally.unmatched[what]
        on = records - rejected - unmatched
        print(f"{what:24}{records:>9,}{on:>9,}{tally.warned[what]:>9,}{rejected:>10,}{unmatched:>11,}")
    print(f"\n{'turned away':>11}  why")
    for reason, times in tally.reasons.most_common(40):
        print(f"{times:>11,}  {reason[:100]}")
    rest = len(tally.reasons) - 40
    if rest > 0:
        print(f"{'':11}  and {rest} more reasons")
    counts = tally.counts
    print("\n" + ", ".join(f"{getattr(counts, name):,} {name.replace('_', ' ')}" for name in _NAMES))
    print(f"the counts add up: {counts.add_up()}; {tally.events:,} lines written and read; {seconds:,.0f} s")


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description="Spoilt records through decoder and engine.")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    began = perf_counter()
    tally = fuzz(given.records, given.seed)
    print_tally(tally, perf_counter() - began)


if __name__ == "__main__":
    main()
