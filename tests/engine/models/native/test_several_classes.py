"""Models of several classes say and keep what River does, whatever they are made of."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.models.native import test_one_vs_rest as one_vs_rest
from tests.engine.models.native import test_softmax as softmax
from tests.engine.models.native.test_linear import NUMBERS, PLAIN, STRANGE, TOWNS, rows
from tests.engine.models.native.test_naive_bayes import LABELS
from tests.support.compiled import agree, held, needs_crate, streams, take_turns

pytestmark = needs_crate

Make = Callable[[], Any]


def _cases(names: Callable[[Any], Any]) -> list[Any]:
    """Models of both families: what makes them, and whether they take numbers alone."""
    return [
        pytest.param(family.MODELS[name], name in family.OF_NUMBERS, id=f"{kind}, {name}")
        for kind, family in (("softmax", softmax), ("one against the rest", one_vs_rest))
        for name in names(family)
    ]


ALL = _cases(lambda family: family.MODELS)
FOR_STRANGE = _cases(lambda family: family.FOR_STRANGE)


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize(("make", "of_numbers"), ALL)
@settings(max_examples=25)
@given(data=st.data())
def test_it_says_and_keeps_what_river_does(
    make: Make, of_numbers: bool, labels: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    numbers = data.draw(st.sampled_from([NUMBERS, PLAIN]))
    features = rows(numbers, numbers if of_numbers else TOWNS)
    agree(make, "multiclass", data.draw(streams(features, labels)))


@pytest.mark.parametrize(("make", "of_numbers"), FOR_STRANGE)
@settings(max_examples=40)
@given(data=st.data())
def test_river_goes_on_from_a_record_that_it_cannot_take(
    make: Make,
    of_numbers: bool,  # noqa: ARG001 - strange records have anything
    data: st.DataObject,
) -> None:
    values = st.one_of(PLAIN, PLAIN, PLAIN, STRANGE)
    labels = st.one_of(st.integers(0, 2), st.integers(0, 2), st.sampled_from([True, 2**70, "x", 0.5, None]))
    steps = streams(rows(values, st.one_of(TOWNS, values)), labels)
    agree(make, "multiclass", data.draw(steps), held)


@pytest.mark.parametrize(("make", "of_numbers"), FOR_STRANGE)
@settings(max_examples=40)
@given(data=st.data())
def test_it_and_river_take_turns(make: Make, of_numbers: bool, data: st.DataObject) -> None:
    features = rows(PLAIN, PLAIN if of_numbers else TOWNS)
    take_turns(make, "multiclass", data.draw(streams(features, st.sampled_from("xyz"))))
