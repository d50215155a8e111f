"""River, Vowpal Wabbit, CapyMOA and the engine on the same rows, test-then-learn from Python.

    python -m benchmarks.peers [--records 20000] [--rounds 3]

Each peer is installed into an environment of its own under `data/peers/` (CapyMOA wants pandas 2 and Java).
One that cannot be installed is left out, with a line that says so. Labels come at once, and the others take a
row at a time; their features are decoded, in the form that each tool wants, before the clock starts. The
engine takes lines of JSON, a thousand at a time, with everything on (contract, scores, detector, windows with
reports in the background, predictions written), natively where the crate is built.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.cases import make_case

FOLDER = Path("data") / "peers"

PEERS = {
    "Vowpal Wabbit, logistic": ("vowpalwabbit==9.11.9", "vowpal_loop"),
    "CapyMOA, Hoeffding tree": ("capymoa==0.15.1", "moa_loop"),
}
"""What is installed, and the loop that it runs."""

RIVER = {"River, linear": "linear", "River, Hoeffding tree": "tree"}
ENGINE = {"Riverkeeper, linear": "linear", "Riverkeeper, Hoeffding tree": "tree"}


def installed(package: str) -> Path | None:
    """The Python of an environment with this package, made at first use; none when it cannot be installed."""
    folder = FOLDER / package.partition("==")[0]
    python = folder / "bin" / "python"
    if (folder / package).exists():
        return python
    venv.create(folder, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        print(f"{package} cannot be installed here: {_last_line(done.stderr)}")
        return None
    (folder / package).touch()
    return python


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "no reason given")


def commands(stream: str, rows: Path) -> dict[str, list[str]]:
    """What runs each loop, by name."""
    found = {
        name: [sys.executable, "-m", "benchmarks.peers.river_loop", str(rows), stream, model]
        for name, model in RIVER.items()
    }
    found |= {
        name: [sys.executable, "-m", "benchmarks.peers.engine_loop", str(rows), stream, model]
        for name, model in ENGINE.items()
    }
    for name, (package, loop) in PEERS.items():
        python = installed(package)
        if python is not None:
            found[name] = [str(python), str(Path(__file__).with_name(f"{loop}.py")), str(rows)]
    return found


def run(name: str, command: list[str]) -> dict[str, Any] | None:
    """Seconds and accuracy of one loop; none, with a line that says why, when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        print(f"{name} does not run here: {_last_line(done.stderr)}")
        return None
    found: dict[str, Any] = json.loads(_last_line(done.stdout))
    return found


def measure(stream: str, records: int, rounds: int) -> None:
    """Prints the table of one stream."""
    rows = make_case(stream, "linear", records).rows()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        loops = commands(stream, path)
        seconds: dict[str, list[float]] = {name: [] for name in loops}
        accuracy: dict[str, float] = {}
        for _ in range(rounds):
            for name in list(loops):
                found = run(name, loops[name])
                if found is None:
                    del loops[name]
                    continue
                seconds[name].append(found["seconds"])
                accuracy[name] = found["accuracy"]
    print(f"\n{stream}: {len(rows):,} rows, {rounds} rounds")
    print(f"{'':28}{'rows/s':>10}{'spread':>9}{'of River, linear':>18}{'accuracy':>10}")
    for name, times in seconds.items():
        if len(times) == rounds:
            ratio = median(a / b for a, b in zip(seconds["River, linear"], times, strict=True))
            spread = (max(times) - min(times)) / median(times)
            speed = len(rows) / median(times)
            print(f"{name:28}{speed:>10,.0f}{spread:>9.0%}{ratio:>18.2f}{accuracy[name]:>10.4f}", flush=True)


def main() -> None:
    """Prints a table for each stream."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--streams", nargs="+", default=["elec2", "shuttle", "flights"])
    given = parser.parse_args()
    for stream in given.streams:
        measure(stream, given.records, given.rounds)


if __name__ == "__main__":
    main()
