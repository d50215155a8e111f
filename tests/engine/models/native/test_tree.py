"""Hoeffding trees as machine code say what River says, to the last bit, and leave River's own state."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import preprocessing, tree

from engine.models.factory import build
from engine.models.kinds import last_step
from engine.models.operations import task_ops
from engine.models.running import RunningModel
from tests.support.compiled import agree, held, needs_crate, saved, streams

pytestmark = needs_crate


def _tree(**options: Any) -> Any:
    quick = {"grace_period": 3, "delta": 0.6, "tau": 0.9, "max_depth": 9}
    return tree.HoeffdingTreeClassifier(**quick | options)


MODELS: dict[str, Callable[[], Any]] = {
    "adaptive": _tree,
    "by naive Bayes": lambda: _tree(leaf_prediction="nb", nb_threshold=4),
    "by majority, shallow": lambda: _tree(leaf_prediction="mc", max_depth=1),
    "two sides only": lambda: _tree(binary_split=True, merit_preprune=False, max_share_to_split=0.7),
    "few thresholds, scaled": lambda: (
        preprocessing.StandardScaler() | _tree(splitter=tree.splitter.GaussianSplitter(n_splits=3))
    ),
    "behind auto": lambda: build(["auto", _tree()]),
}
GROWN = [MODELS["adaptive"], MODELS["two sides only"], MODELS["by majority, shallow"], MODELS["behind auto"]]
CASES = [pytest.param(make, id=name) for name, make in MODELS.items()]
NUMBERS = st.one_of(
    st.floats(-3, 3), st.integers(-3, 3), st.booleans(), st.sampled_from([1e139, 1e-310, -0.0])
)
STRANGE = st.sampled_from([1e200, 2**70, None, float("nan"), [1]])
TOWNS = st.sampled_from(["Ulm", "Trier", "Köln"])


def _rows(numbers: Any, texts: Any) -> Any:
    return st.fixed_dictionaries({}, optional={"a": numbers, "b": numbers, "town": texts})


@pytest.mark.parametrize("make", CASES)
@settings(max_examples=40)
@given(data=st.data())
def test_it_says_and_keeps_what_river_does(make: Callable[[], Any], data: st.DataObject) -> None:
    with_texts = data.draw(st.booleans()) and "StandardScaler" not in getattr(make(), "steps", {})
    agree(make, "binary", data.draw(streams(_rows(NUMBERS, TOWNS if with_texts else NUMBERS), st.booleans())))


@pytest.mark.parametrize("make", CASES[:1])
@settings(max_examples=40)
@given(data=st.data())
def test_river_goes_on_from_a_record_that_it_cannot_take(
    make: Callable[[], Any], data: st.DataObject
) -> None:
    values = st.one_of(NUMBERS, NUMBERS, TOWNS, STRANGE)
    labels = st.one_of(
        st.integers(0, 2), st.integers(0, 2), st.booleans(), st.sampled_from([2**70, "x", 0.5])
    )
    agree(make, "multiclass", data.draw(streams(_rows(values, st.one_of(TOWNS, values)), labels)), held)


@pytest.mark.parametrize(
    ("make", "classes"), [*((make, [False, True]) for make in GROWN), (MODELS["adaptive"], ["x", "y", "z"])]
)
def test_a_grown_tree_is_river_s(make: Callable[[], Any], classes: list[Any]) -> None:
    draw = Random(7)  # noqa: S311 - no secret
    twin: Any = make()
    ops = task_ops("multiclass", twin)
    running = RunningModel(make(), ops)
    for number in range(300):
        row: dict[str, Any] = {
            "a": draw.random(),
            "b": draw.randrange(9),
            "town": draw.choice(["Ulm", "Trier", "Köln"]),
        }
        label = classes[int(row["a"] * 2 + (row["b"] > 4) * (row["town"] == "Ulm")) % len(classes)]
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


def test_columns_of_many_values_or_of_long_ones_are_left_out_as_by_auto() -> None:
    draw = Random(3)  # noqa: S311 - no secret
    twin: Any = build(["auto", _tree(grace_period=60)])
    ops = task_ops("binary", twin)
    running = RunningModel(build(["auto", _tree(grace_period=60)]), ops)
    for number in range(120):
        many = f"m{draw.randrange(40 + number)}"
        row: dict[str, Any] = {
            "few": draw.choice("abc"),
            "many": many,
            "long": "x" * (number % 120),
            "a": number,
        }
        assert repr(running.predict(row)) == repr(ops.predict(twin, row))
        running.learn(row, row["few"] == "a")
        ops.learn(twin, row, row["few"] == "a")
        if number % 13 == 0:
            assert saved(running.model) == saved(twin)
    assert saved(running.model) == saved(twin)
    assert running.is_compiled
