"""What supervision recovers of what faults cost, and what it costs itself; `python -m benchmarks.faults`.

A short grid of cells, or with `--long` all of them. Results go to `data/fault_cells.jsonl`, a line for each
cell and policy. A policy is called by a digest of the engine's source, or by `--label`; a cell that is there
under that name is not run again. `--against LABEL` prints the same cells of another policy beside them.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from multiprocessing import Pool
from pathlib import Path

import orjson

from benchmarks.faults.faults import CLEAN
from benchmarks.faults.grid import Group, Row, run_group
from benchmarks.faults.picture import picture
from benchmarks.faults.plan import Planned, long, short
from benchmarks.faults.policy import policy_digest
from benchmarks.faults.streams import DATA, fetch_all
from benchmarks.faults.table import side_by_side, tables

RESULTS = DATA / "fault_cells.jsonl"

Key = tuple[Group, str]
"""What is common to a group of cells, and the fault."""

_WEIGHT = {"linear": 1, "tree": 2, "forest": 6}
"""About how long a cell takes: the longest begin first."""


def main() -> None:
    """Runs what is missing and prints."""
    parser = _parser()
    given = parser.parse_args()
    grid = (long if given.long else short)()
    planned = [one for one in grid if not given.streams or one.group.stream in given.streams]
    if not planned:
        parser.error(f"--streams: none of them is in the grid; it has {_names(grid)}")
    others = read(RESULTS, given.against) if given.against else {}
    if given.against and not others:
        parser.error(f"--against {given.against}: {RESULTS} has no cell under that name")
    wanted = [(one.group, fault) for one in planned for fault in (CLEAN, *one.faults)]
    there = {} if given.fresh else read(RESULTS, given.label)
    there |= _run(_missing(planned, there), given.label, given.processes)
    found = [there[key] for key in wanted]
    print("\n\n".join([f"policy {given.label}, {len(found)} cells", *tables(found)]))
    if others:
        both = [key for key in wanted if key in others]
        pairs = [there[key] for key in both], [others[key] for key in both]
        print("\n" + side_by_side(*pairs, given.label, given.against))
    if given.picture:
        given.picture.write_text(picture(found), encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--long", action="store_true", help="all cells: hours")
    parser.add_argument("--streams", nargs="+", help="only these streams")
    parser.add_argument("--label", default=policy_digest(), help="what the policy is called (%(default)s)")
    parser.add_argument("--against", metavar="LABEL", help="print another policy's cells beside these")
    parser.add_argument("--fresh", action="store_true", help="run all cells again, as after a change here")
    parser.add_argument("--picture", type=Path, help="write an SVG here")
    parser.add_argument("--processes", type=int, help="as many as there are cores")
    return parser


def read(path: Path, policy: str) -> dict[Key, Row]:
    """The cells that a policy has been run on; of a cell that was run twice the last."""
    if not path.exists():
        return {}
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return {_key(row): row for row in rows if row["policy"] == policy}


def _key(row: Row) -> Key:
    return Group(row["stream"], row["model"], row["seed"], row["delay"]), row["fault"]


def _missing(planned: Iterable[Planned], there: dict[Key, Row]) -> list[tuple[Group, tuple[str, ...]]]:
    """Groups of which cells are missing, and these, the longest first."""
    found = [
        (one.group, tuple(fault for fault in (CLEAN, *one.faults) if (one.group, fault) not in there))
        for one in planned
    ]
    missing = [(group, faults) for group, faults in found if faults]
    return sorted(missing, key=lambda one: -_WEIGHT[one[0].model] * (1 + len(one[1])))


def _run(
    missing: Sequence[tuple[Group, tuple[str, ...]]], label: str, processes: int | None
) -> dict[Key, Row]:
    if not missing:
        return {}
    fetch_all()
    found: dict[Key, Row] = {}
    begin = time.monotonic()
    with Pool(processes) as pool, RESULTS.open("ab", buffering=0) as out:
        for number, rows in enumerate(pool.imap_unordered(_run_one, missing), 1):
            for row in rows:
                named = {"policy": label, **row}
                out.write(orjson.dumps(named) + b"\n")
                found[_key(named)] = named
            seconds = time.monotonic() - begin
            print(f"{number} of {len(missing)} groups of cells, {seconds:.0f} s", file=sys.stderr, flush=True)
    return found


def _run_one(one: tuple[Group, tuple[str, ...]]) -> list[Row]:
    group, faults = one
    return run_group(group, [fault for fault in faults if fault != CLEAN], control=CLEAN in faults)


def _names(grid: Iterable[Planned]) -> str:
    return ", ".join(sorted({one.group.stream for one in grid}))


if __name__ == "__main__":
    main()
