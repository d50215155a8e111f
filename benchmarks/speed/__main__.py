"""What the engine costs beside its model; `benchmarks/README.md` explains the tables."""

import argparse
import json
import platform
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

from benchmarks.speed.arms import (
    BARE,
    CHALLENGED,
    EVERYTHING,
    MODEL,
    SHADOWED,
    SILENT,
    STEADY,
    arms,
    engine_loop,
)
from benchmarks.speed.cases import Case, make_case
from benchmarks.speed.measuring import Times, extra, ratio, rounds
from engine.monitoring.worker.evaluator import BackgroundEvaluator


def measure(case: Case, count: int) -> dict[str, Any]:
    """The times and scores of one case, as JSON can hold them."""
    config = case.config()
    judge = BackgroundEvaluator(config.monitoring, config.model.task, monotonic)
    # Its process is there, Evidently imported and its caches warm, before the clock starts.
    for _ in engine_loop(config, case, judge):
        pass
    before = judge.waited
    times, given = rounds(arms(case, judge), count)
    waited = judge.waited - before
    judge.close()
    return {
        "stream": case.stream,
        "model": case.model,
        "records": len(case.lines),
        "times": {name: {"wall": each.wall, "cpu": each.cpu} for name, each in times.items()},
        "scores": {name: scores for name, scores in given.items() if scores is not None},
        "waited": waited,
        **_costs(times),
    }


def _costs(times: dict[str, Times]) -> dict[str, Any]:
    """What one more model costs, in units of the model itself."""
    alone = times[MODEL].cpu
    pairs = {"challenger": (SILENT, CHALLENGED), "shadow": (STEADY, SHADOWED)}
    costs = {
        name: extra(times[without].cpu, times[with_it].cpu, alone)
        for name, (without, with_it) in pairs.items()
    }
    return {"costs": {name: (each.median, each.low, each.high) for name, each in costs.items()}}


def show(found: dict[str, Any], count: int) -> None:
    """One table."""
    records, times = found["records"], found["times"]
    print(f"\n{found['stream']}, {found['model']}: {records:,} records, {count} rounds")
    print(f"{'':26}{'records/s':>11}{'of bare':>9}{'spread':>8}{'of bare, CPU':>14}{'spread':>8}")
    for name, each in times.items():
        wall, cpu = ratio(times[BARE]["wall"], each["wall"]), ratio(times[BARE]["cpu"], each["cpu"])
        speed = records / median(each["wall"])
        print(
            f"{name:26}{speed:>11,.0f}{wall.median:>9.2f}{wall.spread:>8.0%}{cpu.median:>14.2f}{cpu.spread:>8.0%}"
        )
    costs = ", ".join(
        f"a {name} {middle:.2f} ({low:.2f} to {high:.2f})"
        for name, (middle, low, high) in found["costs"].items()
    )
    print(f"costs in units of the model alone, CPU: {costs}")
    print(f"waited for reports: {found['waited']:.2f} s in all rounds")
    _show_scores(found["scores"][BARE], found["scores"][EVERYTHING])


def _show_scores(bare: dict[str, float], ours: dict[str, float]) -> None:
    same = all(abs(bare[name] - ours[name]) < 1e-9 for name in bare)
    said = ", ".join(f"{name} {value:.6f}" for name, value in ours.items())
    other = "" if same else " NOT EQUAL: " + ", ".join(f"{name} {value:.6f}" for name, value in bare.items())
    print(f"scores: {said}; the bare loop's are {'the same' if same else other}")


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=20_000, help="of each stream, at most")
    parser.add_argument("--streams", nargs="+", default=["elec2", "shuttle", "flights"])
    parser.add_argument("--models", nargs="+", default=["linear", "tree"], choices=["linear", "tree"])
    parser.add_argument("--json", type=Path, help="a file for all that was measured")
    given = parser.parse_args()
    print(
        f"Python {platform.python_version()}; ratios are medians over rounds, their spread is "
        "(highest - lowest) / median"
    )
    results = []
    for stream in given.streams:
        for model in given.models:
            found = measure(make_case(stream, model, given.records), given.rounds)
            show(found, given.rounds)
            results.append(found)
    if given.json is not None:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
