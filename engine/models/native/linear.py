"""Linear pipelines: scalers, selections and encoders, and behind them a linear model with plain SGD."""

import math
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from numbers import Complex, Integral, Number, Rational, Real
from typing import Any

from river import compose, linear_model, optim, preprocessing, stats
from river.utils import VectorDict

from engine.models.native.recognition import Unknown, are_texts, attributes, expect, floats, number

Step = tuple[Any, ...]
"""A step as the crate takes it: its kind, and what belongs to it."""

Write = Callable[[Any], None]
"""Writes a state into the object that it is of."""

_PIPELINE = {"steps", "_plan", "_inference_transformers", "_last_step_cached"}
_ONE_HOT = ("drop_zeros", "drop_first", "categories", "values", "_zero_dict")
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
_TYPES = frozenset({Number, Complex, Real, Rational, Integral, float, int, bool, str, object})


def compiled(kind: Any, model: Any) -> tuple[Any, Write]:
    """The crate's model for a River model, and what brings the River model up to date.

    Args:
        kind: The crate's class.
        model: The River model.

    Raises:
        Unknown: When it is not exactly known.
        ValueError: When it cannot be told to the crate.
    """
    known = _Recognition()
    steps, final = known.whole(model)
    last, write_last = _linear_model(final)
    native = kind.linear(steps, last)

    def write(state: Any) -> None:
        for pipeline in known.pipelines:
            if pipeline._plan is None:
                pipeline._build_plan()  # as its first prediction does
        for write_step, of_step in zip(known.writes, state["steps"], strict=True):
            write_step(of_step)
        write_last(state)

    return native, write


class _Recognition:
    """The steps of a pipeline as the crate takes them.

    Attributes:
        writes: For each step that learns, in their order, what writes its state.
        pipelines: All pipelines, whose plans River makes when it first needs them.
    """

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.pipelines: list[Any] = []
        self._learning: set[int] = set()

    def whole(self, model: Any) -> tuple[list[Step], Any]:
        """The steps before the last one, and the last one."""
        if type(model) is not compose.Pipeline:
            return [], model
        *steps, final = self._parts(model)
        return self._steps(steps, penalty=bool(getattr(final, "l2", 0.0))), final

    def _parts(self, pipeline: Any) -> list[Any]:
        found = vars(pipeline)
        expect(found.keys() - {"_last_step_params"} == _PIPELINE and type(found["steps"]) is OrderedDict)
        expect(len(pipeline.steps) > 0 and not compose.Pipeline._LEARN_UNSUPERVISED_DURING_PREDICT)
        self.pipelines.append(pipeline)
        return list(pipeline.steps.values())

    def _steps(self, steps: list[Any], *, penalty: bool, last: bool = True) -> list[Step]:
        """Steps one after the other.

        Args:
            steps: River's.
            penalty: Whether the linear model has one, to which features of 0 matter.
            last: Whether the linear model comes next.
        """
        found: list[Step] = []
        for place, step in enumerate(steps):
            found += self._step(step, penalty=penalty, last=last and place == len(steps) - 1)
        return found

    def _step(self, step: Any, *, penalty: bool, last: bool) -> list[Step]:
        if type(step) is compose.Pipeline:
            return self._steps(self._parts(step), penalty=penalty, last=last)
        if type(step) is compose.TransformerUnion:
            parts = attributes(step, compose.TransformerUnion, {"transformers"})["transformers"]
            expect(type(parts) is dict)
            united = [self._step(part, penalty=penalty, last=last) for part in parts.values()]
            return [("union", united)]
        if type(step) in _SELECTIONS:
            return [_SELECTIONS[type(step)](step)]
        expect(id(step) not in self._learning)  # one object in two places learns twice
        self._learning.add(id(step))
        if type(step) is preprocessing.OneHotEncoder:
            expect(last)
            made, write = _one_hot(step, penalty)
        elif type(step) in _SCALERS:
            made, write = _SCALERS[type(step)](step)
        else:
            raise Unknown
        self.writes.append(write)
        return [made]


