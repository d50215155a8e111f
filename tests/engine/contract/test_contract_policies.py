"""What a breach does, policy by policy."""

import math
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.check import Contract, Fault, time_breach
from engine.contract.config import ContractConfig, Policy

FIELDS: dict[str, dict[str, Any]] = {
    "age": {"type": "number", "min": 0, "max": 120},
    "town": {"type": "text", "categories": ["x", "y"]},
    "note": {"type": "text"},
    "open": {"type": "boolean"},
    "must": {"type": "number", "required": True},
}
CLEAN: dict[str, Any] = {"age": 3, "town": "x", "note": "n", "open": True, "must": 1}
BEARABLE: dict[str, list[Any]] = {"age": [-1, 121.5, 10**30], "town": ["z", ""]}
UNBEARABLE: list[Any] = [math.nan, math.inf, 10**400, [1], {"a": 1}, b"x", object()]


def contract(policy: Policy = "reject", extra: str = "accept", **policies: Policy) -> Contract:
    fields = {name: field | {"policy": policies.get(name)} for name, field in FIELDS.items()}
    return Contract(ContractConfig.model_validate({"policy": policy, "extra": extra, "fields": fields}))


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("name", BEARABLE)
@pytest.mark.parametrize("policy", ["warn", "impute"])
def test_a_value_that_a_model_can_bear_is_kept_by_warn_and_not_by_impute(name: str, policy: Policy) -> None:
    for value in BEARABLE[name]:
        present, faults = contract(policy).check(CLEAN | {name: value})
        rest = {key: kept for key, kept in CLEAN.items() if key != name}
        assert present == (CLEAN | {name: value} if policy == "warn" else rest)
        assert [fault.policy for fault in faults] == [policy]
        assert faults[0].reason.startswith(f"field {name!r}: expected ")


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("policy", ["warn", "impute"])
@pytest.mark.parametrize("value", UNBEARABLE, ids=lambda value: type(value).__name__)
def test_what_no_model_can_bear_becomes_missing_by_warn_and_impute_alike(
    name: str, policy: Policy, value: Any
) -> None:
    present, faults = contract(policy).check(CLEAN | {name: value})
    assert present == {key: kept for key, kept in CLEAN.items() if key != name}
    assert [fault.policy for fault in faults] == [policy], "a required value in breach is one breach, not two"


@pytest.mark.parametrize("policy", ["warn", "impute"])
@pytest.mark.parametrize("gone", [{}, {"must": None}])
def test_a_required_value_that_is_missing_stays_missing(policy: Policy, gone: dict[str, Any]) -> None:
    features = {name: value for name, value in CLEAN.items() if name != "must"}
    present, faults = contract(policy).check(features | gone)
    assert present == features
    assert faults == [Fault(policy, "field 'must': required, but missing")]


@pytest.mark.parametrize("policy", ["reject", "warn", "impute"])
@pytest.mark.parametrize("own", ["reject", "warn", "impute"])
def test_a_fields_own_policy_counts_more_than_the_contracts(policy: Policy, own: Policy) -> None:
    made = contract(policy, age=own, must=own)
    assert [fault.policy for fault in made.check(CLEAN | {"age": -1})[1]] == [own]
    assert [fault.policy for fault in made.check(CLEAN | {"must": None})[1]] == [own]
    assert [fault.policy for fault in made.check(CLEAN | {"town": "z"})[1]] == [policy]


def test_a_record_is_rejected_by_the_last_fault_and_keeps_the_earlier_ones() -> None:
    made = contract("warn", open="reject")
    faults = made.check({"age": -1, "open": 3, "town": "z", "must": 1})[1]
    assert [fault.policy for fault in faults] == ["warn", "reject"]


def test_a_required_value_that_is_missing_can_reject_too_and_is_the_last_fault_then() -> None:
    fields = {name: {"type": "text", "required": True, "policy": "warn"} for name in ("a", "b", "c")}
    fields["b"]["policy"] = "reject"
    made = Contract(ContractConfig.model_validate({"fields": fields}))
    assert [fault.policy for fault in made.check({})[1]] == ["warn", "reject"]


