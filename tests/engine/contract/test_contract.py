import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.contract.check import Contract
from engine.contract.config import ContractConfig, FieldConfig


def contract(extra: str = "accept", **fields: dict[str, Any]) -> Contract:
    return Contract(ContractConfig.model_validate({"fields": fields, "extra": extra}))


def breach(made: Contract, features: Any) -> str | None:
    """Why the record is rejected, if it is."""
    faults = made.check(features)[1]
    assert all(fault.policy == "reject" for fault in faults)
    assert len(faults) <= 1
    return faults[0].reason if faults else None


NUMBER = contract(a={"type": "number", "min": 0, "max": 10})
TEXT = contract(a={"type": "text"})
CHOICE = contract(a={"type": "text", "categories": ["x", "y"]})
FLAG = contract(a={"type": "boolean"})
FREE = contract()


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no")


WRONG_EVERYWHERE: list[Any] = [
    math.nan,
    math.inf,
    -math.inf,
    10**400,
    10**5000,
    [1],
    {"b": 1},
    (1,),
    b"x",
    1j,
    object,
    Odd(),
    np.float64("nan"),
    np.array([1.0]),
    np.datetime64("2013-01-01"),
]


@pytest.mark.parametrize("made", [NUMBER, TEXT, CHOICE, FLAG, FREE])
@pytest.mark.parametrize("value", WRONG_EVERYWHERE, ids=lambda value: type(value).__name__)
def test_what_no_model_can_learn_is_a_breach_whatever_the_field_says(made: Contract, value: Any) -> None:
    said = breach(made, {"a": value})
    assert said is not None
    assert said.startswith("field 'a': expected ")
    assert ", got " in said
    assert len(said) < 250


@pytest.mark.parametrize(
    ("made", "value", "expected"),
    [
        (NUMBER, True, "a number from 0.0 to 10.0"),
        (NUMBER, "3", "a number from 0.0 to 10.0"),
        (NUMBER, -0.001, "a number from 0.0 to 10.0"),
        (NUMBER, 11, "a number from 0.0 to 10.0"),
        (contract(a={"type": "number", "min": 1}), 0, "a number of at least 1.0"),
        (contract(a={"type": "number", "max": 1}), 2, "a number of at most 1.0"),
        (contract(a={"type": "number"}), "x", "a finite number"),
        (TEXT, 1, "text"),
        (TEXT, False, "text"),
        (CHOICE, "z", "one of ['x', 'y']"),
        (FLAG, 1, "true or false"),
        (FLAG, "true", "true or false"),
    ],
)
def test_a_breach_says_what_was_expected_and_what_came(made: Contract, value: Any, expected: str) -> None:
    assert breach(made, {"a": value}) == f"field 'a': expected {expected}, got {value!r}"


@pytest.mark.parametrize(
    ("made", "value"),
    [
        (NUMBER, 0),
        (NUMBER, 10.0),
        (NUMBER, -0.0),
        (TEXT, ""),
        (CHOICE, "y"),
        (FLAG, False),
        (FREE, 1e308),
        (FREE, "x"),
        (FREE, True),
        (FREE, -(2**80)),
    ],
)
def test_what_fits_is_left_as_it_is(made: Contract, value: Any) -> None:
    present, faults = made.check({"a": value})
    assert faults == []
    assert present == {"a": value}
    assert type(present["a"]) is type(value)


@pytest.mark.parametrize(
    ("made", "value", "plain"),
    [
        (NUMBER, np.float64(1.5), 1.5),
        (NUMBER, np.float32(1.5), 1.5),
        (NUMBER, np.int64(3), 3),
        (NUMBER, np.uint8(3), 3),
        (TEXT, np.str_("x"), "x"),
        (FLAG, np.bool_(True), True),
        (FREE, np.float64(1.5), 1.5),
    ],
)
def test_a_numpy_scalar_becomes_the_plain_value_it_stands_for(made: Contract, value: Any, plain: Any) -> None:
    present, faults = made.check({"a": value})
    assert faults == []
    assert present == {"a": plain}
    assert type(present["a"]) is type(plain)


@pytest.mark.parametrize("extra", ["accept", "ignore", "reject"])
@pytest.mark.parametrize("value", [1, "x", True, [1]])
def test_fields_that_are_not_named_follow_the_policy(extra: str, value: Any) -> None:
    made = contract(extra, a={"type": "number"})
    features = {"a": 1, "other": value}
    if extra == "ignore":
        assert made.check(features) == ({"a": 1}, [])
    elif extra == "reject":
        assert breach(made, features) == "field 'other': not in the contract"
    elif value == [1]:
        assert breach(made, features) is not None
    else:
        assert made.check(features) == (features, [])


@pytest.mark.parametrize("extra", ["accept", "ignore", "reject"])
def test_null_is_a_missing_value_in_any_field(extra: str) -> None:
    made = contract(extra, a={"type": "number", "min": 3}, b={"type": "text"})
    nothing: dict[str, Any] = {"a": None, "b": None, "other": None}
    assert made.check(nothing) == ({}, [])


@pytest.mark.parametrize("features", [{}, {"a": None}, {"b": 1}])
def test_a_required_field_may_not_be_missing(features: dict[str, Any]) -> None:
    made = contract(a={"type": "number", "required": True})
    assert breach(made, features) == "field 'a': required, but missing"
    assert breach(made, {**features, "a": 0}) is None


_values = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just([1])
_features = st.dictionaries(st.sampled_from(["a", "b", "c"]), _values)
_contracts = st.builds(
    ContractConfig,
    fields=st.dictionaries(
        st.sampled_from(["a", "b"]),
        st.sampled_from(
            [
                FieldConfig(type="number", min=-5, max=5),
                FieldConfig(type="number", required=True),
                FieldConfig(type="text", categories=["x"]),
                FieldConfig(type="boolean"),
            ]
        ),
    ),
    extra=st.sampled_from(["accept", "ignore", "warn", "reject"]),
    policy=st.sampled_from(["reject", "warn", "impute"]),
)


@given(_contracts, _features)
@settings(max_examples=200)
def test_what_passes_holds_only_clean_values_and_passes_again(
    config: ContractConfig, features: dict[str, Any]
) -> None:
    before = list(features.items())
    made = Contract(config)
    present, faults = made.check(features)
    assert list(features.items()) == before
    assert present is not features
    if not faults:
        assert made.check(present) == (present, [])
        for name, value in present.items():
            assert type(value) in {bool, int, float, str}
            assert not isinstance(value, float) or math.isfinite(value)
            assert features[name] is value
        dropped = features.keys() - present.keys()
        assert all(
            features[name] is None or (config.extra == "ignore" and name not in config.fields)
            for name in dropped
        )


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"type": "text", "min": 1}, "min and max are for numbers"),
        ({"type": "boolean", "max": 1}, "min and max are for numbers"),
        ({"type": "number", "categories": ["a"]}, "categories are for text"),
        ({"type": "number", "min": 2, "max": 1}, "min 2.0 is above max 1.0"),
        ({"type": "number", "max": math.inf}, "finite number"),
        ({"type": "number", "min": math.nan}, "finite number"),
        ({"type": "number", "minimum": 1}, "Extra inputs"),
    ],
)
def test_a_field_that_contradicts_itself_is_refused(field: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FieldConfig.model_validate(field)
