"""What supervision recovers of what could be recovered, on spoilt streams; `python -m benchmarks.faults`.

Every cell is a stream, a fault, a model and a seed, which says when and how long. Results go to
`data/faults.jsonl`, a line each; a cell that is there already is not run again (`--fresh` begins anew). The
table goes to the terminal, and with `--picture` into an SVG.
"""

import argparse
from collections.abc import Sequence
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import orjson

from benchmarks.faults.grid import ALL_FAULTS, MODELS, Cell, cells, everything, run_cell
from benchmarks.faults.picture import picture
from benchmarks.faults.streams import DATA, wheel
from benchmarks.faults.table import tables


def main() -> None:
    """Runs what is missing and prints."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--streams", nargs="+", default=list(everything()), choices=list(everything()))
    parser.add_argument("--faults", nargs="+", default=list(ALL_FAULTS), choices=list(ALL_FAULTS))
    parser.add_argument("--results", type=Path, default=DATA / "faults.jsonl")
    parser.add_argument("--fresh", action="store_true", help="begin anew")
    parser.add_argument("--picture", type=Path, help="write an SVG here")
    parser.add_argument("--processes", type=int, default=None)
    given = parser.parse_args()
    wanted = cells(given.seeds, tuple(given.models), tuple(given.streams), tuple(given.faults))
    wheel()
    found = _run(wanted, given.results, given.processes, fresh=given.fresh)
    print("\n\n".join(tables(found)))
    if given.picture:
        given.picture.write_text(picture(found), encoding="utf-8")


def _run(wanted: Sequence[Cell], path: Path, processes: int | None, *, fresh: bool) -> list[dict[str, Any]]:
    if fresh:
        path.unlink(missing_ok=True)
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
    there = {_cell(row): row for row in rows}
    missing = [cell for cell in wanted if cell not in there]
    with Pool(processes) as pool, path.open("ab", buffering=0) as out:
        for number, row in enumerate(pool.imap_unordered(run_cell, missing), 1):
            out.write(orjson.dumps(row) + b"\n")
            there[_cell(row)] = row
            if number % 100 == 0:
                print(f"{number} of {len(missing)} cells", flush=True)
    return [there[cell] for cell in wanted]


def _cell(row: dict[str, Any]) -> Cell:
    return Cell(row["stream"], row["fault"], row["model"], row["seed"])


if __name__ == "__main__":
    main()
