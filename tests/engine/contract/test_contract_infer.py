"""Contracts learned from data."""

import math
import tomllib
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.commands.contract_infer import Findings, contract_text
from engine.contract.check import Contract
from engine.contract.config import ContractConfig, FieldConfig
from engine.contract.infer import REQUIRED_FROM, Inference, Inferred, contract_of
from engine.contract.seen import LONGEST_TEXT, MOST_TEXTS, Numbers
from engine.records.config import RecordConfig


def look(rows: list[dict[str, Any]]) -> Inference:
    inference = Inference()
    for row in rows:
        inference.add(row)
    return inference


def learn(*values: Any) -> Inferred:
    """What is learned of one field that holds these values; `...` where it is absent."""
    rows = [{} if value is ... else {"a": value} for value in values]
    (found,) = look(rows).found()
    return found


def learned(*values: Any) -> FieldConfig:
    found = learn(*values)
    assert found.settled
    assert found.field is not None
    return found.field


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
_values = _scalars | st.lists(_scalars, max_size=2) | st.just(10**400) | st.just(np.float64(2.5))
_like = st.sampled_from(
    [
        st.integers(-3, 3),
        st.floats(-1e300, 1e300),
        st.floats(0, 1, allow_subnormal=True),
        st.floats(),
        st.integers(2**53, 2**53 + 5),
        st.sampled_from(["x", "y", "z"]),
        st.text(max_size=120),
        st.booleans(),
        st.none(),
        _values,
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Rows whose columns are mostly of one kind, with gaps; some large enough for every rule to apply."""
    names = draw(
        st.lists(st.text(max_size=4) | st.sampled_from(["a.b", "a b", "#", '"']), max_size=4, unique=True)
    )
    columns = {name: draw(_like) for name in names}
    present = {name: draw(st.sampled_from([1, 1, 2])) for name in names}
    rows = draw(st.integers(1, 12))
    table: list[dict[str, Any]] = [
        {name: draw(column) for name, column in columns.items() if draw(st.integers(1, present[name])) == 1}
        for _ in range(rows)
    ]
    return table * draw(st.sampled_from([1, 1, 3, 40]))


@given(tables())
@settings(max_examples=200)
def test_the_data_that_a_contract_was_learned_from_is_not_rejected_by_it(table: list[dict[str, Any]]) -> None:
    found = look(table).found()
    contract = Contract(contract_of(found))
    imputed = {one.name for one in found if one.field is not None and one.field.policy == "impute"}
    for row in table:
        present, faults = contract.check(row)
        assert [fault for fault in faults if fault.policy != "impute"] == []
        gone = {name for name, value in row.items() if value is not None} - present.keys()
        assert gone <= imputed


@given(tables())
@settings(max_examples=200)
def test_the_file_reads_back_as_the_contract_it_was_made_from(table: list[dict[str, Any]]) -> None:
    inference = look(table)
    text = contract_text(Findings(["data\n.jsonl"], RecordConfig(), inference, 1, 2, "not\rJSON"), "c\n.toml")
    content = tomllib.loads(text)
    assert content.keys() == {"contract"}
    assert ContractConfig.model_validate(content["contract"]) == contract_of(inference.found())


@given(tables())
@settings(max_examples=50)
def test_what_is_left_to_a_person_is_right_once_its_marks_are_removed(table: list[dict[str, Any]]) -> None:
    held = {name for row in table for name, value in row.items() if value is not None}
    inference = look([{name: row[name] for name in row.keys() & held} for row in table])
    undecided = [one for one in inference.found() if not one.settled and one.field is not None]
    lines = contract_text(Findings([], RecordConfig(), inference)).split("\n")
    starts = ("# [contract.fields.", "# type = ", "# policy = ")
    text = "\n".join(line[2:] if line.startswith(starts) else line for line in lines)
    fields = ContractConfig.model_validate(tomllib.loads(text)["contract"]).fields
    for one in undecided:
        assert fields[one.name] == one.field


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([5, 0, 23, 12], 0, 35),
        ([3, -1, 2], -3, 5),
        ([0.13, 9.87, 3.0], 0, 14.8),
        ([-5, -1, -3], -7, 0),
        ([-5.5, 3.0, 2.0], -9.8, 7.3),
        ([0, 1, 0], 0, 2),
        ([0.0, 1e-9, 0.0], 0, 1.51e-9),
        ([1356998400, 1356998500, 1356998450], 1356998350, 1356998550),
        ([12345.678, 12345.679, 12345.6785], 12345.6775, 12345.6795),
        ([1, 2, 3], 0, None),
        ([1, 1, 2], 0, None),
        ([-1, -2, -3], None, 0),
        ([7, 7, 7], None, None),
        ([7], None, None),
        ([1e308, -1e308, 0.0], None, None),
    ],
)
def test_a_range_is_wider_than_what_was_seen(
    values: list[float], low: float | None, high: float | None
) -> None:
    field = learned(*values)
    assert (field.type, field.min, field.max) == ("number", low, high)


@given(st.lists(st.integers(-(2**70), 2**70) | st.floats(-1e290, 1e290), min_size=2, max_size=8))
@settings(max_examples=300)
def test_a_range_holds_the_next_extreme_and_does_not_cross_zero(values: list[float]) -> None:
    field = learned(*values)
    least, most = min(values), max(values)
    margin = (float(most) - float(least)) / 2 * 0.999
    rises = all(a <= b for a, b in pairwise(values))
    falls = all(a >= b for a, b in pairwise(values))
    if field.min is not None:
        assert field.min <= least - margin or field.min == 0.0 <= least
        assert least < 0 or field.min >= 0
    else:
        assert falls or margin == 0
    if field.max is not None:
        assert field.max >= most + margin or field.max == 0.0 >= most
        assert most > 0 or field.max <= 0
    else:
        assert rises or margin == 0


@given(st.lists(st.integers(0, 100), min_size=1, max_size=3000))
@settings(max_examples=50)
def test_the_median_is_about_right_in_bounded_memory(values: list[int]) -> None:
    numbers = Numbers()
    for value in values * 7:
        numbers.add(value)
    share = sum(value <= numbers.median() for value in values) / len(values)
    assert share >= 0.3
    assert sum(value >= numbers.median() for value in values) / len(values) >= 0.3
    assert len(numbers._sample) <= 500


def test_the_median_is_that_of_the_whole_stream() -> None:
    numbers = Numbers()
    for value in range(100_000):
        numbers.add(value)
    assert numbers.median() == pytest.approx(50_000, rel=0.02)
    assert 200 < len(numbers._sample) <= 500


def test_texts_that_repeat_are_categories_and_numbers_are_not() -> None:
    random = Random(1)  # noqa: S311 - test data
    assert learned(*(random.choice("abc") for _ in range(100))).categories == ["a", "b", "c"]
    assert learned(*(random.choice([1, 2, 3]) for _ in range(100))).type == "number"
    assert learned(*(f"user {number}" for number in range(100))).categories is None


@pytest.mark.parametrize(
    ("counts", "categories"),
    [
        ({"x": 100}, None),
        ({"x": 10, "y": 10}, ["x", "y"]),
        ({"x": 10, "y": 9}, None),
        ({"x": 99, "y": 1}, ["x", "y"]),
        ({"x": 98, "y": 1}, None),
        ({"x": 198, "y": 1, "z": 1}, ["x", "y", "z"]),
        (dict.fromkeys(map(str, range(MOST_TEXTS)), 10), sorted(map(str, range(MOST_TEXTS)))),
        (dict.fromkeys(map(str, range(MOST_TEXTS + 1)), 10), None),
        ({"x" * LONGEST_TEXT: 10, "y": 10}, ["x" * LONGEST_TEXT, "y"]),
        ({"x" * (LONGEST_TEXT + 1): 10, "y": 10}, None),
    ],
)
def test_categories_are_few_and_a_new_one_is_unlikely(
    counts: dict[str, int], categories: list[str] | None
) -> None:
    assert learned(*(text for text, times in counts.items() for _ in range(times))).categories == categories


@pytest.mark.parametrize(
    ("values", "required"),
    [
        ([1, 2] * (REQUIRED_FROM // 2), True),
        ([1, 2] * (REQUIRED_FROM // 2 - 1), False),
        ([None] + [1, 2] * REQUIRED_FROM, False),
        ([...] + [1, 2] * REQUIRED_FROM, False),
        ([1, 2] * REQUIRED_FROM + [...], False),
        ([math.nan] + [1, 2] * REQUIRED_FROM, False),
    ],
)
def test_a_field_is_required_when_it_was_never_missing_in_enough_records(
    values: list[Any], required: bool
) -> None:
    assert learned(*values).required == required


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            [1, "x", "y"],
            "of several types: text 2 times (first 'x'), number 1 times (first 1); never missing",
        ),
        (
            [True, 1, ..., None],
            "of several types: number 1 times (first 1), boolean 1 times (first True); missing in 2",
        ),
        ([None, ..., None], "no value in any record"),
    ],
)
def test_a_field_that_the_data_does_not_settle_is_left_to_a_person(values: list[Any], said: str) -> None:
    found = learn(*values)
    assert not found.settled
    assert found.seen.startswith(said)
    assert contract_of([found]).fields == {}


@pytest.mark.parametrize("value", [7, "x", True, False, 0.5])
def test_a_constant_gets_its_type_and_a_remark(value: Any) -> None:
    found = learn(value, value, ...)
    assert "always" in found.seen
    assert "a model learns nothing from it" in found.seen
    assert found.field is not None
    assert (found.field.min, found.field.max, found.field.categories) == (None, None, None)


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        ([1.5, math.nan, math.inf, -1], "number", "infinite 1 times; what is no number becomes missing"),
        (["x", [1], {}], "text", "a list 1 times, an object 1 times; what is no text becomes missing"),
        ([[1], [2]], "text", "best named in record.ignore; never missing; a list 2 times"),
        (
            [1, 2, "x", [1]],
            "number",
            "number 2 times (first 1), text 1 times (first 'x'); never missing; a list",
        ),
        ([10**400, 1], "number", "a number beyond the range of floats 1 times"),
        ([b"x", True], "boolean", "a bytes 1 times; what is no boolean becomes missing"),
    ],
)
def test_what_no_model_can_learn_becomes_missing(values: list[Any], kind: str, said: str) -> None:
    found = learn(*values)
    assert said in found.seen
    assert found.settled
    assert found.field is not None
    assert (found.field.type, found.field.policy) == (kind, "impute")
