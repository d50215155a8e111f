"""The engine as it is against the engine of another commit: is it slower, or are its scores worse?

    make bench-compare BASE=main

The base runs twice: how far it is from itself is what this run cannot tell apart. Loops, streams and models
are those of the working tree for both sides; the packages `engine` and `dataflows` are each side's own. Ends
with status 1 when a score is worse, or the speed lower, by more than the tolerance.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from math import sqrt
from pathlib import Path
from typing import Any

from benchmarks.speed.measuring import Ratio, ratio
from benchmarks.speed.worker import COMPARED

ROOT = Path(__file__).resolve().parents[2]

SIDES = ("base", "base again", "working tree")

WORSE = {"Accuracy": 0.001, "ROCAUC": 0.001, "loss": 0.0005}
"""By how much a score may be worse; a change of a floating-point sum's order moves it far less."""

CPU = "processor time"


class Side:
    """A worker process with one version's engine."""

    def __init__(self, name: str, folder: Path) -> None:
        self._name = name
        command = [sys.executable, "-m", "benchmarks.speed.worker"]
        # The same order of sets on all sides.
        environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(folder)}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, **told: Any) -> dict[str, Any]:
        """Tells the worker something; returns its answer."""
        process = self._process
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # what it had to say is on the standard error output
        line = process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"error": "it does not run with this suite"}
        if "error" in answer:
            raise SystemExit(f"{self._name}: {answer['error']}")
        return answer

    def close(self) -> None:
        """Ends it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()


@dataclass(slots=True)
class Found:
    """What was measured of one case and arm.

    Attributes:
        seconds: Processor time by side, one a round.
        scores: By side.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: {side: [] for side in SIDES})
    scores: dict[str, dict[str, float]] = field(default_factory=dict)

    def speed(self) -> tuple[Ratio, Ratio]:
        """Of the working tree, and of the base run again, against the base."""
        base, again, tree = (self.seconds[side] for side in SIDES)
        return ratio(base, tree), ratio(base, again)

    def base_twice(self) -> tuple[list[float], list[float]]:
        """The seconds of the base, and of the base run again."""
        return self.seconds["base"], self.seconds["base again"]

    def worse(self) -> list[str]:
        """The scores that are worse by more than they may."""
        base, tree = self.scores["base"], self.scores["working tree"]
        fallen = {
            name: tree[name] - base[name] if name == "loss" else base[name] - tree[name] for name in WORSE
        }
        return [
            f"{name} {base[name]:.6f} -> {tree[name]:.6f}"
            for name, by in fallen.items()
            if not by <= WORSE[name]
        ]


@contextmanager
def sides(base: str) -> Iterator[dict[str, Path]]:
    """A folder for each version: its own packages, and the working tree's benchmarks and data."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _git("worktree", "add", "--quiet", "--detach", str(folder / "commit"), base)
        try:
            yield {
                "base": _laid_out(folder / "base", folder / "commit"),
                "working tree": _laid_out(folder / "tree", ROOT),
            }
        finally:
            _git("worktree", "remove", "--force", str(folder / "commit"))


def _laid_out(folder: Path, packages: Path) -> Path:
    folder.mkdir()
    (ROOT / "data").mkdir(exist_ok=True)
    for package in ("engine", "dataflows"):
        (folder / package).symlink_to(packages / package)
    for other in ("benchmarks", "data"):
        (folder / other).symlink_to(ROOT / other)
    return folder


def _git(*words: str) -> None:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise SystemExit(f"git {words[0]} {words[1]}: {done.stderr.strip()}")


def run_round(folders: dict[str, Path], cases: list[tuple[str, str, int]], found: dict[Any, Found]) -> None:
    """All cases once, in processes that are new; every side takes a batch in turn."""
    running = {side: Side(side, folders["base" if side.startswith("base") else side]) for side in SIDES}
    try:
        for case in cases:
            for side in running.values():
                side.tell(case=case)
            for arm in COMPARED:
                _run_arm(running, arm, found.setdefault((*case[:2], arm.strip()), Found()))
    finally:
        for side in running.values():
            side.close()


def _run_arm(running: dict[str, Side], arm: str, found: Found) -> None:
    seconds = dict.fromkeys(running, 0.0)
    for side in running.values():
        side.tell(arm=arm)
    found.scores.clear()
    while len(found.scores) < len(running):
        for name, side in running.items():
            answer = side.tell(next=True)
            seconds[name] += answer["cpu"]
            if answer["scores"] is not None:
                found.scores[name] = answer["scores"]
    for name, spent in seconds.items():
        found.seconds[name].append(spent)


def noise(found: dict[Any, Found]) -> float:
    """How far the median over the rounds lies from the truth by chance, three standard errors of it.

    From how the base differs from itself, over all cases and rounds together.
    """
    again = [(a / b - 1.0) ** 2 for each in found.values() for a, b in zip(*each.base_twice(), strict=True)]
    count = max(len(each.seconds["base"]) for each in found.values())
    return 3.0 * 1.25 * sqrt(sum(again) / len(again) / count)


def show(found: dict[Any, Found], tolerance: float) -> list[str]:
    """Prints the table; returns what is worse."""
    by_chance = noise(found)
    limit = 1.0 - max(tolerance, by_chance)
    print(f"by chance alone a speed may differ by {by_chance:.0%}; it may fall to {limit:.2f}")
    print(f"{'':44}{'speed':>7}{'low':>7}{'high':>7}{'base again':>12}  scores")
    complaints = []
    for case, each in found.items():
        tree, again = each.speed()
        name, worse = ", ".join(case), each.worse()
        said = "the same" if each.scores["base"] == each.scores["working tree"] else "changed"
        print(
            f"{name:44}{tree.median:>7.2f}{tree.low:>7.2f}{tree.high:>7.2f}"
            f"{f'{again.low:.2f}-{again.high:.2f}':>12}  {'WORSE' if worse else said}"
        )
        if tree.median < limit:
            complaints.append(f"{name}: slower, {tree.median:.2f} of the base's speed, below {limit:.2f}")
        complaints += [f"{name}: worse, {score}" for score in worse]
    return complaints


def main() -> None:
    """Runs, prints, and says in the exit status whether something is worse."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("base", help="a commit, such as main or HEAD~1")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=6_000, help="of each stream, at most")
    parser.add_argument("--streams", nargs="+", default=["elec2", "shuttle", "flights"])
    parser.add_argument("--models", nargs="+", default=["linear", "tree"], choices=["linear", "tree"])
    parser.add_argument("--tolerance", type=float, default=0.05, help="share of the speed that may be lost")
    given = parser.parse_args()
    cases = [(stream, model, given.records) for stream, model in product(given.streams, given.models)]
    found: dict[Any, Found] = {}
    with sides(given.base) as folders:
        for _ in range(given.rounds):
            run_round(folders, cases, found)
    print(f"{given.records:,} records, {given.rounds} rounds; ratios of {CPU}, medians over rounds")
    complaints = show(found, given.tolerance)
    print("\n".join(complaints) or "nothing is worse")
    sys.exit(bool(complaints))


if __name__ == "__main__":
    main()
