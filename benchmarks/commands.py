"""`riverkeeper run` on Elec2 against the same loop written by hand, each as a process, in turn.

The loop decodes each line, predicts, scores (Accuracy and ROCAUC), learns and writes the prediction. The run
has everything on: a contract, windows of 5,000 with light reports in the background, supervision, checkpoints
in the registry. Both are timed from their start to their end, so imports count; of a stream that is repeated
they count less. A file is read faster than reports are made: what the run waits for them counts too, and is
printed besides. (A full report takes seconds: see docs/reports.md.)

    python -m benchmarks.commands [--passes 1 10] [--rounds 3]
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import orjson

from benchmarks.speed.cases import make_case

LOOP = """
import sys, orjson
from river import linear_model, metrics, preprocessing
model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
accuracy, rocauc = metrics.Accuracy(), metrics.ROCAUC()
with open(sys.argv[1], "rb") as lines, open(sys.argv[2], "wb") as written:
    for line in lines:
        x = orjson.loads(line)
        name, time, y = x.pop("id"), x.pop("time"), x.pop("label")
        output = model.predict_proba_one(x)
        accuracy.update(y, output[True] > 0.5)
        rocauc.update(y, output)
        model.learn_one(x, y)
        written.write(orjson.dumps({"id": name, "time": time, "probability": output[True]}) + b"\\n")
"""

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


def write_stream(folder: Path, passes: int) -> int:
    """Elec2 so many times, each record with an id and a time of its own; returns how many records."""
    rows = [orjson.loads(line) for line in make_case("elec2", "linear", 45_312).lines]
    count = passes * len(rows)
    with (folder / "in.jsonl").open("wb") as lines:
        for number in range(count):
            lines.write(orjson.dumps(rows[number % len(rows)] | {"id": str(number), "time": number}) + b"\n")
    fields = [name for name in rows[0] if name not in {"id", "time", "label"}]
    typed = "\n".join(f'{name} = {{ type = "number", required = true }}' for name in fields)
    (folder / "flow.toml").write_text(FLOW + typed)
    return count


def timed(command: list[str], folder: Path) -> tuple[float, str]:
    """Seconds of a process, and what it printed."""
    began = perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, cwd=folder, text=True)  # noqa: S603
    return perf_counter() - began, done.stdout + done.stderr


def measure(passes: int, rounds: int) -> None:
    """Prints one row."""
    loops, runs, waits = [], [], []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        count = write_stream(folder, passes)
        for _ in range(rounds):
            loops.append(timed([sys.executable, "-c", LOOP, "in.jsonl", "out.jsonl"], folder)[0])
            seconds, printed = timed([*RIVERKEEPER, "--overwrite"], folder)
            found = re.search(r"waited ([\d.]+) s for reports", printed)
            runs.append(seconds)
            waits.append(float(found.group(1)) if found else 0.0)
    ratios = sorted(loop / run for loop, run in zip(loops, runs, strict=True))
    loop, run, waited = median(loops), median(runs), median(waits)
    print(
        f"{count:>9,} records: loop {loop:6.2f} s, riverkeeper run {run:6.2f} s ({waited:.1f} s of it for "
        f"reports): {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})",
        flush=True,
    )


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, nargs="+", default=[1, 10], help="how often Elec2 is repeated")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for passes in given.passes:
        measure(passes, given.rounds)


if __name__ == "__main__":
    main()
