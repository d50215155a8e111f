"""Law 7 for whoever embeds the engine: whatever is handed in as a record stops nothing and trains nothing."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.records.events import DeadLetter, Prediction
from engine.records.shape import misshapen
from engine.records.values import Example, Label, Record
from engine.tasks.registry import find_task
from tests.support.engines import ScriptedJudge, make_config

MODELS: dict[str, str] = {
    "binary": "linear_model.LogisticRegression",
    "multiclass": "naive_bayes.GaussianNB",
    "regression": "linear_model.LinearRegression",
    "anomaly": "anomaly.HalfSpaceTrees",
}
GOOD: dict[str, Any] = {"binary": True, "multiclass": "a", "regression": 1.5, "anomaly": False}

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), math.nan, math.inf, b"x", object(), {}, [], [1], {1: 2}, {"a"}]),
    st.floats(),
    st.text(max_size=3),
)
IDS = st.sampled_from(["a", "b"]) | ODD
TIMES = st.floats(0, 100) | ODD
FEATURES = st.dictionaries(st.sampled_from("ab") | st.integers(), st.floats(-1, 1) | ODD) | ODD
RECORDS = st.one_of(
    ODD,
    st.builds(Example, IDS, TIMES, FEATURES),
    st.builds(Example, IDS, TIMES, FEATURES, ODD),
    st.builds(Label, IDS, TIMES, ODD),
)


def config(task: str) -> EngineConfig:
    # Half-space trees take a feature that is missing for one that is wrong.
    fields = {"a": {"type": "number", "required": task == "anomaly"}}
    return make_config(
        model={"task": task, "model": MODELS[task]},
        scores={},
        supervision={"min_events": 5, "on_loss_drift": False},
        contract={"extra": "ignore", "fields": fields},
    )


def fresh(task: str) -> Engine:
    return Engine(config(task), evaluator=ScriptedJudge())


@pytest.mark.parametrize("task", MODELS)
@given(st.lists(RECORDS, max_size=30))
def test_law_7_whatever_comes_the_stream_goes_on_and_the_counts_add_up(
    task: str, records: list[Record]
) -> None:
    tried = fresh(task)
    events = tried.process(records)
    assert tried.counts.records == len(records)
    assert tried.counts.add_up()
    refused = [record for record in records if misshapen(record, find_task(task).labels) is not None]
    assert sum(isinstance(event, DeadLetter) for event in events) >= len(refused)
    again = Engine.restore(tried.snapshot(), config(task), evaluator=ScriptedJudge())
    (*_, last) = [e for e in again.process([Example("c", 50.0, {"a": 0.5})]) if isinstance(e, Prediction)]
    assert last.id == "c"


@pytest.mark.parametrize("task", MODELS)
@given(ODD)
def test_a_label_that_is_none_trains_nothing(task: str, value: Any) -> None:
    tried = fresh(task)
    features = {"a": 0.5}
    events = tried.process([Example("a", 0.0, features), Label("a", 1.0, value)])
    assert (tried.counts.matched == 1) == find_task(task).labels.is_label(value)
    reasons = [event.reason for event in events if isinstance(event, DeadLetter)]
    assert all(reason.startswith("label: expected ") for reason in reasons)
    assert len(reasons) == tried.counts.rejected == 1 - tried.counts.matched
    assert tried.counts.learned + tried.counts.not_learned == tried.counts.matched or task == "anomaly"
    # The prediction still waits: a good label finds it.
    tried.process([Label("a", 2.0, GOOD[task])])
    assert tried.counts.matched == 1


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("{}", "expected an Example or a Label, got '{}'"),
        (Example(3, 0.0, {}), "id: expected text, got 3"),  # type: ignore[arg-type]
        (Example("a", math.nan, {}), "event time: expected a finite number, got nan"),
        (Label("a", None, value=True), "event time: expected a finite number, got None"),  # type: ignore[arg-type]
        (Example("a", 0.0, None), "features: expected names and values, got None"),  # type: ignore[arg-type]
        (Example("a", 0.0, {}, "no"), "label: expected True or False, got 'no'"),
        (Label("a", 0.0, None), "label: expected True or False, got None"),  # type: ignore[arg-type]
    ],
)
def test_the_reason_says_what_was_expected_and_what_came(record: Any, reason: str) -> None:
    (event,) = fresh("binary").process([record])
    assert isinstance(event, DeadLetter)
    assert event.reason == reason
