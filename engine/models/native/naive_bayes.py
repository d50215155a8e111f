"""Gaussian naive Bayes: a normal distribution of each number in each class."""

from collections import Counter, defaultdict
from functools import cache, partial
from importlib import import_module
from random import Random
from typing import Any

import numpy as np
from river.naive_bayes import GaussianNB
from river.proba import Gaussian
from river.stats import Var

from engine.models.native.moments import Moments, variance, write_variance
from engine.models.native.recognition import COMPENSATES, Write, are_classes, are_texts, attributes, expect

_FACTORY: Any = GaussianNB._make_gaussian
_LENGTHS = (1, 2, 3, 7, 8, 9, 20, 128)
"""Of made vectors: NumPy sums longer ones in another way."""


def described(model: Any) -> tuple[dict[str, Any], Write]:
    """A model as the crate takes it, and what writes its state."""
    known = attributes(model, GaussianNB, ("class_counts", "gaussians"))
    counts, normals = known["class_counts"], known["gaussians"]
    expect(type(counts) is Counter and all(type(count) is int and count > 0 for count in counts.values()))
    expect(are_classes(counts) and _sums_alike())
    classes = list(counts)
    last = {
        "kind": "naive_bayes",
        "compensates": COMPENSATES,
        "classes": list(counts.items()),
        "normals": [(classes.index(one), found) for one, found in _normals(normals).items()],
    }
    generator = Random()  # noqa: S311 - nothing is drawn from it

    def write(state: Any) -> None:
        dict.update(counts, state["classes"])  # a Counter's own would add
        for place, of_class in state["normals"]:
            found = normals[state["classes"][place][0]]
            for name, moments in of_class.items():
                if name not in found:
                    found[name] = _new_normal(generator)
                write_variance(found[name]._var, moments)

    return last, write


def _normals(normals: Any) -> dict[Any, dict[str, Moments]]:
    """What is known of each number in each class."""
    expect(type(normals) is defaultdict and type(normals.default_factory) is partial)
    factory = normals.default_factory
    expect(factory.func is defaultdict and factory.args == (_FACTORY,) and not factory.keywords)
    return {one: _of_class(found) for one, found in normals.items()}


def _of_class(normals: Any) -> dict[str, Moments]:
    expect(type(normals) is defaultdict and normals.default_factory is _FACTORY and are_texts(normals))
    return {name: _normal(found) for name, found in normals.items()}


def _normal(normal: Any) -> Moments:
    known = attributes(normal, Gaussian, ("seed", "_rng", "_var"))
    expect(known["seed"] is None)
    return variance(known["_var"], ddof=0)


def _new_normal(generator: Random) -> Any:
    """A distribution; all that are new share one generator, as those of a tree (`tree_writing`)."""
    made: Any = object.__new__(Gaussian)
    made.seed, made._rng, made._var = None, generator, Var(ddof=0)
    return made


@cache
def _sums_alike() -> bool:
    """Whether the crate has SciPy's sum of exponentials.

    It asks NumPy for functions of one number, and SciPy for those of an array. NumPy has functions of its own
    for some processors, and might take them for arrays alone.
    """
    crate, special = import_module("riverkeeper_native"), import_module("scipy.special")
    numbers = -40 * np.random.default_rng(1).random(2000) ** 3
    asked = ((np.exp, numbers), (np.log1p, np.exp(numbers)), (np.log, np.arange(1.0, 129.0)))
    alike = all(
        function(given).tolist() == [float(function(number)) for number in given.tolist()]
        for function, given in asked
    )
    vectors = [numbers[place : place + length] for length in _LENGTHS for place in range(12)]
    vectors += [np.repeat(numbers[place : place + 3], 2) for place in range(12)]
    return alike and all(
        float(special.logsumexp(vector)) == crate.log_sum_of_exp(vector.tolist()) for vector in vectors
    )
