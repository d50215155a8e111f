"""Many events through one run: is its memory flat? And how soon does a run go on that is started again?

Half the events are examples of five numbers, half are their labels, a thousand events later; a linear model
(of other tasks the default one), with a recovery store and a snapshot every ten seconds. Printed are records,
resident memory and the speed between two lines. With --resume: for small and large states the seconds from
SIGTERM to the end of the process, and from the start of the next to its first prediction.

    python -m benchmarks.soak [--events 10000000] [--reports] [--task regression]
    python -m benchmarks.soak --resume
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import orjson

LATER = 500
"""Examples between one and its label."""

LABELS: dict[str, Callable[[float], str]] = {
    "binary": lambda score: str(score > 0).lower(),
    "multiclass": lambda score: f'"c{round(score)}"',
    "regression": lambda score: f"{score:.3f}",
}
"""The label of an example as JSON, by the task."""

_CHILD = """
import os, sys, time
from pathlib import Path
from dataflows.console import PlainConsole
from dataflows.config import load_config
from dataflows.runtime.operators import EngineLogic
from dataflows.runtime.runner import run_flow

on_batch = EngineLogic.on_batch

def first(logic, values):
    found = on_batch(logic, values)
    print(time.time() - float(sys.argv[3]), flush=True)
    os._exit(0)

EngineLogic.on_batch = first
run_flow(load_config(Path(sys.argv[1])), Path(sys.argv[2]), PlainConsole(quiet=True))
"""


def write(path: Path, events: int, keys: int = 0, task: str = "binary") -> None:
    """The stream; with keys each example carries its label, and one after the other has a record."""
    random = Random(5)  # noqa: S311 - test data
    rows = [[random.gauss(0, 1) for _ in range(5)] for _ in range(10_000)]
    texts = [",".join(f'"x{place}":{value:.4f}' for place, value in enumerate(row)) for row in rows]
    labels = [LABELS[task](row[0] + row[1] / 2) for row in rows]
    with path.open("w", buffering=1 << 20) as out:
        for n in range(events if keys else events // 2):
            at = n % 10_000
            if keys:
                out.write(f'{{"id":{n},"time":{n},"user":"u{n % keys}","label":{labels[at]},{texts[at]}}}\n')
                continue
            out.write(f'{{"kind":"example","id":{n},"time":{n},{texts[at]}}}\n')
            if n >= LATER:
                out.write(f'{{"kind":"label","id":{n - LATER},"time":{n},"label":{labels[at - LATER]}}}\n')
        for n in range(max(0, events // 2 - LATER), 0 if keys else events // 2):
            out.write(f'{{"kind":"label","id":{n},"time":{n},"label":{labels[n % 10_000]}}}\n')


def flow(folder: Path, *, reports: bool, keyed: bool = False, model: str = "", task: str = "binary") -> Path:
    """Its configuration."""
    linear = '["preprocessing.StandardScaler", "linear_model.LogisticRegression"]'
    path = folder / "flow.toml"
    path.write_text(
        f"""
[run]
name = "soak"
snapshot_interval = 10
leave_out = ["predictions"]
[input]
path = "soak.jsonl"
[record]
{'key = "user"' if keyed else 'kind = { field = "kind" }'}
[labels]
wait = 10000
[window]
count = 5000
[model]
task = "{task}"
model = {model or (linear if task == "binary" else '"auto"')}
[monitoring]
reports = {str(reports).lower()}
"""
    )
    return path


def resident(process: int) -> float:
    """MB in memory."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def soak(folder: Path, events: int, task: str, *, reports: bool) -> None:
    """Runs it and prints the table."""
    write(folder / "soak.jsonl", events, task=task)
    config = flow(folder, reports=reports, task=task)
    command = [
        sys.executable,
        "-m",
        "dataflows.cli.entry",
        "run",
        str(config),
        "--recovery",
        str(folder / "store"),
    ]
    began = time.monotonic()
    seen: list[tuple[float, int, float]] = [(0.0, 0, 0.0)]
    print("     records     MB  records/s")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - our own interpreter
        while process.poll() is None:
            time.sleep(0.5)
            try:
                row = orjson.loads((folder / "runs/soak/status.json").read_bytes())
                memory = resident(process.pid)
            except (OSError, ValueError):
                continue
            now = time.monotonic() - began
            if row["records"] >= seen[-1][1] + events / 20 or (row["records"] and len(seen) == 1):
                seen.append((now, row["records"], memory))
                _tell(seen)
    if process.returncode:
        raise SystemExit(f"the run has failed with status {process.returncode}")
    print(f"{events:,} events in {time.monotonic() - began:,.0f} s")
    summary = orjson.loads((folder / "runs/soak/summary.jsonl").read_bytes().splitlines()[-1])
    print({name: summary["counts"][name] for name in ("records", "predicted", "learned", "rejected")})
    store = sum(part.stat().st_size for part in (folder / "store").glob("*.sqlite3"))
    print(f"recovery store {store / 1e6:.1f} MB")


def _tell(seen: list[tuple[float, int, float]]) -> None:
    (then, before, _), (now, records, memory) = seen[-2:]
    print(f"{records:12,} {memory:6.0f} {(records - before) / (now - then):10,.0f}", flush=True)


CASES = (
    ("one key, linear", 1, 30_000, ""),
    ("10,000 keys, linear", 10_000, 30_000, ""),
    ("10 keys, forest of 10", 10, 10_000, '{ type = "forest.ARFClassifier", n_models = 10, seed = 1 }'),
)
"""What is stopped and started again: name, keys, records before, model."""


def resume(folder: Path) -> None:
    """Prints how soon runs end that are told to, and how soon they go on."""
    print("                          store, MB  SIGTERM to exit, s  start to first prediction, s")
    for name, keys, records, model in CASES:
        place = folder / name.split(",")[0].replace(" ", "-")
        place.mkdir()
        write(place / "soak.jsonl", 30 * records, keys)
        config = flow(place, reports=False, keyed=True, model=model)
        store = place / "store"
        stop = _stopped(config, store, records)
        size = sum(part.stat().st_size for part in store.glob("*.sqlite3")) / 1e6
        took = []
        for _ in range(3):
            child = [sys.executable, "-c", _CHILD, str(config), str(store), str(time.time())]
            done = subprocess.run(child, check=True, capture_output=True, text=True)  # noqa: S603
            took.append(f"{float(done.stdout):.1f}")
        print(f"{name:25} {size:9.1f} {stop:19.1f}  {', '.join(took)}", flush=True)


def _stopped(config: Path, store: Path, records: int) -> float:
    """Starts a run, stops it after so many records; the seconds from the signal to its end."""
    command = [sys.executable, "-m", "dataflows.cli.entry", "run", str(config), "--recovery", str(store)]
    status = config.parent / "runs/soak/status.json"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        while not status.exists() or orjson.loads(status.read_bytes())["records"] < records:
            if process.poll() is not None:
                raise SystemExit("the run was over before it could be stopped")
            time.sleep(0.1)
        began = time.monotonic()
        process.terminate()
        if process.wait():
            raise SystemExit(f"the run was stopped and ended with status {process.returncode}")
    return time.monotonic() - began


def main() -> None:
    """Prints what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--reports", action="store_true")
    parser.add_argument("--task", choices=[*LABELS], default="binary")
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if given.resume:
            resume(Path(name))
        else:
            soak(Path(name), given.events, given.task, reports=given.reports)


if __name__ == "__main__":
    main()
