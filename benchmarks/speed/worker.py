"""The engine of one version, in a process of its own: takes a batch whenever it is told to.

`benchmarks.speed.compare` starts it and writes a line of JSON for each thing it wants: a case, an arm of it,
or the next batch. What comes back is a line of JSON too.
"""

import gc
import json
import sys
from time import perf_counter, process_time
from typing import Any

from benchmarks.speed.arms import CHALLENGED, SHADOWED, STEADY, Arm, NeverJudges, engine_arms
from benchmarks.speed.cases import make_case

COMPARED = (STEADY, CHALLENGED, SHADOWED)
"""Arms that need no process for reports: these are what a change of the engine makes faster or slower."""


class Worker:
    """Answers what it is told."""

    def __init__(self) -> None:
        self._arms: dict[str, Any] = {}
        self._arm: Arm | None = None

    def answer(self, told: dict[str, Any]) -> dict[str, Any]:
        """What comes of it."""
        if "case" in told:
            stream, model, records = told["case"]
            self._arms = engine_arms(make_case(stream, model, records), NeverJudges())
            gc.collect()
            gc.freeze()
            return {}
        if "arm" in told:
            self._arm = self._arms[told["arm"]]()
            return {}
        return self._next()

    def _next(self) -> dict[str, Any]:
        assert self._arm is not None  # noqa: S101 - an arm was asked for before
        began, worked = perf_counter(), process_time()
        scores = None
        try:
            next(self._arm)
        except StopIteration as end:
            scores = end.value
        return {"wall": perf_counter() - began, "cpu": process_time() - worked, "scores": scores}


def main() -> None:
    """Answers until its input ends; an error is an answer too."""
    worker = Worker()
    for line in sys.stdin:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:  # noqa: BLE001 - whatever another version raises is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
