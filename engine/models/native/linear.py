"""Linear models with plain SGD."""

import math
from typing import Any

from river import linear_model, optim
from river.utils import VectorDict

from engine.models.native.recognition import Write, attributes, expect, floats, number

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
    logistic = type(model) is linear_model.LogisticRegression
    known = attributes(
        model, linear_model.LogisticRegression if logistic else linear_model.LinearRegression, _LINEAR_MODEL
    )
    optimizer = attributes(known["optimizer"], optim.SGD, ("lr", "n_iterations"))
    expect(attributes(known["initializer"], optim.initializers.Zeros, {"value"})["value"] == 0.0)
    expect(known["l1"] == 0.0 and type(optimizer["n_iterations"]) is int)
    clip = number(known["clip_gradient"])
    expect(clip > 0)
    last = {
        "log": _loss(known["loss"], logistic=logistic),
        "rate": _constant(optimizer["lr"]),
        "intercept_rate": _constant(known["intercept_lr"]),
        "penalty": number(known["l2"]),
        "clip": clip,
        "intercept": number(known["intercept"]),
        "weights": _weights(known["_weights"]),
    }
    begun = 0

    def write(state: Any) -> None:
        nonlocal begun
        if state["iterations"] != begun:
            write_learned(model, state, state["iterations"] - begun)
            begun = state["iterations"]

    return last, write


def write_learned(model: Any, state: Any, iterations: int) -> None:
    """Brings a model up to date that has learned so many records more."""
    weights = model._weights
    for name, weight in state["weights"].items():
        weights[name] = weight
    model.intercept = state["intercept"]
    model.optimizer.n_iterations += iterations


def _weights(weights: Any) -> dict[str, float]:
    expect(type(weights) is VectorDict)
    _, (found, factory, mask, _) = weights.__reduce__()
    expect(factory is None and mask is None)
    expect(all(weight != 0 or math.copysign(1, weight) > 0 for weight in found.values()))
    return floats(found)


def _constant(schedule: Any) -> float:
    return number(attributes(schedule, optim.schedulers.Constant, {"learning_rate"})["learning_rate"])


def _loss(loss: Any, *, logistic: bool) -> tuple[float, float] | None:
    """The weights of the logarithmic loss; the squared one has none."""
    if not logistic:
        attributes(loss, optim.losses.Squared, ())
        return None
    known = attributes(loss, optim.losses.Log, ("weight_pos", "weight_neg"))
    return number(known["weight_pos"]), number(known["weight_neg"])
