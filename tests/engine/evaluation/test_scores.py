"""Over the whole run: River's numbers to the digit, whatever the metric, and nothing stops the stream."""

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack
from river import datasets, linear_model, preprocessing

from engine.errors import SnapshotError
from engine.evaluation.business_metrics import Value
from engine.evaluation.config import ScoresConfig
from engine.evaluation.progressive_scores import Scores, ScoresState
from engine.evaluation.window_sums import Totals
from engine.tasks.outputs import top_class
from tests.support.scored import OPS, TASKS, accepted, fill, make, river, rivers_own, streams, update


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@settings(max_examples=60)
def test_every_metric_is_what_river_makes_of_the_events_one_by_one(task: str, data: st.DataObject) -> None:
    names = accepted(task)
    assert len(names) >= 7
    events = data.draw(streams(task))
    values = fill(make(task, *names), task, events).values()
    for name in names:
        expected = rivers_own(name, task, events)
        assert values[name] == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), name


def test_scores_are_those_of_rivers_own_progressive_evaluation() -> None:
    model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    names = ["Accuracy", "ROCAUC", "F1", "LogLoss"]
    scores = make("binary", *names)
    by_hand = {name: river(name) for name in names}
    losses = []
    for features, label in datasets.Phishing().take(300):
        output = model.predict_proba_one(features)
        losses.append(sum((share - (name == label)) ** 2 for name, share in output.items()) / 2)
        update(scores, "binary", output, label)
        for metric in by_hand.values():
            metric.update(label, output if not metric.requires_labels else model.predict_one(features))
        model.learn_one(features, label)
    values = scores.values()
    assert values.keys() == {*names, "loss", "baseline_loss"}
    for name, metric in by_hand.items():
        assert values[name] == pytest.approx(metric.get())
    assert values["loss"] == pytest.approx(sum(losses) / len(losses))
    assert values["loss"] < values["baseline_loss"]


def test_a_metric_with_settings_is_shown_with_them() -> None:
    scores = make(
        "binary",
        {"type": "FBeta", "beta": 2},
        {"type": "FBeta", "beta": 0.5},
        {"type": "ROCAUC", "n_thresholds": 20},
        "ROCAUC",
    )
    events: list[Any] = [({True: p / 50, False: 1 - p / 50}, p % 3 != 0) for p in range(51)]
    values = fill(scores, "binary", events).values()
    for name, metric in {
        "FBeta(beta=2)": river("FBeta", beta=2),
        "FBeta(beta=0.5)": river("FBeta", beta=0.5),
        "ROCAUC(n_thresholds=20)": river("ROCAUC", n_thresholds=20),
        "ROCAUC": river("ROCAUC"),
    }.items():
        for output, label in events:
            metric.update(label, output if name.startswith("ROCAUC") else top_class(output))
        assert values[name] == pytest.approx(metric.get())
    assert values["ROCAUC"] != values["ROCAUC(n_thresholds=20)"]


def test_totals_are_sums_over_the_same_events() -> None:
    totals = Totals()
    totals.add(0.25, 0.5, 1.0)
    totals.add(0.5, 1.0, 0.0)
    assert totals == Totals(2, 0.75, 1.5, 1.0)
    assert totals.means() == (0.375, 0.75, 0.5)
    assert Totals().means() == (None, None, None)


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@settings(max_examples=25)
def test_windows_add_up_to_the_run(task: str, data: st.DataObject) -> None:
    events = data.draw(streams(task, smallest=1))
    whole, cut = make(task), make(task)
    scored = 0
    for number, (output, label) in enumerate(events):
        update(whole, task, output, label)
        update(cut, task, output, label)
        if number % 7 == 6:
            closed = cut.close_window()
            assert closed.totals.scored == 7
            assert sum(closed.calibration.events) == (0 if task == "regression" else 7)
            scored += 7
    assert cut.close_window().totals.scored == len(events) - scored
    assert cut.values() == pytest.approx(whole.values())
    assert cut.run_scores().calibration_error == pytest.approx(whole.run_scores().calibration_error)


def test_an_event_that_the_users_metric_cannot_take_is_counted_and_stops_nothing() -> None:
    name = "tests.support.own_metrics:hits"
    events = [({True: 0.75, False: 0.25}, True), ({True: 0.75, False: 0.25}, False)] * 3
    standing = fill(make("binary", name), "binary", events).run_scores()
    assert standing.undefined == {name: 3}
    assert standing.scores[name] == 3.0


def test_a_prediction_of_which_rmsle_knows_no_logarithm_stops_nothing() -> None:
    standing = fill(
        make("regression", "RMSLE", "MSE"), "regression", [(-3.0, 1.0), (1.0, 1.0), (1e200, -1e200)]
    ).run_scores()
    assert standing.undefined == {"RMSLE": 2, "MSE": 1}
    assert standing.scores["RMSLE"] == 0.0


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@settings(max_examples=20)
def test_restored_scores_go_on_as_if_nothing_had_been(task: str, data: st.DataObject) -> None:
    events = data.draw(streams(task, smallest=5))
    names = accepted(task, fading=0.9)
    cut = data.draw(st.integers(0, len(events)))
    config = {"last": 7, "fading": 0.9}
    whole = fill(make(task, *names, **config), task, events)
    first = fill(make(task, *names, **config), task, events[:cut])
    saved = msgpack.encode(first.state())
    fill(first, task, events[::-1])
    second = make(task, *names, **config)
    second.restore(msgpack.decode(saved, type=ScoresState))
    fill(second, task, events[cut:])
    assert second.values() == pytest.approx(whole.values(), nan_ok=True)
    standing, expected = second.run_scores(), whole.run_scores()
    assert standing.calibration == expected.calibration
    for name, scores in expected.baselines.items():
        assert standing.baselines[name] == pytest.approx(scores, nan_ok=True)


@pytest.mark.parametrize(
    "other",
    [
        Scores(ScoresConfig(metrics=["F1"]), "binary"),
        Scores(ScoresConfig(last=5), "binary"),
        Scores(ScoresConfig(fading=0.9), "binary"),
        Scores(ScoresConfig(), "binary", (Value("profit", "1", lambda *_: 1.0),)),
    ],
)
def test_scores_are_not_restored_as_other_scores(other: Scores) -> None:
    with pytest.raises(SnapshotError, match="scores: the snapshot keeps others than the configuration"):
        make("binary").restore(pickle.loads(pickle.dumps(other.state())))  # noqa: S301 - made here


def test_a_metric_of_classes_gets_the_class_that_is_served() -> None:
    scores = make("multiclass", "Accuracy")
    output: dict[Any, float] = {"a": 0.5, "b": 0.5}
    update(scores, "multiclass", output, top_class(output))
    assert scores.values()["Accuracy"] == 1.0


def test_a_metric_that_looks_at_few_things_costs_no_update_per_event() -> None:
    """Of what is counted there are as many cells as there are different events, however many events."""
    scores = make("binary", "Accuracy", "F1", "MCC", "ROCAUC")
    for number in range(1000):
        update(
            scores, "binary", {True: (number % 101) / 100, False: 1 - (number % 101) / 100}, number % 2 == 0
        )
    totals = scores.totals()
    for counted in (totals.served, totals.last_label, totals.baseline):
        assert not counted.events
        assert len(counted.pairs) <= 4
        assert len(counted.bins) <= 22


def test_losses_are_those_of_the_task() -> None:
    scores = make("binary")
    scores.update({True: 0.5, False: 0.5}, True, OPS["binary"].loss({True: 0.5, False: 0.5}, True))
    values = scores.values()
    assert values["loss"] == values["baseline_loss"] == 0.25
