"""One process against two, on flights with a model per carrier: `riverkeeper run` and `run -p 2`, in turn.

Reports run in processes of their own and would take the second core, so they are off here. Printed are the
seconds from the first record to the last, as the run's status says, without the start of the processes.

    python -m benchmarks.processes [--rows 150000] [--repeats 3]
"""

import argparse
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from statistics import median

import orjson

from dataflows.demo.flights import write_stream

MODELS = {
    "logistic regression": '["preprocessing.StandardScaler", "linear_model.LogisticRegression"]',
    "Hoeffding adaptive tree": '"tree.HoeffdingAdaptiveTreeClassifier"',
    "adaptive forest of 5": '{ type = "forest.ARFClassifier", n_models = 5, seed = 1 }',
}
FEATURES = ("hour", "distance", "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")


def keyed(folder: Path, rows: int) -> Path:
    """The flights with their carrier as the key, in arrivals as well."""
    whole = folder / "whole.jsonl"
    write_stream(whole, date(2013, 7, 1), None, lambda _: None)
    path = folder / "keyed.jsonl"
    with whole.open("rb") as lines, path.open("wb") as out:
        for _, line in zip(range(rows), lines, strict=False):
            row = orjson.loads(line)
            out.write(orjson.dumps({**row, "carrier": row["id"][:2]}) + b"\n")
    return path


def flow(folder: Path, name: str, model: str) -> Path:
    """A flow without reports."""
    path = folder / f"{name}.toml"
    fields = "\n".join(f'{name} = {{ type = "number" }}' for name in FEATURES)
    path.write_text(
        f"""
[run]
name = "{name}"
[input]
path = "keyed.jsonl"
[record]
key = "carrier"
label = "late"
ignore = ["origin", "dest", "weekday"]
kind = {{ field = "kind", example = "flight", label = "arrival" }}
[contract]
extra = "ignore"
[contract.fields]
{fields}
[model]
task = "binary"
model = {model}
[monitoring]
reports = false
"""
    )
    return path


def seconds(folder: Path, config: Path, processes: int) -> float:
    """From the first record to the last."""
    command = [sys.executable, "-m", "dataflows.cli.entry", "run", str(config), "-p", str(processes)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own interpreter
    row = orjson.loads((folder / "runs" / config.stem / "status.json").read_bytes())
    return float(row["updated"] - row["started"])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=150_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keyed(folder, given.rows)
        print(f"{given.rows:,} records, 16 keys; seconds: median (smallest to largest) of {given.repeats}")
        for number, (said, model) in enumerate(MODELS.items()):
            config = flow(folder, f"m{number}", model)
            times: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(given.repeats):
                for count, found in times.items():
                    found.append(seconds(folder, config, count))
            one, two = (median(times[count]) for count in (1, 2))
            spread = [
                f"{median(found):.1f} ({min(found):.1f} to {max(found):.1f})" for found in times.values()
            ]
            print(f"{said:24} one {spread[0]:22} two {spread[1]:22} ratio {one / two:.2f}")


if __name__ == "__main__":
    main()
