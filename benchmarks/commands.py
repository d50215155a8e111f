"""`riverkeeper run` on Elec2 against the same loop written by hand, each as a process, in turn.

The loop reads each record, predicts, scores (Accuracy and ROCAUC), learns and writes the prediction. The run
has everything on: a contract, windows of 5,000 with light reports in the background, supervision, checkpoints
in the registry. Both are timed from their start to their end, so imports count; of a stream that is repeated
they count less. A file is read faster than reports are made: what the run waits for them counts too, and is
printed besides. (A full report takes seconds: see docs/reports.md.)

    python -m benchmarks.commands [--passes 1 10] [--formats jsonl csv parquet] [--rounds 3]
"""

import argparse
import csv
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from benchmarks.speed.cases import make_case

LOOP = """
import sys, orjson
from river import linear_model, metrics, preprocessing
READ
model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
accuracy, rocauc = metrics.Accuracy(), metrics.ROCAUC()
with open(sys.argv[2], "wb") as written:
    for x in records(sys.argv[1]):
        name, time, y = x.pop("id"), x.pop("time"), x.pop("label")
        output = model.predict_proba_one(x)
        accuracy.update(y, output[True] > 0.5)
        rocauc.update(y, output)
        model.learn_one(x, y)
        written.write(orjson.dumps({"id": name, "time": time, "probability": output[True]}) + b"\\n")
"""

READERS = {
    "jsonl": """
def records(path):
    with open(path, "rb") as lines:
        yield from map(orjson.loads, lines)
""",
    "csv": """
import csv
def records(path):
    with open(path, newline="") as lines:
        for row in csv.DictReader(lines):
            name, time, label = row.pop("id"), int(row.pop("time")), row.pop("label") == "true"
            yield {"id": name, "time": time, "label": label, **{key: float(row[key]) for key in row}}
""",
    "parquet": """
import pyarrow.parquet as pq
def records(path):
    for batch in pq.ParquetFile(path).iter_batches(4096):
        yield from batch.to_pylist()
""",
}
"""What the loop reads records with, by format."""

FLOW = """
[run]
name = "bench"
[input]
path = "in.jsonl"
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
psi_fail = 1e9 # or the first look would ask for full reports
[alerts]
log = false
[contract.fields]
"""
RIVERKEEPER = [sys.executable, "-c", "from dataflows.cli.entry import main; main()", "run", "flow.toml"]


def write_stream(folder: Path, passes: int, form: str = "jsonl") -> int:
    """Elec2 so many times, each record with an id and a time of its own; returns how many records."""
    once = [orjson.loads(line) for line in make_case("elec2", "linear", 45_312).lines]
    count = passes * len(once)
    rows = [once[number % len(once)] | {"id": str(number), "time": number} for number in range(count)]
    _write(folder / f"in.{form}", rows)
    fields = [name for name in rows[0] if name not in {"id", "time", "label"}]
    typed = "\n".join(f'{name} = {{ type = "number", required = true }}' for name in fields)
    (folder / "flow.toml").write_text(FLOW.replace("in.jsonl", f"in.{form}") + typed)
    return count


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".csv":
        with path.open("w", newline="") as lines:
            written = csv.DictWriter(lines, rows[0])
            written.writeheader()
            written.writerows(row | {"label": str(row["label"]).lower()} for row in rows)
    else:
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))


def timed(command: list[str], folder: Path) -> tuple[float, str]:
    """Seconds of a process, and what it printed."""
    began = perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, cwd=folder, text=True)  # noqa: S603
    return perf_counter() - began, done.stdout + done.stderr


def measure(passes: int, rounds: int, form: str) -> None:
    """Prints one row."""
    loops, runs, waits = [], [], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        count = write_stream(folder, passes, form)
        loop_code = LOOP.replace("READ", READERS[form])
        for _ in range(rounds):
            loops.append(timed([sys.executable, "-c", loop_code, f"in.{form}", "out.jsonl"], folder)[0])
            seconds, printed = timed([*RIVERKEEPER, "--overwrite"], folder)
            found = re.search(r"waited ([\d.]+) s for reports", printed)
            runs.append(seconds)
            waits.append(float(found.group(1)) if found else 0.0)
    ratios = sorted(loop / run for loop, run in zip(loops, runs, strict=True))
    loop, run, waited = median(loops), median(runs), median(waits)
    print(
        f"{count:>9,} records, {form:7}: loop {loop:6.2f} s, riverkeeper run {run:6.2f} s ({waited:.1f} s "
        f"of it for reports): {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
        flush=True,
    )


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, nargs="+", default=[1, 10], help="how often Elec2 is repeated")
    parser.add_argument("--formats", nargs="+", default=["jsonl"], choices=[*READERS])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for form in given.formats:
        for passes in given.passes:
            measure(passes, given.rounds, form)


if __name__ == "__main__":
    main()
