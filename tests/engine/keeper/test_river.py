"""A kept model is a River estimator: River's own checks, its evaluation, copies and pickles."""

import copy
import pickle
from typing import Any
from unittest.mock import patch

import pytest
from river import base, checks, datasets, evaluate, linear_model, metrics, preprocessing

from engine.keeper.river import Kept, KeptDetector, KeptRegressor

LINEAR = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
SOFTMAX = ["preprocessing.StandardScaler", "linear_model.SoftmaxRegression"]
TREES = {"type": "anomaly.HalfSpaceTrees", "n_trees": 5, "height": 4, "window_size": 50, "seed": 1}


class Strange:
    """Stands in for River's data set of detectors, which is fetched: rare points far away."""

    def __iter__(self) -> Any:
        for at in range(500):
            odd = at % 50 == 49
            yield {"a": 0.9 if odd else at % 7 / 20, "b": 0.1 if odd else 0.5 + at % 5 / 20}, odd

    def take(self, count: int) -> list[Any]:
        return [*self][:count]


KEPT: dict[str, base.Estimator] = {
    "binary": Kept(LINEAR),
    "multiclass": Kept(SOFTMAX, "multiclass"),
    "regression": KeptRegressor(["preprocessing.StandardScaler", "linear_model.LinearRegression"]),
    "anomaly": KeptDetector(TREES),
}
with patch.object(datasets, "CreditCard", Strange):
    CHECKS = [
        pytest.param(model, check, id=f"{name}: {getattr(check, '__name__', check)}")
        for name, model in KEPT.items()
        for check in checks.yield_checks(model)
    ]


@pytest.mark.parametrize(("model", "check"), CHECKS)
def test_rivers_own_checks_hold(model: base.Estimator, check: Any) -> None:
    check(model.clone())


def test_the_score_of_a_kept_model_is_that_of_the_model() -> None:
    data = datasets.Phishing().take(400)
    alone = evaluate.progressive_val_score(data, _pipeline(), accuracy())
    kept = Kept(LINEAR)
    found = evaluate.progressive_val_score(datasets.Phishing().take(400), kept, accuracy())
    assert found.get() == alone.get() == kept.keeper.engines["main"].scores["Accuracy"]


def test_labels_that_come_late_find_what_was_predicted() -> None:
    kept = Kept(LINEAR)
    scores = accuracy()
    evaluate.progressive_val_score(datasets.Phishing().take(300), kept, scores, moment=lambda _: 0, delay=20)
    counts = kept.keeper.engines["main"].counts
    assert (counts.matched, counts.waiting) == (300, 0)


def test_copies_and_pickles_go_on_by_themselves() -> None:
    kept = Kept(LINEAR)
    data = [*datasets.Phishing().take(60)]
    for x, y in data[:50]:
        kept.predict_one(x)
        kept.learn_one(x, y)
    for other in (copy.deepcopy(kept), pickle.loads(pickle.dumps(kept))):  # noqa: S301 - our own
        assert other.predict_proba_one(data[55][0]) == kept.predict_proba_one(data[55][0])
        other.learn_one(*data[56])
        assert other.keeper.engines["main"].counts.learned == 51
    assert kept.keeper.engines["main"].counts.learned == 50
    assert not kept.clone().keeper.engines


def test_a_score_of_a_detector_changes_nothing() -> None:
    kept = KeptDetector(TREES)
    for x, _ in Strange():
        before = kept.score_one(x)
        assert kept.score_one(x) == before
        kept.learn_one(x)
    assert kept.keeper.engines["main"].counts.predicted == 500


def accuracy() -> Any:
    return metrics.Accuracy()  # type: ignore[no-untyped-call]


def _pipeline() -> base.Estimator:
    return preprocessing.StandardScaler() | linear_model.LogisticRegression()
