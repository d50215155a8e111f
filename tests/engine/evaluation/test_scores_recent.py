"""Over the last labelled events, and fading: River's numbers again."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack

from engine.evaluation.progressive_scores import ScoresState
from tests.support.scored import TASKS, accepted, fill, loss_of, make, rivers_own, streams


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@settings(max_examples=40)
def test_over_the_last_events_a_metric_is_a_fresh_one_that_saw_only_these(
    task: str, data: st.DataObject
) -> None:
    names = accepted(task)
    events = data.draw(streams(task, smallest=1))
    last = data.draw(st.integers(1, 12))
    values = fill(make(task, *names, last=last), task, events).values()
    for name in names:
        expected = rivers_own(name, task, events[-last:])
        assert values[f"{name}.last_{last}"] == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), name
    losses = [loss_of(task, output, label) for output, label in events[-last:]]
    assert values[f"loss.last_{last}"] == pytest.approx(sum(losses) / len(losses))


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@settings(max_examples=40)
def test_fading_a_metric_is_rivers_with_weights_that_sink_with_age(task: str, data: st.DataObject) -> None:
    names = accepted(task, fading=0.9)
    assert len(names) >= 7
    events = data.draw(streams(task, smallest=1))
    factor = data.draw(st.sampled_from([0.5, 0.9, 0.999]))
    values = fill(make(task, *names, fading=factor), task, events).values()
    weights = [factor**age for age in reversed(range(len(events)))]
    for name in names:
        expected = rivers_own(name, task, events, weights)
        assert values[f"{name}.fading"] == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), name
    faded = sum(w * loss_of(task, *event) for w, event in zip(weights, events, strict=True))
    assert values["loss.fading"] == pytest.approx(faded / sum(weights))


@pytest.mark.parametrize("task", TASKS)
def test_weights_never_grow_out_of_bounds_and_old_events_are_forgotten_without_a_trace(task: str) -> None:
    """With a factor of 0.5 a second track begins after 266 events, and replaces the first after 333."""
    by_name: dict[str, list[str]] = {
        "binary": ["Accuracy", "LogLoss", "ROCAUC"],
        "multiclass": ["Accuracy", "CrossEntropy"],
        "regression": ["MAE", "RMSE", "R2"],
    }
    shares = [((i * 7) % 31 + 1) / 33 for i in range(1000)]
    by_task: dict[str, list[Any]] = {
        "binary": [({True: p, False: 1 - p}, i % 3 > 0) for i, p in enumerate(shares)],
        "multiclass": [({"a": p, "b": 1 - p}, "ab"[i % 3 > 0]) for i, p in enumerate(shares)],
        "regression": [(p, float(i % 3)) for i, p in enumerate(shares)],
    }
    names, events = by_name[task], by_task[task]
    scores = make(task, *names, fading=0.5)
    for length, event in enumerate(events, 1):
        fill(scores, task, [event])
        if length in {266, 267, 268, *range(330, 345), 600, 1000}:
            values = scores.values()
            weights = [0.5**age for age in reversed(range(length))]
            for name in names:
                expected = rivers_own(name, task, events[:length], weights)
                assert values[f"{name}.fading"] == pytest.approx(expected), (name, length)


@pytest.mark.parametrize("cut", [100, 300, 332, 333, 334, 400])
def test_fading_scores_restored_while_two_tracks_run_go_on_the_same(cut: int) -> None:
    events = [({True: i % 7 / 7, False: 1 - i % 7 / 7}, i % 3 > 0) for i in range(420)]
    whole = fill(make("binary", "Accuracy", "LogLoss", fading=0.5), "binary", events)
    first = fill(make("binary", "Accuracy", "LogLoss", fading=0.5), "binary", events[:cut])
    second = make("binary", "Accuracy", "LogLoss", fading=0.5)
    second.restore(msgpack.decode(msgpack.encode(first.state()), type=ScoresState))
    assert fill(second, "binary", events[cut:]).values() == whole.values()


def test_without_events_there_is_no_number_and_no_error() -> None:
    assert make("regression", last=3, fading=0.9).values().keys() == {"MAE", "MAE.last_3", "MAE.fading"}


def test_both_are_off_unless_asked_for() -> None:
    values = fill(make("binary"), "binary", [({True: 1.0}, True)]).values()
    assert values.keys() == {"Accuracy", "loss", "baseline_loss"}
