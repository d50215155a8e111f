"""How late detectors find a change, and how often they find one where there is none.

Streams without a change: errors (20 %), normal numbers, and numbers with a long tail (log-normal).
A change comes after 2,000 events: at once, or over 1,000 events: errors rise from 20 to 40 %, numbers by one
deviation (of the long tail: its own). A detection in the 2,000 events from where the change begins is a hit;
the delay is counted from there. Detectors are as the engine builds them. KSWIN, whose test takes half a
millisecond, has fewer events.
"""

import argparse
import math
from collections.abc import Callable
from multiprocessing import Pool
from random import Random
from statistics import median
from time import process_time

from engine.monitoring.detectors.config import DetectorConfig, Method
from engine.monitoring.detectors.factory import BINARY
from engine.monitoring.detectors.watch import Watch, watch

METHODS: tuple[Method, ...] = ("adwin", "page_hinkley", "kswin", "ddm", "eddm", "hddm_a", "hddm_w")
STREAMS = ("errors", "normal", "long tail")
BEFORE, AFTER, RAMP = 2000, 2000, 1000

_TAIL_DEVIATION = math.sqrt((math.e - 1) * math.e)

Draw = Callable[[Random, float], float]
DRAWS: dict[str, Draw] = {
    "errors": lambda random, change: float(random.random() < 0.2 + 0.2 * change),
    "normal": lambda random, change: random.gauss(change, 1),
    "long tail": lambda random, change: random.lognormvariate(0, 1) + change * _TAIL_DEVIATION,
}
"""Draws a number; the change is 0 before it and 1 after it."""


def made(method: Method) -> tuple[Watch, DetectorConfig]:
    """A fresh detector as the engine builds it."""
    config = DetectorConfig(method=method, on="loss")
    return watch(config), config


def false_alarms(method: Method, stream: str, events: int, seed: int) -> tuple[int, float]:
    """Drifts on a stream without a change, and the microseconds that an event took."""
    random, draw = Random(f"{stream} {seed}"), DRAWS[stream]  # noqa: S311 - test data
    values = [draw(random, 0.0) for _ in range(events)]
    state, config = made(method)
    began = process_time()
    found = [state.update(value, config) for value in values]
    took = process_time() - began
    return sum(each is not None and each.kind == "drift" for each in found), took / events * 1e6


def delay(method: Method, stream: str, ramp: int, seed: int) -> int | None:
    """Events from where the change begins to the first drift found after it; `None` if none was found."""
    random, draw = Random(f"{stream} {ramp} {seed}"), DRAWS[stream]  # noqa: S311 - test data
    state, config = made(method)
    for number in range(-BEFORE, AFTER):
        change = min(max((number + 1) / ramp, 0.0), 1.0)
        found = state.update(draw(random, change), config)
        if number >= 0 and found is not None and found.kind == "drift":
            return number + 1
    return None


def row(given: tuple[Method, str, int, int]) -> str:
    """A line of the table."""
    method, stream, events, seeds = given
    if method == "kswin":
        events, seeds = events // 20, max(seeds // 5, 1)
    runs = [false_alarms(method, stream, events // 5, seed) for seed in range(5)]
    alarms = sum(count for count, _ in runs) / events * 100_000
    text = f"| {method} | {stream} | {alarms:.1f} |"
    for ramp in (1, RAMP):
        found = [late for seed in range(seeds) if (late := delay(method, stream, ramp, seed)) is not None]
        text += f" {median(found):.0f} |" if found else " - |"
        text += f" {len(found) / seeds:.0%} |"
    return f"{text} {median(took for _, took in runs):.1f} |"


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description="Delay and false alarms of detectors.")
    parser.add_argument("--events", type=int, default=500_000, help="events without a change, in five runs")
    parser.add_argument("--seeds", type=int, default=40, help="streams with a change")
    given = parser.parse_args()
    rows = [
        (method, stream, given.events, given.seeds)
        for method in METHODS
        for stream in STREAMS
        if method not in BINARY or stream == "errors"
    ]
    print(
        "| method | stream | false alarms per 100,000 | sudden: delay | found "
        "| gradual: delay | found | µs/event |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with Pool(2) as pool:
        for line in pool.imap(row, rows, chunksize=1):
            print(line, flush=True)


if __name__ == "__main__":
    main()
