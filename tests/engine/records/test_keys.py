"""Keys that lines name are found by the crate where they are plain, as by parsing them."""

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.records.keys import NO_KEY, fields_of, key_of, keys_of

VALUES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text() | st.just([1])
OBJECTS = st.dictionaries(st.sampled_from(["shop", "Shop", "a\n", "é"]), VALUES).map(
    lambda fields: orjson.dumps({name: shown(value) for name, value in fields.items()})
)
TWICE = st.tuples(OBJECTS, OBJECTS).map(lambda both: both[0][:-1] + b"," + both[1][1:])
CUT = st.tuples(OBJECTS, st.integers(0, 40)).map(lambda both: both[0][: both[1]])


def shown(value: object) -> object:
    """JSON has no whole numbers of more than 64 bits here, and no half surrogate pairs."""
    if isinstance(value, int):
        return max(-(2**63), min(value, 2**63))
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


@given(st.lists(OBJECTS | TWICE | CUT | st.binary(max_size=20)))
@example([b'{"shop": "\\u0041"}', b'{"shop": -0}', b'{"shop": 007}', b'{"shop": 1e3}', b' {"shop" : 7 } '])
@example([b'{"shop": 1, "shop": 2}', b'{"shop": "\xff"}', b"[]", b"", b'{"shop": 12345678901234567890}'])
def test_the_keys_are_those_of_the_parsed_lines(lines: list[bytes]) -> None:
    found = keys_of(lines, "shop")
    if found is None:
        pytest.skip("the crate riverkeeper_native is not installed")
    assert found == [key_of(fields_of(line), "shop") for line in lines]


def test_lines_without_a_key_have_one_place() -> None:
    assert keys_of([b"{}", b'{"shop": ""}', b"nonsense"], "shop") in (None, [NO_KEY] * 3)
