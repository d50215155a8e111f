"""Pipelines: scalers, selections and encoders, and behind them a linear model or a tree."""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from numbers import Complex, Integral, Number, Rational, Real
from typing import Any

from river import compose, preprocessing, stats

from engine.models.auto import LONGEST, MOST_VALUES, TextEncoder
from engine.models.graph.attributes import attributes as held_attributes
from engine.models.native.imputers import IMPUTERS
from engine.models.native.linear import is_dense
from engine.models.native.recognition import Unknown, Write, are_texts, attributes, expect, floats
from engine.models.native.target import described_target, scaled

Step = tuple[Any, ...]
"""A step as the crate takes it: its kind, and what belongs to it."""

_PIPELINE = {"steps", "_plan", "_inference_transformers", "_last_step_cached"}
_ONE_HOT = ("drop_zeros", "drop_first", "categories", "values", "_zero_dict")
_UNION: Any = compose.TransformerUnion
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
    last, write_last = _described(final)
    native = kind(steps, last)

    def write(state: Any) -> None:
        for pipeline in known.pipelines:
            if pipeline._plan is None:
                pipeline._build_plan()  # as its first prediction does
        for write_step, of_step in zip(known.writes, state["steps"], strict=True):
            write_step(of_step)
        write_last(state)

    return native, write


def _described(final: Any) -> tuple[dict[str, Any], Write]:
    """A last step as the crate takes it, and what writes its state."""
    inside = scaled(final)
    if inside is None:
        return _describer(final)(final)
    labels, write_labels = described_target(final)
    last, write_inside = _describer(inside)(inside)
    expect(last.get("kind") == "regression_tree" or last.get("is_classifier") is False)

    def write(state: Any) -> None:
        write_labels(state["target"])
        write_inside(state)

    return last | {"target": labels}, write


def _describer(final: Any) -> Callable[[Any], tuple[dict[str, Any], Write]]:
    """What describes a last step of this class."""
    module = import_module(f"{__package__}.{_LAST.get(type(final).__name__, 'linear')}")
    described: Callable[[Any], tuple[dict[str, Any], Write]] = module.described
    return described


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
        return self._steps(steps, dense=is_dense(scaled(final) or final)), final

    def _parts(self, pipeline: Any) -> list[Any]:
        found = held_attributes(pipeline)
        expect(found.keys() - {"_last_step_params"} == _PIPELINE and type(found["steps"]) is OrderedDict)
        expect(len(pipeline.steps) > 0 and not compose.Pipeline._LEARN_UNSUPERVISED_DURING_PREDICT)
        self.pipelines.append(pipeline)
        steps = list(pipeline.steps.values())
        # River takes a pipeline that ends in a union for a union, and raises.
        expect(not any(isinstance(step, _UNION) and type(step) is not _UNION for step in steps))
        return steps

    def _steps(self, steps: list[Any], *, dense: bool, last: bool = True) -> list[Step]:
        """Steps one after the other.

        Args:
            steps: River's.
            dense: Whether features of 0 matter to the last step.
            last: Whether that comes next.
        """
        found: list[Step] = []
        if last and [type(step) for step in steps[-2:]] == [preprocessing.FeatureHasher, compose.Prefixer]:
            return [*self._steps(steps[:-2], dense=dense, last=False), _hasher(*steps[-2:])]
        for place, step in enumerate(steps):
            found += self._step(step, dense=dense, last=last and place == len(steps) - 1)
        return found

    def _step(self, step: Any, *, dense: bool, last: bool) -> list[Step]:
        if type(step) is compose.Pipeline:
            return self._steps(self._parts(step), dense=dense, last=last)
        if type(step) is compose.TransformerUnion:
            parts = attributes(step, compose.TransformerUnion, {"transformers"})["transformers"]
            expect(type(parts) is dict)
            united = [self._step(part, dense=dense, last=last) for part in parts.values()]
            return [("union", united)]
        if type(step) in _SELECTIONS:
            return [_SELECTIONS[type(step)](step)]
        expect(id(step) not in self._learning)  # one object in two places learns twice
        self._learning.add(id(step))
        if type(step) is preprocessing.OneHotEncoder:
            expect(last)
            made, write = _one_hot(step, dense)
        elif type(step) is TextEncoder:
            expect(last)
            made, write = _text_encoder(step)
        elif type(step) in _SCALERS:
            made, write = _SCALERS[type(step)](step)
        elif type(step) in IMPUTERS:
            made, write, learning = IMPUTERS[type(step)](step)
            for each in learning:
                expect(id(each) not in self._learning)
                self._learning.add(id(each))
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


def _hasher(hasher: Any, prefixer: Any) -> Step:
    """A hasher, and what makes texts of the numbers that it puts out for names."""
    known = attributes(hasher, preprocessing.FeatureHasher, ("n_features", "seed", "alternate_sign", "_seed"))
    places, alternates = known["n_features"], known["alternate_sign"]
    prefix = attributes(prefixer, compose.Prefixer, {"prefix"})["prefix"]
    expect(type(places) is int and 0 < places <= 2**32 and type(alternates) is bool and type(prefix) is str)
    return ("hasher", (places, known["_seed"], alternates, prefix))


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


def _one_hot(encoder: Any, dense: bool) -> tuple[Step, Write]:
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

    return ("one_hot", not drop_zeros, dense, [names[name] for name in zeros]), write


def _text_encoder(encoder: Any) -> tuple[Step, Write]:
    known = attributes(encoder, TextEncoder, ("_names", "_zeros", "_left_out"))
    names, zeros, left_out = known["_names"], known["_zeros"], known["_left_out"]
    columns = {name: (column, value) for column, found in names.items() for value, name in found.items()}
    expect(columns.keys() == zeros.keys() and are_texts(names) and are_texts(left_out))

    def write(state: Any) -> None:
        found, columns_left_out = state
        for column in columns_left_out[len(left_out) :]:
            left_out.add(column)
            for name in names.pop(column, {}).values():
                del zeros[name]
        for column, value in found[len(zeros) :]:
            names.setdefault(column, {})[value] = name = f"{column}={value}"
            zeros[name] = 0

    return ("text_encoder", MOST_VALUES, LONGEST, [columns[name] for name in zeros], list(left_out)), write


def _pairs(values: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    return ((field, value) for field, found in values.items() for value in found)


_SELECTIONS: dict[type, Callable[[Any], Step]] = {
    compose.Select: _select,
    compose.Discard: _select,
    compose.SelectType: _select_type,
}
_SCALERS: dict[type, Callable[[Any], tuple[Step, Write]]] = {
    preprocessing.StandardScaler: _standard_scaler,
    preprocessing.MinMaxScaler: _min_max_scaler,
}
_LAST = {
    "GaussianNB": "naive_bayes",
    "HoeffdingTreeClassifier": "tree",
    "HoeffdingTreeRegressor": "tree_regressor",
    "OneVsRestClassifier": "one_vs_rest",
    "SoftmaxRegression": "softmax",
}
"""Modules of this package by the classes that they describe: River's are imported by those who use them."""