@pytest.mark.parametrize("policy", ["reject", "warn", "impute"])
def test_fields_that_are_not_named_can_be_accepted_with_a_warning(policy: Policy) -> None:
    made = contract(policy, "warn")
    for value in (1, 2.5, "x", True):
        present, faults = made.check(CLEAN | {"other": value})
        assert present == CLEAN | {"other": value}
        assert faults == [Fault("warn", "field 'other': not in the contract")]
    assert made.check(CLEAN | {"other": None}) == (CLEAN, [])
    present, faults = made.check(CLEAN | {"other": math.nan})
    assert [fault.policy for fault in faults] == [policy]
    assert "other" not in present


def test_extra_fields_are_rejected_whatever_the_policy() -> None:
    for policy in ("reject", "warn", "impute"):
        faults = contract(policy, "reject").check(CLEAN | {"other": 1})[1]
        assert faults == [Fault("reject", "field 'other': not in the contract")]


@pytest.mark.parametrize("policy", ["reject", "warn", "impute"])
@pytest.mark.parametrize("depth", [1, 999, 5_000, 50_000])
@pytest.mark.parametrize("name", ["age", "note", "other"])
def test_however_deep_a_value_is_nested_it_is_a_breach_like_any_other(
    policy: Policy, depth: int, name: str
) -> None:
    present, faults = contract(policy).check(CLEAN | {name: nested(depth)})
    assert [fault.policy for fault in faults] == [policy]
    assert len(faults[0].reason) < 250
    assert policy == "reject" or name not in present


def test_a_reason_stays_short_however_many_categories_there_are() -> None:
    names = [f"a rather long category, number {number}" for number in range(1000)]
    config = ContractConfig.model_validate({"fields": {"a": {"type": "text", "categories": names}}})
    assert len(Contract(config).check({"a": "other"})[1][0].reason) < 250


_values = st.sampled_from([*CLEAN.values(), *BEARABLE["age"], *BEARABLE["town"], *UNBEARABLE, None])
_records = st.dictionaries(st.sampled_from([*FIELDS, "other", "more"]), _values)
_extras = st.sampled_from(["accept", "ignore", "warn", "reject"])


@given(_records, _extras, st.sampled_from(["warn", "impute"]))
@settings(max_examples=300)
def test_every_value_is_judged_as_it_would_be_alone(
    features: dict[str, Any], extra: str, policy: Policy
) -> None:
    made, alone = contract(policy, extra), contract("reject", extra)
    present, faults = made.check(features)
    rejected = next((index for index, fault in enumerate(faults) if fault.policy == "reject"), None)
    if rejected is not None:
        assert rejected == len(faults) - 1
        return
    reasons = [
        fault.reason for name, value in features.items() for fault in alone.check({"must": 1, name: value})[1]
    ]
    if "must" not in features:
        reasons.append("field 'must': required, but missing")
    assert sorted(fault.reason for fault in faults) == sorted(reasons)
    assert all(features[name] is value for name, value in present.items())
    assert made.check(present)[0] == present, "what has been cleaned stays as it is"
    if policy == "impute" and extra != "warn":
        assert [fault.reason for fault in made.check(present)[1]] == [
            reason for reason in ["field 'must': required, but missing"] if "must" not in present
        ]


LIMITS = ContractConfig(max_ahead=60, max_behind=3600)


@pytest.mark.parametrize(
    ("time", "now", "said"),
    [
        (160.0, 100.0, None),
        (160.5, 100.0, "event time 160.5: expected at most 60 s ahead of the stream's 100.0, got 60.5 s"),
        (0.0, 3600.0, None),
        (0.0, 3601.0, "event time 0.0: expected at most 3600 s behind the stream's 3601.0, got 3601 s"),
        (1e300, -math.inf, None),
        (1e300, 0.0, "event time 1e+300: expected at most 60 s ahead of the stream's 0.0, got 1e+300 s"),
        (-sys.float_info.max, sys.float_info.max, "behind the stream's"),
    ],
)
def test_an_event_time_too_far_from_the_streams_is_a_breach(
    time: float, now: float, said: str | None
) -> None:
    found = time_breach(time, now, LIMITS)
    assert found == said if said is None or said.startswith("event") else said in str(found)


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_without_limits_any_event_time_goes(time: float, now: float) -> None:
    assert time_breach(time, now, ContractConfig()) is None


@given(st.floats(0, 1e9), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_the_limits_themselves_are_allowed(limit: float, now: float, off: float) -> None:
    config = ContractConfig(max_ahead=limit, max_behind=limit)
    assert (time_breach(now + off, now, config) is None) == (abs((now + off) - now) <= limit)
