"""The models of the fault benchmark, small ones of three kinds for each task."""

from numbers import Number
from typing import Any

from river import compose, forest, linear_model, optim, preprocessing, tree

from benchmarks.faults.losses import Task

MODELS = ("linear", "tree", "forest")

_FACTORIES = {
    ("linear", "binary"): "logistic",
    ("linear", "multiclass"): "softmax",
    ("linear", "regression"): "huber",
    ("tree", "binary"): "tree_classifier",
    ("tree", "multiclass"): "tree_classifier",
    ("tree", "regression"): "tree_regressor",
    ("forest", "binary"): "forest_classifier",
    ("forest", "multiclass"): "forest_classifier",
    ("forest", "regression"): "forest_regressor",
}


def model_path(name: str, task: Task) -> str:
    """The model as a configuration names it."""
    return f"{__name__}:{_FACTORIES[name, task]}"


def _prepared() -> Any:
    """Numbers scaled, text one-hot encoded."""
    numbers = compose.SelectType(Number) | preprocessing.StandardScaler()
    text = compose.SelectType(str) | preprocessing.OneHotEncoder()
    return numbers + text


def logistic() -> Any:
    """A logistic regression."""
    return _prepared() | linear_model.LogisticRegression()


def softmax() -> Any:
    """A softmax regression."""
    return _prepared() | linear_model.SoftmaxRegression()


def huber() -> Any:
    """A linear regression with Huber's loss, as `model = "auto"` has it."""
    last = linear_model.LinearRegression(loss=optim.losses.Huber(1.0), optimizer=optim.RMSProp(0.003))
    return _prepared() | preprocessing.TargetStandardScaler(last)


def tree_classifier() -> Any:
    """A Hoeffding tree."""
    return tree.HoeffdingTreeClassifier()


def tree_regressor() -> Any:
    """A Hoeffding tree with means in its leaves: linear models there would refuse text."""
    return tree.HoeffdingTreeRegressor(leaf_prediction="mean", splitter=tree.splitter.QOSplitter())


def forest_classifier() -> Any:
    """An adaptive random forest of three trees."""
    return forest.ARFClassifier(n_models=3, seed=1)


def forest_regressor() -> Any:
    """An adaptive random forest of three regression trees."""
    return forest.ARFRegressor(
        n_models=3, leaf_prediction="mean", splitter=tree.splitter.QOSplitter(), seed=1
    )
