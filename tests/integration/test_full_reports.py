"""Evidently's presets on every window that has ever broken them: what was found stays as it was."""

import pytest
from msgspec.structs import replace

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import evaluate_window
from engine.monitoring.types import EvaluationJob, Table
from tests.engine.monitoring.test_verdicts import FOUND, SCORED
from tests.support.verdicts import Change, columns, drop, load, put, without_predictions

pytestmark = pytest.mark.integration
CONFIG = MonitoringConfig()


def _same(now: Change, before: Change, task: str, rows: int = 300) -> bool:
    """Judges light and full; whether all presets could be run."""
    tables = columns(1, rows), columns(2)
    for change, table in zip((now, before), tables, strict=True):
        change(table)
    job = EvaluationJob("k", 0, Table(tables[0]), Table(tables[1]), "r")
    light = evaluate_window(job, CONFIG, task)
    full = evaluate_window(replace(job, full=True), CONFIG, task)
    assert replace(full, snapshot=b"") == replace(light, snapshot=b"")
    assert load(full.snapshot).dict()["metrics"]
    return b"could not be run" not in full.snapshot


@pytest.mark.parametrize("name", FOUND)
def test_the_presets_take_what_was_found(name: str) -> None:
    now, before, _ = FOUND[name]
    assert _same(without_predictions(now), without_predictions(before), "binary")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] * (place % 3 > 0)) for place, name in enumerate(SCORED)],
)
def test_the_presets_take_every_kind_of_label(name: str) -> None:
    task, labels, predictions, _ = SCORED[name]

    def both(table: dict[str, list[object]]) -> None:
        drop("temp")(table)  # type: ignore[arg-type]
        put("label", labels)(table)  # type: ignore[arg-type]
        put("prediction", predictions)(table)  # type: ignore[arg-type]

    assert _same(both, both, task)  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", [1, pytest.param(2, marks=pytest.mark.long), 5])
def test_the_presets_take_a_few_rows(rows: int) -> None:
    assert _same(lambda _: None, lambda _: None, "binary", rows)