def _select(step: Any) -> Step:
    keys = attributes(step, type(step), {"keys"})["keys"]
    expect(type(keys) is set and are_texts(keys))
    return ("select" if type(step) is compose.Select else "discard", list(keys))


def _select_type(step: Any) -> Step:
    types = attributes(step, compose.SelectType, {"types"})["types"]
    expect(type(types) is tuple and _TYPES.issuperset(types))
    return ("select_type", tuple(issubclass(kind, types) for kind in (float, int, bool, str)))


def _standard_scaler(scaler: Any) -> tuple[Step, Write]:
    known = attributes(
        scaler, preprocessing.StandardScaler, ("with_std", "window_size", "counts", "means", "vars")
    )
    with_std, counts = known["with_std"], known["counts"]
    means, variances = floats(known["means"], defaultdict, float), floats(known["vars"], defaultdict, float)
    expect(type(with_std) is bool and known["window_size"] is None)
    expect(type(counts) is Counter and all(type(count) is int and count > 0 for count in counts.values()))
    if with_std:
        expect(list(counts) == list(means) and counts.keys() <= variances.keys())
        expect(all(variance >= 0 for variance in variances.values()))
    else:
        expect(counts.keys() <= means.keys() and not variances)

    def write(state: Any) -> None:
        learned, of_means, of_variances = state
        dict.update(counts, learned)  # a Counter's own would add
        means.update(of_means)
        variances.update(of_variances)

    return ("scaler", with_std, dict(counts), dict(means), dict(variances)), write


def _min_max_scaler(scaler: Any) -> tuple[Step, Write]:
    known = attributes(scaler, preprocessing.MinMaxScaler, ("window_size", "min", "max"))
    least, most = known["min"], known["max"]
    expect(known["window_size"] is None and type(least) is type(most) is defaultdict)
    expect(least.default_factory is stats.Min and most.default_factory is stats.Max)
    expect(are_texts(least) and list(least) == list(most))
    ends = {
        name: (
            attributes(low, stats.Min, {"min"})["min"],
            attributes(most[name], stats.Max, {"max"})["max"],
        )
        for name, low in least.items()
    }

    def write(state: Any) -> None:
        for name, (low, high) in state.items():
            least[name].min, most[name].max = low, high

    return ("min_max", ends), write


def _one_hot(encoder: Any, penalty: bool) -> tuple[Step, Write]:
    known = attributes(encoder, preprocessing.OneHotEncoder, _ONE_HOT)
    values, zeros, drop_zeros = known["values"], known["_zero_dict"], known["drop_zeros"]
    expect(type(drop_zeros) is bool and known["drop_first"] is False and known["categories"] is None)
    expect(type(values) is defaultdict and values.default_factory is set and are_texts(values))
    expect(all(type(found) is set and are_texts(found) for found in values.values()))
    names = {f"{field}_{value}": (field, value) for field, value in _pairs(values)}
    expect(len(names) == sum(map(len, values.values())) and names.keys() == zeros.keys())
    expect(all(type(zero) is int and zero == 0 for zero in zeros.values()))

    def write(state: Any) -> None:
        for field, value in state[len(zeros) :]:
            values[field].add(value)
            zeros[f"{field}_{value}"] = 0

    return ("one_hot", not drop_zeros, penalty, [names[name] for name in zeros]), write


def _pairs(values: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    return ((field, value) for field, found in values.items() for value in found)


def _linear_model(model: Any) -> tuple[dict[str, Any], Write]:
    """A linear model as the crate takes it."""
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
        if state["iterations"] == begun:
            return
        weights = model._weights
        for name, weight in state["weights"].items():
            weights[name] = weight
        model.intercept = state["intercept"]
        model.optimizer.n_iterations += state["iterations"] - begun
        begun = state["iterations"]

    return last, write


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


_SELECTIONS: dict[type, Callable[[Any], Step]] = {
    compose.Select: _select,
    compose.Discard: _select,
    compose.SelectType: _select_type,
}
_SCALERS: dict[type, Callable[[Any], tuple[Step, Write]]] = {
    preprocessing.StandardScaler: _standard_scaler,
    preprocessing.MinMaxScaler: _min_max_scaler,
}
