"""Laws of the policies: what is let through, with what, and that it is all counted."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.contract.check import Contract
from engine.contract.config import ContractConfig
from engine.core.engine import Engine
from engine.events import Event
from engine.monitoring.first_look.verdict import PreliminaryVerdict
from engine.records.events import ContractViolation, Counts, DeadLetter, Outcome, Prediction
from engine.records.values import Example, Record
from tests.laws.test_engine_laws import cuts, told
from tests.support.engines import ScriptedJudge, in_batches, make_config, make_engine, make_stream, streams

FIELDS = {"a": {"type": "number", "min": -50, "max": 50, "required": True}, "b": {"type": "number", "max": 2}}
policies = st.sampled_from(["warn", "impute"])


def contract(policy: str, **more: Any) -> dict[str, Any]:
    return {"policy": policy, "fields": FIELDS} | more


def breaches(events: list[Event]) -> list[ContractViolation]:
    return [event for event in events if isinstance(event, ContractViolation)]


@pytest.mark.parametrize("policy", ["warn", "impute"])
def test_the_streams_hold_breaches_of_every_kind(policy: str) -> None:
    """Without this, the laws below could hold because nothing happens."""
    found: list[ContractViolation] = []
    warned = learned = 0
    for seed in range(20):
        tried = make_engine(contract=contract(policy))
        found += breaches(tried.process(make_stream(seed, 400)))
        warned += tried.counts.warned
        learned += tried.counts.learned
    reasons = " ".join(breach.reason for breach in found)
    assert all(part in reasons for part in ("from -50", "got nan", "got [1]", "at most 2.0"))
    assert len(found) > warned > 100
    assert learned > 1000


@given(streams, policies)
@settings(max_examples=50)
def test_every_breach_let_through_is_said_and_its_records_are_counted(
    stream: list[Record], policy: str
) -> None:
    tried = make_engine(contract=contract(policy))
    checks = Contract(ContractConfig.model_validate(contract(policy)))
    warned = 0
    for position, given_record in enumerate(stream):
        record = msgspec.structs.replace(given_record, source="in", position=position)
        events = tried.process([record])
        said = breaches(events)
        predicted = any(isinstance(event, Prediction) for event in events)
        if said:
            assert isinstance(record, Example)
            assert predicted
            assert {(event.id, event.source, event.position) for event in said} == {
                (record.id, "in", position)
            }
        if predicted and isinstance(record, Example):
            faults = checks.check(record.features)[1]
            assert [(event.policy, event.reason) for event in said] == [
                (fault.policy, fault.reason) for fault in faults
            ]
        warned += bool(said)
        assert tried.counts.add_up()
    assert tried.counts.warned == warned <= tried.counts.predicted


@given(streams)
@settings(max_examples=50)
def test_imputing_is_as_if_the_value_had_never_been_there(stream: list[Record]) -> None:
    dirty = make_engine(contract=contract("impute"))
    clean = make_engine(contract=contract("impute"))
    checks = Contract(ContractConfig.model_validate(contract("impute")))
    cleaned = [
        msgspec.structs.replace(record, features=checks.check(record.features)[0])
        if isinstance(record, Example)
        else record
        for record in stream
    ]

    def rest(events: list[Event]) -> list[Event]:
        """All but what tells of the breaches themselves."""
        return [
            replace(event, warned=0) if isinstance(event, PreliminaryVerdict) else event
            for event in told(events)
            if not isinstance(event, ContractViolation)
        ]

    assert rest(dirty.process(stream)) == rest(clean.process(cleaned))


@given(streams, policies, cuts)
@settings(max_examples=30)
def test_breaches_are_the_same_however_often_a_run_is_cut_and_resumed(
    stream: list[Record], policy: str, places: list[int]
) -> None:
    sections: dict[str, Any] = {"contract": contract(policy)}
    plain = make_engine(judge=ScriptedJudge(), **sections)
    whole = plain.process(stream)
    tried = make_engine(judge=ScriptedJudge(), **sections)
    resumed: list[Event] = []
    for batch in in_batches(stream, places):
        resumed += tried.process(batch)
        tried = Engine.restore(tried.snapshot(), make_config(**sections), ScriptedJudge())
    assert told(resumed) == told(whole)
    assert tried.counts == plain.counts


def test_one_fault_that_rejects_is_enough_however_many_only_warn() -> None:
    fields = {"a": {"type": "number", "max": 1}, "b": {"type": "number", "policy": "reject"}}
    tried = make_engine(contract={"policy": "warn", "fields": fields})
    events = tried.process([Example("1", 0.0, {"a": 2.0, "b": "x", "c": float("nan")}, label=True)])
    assert [type(event) for event in events] == [DeadLetter]
    assert tried.counts == Counts(records=1, rejected=1)


def test_a_record_that_is_rejected_after_all_is_not_said_to_have_been_let_through() -> None:
    tried = make_engine(contract=contract("warn"))
    one, two = Example("1", 0.0, {"a": 1.0}), Example("1", 1.0, {"a": 100.0})
    events = tried.process([one, two])
    assert isinstance(events[-1], DeadLetter), "its id waits already"
    assert breaches(events) == []
    assert tried.counts == Counts(records=2, rejected=1, predicted=1, waiting=1)


@pytest.mark.parametrize(("policy", "kept"), [("warn", {"a": 100.0}), ("impute", {})])
def test_a_model_learns_from_what_is_left_of_the_record(policy: str, kept: dict[str, float]) -> None:
    tried = make_engine(contract=contract(policy))
    events = tried.process([Example("1", 0.0, {"a": 100.0, "b": "x"}, label=True)])
    outcome = next(event for event in events if isinstance(event, Outcome))
    assert outcome.example.features == kept
    assert [event.reason for event in breaches(events)] == [
        "field 'a': expected a number from -50.0 to 50.0, got 100.0",
        "field 'b': expected a number of at most 2.0, got 'x'",
    ]
    assert (tried.counts.warned, tried.counts.learned) == (1, 1)
