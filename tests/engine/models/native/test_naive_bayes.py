"""Gaussian naive Bayes as machine code says and keeps what River does, to the last bit."""

from collections.abc import Callable
from numbers import Number
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import compose, naive_bayes, preprocessing

from engine.models.factory import build
from engine.models.native import naive_bayes as compiled
from engine.models.operations import task_ops
from engine.models.running import RunningModel
from tests.support.compiled import agree, held, needs_crate, saved, streams

pytestmark = needs_crate

Bayes: Any = naive_bayes.GaussianNB


def _encoded(**options: Any) -> Any:
    """A category that nothing has learned still counts, as a feature of no density."""
    words = compose.SelectType(str) | preprocessing.OneHotEncoder(**options)
    return compose.TransformerUnion(compose.SelectType(Number), words) | Bayes()


def _hashed() -> Any:
    words = compose.SelectType(str) | preprocessing.FeatureHasher(3, seed=2) | compose.Prefixer("")
    return compose.TransformerUnion(compose.SelectType(Number), words) | Bayes()


MODELS: dict[str, Callable[[], Any]] = {
    "alone": Bayes,
    "scaled": lambda: preprocessing.StandardScaler() | Bayes(),
    "behind auto": lambda: build(["auto", Bayes()]),
    "encoded": _encoded,
    "encoded without zeros": lambda: _encoded(drop_zeros=True),
    "hashed": _hashed,
}
CASES = [pytest.param(make, id=name) for name, make in MODELS.items()]
WITHOUT_TEXTS = [MODELS["alone"], MODELS["scaled"]]
NUMBERS = st.one_of(
    st.floats(-3, 3),
    st.integers(-3, 3),
    st.booleans(),
    st.just(7.0),
    st.sampled_from([1e150, -1e300, 1e-310, -0.0, 2**52]),
)
PLAIN = st.one_of(st.floats(-3, 3), st.integers(-3, 3))
STRANGE = st.sampled_from([2**70, None, float("nan"), float("inf"), [1], "x", "\ud800"])
TOWNS = st.sampled_from(["Ulm", "Trier", "a_b", "ü"])
LABELS = {
    "truths": st.booleans(),
    "numbers": st.integers(-1, 3),
    "texts": st.sampled_from(["x", "y", "z", "ü"]),
    "many": st.integers(0, 20),
}


def _rows(numbers: Any, texts: Any) -> Any:
    names = {"a": numbers, "b": numbers, "town_Ulm": numbers, "town": texts, "town_a": texts}
    return st.fixed_dictionaries({}, optional=names)


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("make", CASES)
@settings(max_examples=25)
@given(data=st.data())
def test_it_says_and_keeps_what_river_does(
    make: Callable[[], Any], labels: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    texts = NUMBERS if make in WITHOUT_TEXTS else TOWNS
    agree(
        make,
        "multiclass",
        data.draw(streams(_rows(data.draw(st.sampled_from([NUMBERS, PLAIN])), texts), labels)),
    )


@pytest.mark.parametrize("make", [MODELS["alone"], MODELS["encoded"]], ids=["alone", "encoded"])
@settings(max_examples=40)
@given(data=st.data())
def test_river_goes_on_from_a_record_that_it_cannot_take(
    make: Callable[[], Any], data: st.DataObject
) -> None:
    values = st.one_of(PLAIN, PLAIN, PLAIN, STRANGE)
    labels = st.one_of(st.integers(0, 2), st.integers(0, 2), st.sampled_from([True, 2**70, "x", 0.5, None]))
    agree(make, "multiclass", data.draw(streams(_rows(values, st.one_of(TOWNS, values)), labels)), held)


@pytest.mark.parametrize("classes", [1, 2, 3, 9, 40, 128, 140])
def test_the_shares_of_any_number_of_classes_are_river_s(classes: int) -> None:
    draw = Random(classes)  # noqa: S311 - no secret
    twin = Bayes()
    ops = task_ops("multiclass", twin)
    running = RunningModel(Bayes(), ops)
    for number in range(400):
        label = number % classes
        row = {"a": draw.gauss(label, 1), "b": draw.randrange(3), "same": 4}
        if draw.random() < 0.2:
            del row[draw.choice(["a", "b", "same"])]
        assert repr(running.predict(row)) == repr(ops.predict(twin, row))
        running.learn(row, label)
        ops.learn(twin, row, label)
    assert saved(running.model) == saved(twin)
    # NumPy halves longer sums first.
    assert running.is_compiled is (classes <= 128)


def test_it_is_river_s_where_its_sums_are_not_scipy_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_sums_alike", lambda: False)
    assert not RunningModel(Bayes(), task_ops("multiclass", Bayes())).is_compiled
