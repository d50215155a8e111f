"""One small adapter between River's models and the engine: predict, learn and loss, by task.

An output is what the model puts out: class probabilities, a number, or an anomaly score. `None` stands for
every way in which River says "I have not learned yet" (`None`, `{}`).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from river import base

from engine.errors import ModelError
from engine.models import fast_pipeline
from engine.models.config import ModelConfig
from engine.models.factory import build
from engine.records.config import Task
from engine.records.events import AnomalyScore, Output
from engine.records.values import Features, Target

Predict = Callable[[Any, Features], Output | None]
"""Takes a River model and features."""


@dataclass(frozen=True, slots=True)
class TaskOps:
    """What a task does with its models' outputs.

    Attributes:
        predict: Asks a model for its output.
        learn: Trains a model on features and label.
        loss: Of an output on a label. Classification: the Brier score, halved so that it lies in
            [0, 1] (Brier 1950). Regression: the absolute error. Anomaly detection: 1 for a wrong
            decision, 0 for a right one, `None` where the detector has no threshold to decide by.
        serve: The served class or value, and the probability that goes with it.
        unsupervised: Whether models learn from features alone, and so at once.
        decides: Whether a class or a value is served, and not a score alone.
    """

    predict: Predict
    learn: Callable[[Any, Features, Target | None], None]
    loss: Callable[[Any, Any], float | None]
    serve: Callable[[Any], tuple[Target | None, float | Mapping[Target, float] | None]]
    unsupervised: bool = False
    decides: bool = True


def make_model(config: ModelConfig, where: str = "model.model") -> base.Estimator:
    """A fresh model that fits the task; `where` it is configured is for messages.

    Raises:
        ModelError: When it cannot be built, or predicts something other than the task.
    """
    model = build(config.model, where)
    final = _last_step(model)
    if config.task == "anomaly":
        if isinstance(final, base.SupervisedAnomalyDetector) or not hasattr(final, "score_one"):
            raise ModelError(
                f"{where}: the task is anomaly, which needs a detector that learns from features alone "
                f"(score_one and learn_one, such as anomaly.HalfSpaceTrees); {type(final).__name__} is none"
            )
        return model
    wanted = base.Regressor if config.task == "regression" else base.Classifier
    if not isinstance(final, wanted) and not _predicts(final):
        raise ModelError(
            f"{where}: the task is {config.task}, which needs a {wanted.__name__.lower()}; "
            f"{type(final).__name__} is none"
        )
    return model


def _last_step(model: Any) -> Any:
    """What a pipeline ends in; the model itself when it is none."""
    while hasattr(model, "_last_step"):
        model = model._last_step
    return model


_configured: dict[tuple[Task, str], TaskOps] = {}


def configured_ops(config: ModelConfig, model: base.Estimator) -> TaskOps:
    """The operations of models built from this configuration.

    The first is asked: that takes a copy of it, and there may be one for each of many keys.
    """
    built = config.task, repr(config.model)
    if built not in _configured:
        _configured[built] = task_ops(config.task, model)
    return _configured[built]


def task_ops(task: Task, model: base.Estimator) -> TaskOps:
    """The operations of the task, for models built like this one."""
    if task == "anomaly":
        decides = hasattr(_last_step(model), "classify")
        return TaskOps(
            _predict_score,
            _learn_features,
            _wrong_decision,
            _serve_score,
            unsupervised=True,
            decides=decides,
        )
    if task == "regression":
        return TaskOps(_predict_value, _learn, _absolute_error, _serve_value)
    predict = _predict_probabilities if _has_probabilities(model) else _predict_class
    if task == "binary":
        return TaskOps(predict, _learn, _binary_brier, _serve_binary)
    return TaskOps(predict, _learn, _brier, _serve_classes)


def _learn(model: Any, features: Features, label: Target | None) -> None:
    fast_pipeline.learn(model, features, label)


def _learn_features(model: Any, features: Features, _: Target | None) -> None:
    model.learn_one(features)


def _predicts(model: base.Estimator) -> bool:
    """Whether a model that is of none of River's kinds still has the verbs (wrappers, users' models)."""
    kinds = (base.Classifier, base.Regressor, base.Clusterer, base.Transformer)
    return hasattr(model, "learn_one") and hasattr(model, "predict_one") and not isinstance(model, kinds)


def _has_probabilities(model: Any) -> bool:
    """Whether `predict_proba_one` exists and is implemented; asked of a copy, which may learn from it."""
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
    classify = getattr(_last_step(model), "classify", None)
    return AnomalyScore(float(score), None if classify is None else bool(classify(score)))


def _binary_brier(output: Mapping[Target, float], label: Target) -> float:
    miss: float = 1.0 - output.get(label, 0.0)
    return _in_bounds(miss * miss)


def _brier(output: Mapping[Target, float], label: Target) -> float:
    squares = sum(p * p for p in output.values())
    return _in_bounds((squares - 2.0 * output.get(label, 0.0) + 1.0) / 2.0)


def _in_bounds(loss: float) -> float:
    """Probabilities may not add up to 1, or be NaN: the first cannot cost more than 1, the second does."""
    return max(loss, 0.0) if loss <= 1.0 else 1.0


def _absolute_error(output: float, label: float) -> float:
    return abs(output - label)


def _wrong_decision(output: AnomalyScore, label: Target) -> float | None:
    return None if output.anomalous is None else float(output.anomalous != label)


def top_class(output: Mapping[Target, float]) -> Target:
    """The most probable class; the first of them in a tie, as River does it."""
    if len(output) == 2:  # what binary tasks ask for, twice an event
        (first, p), (second, q) = output.items()
        return second if q > p else first
    return max(output, key=output.__getitem__)


def _serve_binary(output: Mapping[Target, float] | None) -> tuple[Target | None, float | None]:
    return (None, None) if output is None else (top_class(output), output.get(True, 0.0))


def _serve_classes(
    output: Mapping[Target, float] | None,
) -> tuple[Target | None, Mapping[Target, float] | None]:
    return (None, None) if output is None else (top_class(output), output)


def _serve_value(output: float | None) -> tuple[Target | None, None]:
    return output, None


def _serve_score(output: AnomalyScore | None) -> tuple[Target | None, None]:
    return (None if output is None else output.anomalous), None
