"""A new task is one object: nothing else in the engine or the dataflows knows the name of a task."""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.errors import ConfigError
from engine.events import Report, Summary
from engine.records.config import RecordConfig
from engine.records.decode import Decoder
from engine.records.events import DeadLetter, Outcome, Prediction
from engine.records.values import Unreadable
from engine.tasks.registry import TASKS, find_task
from tests.support.counted import COUNT, poisson_deviance

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS, COUNT.name, COUNT)


def _config() -> EngineConfig:
    regressor = {"type": "linear_model.LinearRegression"}
    return EngineConfig.model_validate(
        {
            "model": {"task": "count", "model": ["preprocessing.StandardScaler", regressor]},
            "window": {"count": 50},
            "supervision": {"min_events": 20},
            "monitoring": {"mode": "inline"},
            "business": {"over": {"expression": "prediction - label"}},
        }
    )


def _lines(rows: int = 200) -> Iterator[bytes]:
    for number in range(rows):
        count = number % 5
        row = {"id": number, "time": number, "x": count + 0.1 * (number % 3), "label": count}
        yield msgspec.json.encode(row)


def _run(engine: Engine, lines: Iterator[bytes]) -> list[object]:
    decoder = Decoder(RecordConfig(), find_task("count").labels)
    return [*engine.process([decoder.decode(line) for line in lines]), *engine.finish()]


def test_a_registered_task_runs_through_engine_windows_verdicts_and_summary() -> None:
    config = _config()
    events = _run(Engine(config), _lines())
    outcomes = [event for event in events if isinstance(event, Outcome) and event.output is not None]
    assert all(one.loss == poisson_deviance(one.output, one.label) for one in outcomes)  # type: ignore[arg-type]  # numbers
    assert all(event.prediction >= 0.0 for event in events if isinstance(event, Prediction))  # type: ignore[operator]  # as above
    reports = [event for event in events if isinstance(event, Report)]
    assert len(reports) == 4
    assert {report.verdict.status for report in reports} <= {"pass", "warn"}
    assert {"quality.mae", "quality.rmse"} <= reports[-1].verdict.metrics.keys()
    (summary,) = [event for event in events if isinstance(event, Summary)]
    assert summary.standing.baselines.keys() == {"last_count", "mean_count"}
    assert summary.standing.scores.keys() == {"RMSE", "loss", "baseline_loss"}
    assert summary.standing.scores["RMSE"] < summary.standing.baselines["mean_count"]["RMSE"]
    assert summary.standing.business["over"].events == len(outcomes)


def test_a_registered_task_continues_from_a_snapshot() -> None:
    config = _config()
    engine = Engine(config)
    lines = [*_lines()]
    _run(engine, iter(lines[:120]))
    restored = Engine.restore(engine.snapshot(), config)
    assert _run(restored, iter(lines[120:]))[-1] == _run(engine, iter(lines[120:]))[-1]


@pytest.mark.parametrize("value", [-1, 1.5, True, "3"])
def test_a_value_that_is_no_label_of_the_task_is_refused_in_its_words(value: object) -> None:
    line = msgspec.json.encode({"id": 1, "time": 1, "label": value})
    record = Decoder(RecordConfig(), COUNT.labels).decode(line)
    assert isinstance(record, Unreadable)
    assert record.reason.startswith("field 'label': expected a whole number from 0 on, got ")
    (dead,) = Engine(_config()).process([record])
    assert isinstance(dead, DeadLetter)


def test_an_unknown_task_is_refused_with_the_names_of_all() -> None:
    with pytest.raises(ConfigError, match=r"expected one of .*regression.*count, got 'counts'"):
        find_task("counts")
    with pytest.raises(ValueError, match=r"'regression'.* or 'count'"):
        EngineConfig.model_validate({"model": {"task": "counts", "model": "dummy.NoChangeClassifier"}})


def test_no_other_module_knows_the_name_of_a_task() -> None:
    names = TASKS.keys() - {COUNT.name}
    rivers = "engine/models/fast_pipeline.py"  # River calls a step of a pipeline "anomaly"
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for package in ("engine", "dataflows")
        for path in (ROOT / package).rglob("*.py")
        if path.parent.name != "tasks" and str(path.relative_to(ROOT)) != rivers
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert found == []
