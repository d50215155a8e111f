"""Pipelines run by the engine say what River's own verbs say, to the last bit, and leave the same state."""

import pickle
from collections.abc import Callable
from numbers import Number
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import anomaly, compose, feature_extraction, linear_model, optim, preprocessing, tree

from engine.models.fast_pipeline import learn, seen_by_last


def _union() -> Any:
    numbers = compose.Select("a", "b") | preprocessing.StandardScaler()
    words = compose.Select("c") | preprocessing.OneHotEncoder()
    return (numbers + words) | linear_model.LogisticRegression()


def _filtered() -> Any:
    return (
        anomaly.QuantileFilter(anomaly.HalfSpaceTrees(n_trees=3, height=4, seed=1), q=0.8)
        | linear_model.LogisticRegression()
    )


MODELS: dict[str, Callable[[], Any]] = {
    "scaler and logistic regression": lambda: (
        preprocessing.StandardScaler() | linear_model.LogisticRegression(optim.SGD(0.1))
    ),
    "with a penalty": lambda: (
        preprocessing.StandardScaler() | linear_model.LogisticRegression(l2=0.1, intercept_lr=0.3)
    ),
    "with a clipped gradient": lambda: (
        preprocessing.StandardScaler() | linear_model.LogisticRegression(clip_gradient=0.2)
    ),
    "l1, left to River": lambda: preprocessing.StandardScaler() | linear_model.LogisticRegression(l1=0.01),
    "Adam, left to River": lambda: (
        preprocessing.StandardScaler() | linear_model.LogisticRegression(optim.Adam(0.1))
    ),
    "a rate that falls": lambda: (
        preprocessing.StandardScaler()
        | linear_model.LogisticRegression(optim.SGD(optim.schedulers.InverseScaling(0.2)))
    ),
    "a scaler of means only": lambda: (
        preprocessing.StandardScaler(with_std=False) | linear_model.LogisticRegression()
    ),
    "a scaler with a window": lambda: (
        preprocessing.StandardScaler(window_size=5) | linear_model.LogisticRegression()
    ),
    "a union": _union,
    "a union by type": lambda: (
        (
            (compose.SelectType(Number) | preprocessing.StandardScaler())
            + (compose.SelectType(str) | preprocessing.FeatureHasher(16, seed=1))
            + (compose.SelectType(int, str) | compose.SelectType(int))
        )
        | linear_model.LogisticRegression()
    ),
    "several transformers": lambda: (
        compose.Select("a", "b")
        | preprocessing.MinMaxScaler()
        | feature_extraction.PolynomialExtender()  # type: ignore[no-untyped-call]
        | preprocessing.StandardScaler()
        | linear_model.LogisticRegression()
    ),
    "a transformer that learns from labels": lambda: (
        compose.Select("a", "b")
        | feature_extraction.TargetAgg(by="a", how=_mean())
        | linear_model.LogisticRegression()
    ),
    "an anomaly filter": lambda: compose.Select("a", "b") | _filtered(),
    "a tree": lambda: preprocessing.StandardScaler() | tree.HoeffdingTreeClassifier(grace_period=10),
    "no pipeline": linear_model.LogisticRegression,
}


CACHES = {"_plan", "_inference_transformers", "_last_step_cached", "_last_step_params"}
"""What a pipeline notes of its own steps with its first use: nothing that it has learned."""


def _mean() -> Any:
    from river import stats  # noqa: PLC0415 - for this model alone

    return stats.Mean()


def row(random: Random, *, words: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: random.choice([0.0, 1, -2.5, 1e6, random.gauss(0, 1)])
        for name in ("a", "b")
        if random.random() < 0.9
    }
    return found | ({"c": random.choice("xyz")} if words and random.random() < 0.9 else {})


@pytest.mark.parametrize("name", MODELS)
@given(seed=st.integers(0, 10_000))
def test_predictions_and_state_are_those_of_rivers_own_verbs(name: str, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - test data
    ours, rivers = MODELS[name](), MODELS[name]()
    for _ in range(random.randrange(1, 40)):
        x, y = row(random, words=name.startswith("a union")), random.random() < 0.4
        assert _said(_predicted, ours, x) == _said(rivers.predict_proba_one, x)
        assert _said(learn, ours, x, y) == _said(rivers.learn_one, x, y)
    assert _state(ours) == _state(rivers)


def test_values_of_regression_are_those_of_rivers_own_verbs() -> None:
    ours, rivers = (
        preprocessing.StandardScaler() | linear_model.LinearRegression(optim.SGD(0.01), l2=0.05) for _ in "ab"
    )
    random = Random(3)  # noqa: S311 - test data
    for _ in range(300):
        x, y = row(random, words=False), random.gauss(0, 3)
        last, seen = seen_by_last(ours, x)
        assert last.predict_one(seen) == rivers.predict_one(x)
        learn(ours, x, y)
        rivers.learn_one(x, y)


def test_a_value_that_a_step_cannot_take_is_refused_as_by_river() -> None:
    for name in ("scaler and logistic regression", "a union", "a tree"):
        ours, rivers = MODELS[name](), MODELS[name]()
        x: dict[str, Any] = {"a": 1.0, "b": "a text", "c": "x"}
        assert _said(learn, ours, x, True) == _said(rivers.learn_one, x, True)
        assert _state(ours) == _state(rivers)


def _predicted(model: Any, x: Any) -> Any:
    last, seen = seen_by_last(model, x)
    return last.predict_proba_one(seen)


def _said(verb: Callable[..., Any], *given: Any) -> Any:
    """What a verb returns, or the kind of what it raises."""
    try:
        return verb(*given)
    except Exception as error:  # noqa: BLE001 - River raises what a step cannot do with a value
        return type(error)


def _state(model: Any) -> Any:
    """Everything that a model remembers, in a form that can be compared."""
    return _plain(pickle.loads(pickle.dumps(model)), set())  # noqa: S301 - our own


def _plain(value: Any, seen: set[int]) -> Any:
    if id(value) in seen:
        return "again"
    if isinstance(value, dict):
        return {repr(name): _plain(item, seen) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, seen) for item in value]
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if hasattr(value, "__dict__") and not isinstance(value, type):
        seen.add(id(value))
        return {name: _plain(item, seen) for name, item in vars(value).items() if name not in CACHES}
    # What is compiled shows its state only so.
    return repr(value) if isinstance(value, str | int | float | set | type | None) else pickle.dumps(value)
