"""What `riverkeeper check` says of a model's outputs."""

import math
from typing import Any

import pytest

from dataflows.commands.check_outputs import difference, doubtful_outputs, null_outputs
from engine.evaluation.window_sums import Totals
from engine.records.events import Prediction

FINE = Totals(100, 10.0, 20.0, 30.0)


def served(probability: Any = None, prediction: Any = True, score: float | None = None) -> Prediction:
    return Prediction("1", 0.0, prediction, probability, "m0", 0, "main", score)


@pytest.mark.parametrize(
    ("late", "null"),
    [
        ([served(0.5)] * 10, 0),
        ([served(None, None)] * 3 + [served(0.5)] * 7, 3),
        ([served(math.nan)] * 10, 10),
        ([served({"a": 0.5, "b": math.nan})], 1),
        ([served(prediction=None, score=0.0)] * 10, 0),
        ([served(prediction=2.5)], 0),
        ([], 0),
    ],
)
def test_null_is_what_says_nothing_in_the_second_half(late: list[Prediction], null: int) -> None:
    early = [served(None, None)] * len(late)
    assert null_outputs([*early, *late]) == (null, len(late))


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (served(0.25), "0.25"),
        (served({"a": 0.5, "b": 0.5}), "{'a': 0.5, 'b': 0.5}"),
        (served(prediction="a"), "a"),
        (served(prediction=None, score=0.0), "0.0"),
    ],
)
def test_outputs_that_are_all_the_same_are_told(output: Prediction, shown: str) -> None:
    told = list(doubtful_outputs([served(0.1)] * 60 + [output] * 60, FINE))
    assert told == [f"the last 60 outputs are all the same: {shown}"]
    assert not list(doubtful_outputs([served(0.1)] * 60 + [output] * 59 + [served(0.1)], FINE))
    assert not list(doubtful_outputs([output] * 60, FINE)), "thirty prove nothing"


@pytest.mark.parametrize(
    ("late", "worse"),
    [
        (Totals(50, 20.0, 10.0, 0.0), "mean loss 0.4, the baseline's 0.2, over the last 50 labelled events"),
        (Totals(50, math.nan, 10.0, 0.0), "mean loss nan, the baseline's 0.2"),
        (Totals(49, 20.0, 10.0, 0.0), ""),
        (Totals(50, 10.4, 10.0, 0.0), ""),
        (Totals(), ""),
    ],
)
def test_what_is_worse_than_the_baseline_is_told_with_the_numbers(late: Totals, worse: str) -> None:
    told = list(doubtful_outputs([], late))
    assert len(told) == bool(worse)
    assert worse in "".join(told)


def test_the_second_half_is_what_came_after_the_first() -> None:
    assert difference(Totals(5, 4.0, 3.0, 2.0), Totals(2, 1.0, 1.0, 1.0)) == Totals(3, 3.0, 2.0, 1.0)
