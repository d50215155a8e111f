"""Columns are made fit as a whole; each cell becomes what it would become alone."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.monitoring.cells import LARGEST, as_text, column_of, folded
from engine.monitoring.types import Cell, Table
from engine.records.values import by_feature

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([10**400, -(10**400), 2**63, -0.0, 1e101, math.nan, math.inf, -math.inf]),
    st.floats(),
    st.text(max_size=2),
)
COLUMNS = st.one_of(
    st.lists(CELLS), st.lists(st.none() | st.floats() | st.integers()), st.lists(st.none() | st.booleans())
)


def alone(cell: Cell) -> bool | float | str | None:
    if cell is None or isinstance(cell, bool | str):
        return cell
    try:
        number = float(cell)
    except OverflowError:
        return None
    return number if abs(number) <= LARGEST else None


def text(cell: bool | float | str | None) -> str | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return f"{cell:.12g}" if isinstance(cell, float) else cell


@settings(max_examples=200, deadline=None)
@given(COLUMNS, st.integers(0, 3))
def test_a_column_holds_what_each_cell_holds_alone(cells: list[Cell], short: int) -> None:
    rows = len(cells) + short
    expected = [*map(alone, cells), *[None] * short]
    found = column_of(Table({"x": cells}), "x", rows)
    assert list(map(repr, found.cells)) == list(map(repr, expected))  # also the sign of zero, and the type
    present = [cell for cell in expected if cell is not None]
    assert list(map(repr, found.present)) == list(map(repr, present))
    assert found.missing == len(expected) - len(present)
    assert found.kinds == {type(cell) for cell in present}
    assert (found.numbers is not None) == (found.kinds == {float})
    if found.numbers is not None:
        assert found.numbers.tolist() == present
    written = as_text(found)
    assert list(written.cells) == list(map(text, expected))
    assert written.counts == Counter(map(text, present))
    assert list(written.present) == [*map(text, present)]


def test_a_column_that_is_not_there_has_no_values() -> None:
    assert column_of(Table({}), "x", 2).cells == [None, None]


def test_categories_that_are_folded_are_counted_together() -> None:
    values = folded(as_text(column_of(Table({"x": ["a", None, "b", "c"]}), "x", 4)), {"a"}, "other")
    assert (values.cells, values.counts) == (["a", None, "other", "other"], {"a": 1, "other": 2})


@pytest.mark.parametrize("rows", [[], [{}], [{"b": 1}, {"a": None, "b": 2.0}, {}]])
def test_rows_by_feature_have_every_cell(rows: list[dict[str, float]]) -> None:
    found = by_feature(rows)
    assert list(found) == list(dict.fromkeys(name for row in rows for name in row))
    assert all(cells == [row.get(name) for row in rows] for name, cells in found.items())
