"""The light report holds our values: they are those that Evidently itself computes of the same rows."""

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from pydantic.v1 import parse_obj_as

from engine.monitoring.columns import screen
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently.frames import dataset, quality_dataset
from engine.monitoring.evidently.full import full_parts
from engine.monitoring.evidently.library import library, quiet
from engine.monitoring.evidently.light import light_part
from engine.monitoring.evidently.snapshots import run
from engine.monitoring.measurements import measure
from engine.monitoring.types import Cell, EvaluationJob, Table
from tests.support.verdicts import columns, put

pytestmark = pytest.mark.integration

CONFIG = MonitoringConfig()


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    with quiet():
        yield


def labelled(task: str, seed: int) -> dict[str, list[Cell]]:
    random = Random(seed)  # noqa: S311
    table = columns(seed)
    rows = range(len(table["hour"]))
    if task == "regression":
        truth = [random.gauss(3, 2) for _ in rows]
        return table | {"label": [*truth], "prediction": [value + random.gauss(0, 1) for value in truth]}
    if task == "multiclass":
        names = ["a", "b", "c", "d"]
        return table | {name: [random.choice(names) for _ in rows] for name in ("label", "prediction")}
    return table


def theirs(job: EvaluationJob, task: str) -> dict[str, Any]:
    """What Evidently computes when it is asked for the metrics of the light report."""
    metrics = library().metrics
    screened = screen(job, CONFIG, task)
    found = measure(job, screened, CONFIG, task)
    written = light_part(job, screened, found).results
    ours = {name: parse_obj_as(library().types.MetricResult, result) for name, result in written.items()}
    kinds = {
        name.rsplit(":", 1)[-1]: getattr(metrics, name.rsplit(":", 1)[-1])
        for name in (result.metric_value_location.metric.params["type"] for result in ours.values())
    }
    by_rows: list[Any] = []
    by_labels: list[Any] = []
    for result in ours.values():
        params = dict(result.metric_value_location.metric.params)
        name = params.pop("type").rsplit(":", 1)[-1]
        metric = kinds[name](**params)
        (by_rows if name in ("RowCount", "ValueDrift", "MissingValueCount") else by_labels).append(metric)
    current, reference = dataset(screened.columns, "current"), dataset(screened.columns, "reference")
    results = run(by_rows, current, reference, job).results
    for quality in found.quality:
        asked = [metric for metric in by_labels if _fits(type(metric).__name__, quality.scores)]
        results |= run(asked, quality_dataset(quality), None, job).results
    return {"ours": ours, "theirs": results}


def _fits(metric: str, scores: tuple[str, ...]) -> bool:
    return metric.lower().replace("score", "") in scores


def numbers(result: Any) -> dict[str, float]:
    value = result.to_simple_dict()
    return value if isinstance(value, dict) else {"": value}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("seed", [1, 7])
def test_the_values_are_those_that_evidently_computes(task: str, seed: int) -> None:
    now, before = labelled(task, seed), labelled(task, seed + 1)
    put("temp", [None, *(20 + index / 3 for index in range(40))])(now)
    put("carrier", [*"ABCDE", None])(now)
    both = theirs(EvaluationJob("k", 0, Table(now), Table(before), "r"), task)
    assert both["ours"].keys() == both["theirs"].keys()
    for name, result in both["ours"].items():
        expected = both["theirs"][name]
        assert type(result) is type(expected)
        assert numbers(result) == pytest.approx(numbers(expected), rel=1e-9), result.display_name
        assert result.display_name == expected.display_name
        assert result.explicit_metric_id() == expected.explicit_metric_id()


def test_limits_that_widen_do_not_change_the_series() -> None:
    ids = []
    for rows in (20, 300):
        job = EvaluationJob("k", 0, Table(columns(1, rows)), Table(columns(2)), "r")
        screened = screen(job, CONFIG, "binary")
        part = light_part(job, screened, measure(job, screened, CONFIG, "binary"))
        ids.append(part.results.keys())
    assert ids[0] == ids[1]


def test_a_page_shows_the_limit_that_a_column_was_judged_by() -> None:
    job = EvaluationJob("k", 0, Table(columns(1, 20)), Table(columns(2)), "r", full=True)
    screened = screen(job, CONFIG, "binary")
    found = measure(job, screened, CONFIG, "binary")
    (check,) = [check for check in found.checks if (check.name, check.column) == ("drift", "carrier")]
    configured = CONFIG.drift.common("category")[1]
    assert check.value is not None
    assert check.limit is not None
    assert configured < check.value < check.limit, "with so few rows chance reaches it"
    titles = [widget["title"] for widget in light_part(job, screened, found).widgets]
    shown = f"Value drift for carrier: {check.value:.3g} (limit {check.limit:.3g})"
    assert any(title.startswith(shown) for title in titles)
    parts = full_parts(job, screened, found, CONFIG)
    assert "Drift is detected for 0.0% of columns (0 out of 4)." in [one.title for one in parts[0].widgets]
