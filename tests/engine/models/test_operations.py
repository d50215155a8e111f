import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import (
    base,
    datasets,
    dummy,
    ensemble,
    forest,
    linear_model,
    multiclass,
    naive_bayes,
    neighbors,
    preprocessing,
)
from river import tree as trees

from engine.errors import ModelError
from engine.models.config import ModelConfig
from engine.models.operations import make_model, task_ops
from engine.tasks.outputs import top_class

LOGISTIC = "linear_model.LogisticRegression"
SCALER = "preprocessing.StandardScaler"


class Says:
    """A user's model that puts out what it was given."""

    def __init__(self, output: Any) -> None:
        self.output = output

    def learn_one(self, x: Any, y: Any) -> None: ...

    def predict_one(self, x: Any) -> Any:
        del x
        return self.output

    def predict_proba_one(self, x: Any) -> Any:
        del x
        return self.output


class OnlyClasses(base.Classifier):
    """A classifier without probabilities: River raises NotImplementedError for it."""

    def __init__(self, output: Any = None) -> None:
        self.output = output

    def learn_one(self, x: Any, y: Any) -> None:
        del x
        self.output = y

    def predict_one(self, x: Any, **kwargs: Any) -> Any:
        del x, kwargs
        return self.output


def ops_of(model: Any, task: str) -> Any:
    return task_ops(task, model)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("nothing", [None, {}])
def test_what_has_not_learned_says_none(task: str, nothing: Any) -> None:
    if task == "regression" and nothing is not None:
        nothing = None
    model = Says(nothing)
    ops = ops_of(model, task)
    output = ops.predict(model, {"a": 1})
    assert output is None
    assert ops.serve(output) == (None, None, None)


def test_models_of_river_that_have_not_learned_say_none() -> None:
    for model in (dummy.PriorClassifier(), neighbors.KNNClassifier()):
        assert ops_of(model, "multiclass").predict(model, {"a": 1.0}) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_no_prediction(value: float) -> None:
    model = Says(value)
    assert ops_of(model, "regression").predict(model, {}) is None


def test_a_classifier_without_probabilities_is_sure_of_its_class() -> None:
    model = OnlyClasses()
    ops = ops_of(model, "multiclass")
    assert ops.predict(model, {}) is None
    model.learn_one({}, "x")
    assert ops.predict(model, {}) == {"x": 1.0}
    assert ops.serve({"x": 1.0}) == ("x", {"x": 1.0}, None)
    assert ops.loss({"x": 1.0}, "x") == 0.0
    assert ops.loss({"x": 1.0}, "y") == 1.0


def test_asking_whether_there_are_probabilities_leaves_the_model_as_it_was() -> None:
    model = linear_model.LogisticRegression()
    model.learn_one({"a": 1.0}, True)
    before = dict(model.weights), model.intercept
    ops_of(model, "binary")
    assert (dict(model.weights), model.intercept) == before


def test_a_model_that_dislikes_empty_features_still_has_probabilities() -> None:
    class Picky(Says):
        def predict_proba_one(self, x: Any) -> Any:
            return {True: x["a"]}

    model = Picky(None)
    assert ops_of(model, "binary").predict(model, {"a": 0.25}) == {True: 0.25}


probability = st.floats(0, 1)


@given(probability, st.booleans())
@settings(max_examples=60)
def test_the_binary_loss_is_half_the_brier_score(p: float, label: bool) -> None:
    output = {False: 1 - p, True: p}
    brier = sum((share - (name == label)) ** 2 for name, share in output.items())
    assert ops_of(Says(output), "binary").loss(output, label) == pytest.approx(brier / 2)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5), st.integers(0, 6))
@settings(max_examples=100)
def test_the_multiclass_loss_is_half_the_brier_score_and_within_bounds(
    weights: list[float], label: int
) -> None:
    total = sum(weights) or 1.0
    output = {name: weight / total for name, weight in enumerate(weights)}
    loss = ops_of(Says(output), "multiclass").loss(output, label)
    brier = sum((output.get(name, 0.0) - (name == label)) ** 2 for name in {*output, label})
    assert 0.0 <= loss <= 1.0
    assert loss == pytest.approx(brier / 2, abs=1e-12)


@given(st.dictionaries(st.booleans(), st.floats()), st.booleans(), st.sampled_from(["binary", "multiclass"]))
@settings(max_examples=150)
def test_no_output_can_cost_less_than_nothing_or_more_than_one(
    output: dict[bool, float], label: bool, task: str
) -> None:
    assert 0.0 <= ops_of(Says(output), task).loss(output, label) <= 1.0


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_an_output_that_is_not_a_number_costs_as_much_as_can_be(task: str) -> None:
    assert ops_of(Says(None), task).loss({True: math.nan, False: math.nan}, True) == 1.0


def test_binary_and_multiclass_losses_agree_on_two_classes() -> None:
    output = {True: 0.3, False: 0.7}
    for label in (True, False):
        two = ops_of(Says(output), "binary").loss(output, label)
        assert ops_of(Says(output), "multiclass").loss(output, label) == pytest.approx(two)


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
@settings(max_examples=30)
def test_the_loss_of_a_value_is_its_distance(output: float, label: float) -> None:
    assert ops_of(Says(output), "regression").loss(output, label) == abs(output - label)


