"""Few calls lie between the engine and its model, so that the way of a record can be read, and is fast."""

import sys
from typing import Any

import pytest
from river import base, compose, preprocessing

from engine.core.engine import Engine
from engine.records.values import Example, Label, Record
from tests.support.engines import ScriptedJudge, make_config

DEEPEST = 5
"""Calls of ours before the model's, for whatever becomes of a record."""


def depth() -> int:
    """Calls of the engine on the stack."""
    frame, found = sys._getframe(2), 0
    while frame is not None:
        found += frame.f_globals.get("__name__", "").startswith("engine.")
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    return found


class Probe(base.Classifier):
    """Notes how deep it is called."""

    deepest = 0

    def predict_proba_one(self, x: dict[Any, Any], **_: Any) -> dict[Any, float]:  # noqa: ARG002 - River's signature
        Probe.deepest = max(Probe.deepest, depth())
        return {True: 0.5, False: 0.5}

    def learn_one(self, x: dict[Any, Any], y: Any, **_: Any) -> None:  # noqa: ARG002 - as above
        Probe.deepest = max(Probe.deepest, depth())


RECORDS: list[Record] = [
    Example("inline", 1.0, {"a": 1.0}, True),
    Example("late", 2.0, {"a": 1.0}),
    Label("late", 3.0, True),
    Label("early", 4.0, True),
    Example("early", 5.0, {"a": 1.0}),
    Example("never", 6.0, {"a": 1.0}),
    *[Example(str(number), 1000.0 + number, {"a": 1.0}, False) for number in range(5)],
]


@pytest.mark.parametrize("piped", [False, True], ids=["model", "pipeline"])
def test_a_record_reaches_its_model_in_few_calls(piped: bool) -> None:
    config = make_config(labels={"wait": 50, "expired_label": False})
    engine = Engine(config, evaluator=ScriptedJudge())
    model = Probe()
    engine.pool.champion.model = compose.Pipeline(preprocessing.StandardScaler(), model) if piped else model
    Probe.deepest = 0
    engine.process(RECORDS)
    assert engine.counts.presumed == 1
    assert engine.counts.learned == engine.counts.predicted
    assert 0 < Probe.deepest <= DEEPEST
