"""Softmax regression: weights of features for each class, and an optimizer of its own."""

import copy
from collections import defaultdict
from functools import partial
from typing import Any

from river import optim
from river.linear_model import SoftmaxRegression

from engine.models.native.optimizers import described_optimizer, memories_of, schedule, write_memories
from engine.models.native.recognition import Write, are_classes, attributes, expect, floats, number


def described(model: Any) -> tuple[dict[str, Any], Write]:
    """A model as the crate takes it, and what writes its state."""
    known = attributes(model, SoftmaxRegression, ("optimizer", "optimizers", "loss", "l2", "weights"))
    optimizer, optimizers, weights = known["optimizer"], known["optimizers"], known["weights"]
    expect(number(known["l2"]) >= 0)
    _expect_factory(weights, defaultdict, (float,))
    _expect_factory(optimizers, copy.deepcopy, (optimizer,))
    _expect_unused(optimizer)
    expect(list(weights) == list(optimizers) and are_classes(weights))
    expect(len({id(each) for each in (optimizer, *optimizers.values())}) == len(optimizers) + 1)
    expect(len({id(each) for each in weights.values()}) == len(weights))
    last = {
        "kind": "softmax",
        "optimizer": described_optimizer(optimizer),
        "rate": schedule(optimizer.lr),
        "penalty": number(known["l2"]),
        "class_weights": _class_weights(known["loss"]),
        "classes": [_of_class(one, weights[one], optimizers[one], optimizer) for one in weights],
    }

    def write(state: Any) -> None:
        for one, iterations, found, memories in state["classes"]:
            of_class, own = weights[one], optimizers[one]  # made where the class is new
            if own.n_iterations != iterations:
                of_class.update(found)
                write_memories(own, memories, partial(defaultdict, float))
                own.n_iterations = iterations

    return last, write


def _of_class(one: Any, weights: Any, own: Any, optimizer: Any) -> tuple[Any, ...]:
    """What a class has learned."""
    expect(described_optimizer(own) == described_optimizer(optimizer))
    expect(schedule(own.lr) == schedule(optimizer.lr) and own.n_iterations > 0)
    found = dict(floats(weights, defaultdict, float))
    return one, own.n_iterations, found, memories_of(own, found, defaultdict)


def _expect_factory(found: Any, function: Any, given: tuple[Any, ...]) -> None:
    """Expects a dictionary that makes its values as River's does."""
    expect(type(found) is defaultdict and type(found.default_factory) is partial)
    factory = found.default_factory
    expect(factory.func is function and not factory.keywords and len(factory.args) == len(given))
    expect(all(one is other for one, other in zip(factory.args, given, strict=True)))


def _expect_unused(optimizer: Any) -> None:
    """Expects an optimizer of which copies have everything before them."""
    described_optimizer(optimizer)
    expect(optimizer.n_iterations == 0)
    memories_of(optimizer, {})


def _class_weights(loss: Any) -> list[tuple[Any, float]]:
    """What the loss of a class counts, where it is not 1."""
    found = attributes(loss, optim.losses.CrossEntropy, {"class_weight"})["class_weight"]
    expect(type(found) is dict and are_classes(found))
    return [(one, number(counts)) for one, counts in found.items()]