def test_what_is_served_is_the_class_with_its_probability() -> None:
    assert ops_of(Says({}), "binary").serve({False: 0.75, True: 0.25}) == (False, 0.25, None)
    assert ops_of(Says({}), "binary").serve({False: 1.0}) == (False, 0.0, None)
    assert ops_of(Says({}), "multiclass").serve({"a": 0.2, "b": 0.8}) == ("b", {"a": 0.2, "b": 0.8}, None)
    assert ops_of(Says(1.0), "regression").serve(2.5) == (2.5, None, None)


def test_in_a_tie_the_first_class_is_served() -> None:
    assert top_class({"b": 0.5, "a": 0.5}) == "b"
    assert top_class({False: 0.5, True: 0.5}) is False


CLASSIFIERS: list[Any] = [
    linear_model.LogisticRegression(),
    preprocessing.StandardScaler() | linear_model.LogisticRegression(),
    preprocessing.StandardScaler() | linear_model.PAClassifier(),  # type: ignore[no-untyped-call]
    naive_bayes.GaussianNB(),  # type: ignore[no-untyped-call]
    trees.HoeffdingTreeClassifier(grace_period=20),
    trees.HoeffdingAdaptiveTreeClassifier(grace_period=20, seed=1),
    neighbors.KNNClassifier(n_neighbors=4),
    forest.AMFClassifier(n_estimators=3, seed=1),
    forest.ARFClassifier(n_models=3, seed=1),
    multiclass.OneVsRestClassifier(linear_model.LogisticRegression()),
    dummy.PriorClassifier(),
]


@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: str(model)[:40])
def test_the_class_served_is_the_one_that_river_predicts(model: Any) -> None:
    ops = ops_of(model, "binary")
    compared = 0
    for features, label in datasets.Phishing().take(150):
        output: Mapping[Any, float] | None = ops.predict(model, features)
        if output is not None:
            compared += 1
            assert ops.serve(output)[0] == model.predict_one(features)
        model.learn_one(features, label)
    assert compared > 100


@pytest.mark.parametrize(
    ("task", "spec"),
    [
        ("binary", LOGISTIC),
        ("binary", [SCALER, LOGISTIC]),
        ("multiclass", "naive_bayes.GaussianNB"),
        ("multiclass", {"type": "multiclass.OneVsRestClassifier", "classifier": {"type": LOGISTIC}}),
        ("regression", [SCALER, "linear_model.LinearRegression"]),
        (
            "regression",
            {"type": "ensemble.BaggingRegressor", "model": {"type": "tree.HoeffdingTreeRegressor"}},
        ),
    ],
)
def test_a_model_that_fits_its_task_is_made(task: str, spec: Any) -> None:
    assert isinstance(make_model(ModelConfig(task=task, model=spec)), base.Estimator)


@pytest.mark.parametrize(
    ("task", "spec", "found"),
    [
        ("binary", "linear_model.LinearRegression", "LinearRegression"),
        ("binary", [SCALER, "linear_model.LinearRegression"], "LinearRegression"),
        ("regression", LOGISTIC, "LogisticRegression"),
        ("regression", [SCALER, LOGISTIC], "LogisticRegression"),
        ("binary", SCALER, "StandardScaler"),
        ("binary", [SCALER], "StandardScaler"),
        ("binary", "cluster.KMeans", "KMeans"),
        ("regression", [SCALER, "cluster.KMeans"], "KMeans"),
        ("multiclass", "anomaly.HalfSpaceTrees", "HalfSpaceTrees"),
        ("binary", [SCALER, "anomaly.HalfSpaceTrees"], "HalfSpaceTrees"),
    ],
)
def test_a_model_that_predicts_something_else_is_refused(task: str, spec: Any, found: str) -> None:
    with pytest.raises(ModelError, match=f"the task is {task}, which needs a .*; {found} is none"):
        make_model(ModelConfig(task=task, model=spec))


@pytest.mark.parametrize(
    "model",
    [
        neighbors.KNNClassifier(engine=neighbors.LazySearch()),
        forest.AMFClassifier(n_estimators=1, seed=1),
        ensemble.BaggingClassifier(neighbors.KNNClassifier(engine=neighbors.LazySearch()), 2, seed=1),
    ],
)
def test_classes_that_a_model_keeps_in_a_set_come_in_their_own_order(model: base.Classifier) -> None:
    """Text is hashed anew in every process; these numbers collide, so that a set shows which came first."""
    assert list({0} | {8}) != list({8} | {0})
    ops = task_ops("multiclass", model)
    for first, second in ((0, 8), (8, 0)):
        fresh = model.clone()
        for _ in range(8):
            ops.learn(fresh, {"a": 1.0}, first)
            ops.learn(fresh, {"a": -1.0}, second)
        output = ops.predict(fresh, {"a": 0.0})
        assert list(output) == [0, 8]  # type: ignore[arg-type]
