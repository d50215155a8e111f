"""Kinds of River models: which models belong to a kind, how they predict and how they learn."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from river import base

from engine.models import fast_pipeline
from engine.models.parts import parts_of
from engine.records.events import AnomalyScore, Output
from engine.records.values import Features, Target
from engine.tasks.base import ModelKind

Predict = Callable[[Any, Features], Output | None]
"""Takes a model and features; returns `None` if the model has not learned enough to predict."""

Learn = Callable[[Any, Features, Target | None], None]
"""Trains a model on features and a label."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of River model.

    Attributes:
        accepts: Whether a model belongs to it, from the last step of its pipeline.
        wanted: What is needed, in words for a message.
        predict: Chooses how a model like this one predicts.
        learn: Trains a model.
        decides: Whether a model like this one puts out a class or a value, and not a score alone.
    """

    accepts: Callable[[Any], bool]
    wanted: str
    predict: Callable[[Any], Predict]
    learn: Learn
    decides: Callable[[Any], bool]


def last_step(model: Any) -> Any:
    """The last step of a pipeline; the model itself if it is not a pipeline."""
    while hasattr(model, "_last_step"):
        model = model._last_step
    return model


def _is_classifier(final: Any) -> bool:
    return isinstance(final, base.Classifier) or _has_verbs(final)


def _is_regressor(final: Any) -> bool:
    return isinstance(final, base.Regressor) or _has_verbs(final)


def _is_detector(final: Any) -> bool:
    return hasattr(final, "score_one") and not isinstance(final, base.SupervisedAnomalyDetector)


def _has_verbs(model: Any) -> bool:
    """Whether a model of none of River's kinds still has the methods (wrappers, users' models)."""
    kinds = (base.Classifier, base.Regressor, base.Clusterer, base.Transformer)
    return hasattr(model, "learn_one") and hasattr(model, "predict_one") and not isinstance(model, kinds)


def _learn_features(model: Any, features: Features, _: Target | None) -> None:
    model.learn_one(features)


def _probabilities_or_class(model: Any) -> Predict:
    if not _has_probabilities(model):
        return _predict_class
    return _predict_in_order if _orders_by_hash(model, set()) else _predict_probabilities


_BY_HASH = {"AMFClassifier", "KNNClassifier", "NoChangeClassifier"}
"""River's classifiers that put out classes in the order of a set, which hashes of text decide."""


def _orders_by_hash(model: Any, seen: set[int]) -> bool:
    """Whether a model, or one that it is made of, is of these."""
    if id(model) in seen or not isinstance(model, base.Base):
        return False
    seen.add(id(model))
    if type(model).__name__ in _BY_HASH:
        return True
    return any(_orders_by_hash(part, seen) for part in parts_of(model))


def _has_probabilities(model: Any) -> bool:
    """Whether `predict_proba_one` exists and is implemented; a copy is asked, which may learn from it."""
    if not hasattr(model, "predict_proba_one"):
        return False
    probe = model.clone() if hasattr(model, "clone") else model
    try:
        probe.predict_proba_one({})
    except (NotImplementedError, AttributeError):
        return False
    except Exception:  # noqa: BLE001 - it dislikes the empty features, but it is implemented
        return True
    return True


def _predict_probabilities(model: Any, features: Features) -> Output | None:
    last, x = fast_pipeline.seen_by_last(model, features)
    output: Mapping[Target, float] | None = last.predict_proba_one(x)
    return output or None


def _predict_in_order(model: Any, features: Features) -> Output | None:
    """Classes in their own order, so that the first of them in a tie is the same in every process."""
    output: Any = _predict_probabilities(model, features)
    return output and dict(sorted(output.items(), key=lambda item: (type(item[0]).__name__, item[0])))


def _predict_class(model: Any, features: Features) -> Output | None:
    last, x = fast_pipeline.seen_by_last(model, features)
    label = last.predict_one(x)
    return None if label is None else {label: 1.0}


def _predict_value(model: Any, features: Features) -> Output | None:
    last, x = fast_pipeline.seen_by_last(model, features)
    value = last.predict_one(x)
    return None if value is None or not math.isfinite(value) else float(value)


def _predict_score(model: Any, features: Features) -> Output | None:
    score = model.score_one(features)
    if score is None or not math.isfinite(score):
        return None
    classify = getattr(last_step(model), "classify", None)
    return AnomalyScore(float(score), None if classify is None else bool(classify(score)))


KINDS: dict[ModelKind, Kind] = {
    "classifier": Kind(
        _is_classifier, "a classifier", _probabilities_or_class, fast_pipeline.learn, lambda _: True
    ),
    "regressor": Kind(
        _is_regressor, "a regressor", lambda _: _predict_value, fast_pipeline.learn, lambda _: True
    ),
    "anomaly detector": Kind(
        _is_detector,
        "a detector that learns from features alone (score_one and learn_one, such as "
        "anomaly.HalfSpaceTrees)",
        lambda _: _predict_score,
        _learn_features,
        lambda model: hasattr(last_step(model), "classify"),
    ),
}
"""Every kind by its name."""
