"""Law 7 for models: whatever a model raises, the stream goes on and the counts add up."""

from typing import Any

from engine.events import Decision
from engine.records.events import DeadLetter, Outcome, Prediction
from engine.records.values import Example, Label
from tests.support.engines import make_engine


class Moody:
    """Raises on negative features when it predicts, and on large ones when it learns."""

    learned = 0

    def predict_proba_one(self, features: dict[str, Any]) -> dict[bool, float]:
        if features["a"] < 0:
            raise ValueError("negative")
        return {True: 0.5, False: 0.5}

    def learn_one(self, features: dict[str, Any], label: bool) -> None:
        assert label is not None
        if features["a"] > 100:
            raise OverflowError("large")
        self.learned += 1


def test_what_a_model_cannot_predict_is_rejected_with_its_reason() -> None:
    engine = make_engine()
    engine.pool.champion.model = Moody()
    bad, good = engine.process([Example("1", 0.0, {"a": -1.0}), Example("2", 1.0, {"a": 1.0})])
    assert isinstance(bad, DeadLetter)
    assert bad.reason == "the model cannot predict this: ValueError: negative"
    assert isinstance(good, Prediction)
    assert (engine.counts.rejected, engine.counts.predicted) == (1, 1)
    assert engine.counts.add_up()


def test_what_a_model_cannot_learn_is_scored_counted_and_reported_once() -> None:
    engine = make_engine()
    moody = Moody()
    engine.pool.champion.model = moody
    stream: list[Example | Label] = []
    for i in range(6):
        stream += [
            Example(str(i), float(i), {"a": 1000.0 if i % 2 else 1.0}),
            Label(str(i), float(i), value=True),
        ]
    events = engine.process(stream)
    assert (engine.counts.learned, engine.counts.not_learned, moody.learned) == (3, 3, 3)
    assert engine.counts.add_up()
    assert sum(isinstance(event, Outcome) and event.loss is not None for event in events) == 6
    alerts = [event for event in events if isinstance(event, Decision)]
    assert [alert.action for alert in alerts] == ["alert"], "once per model, not once per event"
    assert alerts[0].reason == "m0 cannot learn example '1': OverflowError: large"
