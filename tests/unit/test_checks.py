import random
from collections.abc import Callable
from typing import Any

import pytest
from river import (
    base,
    datasets,
    dummy,
    forest,
    linear_model,
    neighbors,
    preprocessing,
)
from river import tree as trees

from engine.checks import check_model
from engine.records.config import Task

BINARY: list[Any] = list(datasets.Phishing().take(60))
VALUES: list[Any] = [({"a": float(i % 7), "b": float(i % 4)}, float(i % 7 + i % 4)) for i in range(60)]
KEPT = {
    "untrained": "an untrained model predicts, or says None",
    "unchanged": "features are not changed by the model",
    "same": "same data, same model: same predictions",
    "pure": "predicting changes nothing",
    "saved": "a saved model can be restored and learns on the same",
    "value": "what is saved is a value",
    "missing": "a missing feature does not stop it",
}


def broken(make: Callable[[], Any], task: Task = "binary", sample: list[Any] = BINARY) -> dict[str, str]:
    """What each broken law's breach says, by the law's short name."""
    names = {law: name for name, law in KEPT.items()}
    sample = [(dict(features), label) for features, label in sample]  # Some of these models spoil their rows.
    return {names[breach.law]: breach.detail for breach in check_model(make, task, sample, [__name__])}


class Sound(base.Classifier):
    """A simple model that keeps all laws; the ones below break one each."""

    def __init__(self) -> None:
        self.sums: dict[Any, float] = {}

    def learn_one(self, x: Any, y: Any) -> None:
        for name, value in x.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * (1 if y else -1)

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        del kwargs
        total = sum(self.sums.get(name, 0.0) * value for name, value in x.items())
        return {False: 0.25, True: 0.75} if total > 0 else {False: 0.5 + 0.01 * len(self.sums), True: 0.5}


class AddsToFeatures(Sound):
    def learn_one(self, x: Any, y: Any) -> None:
        super().learn_one(x, y)
        x["seen"] = 1.0


class ScalesInPlace(Sound):
    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        said = super().predict_proba_one(x, **kwargs)
        for name in x:
            x[name] *= 2.0
        return said


class Unseeded(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.bias = random.random()  # noqa: S311

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        del x, kwargs
        return {True: self.bias}


class LearnsWhenAsked(Sound):
    asked = 0

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        del x, kwargs
        self.asked += 1
        return {True: 1 / self.asked}


class HoldsALambda(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.link = lambda value: value


class Forgets(Sound):
    def __getstate__(self) -> dict[str, Any]:
        return {"sums": {}}


SHARED: dict[Any, float] = {}


class Shares(Sound):
    """Keeps what it learns outside of itself."""

    def learn_one(self, x: Any, y: Any) -> None:
        self.sums = {}
        super().learn_one(x, y)
        SHARED.update({len(SHARED): 1.0})

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        del x, kwargs
        return {True: 1 / (1 + len(SHARED))}


class NeedsEveryFeature(Sound):
    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        if "empty_server_form_handler" not in x:
            raise KeyError("empty_server_form_handler")
        return super().predict_proba_one(x, **kwargs)


class NeedsTraining(Sound):
    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        if not self.sums:
            raise RuntimeError("learn first")
        return super().predict_proba_one(x, **kwargs)


@pytest.mark.parametrize(
    ("model", "law", "detail"),
    [
        (AddsToFeatures, "unchanged", "'seen': 1.0"),
        (ScalesInPlace, "unchanged", "became"),
        (Unseeded, "same", "fix its seed"),
        (LearnsWhenAsked, "pure", "two answers"),
        (HoldsALambda, "saved", "cannot be saved"),
        (HoldsALambda, "value", "cannot be saved"),
        (Forgets, "saved", "learns on differently"),
        (Forgets, "value", "has changed"),
        (Shares, "value", "has changed"),
        (Shares, "same", "predict differently"),
        (NeedsEveryFeature, "missing", "raised KeyError"),
        (NeedsTraining, "untrained", "raised RuntimeError: learn first"),
    ],
)
def test_a_model_that_breaks_a_law_is_found(model: Callable[[], Any], law: str, detail: str) -> None:
    found = broken(model)
    assert law in found
    assert detail in found[law]


@pytest.mark.parametrize(
    ("model", "laws"),
    [(NeedsEveryFeature, {"untrained"}), (Unseeded, {"untrained", "unchanged", "pure", "missing"})],
)
def test_a_model_is_not_blamed_for_laws_it_keeps(model: Callable[[], Any], laws: set[str]) -> None:
    assert not laws & broken(model).keys()


def test_a_model_that_raises_while_it_learns_breaks_every_law_that_trains_it() -> None:
    class Raises(Sound):
        def learn_one(self, x: Any, y: Any) -> None:
            raise ValueError(f"{len(x)} {y}")

    found = broken(Raises)
    assert found.keys() == KEPT.keys() - {"untrained"}
    assert all(detail.startswith("raised ValueError") for detail in found.values())


def test_a_class_that_may_not_be_loaded_is_found() -> None:
    found = {breach.law for breach in check_model(Sound, "binary", BINARY)}
    assert found == {KEPT["saved"], KEPT["value"]}
    assert broken(Sound) == {}


@pytest.mark.parametrize(
    "make",
    [
        linear_model.LogisticRegression,
        lambda: preprocessing.StandardScaler() | linear_model.LogisticRegression(),
        lambda: trees.HoeffdingAdaptiveTreeClassifier(grace_period=10, seed=1),
        lambda: forest.ARFClassifier(n_models=3, seed=1),
        neighbors.KNNClassifier,
        dummy.PriorClassifier,
    ],
    ids=["logistic", "pipeline", "tree", "forest", "neighbours", "prior"],
)
def test_good_classifiers_of_river_keep_all_laws(make: Callable[[], Any]) -> None:
    assert broken(make) == {}


@pytest.mark.parametrize(
    "make",
    [
        lambda: preprocessing.StandardScaler() | linear_model.LinearRegression(),
        lambda: trees.HoeffdingTreeRegressor(grace_period=10),
    ],
    ids=["linear", "tree"],
)
def test_good_regressors_of_river_keep_all_laws(make: Callable[[], Any]) -> None:
    assert broken(make, "regression", VALUES) == {}
