"""Optimizers of linear models, what they remember of gradients, and schedules of learning rates."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from river import optim
from river.utils import VectorDict

from engine.models.native.recognition import attributes, expect, floats, number


def _share(found: Any) -> float:
    """How much of something remains."""
    expect(0 <= number(found) < 1)
    return number(found)


def _positive(found: Any) -> float:
    """A parameter that keeps River from dividing by zero."""
    expect(number(found) > 0)
    return number(found)


_Parameter = Callable[[Any], float]
_PARAMETERS: dict[Any, dict[str, _Parameter]] = {
    optim.SGD: {},
    optim.RMSProp: {"rho": _share, "eps": _positive},
    optim.Adam: {"beta_1": _share, "beta_2": _share, "eps": _positive},
    optim.AdaGrad: {"eps": _positive},
    optim.Momentum: {"rho": number},
}
_VECTORS: dict[Any, tuple[str, ...]] = {optim.RMSProp: ("g2",), optim.Adam: ("m", "v")}
"""What an optimizer remembers in vectors, which there are from its first step on."""

_DICTIONARIES: dict[Any, tuple[str, ...]] = {optim.AdaGrad: ("g2",), optim.Momentum: ("s",)}
_SQUARES = {"g2", "v"}

_SCHEDULES: dict[Any, dict[str, _Parameter]] = {
    optim.schedulers.Constant: {"learning_rate": number},
    optim.schedulers.InverseScaling: {"learning_rate": number, "power": number},
    optim.schedulers.Optimal: {"alpha": number, "t0": number},
}


def _remembered(kind: Any) -> tuple[str, ...]:
    """The attributes in which an optimizer of this class remembers gradients."""
    return (*_VECTORS.get(kind, ()), *_DICTIONARIES.get(kind, ()))


def described_optimizer(optimizer: Any) -> tuple[str, float, float, float]:
    """The name of an optimizer, and its parameters."""
    kind = type(optimizer)
    expect(kind in _PARAMETERS)
    parameters = _PARAMETERS[kind]
    known = attributes(optimizer, kind, ("lr", "n_iterations", *parameters, *_remembered(kind)))
    expect(type(known["n_iterations"]) is int and 0 <= known["n_iterations"] < 2**52)
    found = [*(read(known[name]) for name, read in parameters.items()), 0.0, 0.0, 0.0]
    return kind.__name__, found[0], found[1], found[2]


def schedule(found: Any) -> tuple[str, float, float]:
    """The name of a schedule, and its parameters."""
    kind = type(found)
    expect(kind in _SCHEDULES)
    # Once made, a schedule does not ask the loss that it was made for.
    unasked = ("loss",) if kind is optim.schedulers.Optimal else ()
    known = attributes(found, kind, (*_SCHEDULES[kind], *unasked))
    parameters = [*(read(known[name]) for name, read in _SCHEDULES[kind].items()), 0.0]
    return kind.__name__, parameters[0], parameters[1]


def memories_of(optimizer: Any, weights: dict[str, float], kept: Any = VectorDict) -> list[dict[str, float]]:
    """What an optimizer remembers, of each weight.

    Args:
        optimizer: The optimizer.
        weights: Those that it has moved.
        kept: The class in which River keeps its vectors, as it keeps the weights.
    """
    kind = type(optimizer)
    found = [
        *(_vector(getattr(optimizer, name), kept) for name in _VECTORS.get(kind, ())),
        *(floats(getattr(optimizer, name), defaultdict, float) for name in _DICTIONARIES.get(kind, ())),
    ]
    for name, memory in zip(_remembered(kind), found, strict=True):
        expect(list(memory) == list(weights))
        expect(name not in _SQUARES or all(square >= 0 for square in memory.values()))
    return [dict(memory) for memory in found]


def _vector(found: Any, kept: Any) -> dict[str, float]:
    if found is None:
        return {}
    return floats(found, defaultdict, float) if kept is defaultdict else vector(found)


def vector(found: Any) -> dict[str, float]:
    """The numbers of a vector of River's, by name."""
    expect(type(found) is VectorDict)
    _, (values, factory, mask, _) = found.__reduce__()
    expect(factory is None and mask is None)
    return floats(values)


def write_memories(
    optimizer: Any, memories: list[dict[str, float]], make: Callable[[], Any] = VectorDict
) -> None:
    """Brings an optimizer up to date that has made a step, in which it makes its vectors."""
    for name, memory in zip(_remembered(type(optimizer)), memories, strict=True):
        if getattr(optimizer, name) is None:
            setattr(optimizer, name, make())
        found = getattr(optimizer, name)
        for feature, value in memory.items():
            found[feature] = value
