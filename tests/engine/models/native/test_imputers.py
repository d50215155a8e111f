"""Imputers in compiled pipelines keep what River's do, of values that are never missing."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import compose, linear_model, naive_bayes, preprocessing, stats

from tests.support.compiled import agree, held, needs_crate, streams

pytestmark = needs_crate

Bayes: Any = naive_bayes.GaussianNB
Latest: Any = preprocessing.PreviousImputer
Line: Any = linear_model.LogisticRegression
Means: Any = preprocessing.StatImputer


def _means(*more: tuple[str, Any]) -> Any:
    return Means(("a", stats.Mean()), ("town", "nowhere"), *more)


def _in_a_union() -> Any:
    """Each part learns by itself, and one of them what a scaler makes of numbers."""
    scaled = compose.Select("a", "b") | preprocessing.StandardScaler() | Latest()
    words = compose.Select("town") | Latest() | preprocessing.OneHotEncoder()
    return compose.TransformerUnion(scaled, words) | Line()


MODELS: dict[str, Callable[[], Any]] = {
    "means": lambda: _means(("b", stats.Mean())) | compose.Discard("town") | Line(),
    "means of what is scaled": lambda: (
        compose.Discard("town")
        | preprocessing.StandardScaler()
        | Means(("b", stats.Mean()), ("a", None))
        | Bayes()
    ),
    "latest": lambda: Latest() | compose.Discard("town") | Line(),
    "in a union": _in_a_union,
}
CASES = [pytest.param(make, id=name) for name, make in MODELS.items()]
NUMBERS = st.one_of(
    st.floats(-3, 3), st.integers(-5, 5), st.booleans(), st.sampled_from([-0.0, 1e300, -1e300, 1e-310, 2**52])
)
PLAIN = st.one_of(st.floats(-3, 3), st.integers(-5, 5))
TOWNS = st.sampled_from(["Ulm", "Trier", "", "ü"])
STRANGE = st.sampled_from([None, None, 2**70, "x", float("nan"), "\ud800", [1]])


def _rows(numbers: Any, texts: Any) -> Any:
    """Rows in which what imputers name is seldom missing: River raises there."""
    names = {"a": numbers, "b": numbers, "town": texts}
    whole = st.fixed_dictionaries(names, optional={"c": numbers})
    return st.one_of(whole, whole, whole, whole, st.fixed_dictionaries({}, optional=names))


@pytest.mark.parametrize("make", CASES)
@settings(max_examples=60)
@given(data=st.data())
def test_it_says_and_keeps_what_river_does(make: Callable[[], Any], data: st.DataObject) -> None:
    names = {"a": NUMBERS, "b": NUMBERS, "town": TOWNS}
    rows = data.draw(
        st.sampled_from([st.fixed_dictionaries(names, optional={"c": NUMBERS}), _rows(PLAIN, TOWNS)])
    )
    agree(make, "binary", data.draw(streams(rows, st.booleans())))


@pytest.mark.parametrize("make", CASES)
@settings(max_examples=40)
@given(data=st.data())
def test_river_goes_on_where_something_is_missing(make: Callable[[], Any], data: st.DataObject) -> None:
    values = st.one_of(PLAIN, PLAIN, PLAIN, PLAIN, STRANGE)
    rows = _rows(values, st.one_of(TOWNS, TOWNS, values))
    agree(make, "binary", data.draw(streams(rows, st.booleans())), held)
