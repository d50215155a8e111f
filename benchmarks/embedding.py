"""The engine inside a program: how long one call takes, and how large its state is.

    python -m benchmarks.embedding [--records 10000] [--rate 500]

Elec2, one record a call, each with its label, in windows of 1,000. First as fast as it goes, without reports.
Then so many a second with reports, whose process starts cold; a call takes long when its window closes before
the report of the window before is there. Last the same by `await`, with how late a beat of the loop is.
"""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

import orjson

import riverkeeper as rk
from benchmarks.speed.cases import make_case

CONFIG: dict[str, Any] = {
    "model": {"task": "binary", "model": ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]},
}
BEAT = 0.005
"""Seconds between two beats of the event loop."""


def timed(records: Iterable[bytes], call: Callable[[bytes], object], rate: float = 0) -> list[float]:
    """Seconds of each call; with a rate, that many calls a second."""
    took: list[float] = []
    start = time.perf_counter()
    for record in records:
        if rate:
            time.sleep(max(0.0, start + len(took) / rate - time.perf_counter()))
        began = time.perf_counter()
        call(record)
        took.append(time.perf_counter() - began)
    return took


def told(name: str, took: list[float]) -> None:
    """Prints a row."""
    ordered = sorted(took)
    p50, p99 = (ordered[int(len(ordered) * share)] * 1e6 for share in (0.5, 0.99))
    print(f"{name:<42} p50 {p50:6.0f} µs  p99 {p99:6.0f} µs  longest {ordered[-1] * 1e3:7.1f} ms", flush=True)


def plain(lines: list[bytes], rate: float) -> None:
    """Calls of a keeper, with reports and without; the size of its state."""
    without = CONFIG | {"monitoring": {"reports": False}}
    with rk.Keeper(without) as keeper:
        told("process([line])", timed(lines, lambda line: keeper.process([line])))
        print(f"snapshot after {len(lines):,} records: {len(keeper.snapshot()) / 1e3:,.0f} kB")
    with rk.Keeper(without) as keeper:
        pairs = iter([_pair(orjson.loads(line)) for line in lines])

        def verbs(_: bytes) -> None:
            features, label = next(pairs)
            keeper.predict_one(features)
            keeper.learn_one(label)

        told("predict_one(x), learn_one(y)", timed(lines, verbs))
    state: dict[str, bytes] = {}
    with rk.Keeper(without) as keeper:
        durable = rk.Durable(keeper)
        told("Durable.process([line])", timed(lines, lambda line: durable.process([line], state)))
        print(f"its store: {len(state)} values, {sum(map(len, state.values())) / 1e3:,.0f} kB")
    with rk.Keeper(CONFIG) as keeper:
        told(
            f"process([line]), {rate:,.0f}/s, reports",
            timed(lines, lambda line: keeper.process([line]), rate),
        )


def _pair(row: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    label = row.pop("label")
    return {name: value for name, value in row.items() if name not in {"id", "time"}}, label


async def awaited(lines: list[bytes], rate: float) -> None:
    """Calls by `await`, and how late the loop's beats are meanwhile."""
    late: list[float] = []
    ended = asyncio.Event()

    async def beat() -> None:
        while not ended.is_set():
            began = time.perf_counter()
            await asyncio.sleep(BEAT)
            late.append(time.perf_counter() - began - BEAT)

    beating = asyncio.create_task(beat())
    async with rk.AsyncKeeper(CONFIG) as keeper:
        took: list[float] = []
        start = time.perf_counter()
        for line in lines:
            await asyncio.sleep(max(0.0, start + len(took) / rate - time.perf_counter()))
            began = time.perf_counter()
            await keeper.process([line])
            took.append(time.perf_counter() - began)
    ended.set()
    await beating
    told(f"await process([line]), {rate:,.0f}/s, reports", took)
    told("  the event loop's beats are late by", late)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=500)
    given = parser.parse_args()
    lines = [*make_case("elec2", "linear", given.records).lines]
    plain(lines, given.rate)
    asyncio.run(awaited(lines, given.rate))


if __name__ == "__main__":
    main()
