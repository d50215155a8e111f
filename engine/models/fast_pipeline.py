"""River's pipelines without the bookkeeping around each step: the same steps in order, the same numbers.

A step that learns from features alone learns and then transforms the same features: a standard scaler does
both in one pass here. A linear model under plain SGD learns without a detour. The arithmetic is River's own.
State stays in River's objects, so a model is saved, copied and looked at as ever, and whoever calls its own
verbs finds what he would have found. Whatever is not known here is left to River.

`tests/laws/test_unrolled.py` holds every number against River's.
"""

from collections.abc import Mapping
from typing import Any

from river import base
from river.compose import Pipeline, TransformerUnion
from river.linear_model import LinearRegression, LogisticRegression
from river.optim import SGD
from river.preprocessing import StandardScaler
from river.utils import VectorDict

from engine.records.values import Features, Target

_LINEAR = (LogisticRegression, LinearRegression)


def seen_by_last(model: Any, features: Features) -> tuple[Any, Any]:
    """The last step of a pipeline and what it is given to predict; the model itself when it is none."""
    if type(model) is not Pipeline or model._LEARN_UNSUPERVISED_DURING_PREDICT:
        return model, features
    if model._plan is None:
        model._build_plan()
    x: Any = features
    for step in model._inference_transformers:
        x = step.transform_one(x)
    return model._last_step_cached, x


def learn(model: Any, features: Features, label: Target | None) -> None:
    """What `model.learn_one(features, label)` does; it raises what that raises."""
    if type(model) is not Pipeline or model._LEARN_UNSUPERVISED_DURING_PREDICT:
        return _learn_last(model, features, label)
    x: Any = features
    for kind, step, *about in model._plan or model._build_plan():
        if kind == "final":
            if about[0]:
                _learn_last(step, x, label)
            else:
                step.learn_one(x=x)
        elif kind == "anomaly":
            if _filtered(step, x, label, supervised=about[0]):
                return None
        elif not about[0]:  # neither the step nor any part of it learns from labels
            x = _learn_and_transform(step, x)
        else:
            x = _learn_supervised(kind, step, about, x, label)
    return None


def _learn_supervised(kind: str, step: Any, about: list[Any], x: Any, label: Target | None) -> Any:
    """A step that learns from labels does so after it has transformed."""
    supervised, alone = (about[0], about[1]) if kind == "union" else ([(step, None)], [])
    for part, _ in alone:
        part.learn_one(x)
    transformed = step.transform_one(x)
    for part, _ in supervised:
        part.learn_one(x=x, y=label)
    return transformed


def _filtered(step: Any, x: Any, label: Target | None, *, supervised: bool) -> bool:
    """Whether an anomaly filter keeps the example from the steps after it."""
    given = (x, label) if supervised else (x,)
    step.learn_one(*given)
    return bool(step.classify(step.score_one(*given)))


def _learn_and_transform(step: Any, x: Any) -> Any:
    """What `step.learn_one(x)` and then `step.transform_one(x)` do."""
    kind = type(step)
    if kind is StandardScaler and step.window_size is None and step.with_std:
        return _scale(step, x)
    if kind is TransformerUnion:
        parts = [_learn_and_transform(part, x) for part in step.transformers.values()]
        joined: dict[Any, Any] = {}
        for part in reversed(parts):
            joined.update(part)
        return joined
    if kind is Pipeline and _only_transforms(step):
        for part in step.steps.values():
            x = _learn_and_transform(part, x)
        return x
    step.learn_one(x)
    return step.transform_one(x)


def _only_transforms(pipeline: Any) -> bool:
    """Whether every step does."""
    if pipeline._plan is None:
        pipeline._build_plan()
    transforming = len(pipeline._inference_transformers) + 1 == len(pipeline.steps)
    return transforming and isinstance(pipeline._last_step_cached, base.Transformer)


def _scale(scaler: Any, x: Mapping[Any, Any]) -> dict[Any, Any]:
    """A standard scaler learns and transforms: Welford's running mean and variance."""
    counts, means, variances = scaler.counts, scaler.means, scaler.vars
    scaled = {}
    for name, value in x.items():
        counts[name] = count = counts[name] + 1
        before = means[name]
        means[name] = mean = before + (value - before) / count
        variance = variances[name]
        variances[name] = variance = variance + ((value - before) * (value - mean) - variance) / count
        scaled[name] = (value - mean) / variance**0.5 if variance else 0.0
    return scaled


def _learn_last(model: Any, x: Any, label: Any) -> None:
    """The last step learns: a linear model by one step of plain SGD here, any other by its own verb."""
    optimizer = getattr(model, "optimizer", None)
    if type(model) not in _LINEAR or type(optimizer) is not SGD or model.l1 != 0.0:
        model.learn_one(x, label)
        return
    # Only the weights of features that are here take part, also in the penalty.
    weights: Any = VectorDict(model._weights, model.initializer, x)
    slope = model.loss.gradient(y_true=label, y_pred=weights.dot(x) + model.intercept)
    most = model.clip_gradient
    slope = float(max(min(slope, most), -most))
    gradient = VectorDict.from_scaled(x, slope)
    if model.l2:
        gradient.iadd_scaled(weights, model.l2)
    model.intercept -= model.intercept_lr.get(optimizer.n_iterations) * slope
    weights.isub_scaled(gradient, optimizer.learning_rate)
    optimizer.n_iterations += 1
