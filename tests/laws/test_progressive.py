"""What the engine serves and scores is what River's own progressive evaluation does, delays and all."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import evaluate, metrics, stream
from river.datasets import synth

from engine.models.config import ModelConfig
from engine.models.tasks import make_model, top_class
from engine.pipeline.engine import Engine
from engine.records.config import Task
from engine.records.events import Outcome
from engine.records.values import Example, Label, Record
from tests.laws.engines import make_engine

Row = tuple[dict[Any, Any], Any]

SCALER = "preprocessing.StandardScaler"
TREE = {"type": "tree.HoeffdingTreeClassifier", "grace_period": 20}


@dataclass(frozen=True, slots=True)
class Case:
    """A task, a model for it, a metric, and where rows come from."""

    task: Task
    model: Any
    metric: str
    rows: Callable[[int], Iterator[Row]]


def sea(seed: int) -> Iterator[Row]:
    return iter(synth.SEA(seed=seed, noise=0.1))


def led(seed: int) -> Iterator[Row]:
    return iter(synth.LED(seed=seed, noise_percentage=0.1))


def friedman(seed: int) -> Iterator[Row]:
    return iter(synth.Friedman(seed=seed))


CASES = {
    "logistic regression, accuracy": Case(
        "binary", [SCALER, "linear_model.LogisticRegression"], "Accuracy", sea
    ),
    "logistic regression, ROC AUC": Case(
        "binary", [SCALER, "linear_model.LogisticRegression"], "ROCAUC", sea
    ),
    "tree, log loss": Case("binary", TREE, "LogLoss", sea),
    "tree, ten classes": Case("multiclass", TREE, "MacroF1", led),
    "naive Bayes, ten classes": Case("multiclass", "naive_bayes.GaussianNB", "Accuracy", led),
    "linear regression": Case("regression", [SCALER, "linear_model.LinearRegression"], "MAE", friedman),
    "regression tree": Case(
        "regression", {"type": "tree.HoeffdingTreeRegressor", "grace_period": 20}, "RMSE", friedman
    ),
}

START = datetime(2026, 1, 1, tzinfo=UTC)


def moment(x: dict[Any, Any]) -> datetime:
    return START + timedelta(seconds=x["second"])


def own_delay(x: dict[Any, Any], _: Any) -> timedelta:
    return timedelta(seconds=x["delay"])


DELAYS: dict[str, dict[str, Any]] = {
    "none": {},
    "of so many events": {"delay": 7},
    "of 0 events": {"delay": 0},
    "of so many seconds": {"moment": moment, "delay": timedelta(seconds=25)},
    "of its own for each": {"moment": moment, "delay": own_delay},
}


def make_rows(case: Case, seed: int, length: int) -> list[Row]:
    """Rows at times that often tie, each with a delay of its own."""
    random = Random(seed)  # noqa: S311 - test data
    seconds = accumulate(random.choice([0, 0, 1, 5, 30]) for _ in range(length))
    rows = case.rows(seed)
    return [
        ({**{str(name): float(value) for name, value in x.items()}, "second": second, "delay": delay}, y)
        for (x, y), second, delay in zip(
            rows, seconds, random.choices([0, 3, 40, 200], k=length), strict=False
        )
    ]


def serve(case: Case, rows: list[Row], delays: dict[str, Any]) -> tuple[Engine, list[Outcome]]:
    """The same questions and answers, in River's order, as records through an engine."""
    engine = make_engine(
        model={"task": case.task, "model": case.model},
        scores={"metrics": [case.metric]},
        labels={"wait": 1e9, "max_waiting": 10_000},
        supervision={"min_events": 5, "on_loss_drift": False},
        contract={"extra": "accept"},
    )
    records: list[Record] = []
    for number, x, y, *_ in stream.simulate_qa(rows, delays.get("moment"), delays.get("delay")):
        time = float(x["second"])
        records.append(Example(str(number), time, x) if y is None else Label(str(number), time, y))
    return engine, [event for event in engine.process(records) if isinstance(event, Outcome)]


@pytest.mark.parametrize("delays", DELAYS.values(), ids=DELAYS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@given(st.integers(0, 10_000), st.integers(0, 150))
@settings(max_examples=4)
def test_scores_and_predictions_are_those_of_progressive_validation(
    case: Case, delays: dict[str, Any], seed: int, length: int
) -> None:
    rows = make_rows(case, seed, length)
    engine, outcomes = serve(case, rows, delays)
    metric = getattr(metrics, case.metric)()
    model = make_model(ModelConfig(task=case.task, model=case.model))
    said = [
        step["Prediction"]
        for step in evaluate.iter_progressive_val_score(
            rows, model, metric, step=1, yield_predictions=True, **delays
        )
    ]
    assert engine.scores[case.metric] == pytest.approx(metric.get(), rel=1e-12, nan_ok=True)
    assert engine.counts.learned == len(rows)
    said = [None if answer == {} else answer for answer in said]
    assert [_said(outcome, metric) for outcome in outcomes] == said


def _said(outcome: Outcome, metric: Any) -> Any:
    """What was served, in the form in which River gives it to this metric."""
    output = outcome.output
    labels = isinstance(output, Mapping) and metric.requires_labels
    return top_class(output) if labels else output  # type: ignore[arg-type]  # it is a mapping here
