import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import datasets, linear_model, metrics, preprocessing

from engine.errors import ConfigError
from engine.learning.config import ScoresConfig
from engine.learning.scores import Baseline, Scores, Totals
from engine.models.tasks import task_ops, top_class
from engine.records.config import Task

OPS = {
    "binary": task_ops("binary", linear_model.LogisticRegression()),
    "multiclass": task_ops("multiclass", linear_model.LogisticRegression()),
    "regression": task_ops("regression", linear_model.LinearRegression()),
}


def make(task: Task, *names: str) -> Scores:
    return Scores(ScoresConfig(metrics=list(names)), task, OPS[task].loss)


def update(scores: Scores, task: Task, output: Any, label: Any) -> float:
    return scores.update(output, label, OPS[task].loss(output, label))


def test_scores_are_those_of_rivers_own_progressive_evaluation() -> None:
    model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    names = ["Accuracy", "ROCAUC", "F1", "LogLoss"]
    scores = make("binary", *names)
    by_hand = {name: getattr(metrics, name)() for name in names}
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


def test_scores_of_values_are_those_of_rivers_own_progressive_evaluation() -> None:
    model = preprocessing.StandardScaler() | linear_model.LinearRegression()
    scores = make("regression", "MAE", "RMSE")
    river: dict[str, Any] = {name: getattr(metrics, name)() for name in ("MAE", "RMSE")}
    stream: Any = getattr(datasets, "TrumpApproval")()  # noqa: B009 - its class has no types
    for features, label in stream.take(300):
        output = float(model.predict_one(features))
        update(scores, "regression", output, label)
        for metric in river.values():
            metric.update(label, output)
        model.learn_one(features, label)
    values = scores.values()
    assert values["MAE"] == pytest.approx(river["MAE"].get())
    assert values["MAE"] == pytest.approx(values["loss"])
    assert values["RMSE"] == pytest.approx(river["RMSE"].get())


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("abc")), min_size=1, max_size=30))
@settings(max_examples=40)
def test_the_baseline_says_the_shares_of_the_labels_before(events: list[tuple[str, str]]) -> None:
    scores = make("multiclass")
    seen: list[str] = []
    expected = 0.0
    for said, label in events:
        output: dict[Any, float] = {said: 1.0}
        before = {name: seen.count(name) / len(seen) for name in set(seen)}
        loss = OPS["multiclass"].loss(before or output, label)
        assert update(scores, "multiclass", output, label) == pytest.approx(loss)
        expected += loss
        seen.append(label)
    assert scores.values()["baseline_loss"] == pytest.approx(expected / len(events))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
@settings(max_examples=40)
def test_the_baseline_of_values_is_the_mean_before(labels: list[float]) -> None:
    baseline = Baseline("regression")
    assert baseline.output() is None
    for number, label in enumerate(labels, 1):
        baseline.learn(label)
        assert baseline.output() == pytest.approx(sum(labels[:number]) / number, abs=1e-6)


def test_before_its_first_label_the_baseline_is_given_the_models_own_loss() -> None:
    scores = make("binary")
    assert update(scores, "binary", {True: 0.5, False: 0.5}, True) == 0.25
    values = scores.values()
    assert values["loss"] == values["baseline_loss"] == 0.25


def test_the_baseline_is_asked_before_it_learns_the_label() -> None:
    scores = make("binary")
    update(scores, "binary", {True: 1.0}, True)
    assert update(scores, "binary", {False: 1.0}, False) == 1.0


def test_totals_are_sums_over_the_same_events() -> None:
    totals = Totals()
    totals.add(0.25, 0.5)
    totals.add(0.5, 1.0)
    assert totals == Totals(2, 0.75, 1.5)


@pytest.mark.parametrize(
    ("task", "name"), [("binary", "Accuracy"), ("multiclass", "Accuracy"), ("regression", "MAE")]
)
def test_without_names_there_is_one_metric_that_fits_the_task(task: Task, name: str) -> None:
    assert make(task).values().keys() == {name}


@pytest.mark.parametrize(
    ("task", "name", "said"),
    [
        ("binary", "Acuracy", "River has no metric 'Acuracy'"),
        ("binary", "base", "River has no metric 'base'"),
        ("binary", "__doc__", "River has no metric '__doc__'"),
        ("binary", "accuracy", "River has no metric 'accuracy'"),
        ("binary", "", "River has no metric ''"),
        ("binary", "MAE", "MAE is not a metric of a binary task"),
        ("regression", "Accuracy", "Accuracy is not a metric of a regression task"),
        ("multiclass", "ROCAUC", "ROCAUC is not a metric of a multiclass task"),
        ("multiclass", "F1", "F1 is not a metric of a multiclass task"),
        ("binary", "FBeta", "FBeta is not one number without settings"),
        ("binary", "ConfusionMatrix", "ConfusionMatrix is not one number without settings"),
        ("multiclass", "ClassificationReport", "ClassificationReport is not one number without settings"),
    ],
)
def test_a_metric_that_cannot_be_kept_is_refused_by_its_name(task: Task, name: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(task, name)
    assert str(caught.value).startswith(f"scores.metrics: {said}")


def _outputs(task: Task) -> list[tuple[Any, Any]]:
    if task == "regression":
        return [(float(i % 5), float(i % 4)) for i in range(30)]
    if task == "binary":
        return [({True: (i % 9) / 9, False: 1 - (i % 9) / 9}, i % 3 == 0) for i in range(30)]
    return [({"a": (i % 9) / 9, "b": 1 - (i % 9) / 9}, "abc"[i % 3]) for i in range(30)]


def _accepted(task: Task) -> list[str]:
    names = []
    for name in metrics.__all__:
        try:
            make(task, name)
        except ConfigError:
            continue
        names.append(name)
    return names


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_metric_that_is_accepted_can_be_kept(task: Task) -> None:
    names = _accepted(task)
    assert len(names) >= 5
    scores = make(task, *names)
    for output, label in _outputs(task):
        update(scores, task, output, label)
    values = scores.values()
    assert values.keys() == {*names, "loss", "baseline_loss"}
    assert all(isinstance(value, float) for value in values.values())


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_restored_scores_go_on_as_if_nothing_had_been(task: Task) -> None:
    events = _outputs(task)
    whole = make(task, *_accepted(task))
    first, second = make(task, *_accepted(task)), make(task, *_accepted(task))
    for number, (output, label) in enumerate(events):
        expected = update(whole, task, output, label)
        if number == 17:
            second.restore(pickle.loads(pickle.dumps(first.state())))  # noqa: S301 - made here
            first = second
        assert update(first, task, output, label) == expected
    assert first.values() == pytest.approx(whole.values())


def test_a_metric_of_classes_gets_the_class_that_is_served() -> None:
    scores = make("multiclass", "Accuracy")
    output: dict[Any, float] = {"a": 0.5, "b": 0.5}
    update(scores, "multiclass", output, top_class(output))
    assert scores.values()["Accuracy"] == 1.0
