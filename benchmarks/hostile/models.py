"""Saved models, from a few seeds, as they are used by an engine and by a person who looks at them."""

import copy
import importlib
import pickle
import random
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from itertools import islice, product
from typing import Any

import numpy as np

from engine.errors import is_fault
from engine.models.serialization import dump

river: Any = importlib.import_module("river.api")
"""Whose types are not all stated."""

_X, _OTHER = {"a": 0.5, "b": -1.0, "c": 2.0}, {"a": 3.0, "b": 0.25, "c": -2.0, "d": 1.0}
_GIVEN: list[tuple[Any, ...]] = [
    *((), (_X,), (_OTHER,), (_X, True), (_OTHER, 2.5), ("a",), (0.5,), (3,), (0, 1), (True, True)),
    *((True, {True: 0.8, False: 0.2}), ([1, 2, 3], 2)),
]
_METHODS = [
    *(
        "predict_one",
        "predict_proba_one",
        "score_one",
        "transform_one",
        "learn_one",
        "update",
        "get",
        "revert",
    ),
    *("clone", "predict_one", "random", "gauss", "normal", "standard_normal", "permutation", "sample"),
    *("getrandbits", "__getitem__", "__missing__", "__call__"),
]
"""Of models, metrics, detectors, statistics and random generators."""

_LOOKS: list[Callable[[Any], Any]] = [
    *(repr, str, hash, bool, copy.deepcopy),
    lambda value: value == value,  # noqa: PLR0124 - it compares what is in it
    lambda value: list(islice(value, 5)),
    lambda value: dump(value, "model"),
    lambda value: pickle.dumps(value, 5),
]


def exercise(content: Any) -> None:
    """Calls what can be called, also of its parts; a fault is one that an engine expects of a model."""
    parts = [*content.values()] if type(content) is dict else content
    for value in (content, *(islice(parts, 16) if type(parts) in {list, tuple} else ())):
        for name, given in product(_METHODS, _GIVEN):
            if hasattr(type(value), name):
                _tried(lambda value=value, name=name, given=given: getattr(value, name)(*given))  # type: ignore[misc]
        for look in _LOOKS:
            _tried(lambda look=look, value=value: look(value))  # type: ignore[misc]  # bound now


def _tried(step: Callable[[], Any]) -> None:
    try:
        step()
    except BaseException as error:
        if not is_fault(error):
            raise


def rows(count: int, first: int = 0) -> list[tuple[dict[str, Any], bool]]:
    """Rows of three numbers and a label that depends on them."""
    made = []
    for number in range(first, first + count):
        draw = random.Random(number)  # noqa: S311 - test data
        x: dict[str, Any] = {name: draw.gauss(0, 1) for name in "abc"}
        made.append((x, x["a"] + x["b"] * x["c"] > 0))
    return made


def _learned(model: Any) -> Any:
    for x, y in rows(120):
        if isinstance(model, river.base.DriftDetector | river.stats.base.Univariate | river.utils.Rolling):
            model.update(x["a"])
        elif isinstance(model, river.metrics.base.Metric):
            model.update(y, x["a"] > 0 if model.requires_labels else {True: abs(x["a"]) % 1})
        elif isinstance(model, river.anomaly.HalfSpaceTrees):
            model.learn_one(x)
        else:
            model.learn_one(x, y)
    return model


def _parts() -> dict[str, Any]:
    """What models may hold besides River's objects."""
    generator, mean = random.Random(3), river.stats.Mean()  # noqa: S311 - test data
    linear = _learned(river.linear_model.LogisticRegression())
    return {
        "random": [generator, np.random.RandomState(4), np.random.default_rng(5)],
        "twister": np.random.Generator(np.random.MT19937(6)),
        "called": [partial(copy.deepcopy, linear), linear.predict_one, generator.gauss],
        "default": defaultdict(partial(copy.deepcopy, mean), {"x": mean}),
        "containers": [Counter("abca"), OrderedDict(a=1, b=[2]), deque([1, "x"], maxlen=3), {1.0, (3, "y")}],
        "arrays": [np.arange(6.0).reshape(2, 3), np.asarray(["x", "yy"]), np.float64(0.5), np.int64(7)],
        "others": [datetime(2026, 1, 2, tzinfo=UTC), 2**100, river.utils.VectorDict({"a": 1.0})],
        "words": river.feature_extraction.BagOfWords(on="text"),
    }


@cache
def models() -> dict[str, bytes]:
    """Saved models, metrics, detectors and parts, by name; each is a few kilobytes."""
    logistic = river.linear_model.LogisticRegression()
    made = {
        "linear": river.preprocessing.StandardScaler() | logistic,
        "bagged": river.ensemble.BaggingClassifier(logistic, n_models=2, seed=1),
        "Bernoulli": river.preprocessing.Binarizer() | river.naive_bayes.BernoulliNB(),
        "tree": river.tree.HoeffdingTreeClassifier(grace_period=20, delta=0.1),
        "adaptive tree": river.tree.HoeffdingAdaptiveTreeClassifier(grace_period=20, seed=1),
        "ARF": river.forest.ARFClassifier(n_models=2, seed=1, grace_period=20),
        "Mondrian": river.forest.AMFClassifier(n_estimators=1, seed=1),
        "naive Bayes": river.naive_bayes.GaussianNB(),
        "half-space": river.anomaly.HalfSpaceTrees(n_trees=2, height=3, window_size=20, seed=1),
        "neighbours": river.neighbors.KNNClassifier(3, river.neighbors.LazySearch(window_size=30)),
        "ADWIN": river.drift.ADWIN(),
        "KSWIN": river.drift.KSWIN(window_size=30, stat_size=5, seed=1),
        "metrics": river.metrics.Accuracy() + river.metrics.F1(),
        "AUC": river.metrics.RollingROCAUC(window_size=20),
        "quantile": river.stats.Quantile(0.3),
        "rolling": river.stats.RollingQuantile(0.3, window_size=10),
        "rolling IQR": river.stats.RollingIQR(window_size=10),
        "rolling mean": river.utils.Rolling(river.stats.Mean, window_size=5),
        "IQR": river.stats.IQR(),
        "EWMean": river.stats.EWMean(0.3),
    }
    saved = {name: dump(_learned(model), "model") for name, model in made.items()}
    return saved | {"parts": dump(_parts(), "model")}
