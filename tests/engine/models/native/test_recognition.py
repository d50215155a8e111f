"""A model is compiled when it is known exactly: its classes, its parameters and what it has learned."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from river import compose, ensemble, linear_model, multiclass, naive_bayes, optim, preprocessing, stats, tree

from engine.models.native import compile_model
from engine.models.operations import task_ops
from engine.models.running import RunningModel
from engine.models.serialization import dump, load
from tests.engine.models.native import (
    test_imputers,
    test_linear,
    test_naive_bayes,
    test_one_vs_rest,
    test_softmax,
    test_tree,
    test_tree_regressor,
)
from tests.support.compiled import needs_crate

pytestmark = needs_crate

BAYES: Any = naive_bayes.GaussianNB
HINGE: Any = optim.losses.Hinge
IMPUTER: Any = preprocessing.StatImputer
REST: Any = multiclass.OneVsRestClassifier
SOFTMAX: Any = linear_model.SoftmaxRegression
SCALED: Any = preprocessing.TargetStandardScaler
LINE = linear_model.LogisticRegression
COMPILED = {
    **{name: make for name, (_, make) in test_linear.ALL.items()},
    **{f"imputers: {name}": make for name, make in test_imputers.MODELS.items()},
    **{f"naive Bayes: {name}": make for name, make in test_naive_bayes.MODELS.items()},
    **{f"one against the rest: {name}": make for name, make in test_one_vs_rest.MODELS.items()},
    **{f"softmax: {name}": make for name, make in test_softmax.MODELS.items()},
    **{f"a tree: {name}": make for name, make in test_tree.MODELS.items()},
    **{f"a tree that regresses: {name}": make for name, make in test_tree_regressor.MODELS.items()},
}
TREES: dict[Any, str] = {tree.HoeffdingTreeClassifier: "binary", tree.HoeffdingTreeRegressor: "regression"}


class OwnLine(LINE):
    """A subclass may do anything."""


class OwnSchedule(optim.schedulers.Constant):
    """A schedule may do anything."""

    def __init__(self) -> None:
        super().__init__(0.1)


def _with_another_optimizer() -> Any:
    model = LINE()
    model.learn_one({"a": 1.0}, True)
    model.optimizer = optim.RMSProp()
    return model


def _scaled_otherwise() -> Any:
    model = SCALED(linear_model.LinearRegression())
    model.func = SCALED(linear_model.LinearRegression()).func
    return model


def _with_an_attribute() -> Any:
    model = LINE()
    model.note = "mine"  # type: ignore[attr-defined]
    return model


def _twice_the_same() -> Any:
    scaler = preprocessing.StandardScaler()
    return compose.Pipeline(("one", scaler), ("two", scaler), LINE())


def _one_mean_of_two_features() -> Any:
    mean = stats.Mean()
    return IMPUTER(("a", mean), ("b", mean)) | LINE()


def _of_huge_weights() -> Any:
    model = LINE()
    model.learn_one({"a": float("inf")}, True)
    return model


def _of_classes_that_are_floats() -> Any:
    model: Any = BAYES()
    model.learn_one({"a": 1.0}, 0.5)
    return model


def _with_an_optimizer_that_has_learned() -> Any:
    optimizer = optim.Momentum()
    optimizer.step({"a": 1.0}, {"a": 0.5})
    return SOFTMAX(optimizer)


def _with_optimizers_of_two_kinds() -> Any:
    model = _taught(SOFTMAX(), "x")
    model.optimizers["x"] = optim.SGD(0.3)
    return model


def _taught(model: Any, *labels: Any) -> Any:
    for label in labels:
        model.learn_one({"a": 1.0}, label)
    return model


def _one_model_for_two_classes() -> Any:
    model = _taught(REST(LINE()), "x", "y")
    model.classifiers["y"] = model.classifiers["x"]
    return model


def _one_optimizer_for_two_classes() -> Any:
    model = _taught(REST(LINE()), "x", "y")
    model.classifiers["y"].optimizer = model.classifiers["x"].optimizer
    return model


def _named_by_numbers() -> Any:
    model = LINE()
    model.learn_one({1: 2.0}, True)
    return model


RIVER_S: dict[str, Callable[[], Any]] = {
    "a subclass": OwnLine,
    "an attribute of one's own": _with_an_attribute,
    "one step in two places": _twice_the_same,
    "weights that are not finite": _of_huge_weights,
    "names that are no texts": _named_by_numbers,
    "another optimizer": lambda: LINE(optim.Nadam()),
    "an optimizer that divides by zero": lambda: LINE(optim.RMSProp(eps=0)),
    "an optimizer that forgets nothing": lambda: LINE(optim.Adam(beta_1=1.0)),
    "what an optimizer has not made of weights": _with_another_optimizer,
    "another schedule": lambda: LINE(intercept_lr=OwnSchedule()),
    "another initializer": lambda: LINE(initializer=optim.initializers.Constant(0.5)),
    "another loss": lambda: LINE(loss=optim.losses.BinaryFocalLoss()),
    "a loss of classes for numbers": lambda: linear_model.LinearRegression(loss=HINGE()),
    "classes that are scaled": lambda: SCALED(LINE()),
    "a pipeline whose labels are scaled": lambda: SCALED(
        preprocessing.StandardScaler() | linear_model.LinearRegression()
    ),
    "labels between the least and the most": lambda: preprocessing.TargetMinMaxScaler(
        linear_model.LinearRegression()
    ),
    "labels that another function scales": _scaled_otherwise,
    "l1": lambda: LINE(l1=0.1),
    "an imputer of the most frequent": lambda: IMPUTER(("a", stats.Mode())) | LINE(),
    "one mean of two features": _one_mean_of_two_features,
    "a scaler with a window": lambda: preprocessing.StandardScaler(window_size=3) | LINE(),
    "a one-hot encoder before a scaler": lambda: (
        preprocessing.OneHotEncoder() | preprocessing.StandardScaler() | LINE()
    ),
    "a pipeline that ends in a union": lambda: compose.Pipeline(
        compose.Pipeline(preprocessing.StandardScaler(), compose.TransformerUnion(compose.Select("a"))),
        LINE(),
    ),
    "a function": lambda: compose.FuncTransformer(dict) | LINE(),
    "naive Bayes of counts": naive_bayes.MultinomialNB,
    "naive Bayes of classes that are floats": _of_classes_that_are_floats,
    "softmax with another optimizer": lambda: SOFTMAX(optim.Nadam()),
    "softmax with an optimizer that has learned": _with_an_optimizer_that_has_learned,
    "softmax that has learned with another optimizer": _with_optimizers_of_two_kinds,
    "softmax with a penalty below zero": lambda: SOFTMAX(l2=-0.1),
    "softmax of classes of two types": lambda: _taught(SOFTMAX(), "x", 2),
    "softmax whose loss counts classes of two types": lambda: SOFTMAX(
        loss=optim.losses.CrossEntropy({1: 2.0, "x": 3.0})
    ),
    "one against the rest, of a pipeline": lambda: REST(preprocessing.StandardScaler() | LINE()),
    "one against the rest, of naive Bayes": lambda: REST(BAYES()),
    "one against the rest, of classes of two types": lambda: _taught(REST(LINE()), "x", 2),
    "one model for two classes": _one_model_for_two_classes,
    "one optimizer for two classes": _one_optimizer_for_two_classes,
    "another criterion": lambda: tree.HoeffdingTreeClassifier(split_criterion="gini"),
    "another splitter": lambda: tree.HoeffdingTreeClassifier(splitter=tree.splitter.HistogramSplitter()),
    "a splitter that quantizes": lambda: tree.HoeffdingTreeRegressor(splitter=tree.splitter.QOSplitter()),
    "another model in leaves": lambda: tree.HoeffdingTreeRegressor(leaf_model=tree.HoeffdingTreeRegressor()),
    "texts by their names": lambda: tree.HoeffdingTreeRegressor(nominal_attributes=["a"]),
    "leaves with another optimizer": lambda: tree.HoeffdingTreeRegressor(
        leaf_model=linear_model.LinearRegression(optim.RMSProp())
    ),
    "an adaptive tree that regresses": lambda: tree.HoeffdingAdaptiveTreeRegressor(seed=1),
    "an adaptive tree": tree.HoeffdingAdaptiveTreeClassifier,
    "a forest": lambda: ensemble.BaggingClassifier(LINE(), n_models=2, seed=1),
    "no model of River's": object,
}


@pytest.mark.parametrize("make", COMPILED.values(), ids=COMPILED)
def test_what_is_on_the_page_is_compiled(make: Callable[[], Any]) -> None:
    assert compile_model(make()) is not None


@pytest.mark.parametrize(("task", "make"), test_linear.WITH_OPTIONS.values(), ids=test_linear.WITH_OPTIONS)
def test_what_has_learned_and_was_saved_is_compiled(task: str, make: Callable[[], Any]) -> None:
    model = make()
    for number in range(9):
        model.learn_one({"a": number % 3, "b": float(number)}, number % 2 == 0)
        assert compile_model(model) is not None
    assert compile_model(load(dump(model, "model"), "model")) is not None
    assert RunningModel(model, task_ops(task, model)).is_compiled


@pytest.mark.parametrize("make", RIVER_S.values(), ids=RIVER_S)
def test_all_else_is_left_to_river(make: Callable[[], Any]) -> None:
    assert compile_model(make()) is None


def test_a_model_that_is_asked_for_goes_on_compiled() -> None:
    twin = preprocessing.StandardScaler() | LINE()
    ops = task_ops("binary", twin)
    running = RunningModel(preprocessing.StandardScaler() | LINE(), ops)
    for number in range(20):
        assert running.predict({"a": number}) == ops.predict(twin, {"a": number})
        running.learn({"a": number}, number % 3 == 0)
        ops.learn(twin, {"a": number}, number % 3 == 0)
        assert dump(running.model, "model") == dump(twin, "model")
    assert running.is_compiled


def test_a_copy_learns_on_its_own() -> None:
    model = preprocessing.StandardScaler() | LINE()
    running = RunningModel(model, task_ops("binary", model))
    running.learn({"a": 1.0}, True)
    before = dump(running.model, "model")
    copied = copy.deepcopy(running)
    assert copied.is_compiled
    copied.learn({"a": 5.0}, False)
    assert dump(running.model, "model") == before
    assert dump(copied.model, "model") != before


@pytest.mark.parametrize("kind", TREES)
def test_a_tree_is_compiled_again_after_what_river_must_do(kind: Any) -> None:
    """River measures the bytes of its objects, whose number depends on which of them are one."""
    twin = kind(grace_period=5, memory_estimate_period=7)
    ops = task_ops(TREES[kind], twin)
    running = RunningModel(twin.clone(), ops)
    for number in range(50):
        row = {"a": number % 5, "b": number * 0.5}
        assert running.predict(row) == ops.predict(twin, row)
        running.learn(row, number % 5 > 2)
        ops.learn(twin, row, number % 5 > 2)
        assert running.is_compiled
    assert running.model._active_leaf_size_estimate > 0


@pytest.mark.parametrize("kind", TREES)
def test_a_tree_without_room_is_left_to_river(kind: Any) -> None:
    twin = kind(grace_period=5, memory_estimate_period=7, max_size=0.001)
    ops = task_ops(TREES[kind], twin)
    running = RunningModel(twin.clone(), ops)
    for number in range(50):
        running.learn({"a": number % 5}, number % 5 > 2)
        ops.learn(twin, {"a": number % 5}, number % 5 > 2)
        assert running.predict({"a": number % 5}) == ops.predict(twin, {"a": number % 5})
    assert not running.is_compiled
