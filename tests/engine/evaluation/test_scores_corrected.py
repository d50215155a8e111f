"""A label that was wrong: the whole run is scored as if the right one had come at once."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.evaluation.business_metrics import BusinessTotal, Value
from engine.evaluation.config import ScoresConfig
from engine.evaluation.progressive_scores import Scores
from tests.support.scored import OPS, TASKS, accepted, fill, make, river, streams

OWN = {"regression": "tests.support.own_metrics:misses"}
WINDOWED = {"RollingROCAUC", "RollingPRAUC"}


def _correct(scores: Scores, task: str, event: tuple[Any, Any], label: Any, features: Any = None) -> None:
    loss = OPS[task].loss
    output, before = event
    scores.correct(output, before, label, loss(output, before), loss(output, label), features)


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@settings(max_examples=60)
def test_corrected_scores_are_those_of_a_run_with_the_right_labels(task: str, data: st.DataObject) -> None:
    names = [*accepted(task), OWN.get(task, "tests.support.own_metrics:hits")]
    events = data.draw(streams(task, smallest=1))
    labels = data.draw(st.permutations([label for _, label in events]))
    chosen = data.draw(st.sets(st.integers(0, len(events) - 1)))
    scores = fill(make(task, *names), task, events)
    right = [(output, labels[i] if i in chosen else label) for i, (output, label) in enumerate(events)]
    for i in chosen:
        _correct(scores, task, events[i], labels[i])
    expected = fill(make(task, *names), task, right)
    got, wanted = scores.run_scores(), expected.run_scores()
    # Where labels do not differ R2 divides by nothing, and then by what rounding leaves of it.
    ill = WINDOWED | ({"R2"} if len({label for _, label in right}) == 1 else set())
    for name in {*names, "loss"} - ill:
        value = wanted.scores[name]
        assert got.scores[name] == pytest.approx(value, rel=1e-6, abs=1e-5, nan_ok=True), name
    assert got.undefined == wanted.undefined
    assert got.calibration_error == pytest.approx(wanted.calibration_error)
    assert [(b.events, b.happened) for b in got.calibration] == [
        (b.events, b.happened) for b in wanted.calibration
    ]


def test_a_correction_leaves_the_window_the_last_events_and_fading_as_they_were_known() -> None:
    scores = make("binary", "Accuracy", last=5, fading=0.9)
    fill(scores, "binary", [({True: 1.0}, True)] * 3)
    before = scores.values()
    _correct(scores, "binary", ({True: 1.0}, True), False)
    after = scores.values()
    assert after["Accuracy"] == pytest.approx(2 / 3)
    assert after["loss"] == pytest.approx(1 / 3)
    for name in ("Accuracy.last_5", "Accuracy.fading", "loss.last_5", "loss.fading"):
        assert after[name] == before[name]
    window = scores.close_window()
    assert (window.totals.scored, window.totals.loss) == (3, 0.0)
    assert scores.values()["loss"] == pytest.approx(1 / 3)


def test_what_the_baselines_say_after_a_correction_knows_the_right_label() -> None:
    scores = make("multiclass", "Accuracy")
    fill(scores, "multiclass", [({"a": 1.0}, "a"), ({"a": 1.0}, "a"), ({"a": 1.0}, "b")])
    said = scores.run_scores().baselines["majority"]
    _correct(scores, "multiclass", ({"a": 1.0}, "a"), "b")
    assert scores.run_scores().baselines["majority"] == said
    fill(scores, "multiclass", [({"a": 1.0}, "b")])
    assert scores.run_scores().baselines["majority"]["Accuracy"] == 2 / 3 * 0 + 1 / 3 + 1 / 3
    values = fill(make("regression", "MAE"), "regression", [(0.0, 1.0), (0.0, 3.0)])
    _correct(values, "regression", (0.0, 3.0), 5.0)
    fill(values, "regression", [(0.0, 4.0)])
    assert values.run_scores().baselines["mean"]["MAE"] == pytest.approx((2.0 + 1.0) / 2)


def test_business_metrics_are_corrected_with_the_features_and_left_without() -> None:
    worth = Value("worth", "", lambda said, label, _, features: features["price"] if said == label else 1 / 0)
    scores = Scores(ScoresConfig(), "binary", (worth,))
    scores.update({True: 1.0}, True, 0.0, None, {"price": 5})
    scores.update({True: 1.0}, False, 1.0, None, {"price": 7})
    _correct(scores, "binary", ({True: 1.0}, False), True, {"price": 7})
    assert scores.run_scores().business["worth"] == BusinessTotal(2, 0, 12.0)
    _correct(scores, "binary", ({True: 1.0}, True), False, {"price": 5})
    assert scores.run_scores().business["worth"] == BusinessTotal(1, 1, 7.0)
    _correct(scores, "binary", ({True: 1.0}, False), True)
    assert scores.run_scores().business["worth"] == BusinessTotal(1, 1, 7.0)


def test_river_still_forgets_the_logarithm_when_it_takes_back() -> None:
    """When this fails River has mended it, and `MetricCounter.correct` may use `revert` like anybody."""
    metric = river("RMSLE")
    metric.update(10.0, 1.0)
    metric.update(3.0, 2.0)
    left = river("RMSLE")
    left.update(3.0, 2.0)
    metric.revert(10.0, 1.0)
    value: Any = metric.get()
    assert isinstance(value, complex) or value != pytest.approx(left.get())
