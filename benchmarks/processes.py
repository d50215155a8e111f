"""One process against two, on flights with a model per carrier and per airport.

`riverkeeper run` and `riverkeeper run -p 2` in turn. Reports run in processes of their own and would take the
second core, so they are off. Printed are records a second from the first record to the last thing written, as
the run's status says, without the start of the processes.

What two cores can give at best is measured too: two runs with one process each, at the same time (`machine`).

    python -m benchmarks.processes [--scale 1.0] [--repeats 3]
"""

import argparse
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
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
        rows: Records.
    """

    name: str
    model: str
    rows: int


CASES = (
    Case(
        "logistic regression",
        '["preprocessing.StandardScaler", "linear_model.LogisticRegression"]',
        300_000,
    ),
    Case("Hoeffding adaptive tree", '"tree.HoeffdingAdaptiveTreeClassifier"', 80_000),
    Case("adaptive forest of 5", '{ type = "forest.ARFClassifier", n_models = 5, seed = 1 }', 30_000),
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


def rate(config: Path, processes: int) -> float:
    """Records a second, from the first record to the end."""
    command = [sys.executable, "-m", "dataflows.cli.entry", "run", str(config), "-p", str(processes)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own interpreter
    row = orjson.loads((config.parent / "runs" / config.stem / "status.json").read_bytes())
    return float(row["records"] / (row["updated"] - row["started"]))


def at_once(configs: list[Path]) -> float:
    """Records a second of several runs at the same time, all together."""
    with ThreadPoolExecutor() as pool:
        return sum(pool.map(lambda config: rate(config, 1), configs))


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
            for key in ("carrier", "airport"):
                config, other = (flow(folder, run, case.model, key) for run in ("ours", "other"))
                one, two, both = [], [], []
                for _ in range(given.repeats):
                    one.append(rate(config, 1))
                    two.append(rate(config, 2))
                    both.append(at_once([config, other]))
                ratio, limit = median(two) / median(one), median(both) / median(one)
                print(f"{case.name}, by {key}: -p 2 {ratio:.2f}, machine {limit:.2f}")
                print(f"    one {said(one)}, two {said(two)}, two runs at once {said(both)}", flush=True)


if __name__ == "__main__":
    main()
