"""Linear models: with SGD and what is like it, constant rates and schedules, and most losses of one label."""

import math
from collections.abc import Callable
from typing import Any

from river import linear_model, optim

from engine.models.native.optimizers import (
    described_optimizer,
    memories_of,
    schedule,
    vector,
    write_memories,
)
from engine.models.native.recognition import Write, attributes, expect, number

_KINDS = (linear_model.LogisticRegression, linear_model.Perceptron, linear_model.LinearRegression)
_LINEAR_MODEL = (
    "optimizer",
    "loss",
    "l2",
    "l1",
    "intercept_init",
    "intercept",
    "intercept_lr",
    "clip_gradient",
    "initializer",
    "_weights",
    "_y_name",
)


def described(model: Any) -> tuple[dict[str, Any], Write]:
    """A linear model as the crate takes it, and what writes its state."""
    expect(type(model) in _KINDS)
    known = attributes(model, type(model), _LINEAR_MODEL)
    is_classifier = type(model) is not linear_model.LinearRegression
    optimizer, weights = known["optimizer"], _weights(known["_weights"])
    clip = number(known["clip_gradient"])
    expect(attributes(known["initializer"], optim.initializers.Zeros, {"value"})["value"] == 0.0)
    expect(known["l1"] == 0.0 and clip > 0)
    last = {
        "is_classifier": is_classifier,
        "loss": _loss(known["loss"], is_classifier=is_classifier),
        "optimizer": described_optimizer(optimizer),
        "rate": schedule(optimizer.lr),
        "intercept_rate": schedule(known["intercept_lr"]),
        "penalty": number(known["l2"]),
        "clip": clip,
        "intercept": number(known["intercept"]),
        "iterations": optimizer.n_iterations,
        "weights": weights,
        "memories": memories_of(optimizer, weights),
    }

    def write(state: Any) -> None:
        if state["iterations"] != optimizer.n_iterations:
            write_learned(model, state)

    return last, write


def write_learned(model: Any, state: Any) -> None:
    """Brings a model up to date that has learned more records."""
    weights = model._weights
    for name, weight in state["weights"].items():
        weights[name] = weight
    write_memories(model.optimizer, state["memories"])
    model.intercept = state["intercept"]
    model.optimizer.n_iterations = state["iterations"]


def is_dense(model: Any) -> bool:
    """Whether features of 0 matter: to a penalty, a memory of gradients, or a model of another kind."""
    return type(model) not in _KINDS or type(model.optimizer) is not optim.SGD or model.l2 != 0.0


def _weights(weights: Any) -> dict[str, float]:
    found = vector(weights)
    expect(all(weight != 0 or math.copysign(1, weight) > 0 for weight in found.values()))
    return found


def _float(found: Any) -> float:
    expect(type(found) is float)
    return number(found)


_LOSSES: dict[Any, dict[str, Callable[[Any], float]]] = {
    optim.losses.Log: {"weight_pos": number, "weight_neg": number},
    optim.losses.Hinge: {"threshold": number},
    optim.losses.Squared: {},
    optim.losses.Absolute: {},
    optim.losses.Huber: {"epsilon": number},
    optim.losses.Quantile: {"alpha": number},
    # Two whole numbers would be added exactly, however large.
    optim.losses.EpsilonInsensitiveHinge: {"eps": _float},
}
"""Losses with their parameters."""


def _loss(loss: Any, *, is_classifier: bool) -> tuple[str, float, float]:
    """The name of a loss, and its parameters."""
    kind = type(loss)
    expect(kind in _LOSSES and (is_classifier or issubclass(kind, optim.losses.RegressionLoss)))
    known = attributes(loss, kind, _LOSSES[kind])
    first, second, *_ = [*(read(known[name]) for name, read in _LOSSES[kind].items()), 0.0, 0.0]
    return kind.__name__, first, second
