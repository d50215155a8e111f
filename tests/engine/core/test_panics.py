"""Code in Rust panics with what is no `Exception`: that is a fault of the model, and stops nothing."""

from typing import Any

import pytest
from river import base, stats

from engine.core.engine import Engine
from engine.errors import is_fault
from engine.records.events import DeadLetter
from tests.support.engines import ScriptedJudge, make_config, make_stream


class Panics(base.Classifier):
    """Gives River's rolling quantile, which is written in Rust, what it panics at."""

    def learn_one(self, x: dict[Any, Any], y: Any) -> None:
        del x, y
        stats.RollingQuantile(0.5, 3).update(float("nan"))

    def predict_one(self, x: dict[Any, Any]) -> Any:  # type: ignore[override]
        del x
        stats.RollingQuantile(0.5, 3).update(float("nan"))


def test_rust_panics_with_what_is_no_exception() -> None:
    with pytest.raises(BaseException, match="Value is NaN") as caught:
        Panics().learn_one({}, True)
    assert not isinstance(caught.value, Exception)
    assert is_fault(caught.value)
    assert not is_fault(KeyboardInterrupt())


def test_a_model_that_panics_stops_nothing() -> None:
    config = make_config(model={"task": "binary", "model": f"{__name__}:Panics"})
    engine = Engine(config, evaluator=ScriptedJudge())
    events = engine.process(make_stream(1, 20))
    letters = [event for event in events if isinstance(event, DeadLetter)]
    assert any("the model cannot predict this: PanicException" in letter.reason for letter in letters)
    assert engine.counts.records == 20
