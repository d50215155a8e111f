"""What one gets without a model: River's dummies, on the same events."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import dummy, stats

from engine.events import Summary
from engine.records.values import Example, Label, Record
from engine.tasks.baselines import ClassPrior, RunningMean
from engine.tasks.outputs import top_class
from tests.support.engines import make_engine
from tests.support.scored import accepted, fill, loss_of, make, river, rivers_own, streams, update

_CLASSES: dict[str, list[Any]] = {"binary": [False, True], "multiclass": [*"abcd"]}


def _dummies(task: str) -> dict[str, Any]:
    if task == "regression":
        return {"mean": dummy.StatisticRegressor(stats.Mean())}
    return {"last_label": dummy.NoChangeClassifier(), "majority": dummy.PriorClassifier()}


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@given(data=st.data())
@settings(max_examples=40)
def test_a_baseline_scores_what_rivers_dummy_of_its_kind_does(task: str, data: st.DataObject) -> None:
    names = accepted(task)
    events = data.draw(streams(task, smallest=2))
    found = fill(make(task, *names), task, events).run_scores().baselines
    for baseline, model in _dummies(task).items():
        said = []
        for number, (_, label) in enumerate(events):
            if number:
                output = model.predict_one({}) if task == "regression" else model.predict_proba_one({})
                if baseline == "last_label":
                    # River's leaves out classes it has not seen, and CrossEntropy then finds no fault.
                    output = dict.fromkeys(_CLASSES[task], 0.0) | output
                said.append((output, label))
            model.learn_one({}, label)
        for name in names:
            expected = rivers_own(name, task, said)
            assert found[baseline][name] == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), (
                baseline,
                name,
            )
        # Before its first label a baseline has nothing to say, and its loss is the model's own.
        losses = [loss_of(task, *events[0]), *(loss_of(task, *event) for event in said)]
        assert found[baseline]["loss"] == pytest.approx(sum(losses) / len(losses))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
@settings(max_examples=40)
def test_the_last_value_is_scored_on_the_next(labels: list[float]) -> None:
    scores = make("regression", "MAE", "R2")
    fill(scores, "regression", [(0.0, label) for label in labels])
    mae, r2 = river("MAE"), river("R2")
    for last, label in pairwise(labels):
        mae.update(label, last)
        r2.update(label, last)
    found = scores.run_scores().baselines["last_value"]
    assert found["MAE"] == pytest.approx(mae.get())
    assert found["R2"] == pytest.approx(r2.get())


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("abc")), min_size=1, max_size=30))
@settings(max_examples=40)
def test_the_baseline_loss_is_that_of_the_shares_of_the_labels_before(events: list[tuple[str, str]]) -> None:
    scores = make("multiclass")
    seen: list[str] = []
    expected = 0.0
    for said, label in events:
        output: dict[Any, float] = {said: 1.0}
        before = {name: seen.count(name) / len(seen) for name in set(seen)}
        expected += loss_of("multiclass", before or output, label)
        update(scores, "multiclass", output, label)
        seen.append(label)
    assert scores.values()["baseline_loss"] == pytest.approx(expected / len(events))


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=60), st.data())
@settings(max_examples=60)
def test_corrected_shares_are_those_of_the_right_labels(labels: list[str], data: st.DataObject) -> None:
    shares, right = ClassPrior(), ClassPrior()
    mended = data.draw(st.lists(st.sampled_from("abcd"), min_size=len(labels), max_size=len(labels)))
    for label in labels:
        shares.score(label, output=False)
        assert shares.majority == top_class(shares.counts)
    for before, label in zip(labels, mended, strict=True):
        shares.correct(before, label)
        assert shares.majority == top_class(shares.counts)
        right.score(label, output=False)
    assert (shares.counts, shares.labels, shares.squares) == (right.counts, right.labels, right.squares)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
@settings(max_examples=40)
def test_the_baseline_of_values_is_the_mean_before(labels: list[float]) -> None:
    baseline = RunningMean()
    assert baseline.score(labels[0], output=True) is None
    for number, label in enumerate(labels[1:], 1):
        found = baseline.score(label, output=True)
        assert found is not None
        mean = sum(labels[:number]) / number
        assert found[0][0] == pytest.approx(mean, abs=1e-6)
        assert found[1] == pytest.approx(abs(mean - label), abs=1e-6)


def test_the_last_label_is_the_one_that_was_known_when_the_prediction_was_made() -> None:
    scores = make("multiclass", "Accuracy")
    known: list[Any] = []
    for label in "abab":
        known.append(scores.last_label)
        scores.update({"a": 1.0}, label, 0.0, known[0], {})
    found = scores.run_scores().baselines["last_label"]
    assert known == [None, "a", "b", "a"]
    assert "Accuracy" in found
    assert found["loss"] == 0.0, "nothing was known when the first was made, so the model's own loss counts"


def test_before_its_first_label_the_baseline_is_given_the_models_own_loss() -> None:
    scores = make("binary")
    update(scores, "binary", {True: 0.5, False: 0.5}, True)
    values = scores.values()
    assert values["loss"] == values["baseline_loss"] == 0.25


def test_in_an_engine_later_labels_do_not_help_the_last_label() -> None:
    """Labels come two events late, and every third is true: what is known is the label of three before."""
    records: list[Record] = []
    for i in range(40):
        records.append(Example(str(i), float(i), {"a": 1.0}))
        if i >= 2:
            records.append(Label(str(i - 2), float(i), (i - 2) % 3 == 0))
    engine = make_engine(labels={"wait": 100, "max_waiting": 100}, window={"count": 100})
    engine.process(records)
    summary = next(event for event in engine.finish() if isinstance(event, Summary))
    assert summary.standing.baselines["last_label"]["Accuracy"] == 1.0
