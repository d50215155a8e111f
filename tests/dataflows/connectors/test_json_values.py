"""Values of other formats are what they would be if they had been written as JSON and read again."""

from datetime import UTC
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from dataflows.connectors.json_values import as_json
from engine.records.parse import parse

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.dates(),
    st.times().map(lambda time: time.replace(microsecond=0)),  # orjson writes 0.01 s as .10000
    st.uuids(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=2), inner, max_size=3)
    ),
)


@given(VALUES)
def test_a_value_is_what_its_json_says(value: Any) -> None:
    assert as_json(value) == parse(orjson.dumps(value, option=orjson.OPT_UTC_Z))
