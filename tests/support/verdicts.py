"""Windows to judge, and how to change them, for the tests of verdicts."""

import warnings
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import evaluate_window
from engine.monitoring.types import Cell, EvaluationJob, OutputReference, Table, Verdict
from engine.windows import Status

CONFIG = MonitoringConfig()
Change = Callable[[dict[str, list[Cell]]], None]


def columns(seed: int, rows: int = 300) -> dict[str, list[Cell]]:
    random = Random(seed)  # noqa: S311
    probability: list[Cell] = [random.random() for _ in range(rows)]
    return {
        "hour": [random.randrange(24) for _ in range(rows)],
        "temp": [random.gauss(20, 5) for _ in range(rows)],
        "carrier": [random.choice("ABCD") for _ in range(rows)],
        "label": [random.random() < 0.3 for _ in range(rows)],
        "prediction": [isinstance(p, float) and p > 0.5 for p in probability],
        "probability": probability,
    }


def nothing(_: dict[str, list[Cell]]) -> None:
    """The data as they are."""


def put(name: str, values: Sequence[Cell]) -> Change:
    def change(table: dict[str, list[Cell]]) -> None:
        table[name] = [values[index % len(values)] for index in range(len(table["hour"]))]

    return change


def drop(name: str) -> Change:
    def change(table: dict[str, list[Cell]]) -> None:
        del table[name]

    return change


def twice(table: dict[str, list[Cell]]) -> None:
    """Every second row is sent once more, instead of the one after it."""
    for cells in table.values():
        cells[1::2] = cells[::2]


def verdict(  # noqa: PLR0913 - each has a default that most tests are content with
    change: Change = nothing,
    before: Change = nothing,
    *,
    rows: int = 300,
    task: str = "binary",
    config: MonitoringConfig = CONFIG,
    full: bool = False,
) -> Verdict:
    now, then = columns(1, rows), columns(2)
    change(now)
    before(then)
    outputs = OutputReference(Table(then), 2, "m0", settled=True)
    job = EvaluationJob("k", 3, Table(now), Table(then), "window 2", full=full, outputs=outputs)
    return evaluate_window(job, config, task)


def found(result: Verdict) -> set[tuple[str, str, Status]]:
    return {(check.name, check.column, check.status) for check in result.checks if check.status != "pass"}


def without_predictions(change: Change) -> Change:
    def changed(table: dict[str, list[Cell]]) -> None:
        drop("prediction")(table)
        drop("probability")(table)
        change(table)

    return changed


def load(snapshot: bytes) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from evidently import Run  # type: ignore[import-untyped] # noqa: PLC0415

        return Run.loads(snapshot.decode())
