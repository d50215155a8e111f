"""State by value: what a snapshot keeps of scores goes through MessagePack and comes back the same."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import SnapshotError
from engine.evaluation.business_metrics import Value
from engine.evaluation.config import ScoresConfig
from engine.evaluation.progressive_scores import Scores, ScoresState
from engine.evaluation.run_scores import ScoreTotals, ScoreTotalsState
from engine.records.escape import escape, escape_output, unescape, unescape_output
from engine.records.events import AnomalyScore
from engine.tasks.registry import find_task
from tests.support.scored import TASKS, Event, accepted, fill, make, streams, update

OWN = "tests.support.own_metrics"
VALUE = Value("profit", "1", lambda prediction, label, *_: float(prediction == label))


def through_bytes(scores: Scores) -> ScoresState:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(scores.state()), type=ScoresState)


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@settings(max_examples=20)
def test_scores_restored_from_bytes_continue_to_the_same_values(task: str, data: st.DataObject) -> None:
    names = accepted(task, fading=0.9)
    events = data.draw(streams(task, smallest=5))
    cut = data.draw(st.integers(0, len(events)))

    def fresh() -> Scores:
        return Scores(ScoresConfig(metrics=[*names], last=7, fading=0.9), task, (VALUE,))

    whole, restored = fresh(), fresh()
    fill(whole, task, events[:cut])
    restored.restore(through_bytes(whole))
    for scores in (whole, restored):
        fill(scores, task, events[cut:])
    assert restored.values() == pytest.approx(whole.values(), rel=0, abs=0, nan_ok=True)
    assert restored.run_scores().business == whole.run_scores().business
    assert restored.run_scores().calibration == whole.run_scores().calibration
    assert restored.close_window() == whole.close_window()
    for name, baseline in whole.run_scores().baselines.items():
        assert restored.run_scores().baselines[name] == pytest.approx(baseline, rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@settings(max_examples=15)
def test_a_state_is_a_value_that_later_events_do_not_change(task: str, data: st.DataObject) -> None:
    scores = fill(make(task, *accepted(task, fading=0.9), last=7, fading=0.9), task, data.draw(streams(task)))
    state = scores.state()
    saved = msgspec.msgpack.encode(state)
    fill(scores, task, data.draw(streams(task, smallest=1)))
    assert msgspec.msgpack.encode(state) == saved


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@settings(max_examples=15)
def test_totals_restored_from_bytes_merge_as_the_live_ones(task: str, data: st.DataObject) -> None:
    first, second = (fill(make(task), task, data.draw(streams(task))) for _ in range(2))
    encoded = msgspec.msgpack.encode(second.totals().state())
    restored = ScoreTotals.restored(msgspec.msgpack.decode(encoded, type=ScoreTotalsState))
    one, other = first.totals(), ScoreTotals.restored(first.totals().state())
    other.merge(restored)
    one.merge(second.totals())
    assert (one.served, one.baseline, one.last_label) == (other.served, other.baseline, other.last_label) or (
        any(totals.served.events for totals in (one, other))
    )
    assert one.sums == other.sums


def test_a_metric_of_the_users_own_is_restored_if_its_module_is_allowed() -> None:
    scores = make("binary", f"{OWN}:hits")
    update(scores, "binary", {True: 0.75, False: 0.25}, True)
    restored = make("binary", f"{OWN}:hits")
    restored.restore(through_bytes(scores), [OWN])
    assert restored.values() == scores.values()
    with pytest.raises(SnapshotError, match=f"metric: holds {OWN}"):
        restored.restore(through_bytes(scores))


ODD = [2**70, -(10**400), "\ud800", "\0i0x1", "\0t", "", "a", True, 3, -0.5, None]


@pytest.mark.parametrize("value", [each for each in ODD if each is not None])
def test_a_label_comes_back_as_it_was(value: Any) -> None:
    escaped = msgspec.msgpack.decode(msgspec.msgpack.encode(escape(value)))
    assert unescape(escaped) == value
    assert type(unescape(escaped)) is type(value)


@given(st.text(st.characters(), max_size=5) | st.integers() | st.floats(allow_nan=False) | st.booleans())
def test_any_label_comes_back_as_it_was(value: Any) -> None:
    again = unescape(msgspec.msgpack.decode(msgspec.msgpack.encode(escape(value))))
    assert (type(again), again) == (type(value), value)


@pytest.mark.parametrize("value", [np.int64(3), np.float64(0.5), np.bool_(True), np.str_("a")])
def test_a_class_named_by_numpy_becomes_pythons_own(value: Any) -> None:
    assert escape(value) == value
    assert type(escape(value)).__module__ == "builtins"


@pytest.mark.parametrize("output", [{True: 0.5, 2**70: 0.5}, 1.5, AnomalyScore(0.5, None)])
def test_an_output_comes_back_as_it_was(output: Any) -> None:
    assert unescape_output(escape_output(output)) == output


def test_odd_classes_and_numbers_of_a_model_can_be_kept() -> None:
    scores = make("multiclass", "Accuracy", last=3)
    events: list[Event] = [({np.int64(1): np.float64(0.5), ("a", 1): 0.25}, 2**70), ({"\ud800": 1.0}, 1)]
    fill(scores, "multiclass", events)
    restored = make("multiclass", "Accuracy", last=3)
    restored.restore(through_bytes(scores))
    assert restored.values() == pytest.approx(scores.values(), nan_ok=True)


anomalies = st.tuples(st.builds(AnomalyScore, st.floats(0, 1), st.booleans()), st.booleans())


@given(st.lists(anomalies, max_size=20), st.lists(anomalies, max_size=20))
@settings(max_examples=20)
def test_scores_of_a_detector_continue_to_the_same_values(before: list[Event], after: list[Event]) -> None:
    whole, restored = (make("anomaly", "Accuracy", "RollingROCAUC", last=5) for _ in range(2))
    task = find_task("anomaly")
    for output, label in before:
        whole.update(output, label, task.loss(output, label), whole.last_label)
    restored.restore(through_bytes(whole))
    for scores in (whole, restored):
        for output, label in after:
            scores.update(output, label, task.loss(output, label), scores.last_label)
    assert restored.values() == pytest.approx(whole.values(), rel=0, abs=0, nan_ok=True)
    mine, theirs = restored.run_scores().baselines, whole.run_scores().baselines
    assert mine.keys() == theirs.keys() == {"last_label", "majority"}
    assert mine["majority"] == pytest.approx(theirs["majority"], rel=0, abs=0, nan_ok=True)
