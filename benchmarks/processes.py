"""One process against two, on flights with a model per carrier and per airport.

`riverkeeper run` and `riverkeeper run -p 2` in turn. Reports run in processes of their own and would take the
second core, so they are off. Printed are records a second from the first record to the last thing written, as
the run's status says, without the start of the processes.

What two cores can give at best is measured too: two runs with one process each, at the same time
(`machine`). And keys are spread by their hash, whatever they cost: of the records the fuller process gets
so many (`fuller`), and where records cost the same no ratio can be higher than its inverse.

    python -m benchmarks.processes [--scale 1.0] [--repeats 3]
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import median

import orjson

from dataflows.demo.flights import write_stream

FEATURES = ("hour", "distance", "temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")


@dataclass(frozen=True, slots=True)
class Case:
    """What is run.

    Attributes:
        name: For the table.
        model: As in the configuration.
        key: The field with the model key.
        rows: Records.
    """

    name: str
    model: str
    key: str
    rows: int


LINEAR = '["preprocessing.StandardScaler", "linear_model.LogisticRegression"]'

CASES = (
    Case("logistic regression", LINEAR, "airport", 300_000),
    Case("logistic regression", LINEAR, "carrier", 300_000),
    Case("Hoeffding adaptive tree", '"tree.HoeffdingAdaptiveTreeClassifier"', "airport", 80_000),
    Case(
        "adaptive forest of 5", '{ type = "forest.ARFClassifier", n_models = 5, seed = 1 }', "airport", 30_000
    ),
)


def keyed(folder: Path, rows: int) -> None:
    """The flights with their carrier and airport, in arrivals as well."""
    whole = folder / "whole.jsonl"
    write_stream(whole, date(2013, 7, 1), None, lambda _: None)
    airports: dict[str, str] = {}
    with whole.open("rb") as lines, (folder / "keyed.jsonl").open("wb") as out:
        for _, line in zip(range(rows), lines, strict=False):
            row = orjson.loads(line)
            airport = airports.setdefault(row["id"], row.get("dest"))
            out.write(orjson.dumps({**row, "carrier": row["id"][:2], "airport": airport}) + b"\n")


def flow(folder: Path, name: str, model: str, key: str) -> Path:
    """A flow without reports."""
    path = folder / f"{name}.toml"
    fields = "\n".join(f'{name} = {{ type = "number" }}' for name in FEATURES)
    path.write_text(
        f"""
[run]
name = "{name}"
[input]
path = "part.jsonl"
[record]
key = "{key}"
label = "late"
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


@dataclass(frozen=True, slots=True)
class Ran:
    """One run.

    Attributes:
        rate: Records a second, from the first record to the end.
        fuller: Of the records, the share of the process that had more of them.
    """

    rate: float
    fuller: float


def ran(config: Path, processes: int) -> Ran:
    """Runs a flow."""
    command = [sys.executable, "-m", "dataflows.cli.entry", "run", str(config), "-p", str(processes)]
    folder = config.parent / "runs" / config.stem
    shutil.rmtree(folder, ignore_errors=True)
    counts = [0] * processes
    no = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=no, stderr=no) as process:  # noqa: S603 - our own interpreter
        while process.poll() is None:
            time.sleep(0.2)
            for number in range(processes):
                with suppress(FileNotFoundError):  # while a process runs
                    found = (folder / f"learned-{number}").read_bytes()
                    counts[number] = max(counts[number], int.from_bytes(found, "big"))
    if process.returncode:
        raise SystemExit(f"{config}: the run has ended with status {process.returncode}")
    row = orjson.loads((folder / "status.json").read_bytes())
    return Ran(row["records"] / (row["updated"] - row["started"]), max(counts) / max(sum(counts), 1))


def at_once(configs: list[Path]) -> float:
    """Records a second of several runs at the same time, all together."""
    with ThreadPoolExecutor() as pool:
        return sum(found.rate for found in pool.map(lambda config: ran(config, 1), configs))


def said(found: list[float]) -> str:
    """The median, and from where to where they went."""
    return f"{median(found):,.0f} ({min(found):,.0f} to {max(found):,.0f})"


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of records")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keyed(folder, round(CASES[0].rows * given.scale))
        print(f"records/s: median (smallest to largest) of {given.repeats}; ratios of the medians")
        for case in CASES:
            with (folder / "keyed.jsonl").open("rb") as lines, (folder / "part.jsonl").open("wb") as out:
                out.writelines(
                    line for _, line in zip(range(round(case.rows * given.scale)), lines, strict=False)
                )
            config, other = (flow(folder, run, case.model, case.key) for run in ("ours", "other"))
            one, two, both = [], [], []
            for _ in range(given.repeats):
                one.append(ran(config, 1).rate)
                two.append(ran(config, 2))
                both.append(at_once([config, other]))
            rates = [found.rate for found in two]
            ratio, limit = median(rates) / median(one), median(both) / median(one)
            bounds = f"machine {limit:.2f}, fuller {two[-1].fuller:.0%}"
            print(f"{case.name}, by {case.key}: -p 2 {ratio:.2f}, {bounds}")
            print(f"    one {said(one)}, two {said(rates)}, two runs at once {said(both)}", flush=True)


if __name__ == "__main__":
    main()
