"""Hostile files by the hundred thousand: what reading them does is watched.

    python -m benchmarks.hostile --seconds 600
    python -m benchmarks.hostile --replay data/hostile/models-0-1234

Ends with status 1 when there was a finding; the first inputs of each are kept for `--replay`.
"""

import argparse
import logging
import re
import time
from collections import Counter, defaultdict
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from benchmarks.hostile.targets import TARGETS, prepare
from benchmarks.hostile.watched import FINDINGS, Tally, Target, run

_AT_ONCE = 200
_KEPT = 3
_COLUMNS = ("used", "refused", "endless", *FINDINGS)


def fuzz(target: Target, seed: int, seconds: float) -> Tally:
    """Tries inputs for so many seconds."""
    tally, first, until = Tally(Counter()), 0, time.monotonic() + seconds
    while time.monotonic() < until:
        run(target, seed, range(first, first + _AT_ONCE), tally)
        first += _AT_ONCE
    return tally


def table(tallies: dict[str, Tally]) -> str:
    """A line for each target."""
    lines = [
        f"{'':10}{'inputs':>8}" + "".join(f"{name:>11}" for name in _COLUMNS) + f"{'MiB':>6}{'slowest':>9}"
    ]
    for name, tally in tallies.items():
        cells = "".join(f"{tally.counts[column]:>11,}" for column in _COLUMNS)
        last = f"{tally.memory >> 20:>6,}{tally.slowest[0]:>7.2f} s"
        lines.append(f"{name:10}{tally.inputs:>8,}{cells}{last}")
    return "\n".join(lines)


def _keep(target: Target, seed: int, tally: Tally, folder: Path) -> None:
    """Prints each sort of finding, and writes its first inputs."""
    sorts: dict[str, dict[int, str]] = defaultdict(dict)
    for number, said in tally.findings:
        sorts[re.sub(r"\d+|'[^']*'|\"[^\"]*\"", "_", said)][number] = said
    for numbers in sorts.values():
        folder.mkdir(parents=True, exist_ok=True)
        paths = {folder / f"{target.name}-{seed}-{number}": number for number in islice(numbers, _KEPT)}
        for path, number in paths.items():
            path.write_bytes(target.input(seed, number))
        print(f"{len(numbers):>6} {target.name}: {next(iter(numbers.values()))[:300]}")
        print(f"       {', '.join(map(str, paths))}")


def replay(path: Path) -> Tally:
    """Tries the input in a file, whose name begins with that of its target."""
    content, tally = path.read_bytes(), Tally(Counter())
    target = replace(TARGETS[path.name.split("-")[0]], make=lambda _: content)
    run(target, 0, range(1), tally)
    return tally


def main() -> None:
    """Runs and prints.

    Raises:
        SystemExit: There was a finding.
    """
    parser = argparse.ArgumentParser(description="Hostile files, and a watch on what reading them does.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=[*TARGETS])
    parser.add_argument(
        "--findings", type=Path, default=Path("data/hostile"), help="where their inputs are kept"
    )
    parser.add_argument("--replay", type=Path, help="the input of a finding")
    given = parser.parse_args()
    logging.disable()  # what is refused is counted
    prepare()
    tallies = {}
    if given.replay:
        tallies[given.replay.name] = replay(given.replay)
        print("\n".join(said for _, said in tallies[given.replay.name].findings) or "no finding")
    else:
        shares = sum(TARGETS[name].share for name in given.targets)
        for name in given.targets:
            target = TARGETS[name]
            tallies[name] = fuzz(target, given.seed, given.seconds * target.share / shares)
            _keep(target, given.seed, tallies[name], given.findings)
        print(table(tallies))
    raise SystemExit(any(tally.findings for tally in tallies.values()))


if __name__ == "__main__":
    main()
