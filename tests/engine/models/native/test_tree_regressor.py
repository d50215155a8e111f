"""Hoeffding trees that regress as machine code say and keep what River does, to the last bit."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import linear_model, optim, preprocessing, tree

from engine.models.factory import build
from engine.models.kinds import last_step
from engine.models.operations import task_ops
from engine.models.running import RunningModel
from tests.support.compiled import agree, needs_crate, saved, streams

pytestmark = needs_crate


def _tree(**options: Any) -> Any:
    quick = {"grace_period": 4, "delta": 0.6, "tau": 0.5, "max_depth": 9, "min_samples_split": 1}
    return tree.HoeffdingTreeRegressor(**quick | options)


def _splitter(name: str, *digits: int) -> Any:
    return getattr(tree.splitter, name)(*digits)


MODELS: dict[str, Callable[[], Any]] = {
    "adaptive": _tree,
    "by a model": lambda: _tree(
        leaf_prediction="model",
        leaf_model=linear_model.LinearRegression(optim.SGD(0.1), l2=0.1, intercept_init=2),
    ),
    "by the mean": lambda: _tree(leaf_prediction="mean", tau=0.01, delta=1e-3),
    "by the mean, two sides only": lambda: _tree(
        leaf_prediction="mean", binary_split=True, merit_preprune=False, max_depth=2
    ),
    "numbers as they are": lambda: _tree(splitter=_splitter("EBSTSplitter"), model_selector_decay=0.5, tau=0),
    "scaled, to three digits": lambda: (
        preprocessing.StandardScaler() | _tree(splitter=_splitter("TEBSTSplitter", 3))
    ),
    "behind auto": lambda: build(["auto", _tree()]),
}
CASES = [pytest.param(make, id=name) for name, make in MODELS.items()]
WITH_TEXTS = [MODELS[name] for name in MODELS if "mean" in name or "auto" in name]
NUMBERS = st.one_of(
    st.floats(-3, 3),
    st.integers(-3, 3),
    st.booleans(),
    st.sampled_from([1e139, 1e-310, -0.0, 0.25, 0.35, 2**52]),
)
LABELS = st.one_of(st.floats(-9, 9), st.integers(-9, 9), st.booleans(), st.sampled_from([1e139, -0.0]))
STRANGE = st.sampled_from([1e200, 2**70, None, float("nan"), [1], "x"])
TOWNS = st.sampled_from(["Ulm", "Trier", "Köln", "Bonn"])


def _rows(numbers: Any, texts: Any) -> Any:
    return st.fixed_dictionaries({}, optional={"a": numbers, "b": numbers, "town": texts})


@pytest.mark.parametrize("make", CASES)
@settings(max_examples=25)
@given(data=st.data())
def test_it_says_and_keeps_what_river_does(make: Callable[[], Any], data: st.DataObject) -> None:
    texts = TOWNS if make in WITH_TEXTS else NUMBERS
    agree(make, "regression", data.draw(streams(_rows(NUMBERS, texts), LABELS)))


@pytest.mark.parametrize("make", [MODELS["adaptive"], MODELS["by the mean"]], ids=["adaptive", "mean"])
@settings(max_examples=25)
@given(data=st.data())
def test_river_goes_on_from_a_record_that_it_cannot_take(
    make: Callable[[], Any], data: st.DataObject
) -> None:
    values = st.one_of(NUMBERS, NUMBERS, TOWNS, STRANGE)
    agree(make, "regression", data.draw(streams(_rows(values, values), st.one_of(LABELS, LABELS, STRANGE))))


@pytest.mark.parametrize("make", CASES)
def test_a_grown_tree_is_river_s(make: Callable[[], Any]) -> None:
    draw = Random(7)  # noqa: S311 - no secret
    twin: Any = make()
    ops = task_ops("regression", twin)
    running = RunningModel(make(), ops)
    for number in range(200):
        town = draw.randrange(4)
        row: dict[str, Any] = {"a": draw.random() * 3, "b": draw.randrange(9)}
        row["town"] = ["Ulm", "Trier", "Köln", "Bonn"][town] if make in WITH_TEXTS else town
        label = row["a"] * (row["b"] > 4) + 5 * (town == 1) + draw.random() * 0.1
        if draw.random() < 0.1:
            del row[draw.choice(["a", "b", "town"])]
        assert repr(running.predict(row)) == repr(ops.predict(twin, row))
        running.learn(row, label)
        ops.learn(twin, row, label)
        if number % 37 == 0:
            assert saved(running.model) == saved(twin)
    assert saved(running.model) == saved(twin)
    assert last_step(twin).n_branches
    assert running.is_compiled
