"""Is the native lane the same as the engine without it? Over whole streams, and over spoilt ones.

    python -m benchmarks.lanes --records 45312 --made 200

It fails at the first difference in what is written, or in the state at the end. Streams are cut into batches
at random, and the lane is made to leave records to the engine at random places too.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, product, repeat
from random import Random
from time import monotonic

from benchmarks.lanes.compare import Engines, Ran, by_engine, by_lane
from benchmarks.lanes.streams import make_settings, make_stream
from benchmarks.lanes.suspicions import suspicious_settings, suspicious_stream
from benchmarks.lanes.tasks import TASKS, of_task
from benchmarks.speed.cases import make_case
from engine.config import EngineConfig
from engine.core.engine import Engine

_ALL = 10**9


def ways(random: Random) -> Iterator[tuple[str, list[int], list[int]]]:
    """Ways to cut a stream, and to switch: a name, lines at once, and records natively in a row."""
    yield "1,000 lines at once", [1000], [_ALL]
    yield "10 lines at once", [10], [_ALL]
    yield "cut at random", [random.randint(1, 300) for _ in range(50)], [_ALL]
    yield "every second record", [1000], [1]
    yield "switched at random", [500], [random.randint(1, 40) for _ in range(50)]


def _compare(name: str, engines: Engines, lines: Sequence[bytes], ran: Ran, expected: Ran) -> None:
    found = [*expected.differences(ran)]
    if found:
        for one in found:
            print(f"  {one}")
        sys.exit(f"{name}: not the same (window {engines.config.window.count}, {len(lines)} records)")


def real(stream: str, model: str, records: int, random: Random) -> None:
    """One of the streams of `benchmarks.speed`, without its limits on supervision."""
    case = make_case(stream, model, records)
    for window in (500, 5000):
        quiet = case.settings if window == 5000 else case.settings | {"supervision": {}, "monitoring": {}}
        settings = quiet | {"window": case.settings["window"] | {"count": window}}
        settings["monitoring"] = settings["monitoring"] | {"reports": False}
        engines = Engines(EngineConfig.model_validate(settings))
        expected = by_engine(engines, case.lines, repeat(1000))
        for way, cuts, most in ways(random):
            began = monotonic()
            ran = by_lane(engines, case.lines, cycle(cuts), cycle(most))
            name = f"{stream} {model}, windows of {window}, {way}"
            _compare(name, engines, case.lines, ran, expected)
            share = ran.native / len(case.lines)
            print(
                f"{name}: the same, {share:.0%} of {len(case.lines):,} natively, {monotonic() - began:.1f} s"
            )


def spoilt(random: Random, task: str) -> tuple[Engines, list[bytes]]:
    """A made stream with faults in its records."""
    kinds = random.random() < 0.5
    settings = make_settings(random, kinds=kinds)
    faults = random.choice([0.0, 0.01, 0.05, 0.2])
    lines = make_stream(random, random.choice([60, 300, 900]), kinds=kinds, faults=faults)
    settings, lines = of_task(task, random, settings, lines, random.choice([0.0, 0.0, 0.01]))
    return Engines(EngineConfig.from_dict(settings)), lines


def suspicious(random: Random, task: str) -> tuple[Engines, list[bytes]]:
    """A made stream that makes champions suspect."""
    kinds = random.random() < 0.5
    settings = suspicious_settings(random, kinds=kinds)
    lines = suspicious_stream(random, 1500, kinds=kinds)
    verdicts = random.randrange(1000)
    settings, lines = of_task(task, random, settings, lines)
    return Engines(EngineConfig.from_dict(settings), verdicts=verdicts), lines


def made(
    make: Callable[[Random, str], tuple[Engines, list[bytes]]], task: str, count: int, first: int
) -> None:
    """Made streams."""
    taken = records = 0
    for seed in range(first, first + count):
        random = Random(seed)  # noqa: S311 - test data
        engines, lines = make(random, task)
        way, cuts, most = random.choice([*ways(random)])
        restarts = random.choice([0, 0, 1, 3])
        expected = by_engine(engines, lines, cycle(cuts if restarts else [1000]), restarts)
        ran = by_lane(engines, lines, cycle(cuts), cycle(most), restarts, fields=random.random() < 0.3)
        _compare(f"{make.__name__} stream {seed}, {task}, {way}", engines, lines, ran, expected)
        taken, records = taken + ran.native, records + len(lines)
    print(
        f"{count} made streams ({make.__name__}, {task}): the same, {taken:,} of {records:,} records natively"
    )


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000, help="of each real stream, at most; 0: none")
    parser.add_argument("--streams", nargs="+", default=["elec2", "shuttle", "flights"])
    parser.add_argument("--models", nargs="+", default=["linear"], choices=["linear", "tree"])
    parser.add_argument("--made", type=int, default=100, help="made streams of each kind")
    parser.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    parser.add_argument("--seed", type=int, default=0, help="of the first made stream")
    given = parser.parse_args()
    reason = Engine(EngineConfig.from_dict({"model": {"task": "binary", "model": "auto"}})).native_lane
    if reason:
        sys.exit(f"no lane: {reason}")
    if given.made:
        for make, task in product((spoilt, suspicious), given.tasks):
            made(make, task, given.made, given.seed)
    for stream in given.streams if given.records else ():
        for model in given.models:
            real(stream, model, given.records, Random(given.seed))  # noqa: S311 - test data


if __name__ == "__main__":
    main()
