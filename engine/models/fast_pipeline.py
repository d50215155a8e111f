"""Fast path for River's pipelines: the same steps in the same order, the same numbers, less bookkeeping.

A step that learns from features alone learns and then transforms the same features: a standard scaler does
both in one pass here. A linear model with plain SGD learns without indirection. The arithmetic is River's.
State stays in River's objects, so saving, copying and inspecting a model work as usual, and its own methods
return the same values. River handles everything that is not known here.

`tests/laws/test_unrolled.py` compares every number with River's.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from river import base
from river.compose import Pipeline, SelectType, TransformerUnion
from river.linear_model import LinearRegression, LogisticRegression
from river.optim import SGD
from river.preprocessing import StandardScaler
from river.utils import VectorDict

from engine.records.values import Features, Target

_LINEAR = (LogisticRegression, LinearRegression)


def seen_by_last(model: Any, features: Features) -> tuple[Any, Any]:
    """The last step of a pipeline and its input for a prediction; the model and the features otherwise."""
    if type(model) is not Pipeline or model._LEARN_UNSUPERVISED_DURING_PREDICT:
        return model, features
    if model._plan is None:
        model._build_plan()
    x: Any = features
    for step in model._inference_transformers:
        x = _transform(step, x) if type(step) is TransformerUnion else step.transform_one(x)
    return model._last_step_cached, x


def learn(model: Any, features: Features, label: Target | None) -> None:
    """Same effect and same exceptions as `model.learn_one(features, label)`."""
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
    """A step that learns from labels: it transforms first and learns afterwards."""
    supervised, alone = (about[0], about[1]) if kind == "union" else ([(step, None)], [])
    for part, _ in alone:
        part.learn_one(x)
    transformed = step.transform_one(x)
    for part, _ in supervised:
        part.learn_one(x=x, y=label)
    return transformed


def _filtered(step: Any, x: Any, label: Target | None, *, supervised: bool) -> bool:
    """Whether an anomaly filter withholds the example from the steps after it."""
    given = (x, label) if supervised else (x,)
    step.learn_one(*given)
    return bool(step.classify(step.score_one(*given)))


def _learn_and_transform(step: Any, x: Any) -> Any:
    """Same effect as `step.learn_one(x)` followed by `step.transform_one(x)`."""
    kind = type(step)
    if kind is StandardScaler and step.window_size is None and step.with_std:
        return _scale(step, x)
    if kind is TransformerUnion:
        return _joined([_learn_and_transform(part, x) for part in step.transformers.values()])
    if kind is Pipeline and _only_transforms(step):
        for part in step.steps.values():
            x = _learn_and_transform(part, x)
        return x
    if kind is SelectType:
        return _selected(step, x)
    step.learn_one(x)
    return step.transform_one(x)


def _transform(step: Any, x: Any) -> Any:
    """Same effect as `step.transform_one(x)`."""
    kind = type(step)
    if kind is TransformerUnion:
        return _joined([_transform(part, x) for part in step.transformers.values()])
    if kind is Pipeline and _only_transforms(step):
        for part in step.steps.values():
            x = _transform(part, x)
        return x
    return _selected(step, x) if kind is SelectType else step.transform_one(x)


def _joined(parts: list[Mapping[Any, Any]]) -> dict[Any, Any]:
    """What the parts of a union put out, together; of the same name the first counts."""
    joined: dict[Any, Any] = {}
    for part in reversed(parts):
        joined.update(part)
    return joined


def _selected(step: Any, x: Mapping[Any, Any]) -> dict[Any, Any]:
    """The features of the types that a step selects."""
    found = frozenset(map(type, x.values()))
    chosen = _chosen(step.types, found)
    if len(chosen) == len(found):
        return dict(x)
    return {name: value for name, value in x.items() if type(value) in chosen} if chosen else {}


@lru_cache(maxsize=256)
def _chosen(types: tuple[type, ...], found: frozenset[type]) -> frozenset[type]:
    """Those of the types found that are selected; there are few, and abstract classes take long to ask."""
    return frozenset(kind for kind in found if issubclass(kind, types))


def _only_transforms(pipeline: Any) -> bool:
    """Whether every step of the pipeline is a transformer."""
    if pipeline._plan is None:
        pipeline._build_plan()
    transforming = len(pipeline._inference_transformers) + 1 == len(pipeline.steps)
    last: object = type(pipeline._last_step_cached)
    return transforming and _is_transformer(last)


@lru_cache(maxsize=256)
def _is_transformer(kind: Any) -> bool:
    return issubclass(kind, base.Transformer)


def _scale(scaler: Any, x: Mapping[Any, Any]) -> dict[Any, Any]:
    """Standard scaler that learns and transforms: Welford's running mean and variance."""
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
    """The last step learns: a linear model by one step of plain SGD here, any other by its own method."""
    optimizer = getattr(model, "optimizer", None)
    if type(model) not in _LINEAR or type(optimizer) is not SGD or model.l1 != 0.0:
        model.learn_one(x, label)
        return
    # Only the weights of present features take part, also in the penalty.
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
