"""A model per key, many keys: what a key costs in memory, and what it saves to let cold ones wait on disk.

Each key has ten labelled examples of ten numbers. Keys come in blocks that are hot for a while; a tenth of
the records belong to keys of any age. Printed: records a second, the largest resident set of the process.

    python -m benchmarks.keys [--keys 100000] [--resident 5000]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from time import perf_counter

import orjson

PER_KEY = 10
BLOCK = 1000
"""Keys that are hot together."""


def write(folder: Path, keys: int) -> int:
    """The stream; returns its records."""
    random = Random(3)  # noqa: S311 - test data
    count = 0
    with (folder / "keys.jsonl").open("wb") as out:
        for block in range(0, keys, BLOCK):
            hot = range(block, min(block + BLOCK, keys))
            for _ in range(PER_KEY * len(hot)):
                key = random.randrange(hot.stop) if random.random() < 0.1 else random.choice(hot)
                fields = {f"x{place}": random.gauss(0, 1) for place in range(10)}
                row = {"id": count, "time": count, "user": f"u{key}", "label": fields["x0"] > 0, **fields}
                out.write(orjson.dumps(row) + b"\n")
                count += 1
    return count


def flow(folder: Path, resident: int | None) -> Path:
    """A flow without reports, as windows of a thousand never close."""
    name = "all" if resident is None else f"resident{resident}"
    limit = "" if resident is None else f"resident_keys = {resident}"
    path = folder / f"{name}.toml"
    path.write_text(
        f"""
[run]
name = "{name}"
snapshot_interval = 10
{limit}
[input]
path = "keys.jsonl"
[record]
key = "user"
[model]
task = "binary"
model = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
[monitoring]
reports = false
"""
    )
    return path


def measured(config: Path, *options: str) -> tuple[float, float]:
    """Seconds, and the largest resident set in MB."""
    command = [sys.executable, "-m", "dataflows.cli.entry", "run", str(config), *options]
    began = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - our own interpreter
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"the run has failed with status {process.returncode}")
    return perf_counter() - began, usage.ru_maxrss / 1024


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keys", type=int, default=100_000)
    parser.add_argument("--resident", type=int, default=5_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = write(folder, given.keys)
        few = folder / "few"
        few.mkdir()
        write(few, 1)
        _, base = measured(flow(few, None))
        print(f"{given.keys:,} keys, {records:,} records; a run with one key: {base:.0f} MB", flush=True)
        for resident in (None, given.resident):
            config = flow(folder, resident)
            seconds, memory = measured(config)
            each = (memory - base) * 1024 / given.keys
            kept = "all" if resident is None else f"{resident:,}"
            print(
                f"in memory {kept:>7}: {records / seconds:7,.0f} records/s, {memory:6,.0f} MB, "
                f"{each:5.1f} kB for each key there is",
                flush=True,
            )
            seconds, memory = measured(config, "--recovery", str(folder / f"store-{resident}"))
            print(f"   with --recovery:  {records / seconds:7,.0f} records/s, {memory:6,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
