"""What becomes of labels that come first, twice, late, never, or for nothing."""

from typing import Any

import pytest

from engine.core.engine import Engine
from engine.errors import ConfigError
from engine.events import Event
from engine.records.events import ContractViolation, DeadLetter, Outcome, Prediction
from engine.records.values import Example, Label, Record
from tests.support.engines import make_engine

LATER = [Example(f"later{number}", 1000.0, {"a": 0.0}) for number in range(3)]
"""Three records that agree that it is much later."""


def engine(**labels: Any) -> Engine:
    return make_engine(labels={"wait": 50, "max_waiting": 100} | labels)


def example(name: str = "1", time: float = 0.0, label: Any = None, a: float = 1.0) -> Example:
    return Example(name, time, {"a": a}, label)


def label(name: str = "1", time: float = 1.0, *, value: Any = True) -> Label:
    return Label(name, time, value, "topic", 7, b"raw")


def outcomes(events: list[Event]) -> list[tuple[str, Any, bool]]:
    return [(e.example.id, e.label, e.correction) for e in events if isinstance(e, Outcome)]


def letters(events: list[Event]) -> list[tuple[str, str]]:
    return [(e.kind, e.reason) for e in events if isinstance(e, DeadLetter)]


def test_a_label_that_comes_first_waits_for_its_example() -> None:
    tried = engine()
    assert tried.process([label()]) == []
    assert (tried.counts.early, tried.counts.unmatched) == (1, 0)
    events = tried.process([example()])
    assert [type(event) for event in events] == [Prediction, Outcome]
    assert outcomes(events) == [("1", True, False)]
    assert (tried.counts.early, tried.counts.matched, tried.counts.learned) == (0, 1, 1)


@pytest.mark.parametrize("first", [True, False])
def test_the_order_of_example_and_label_makes_no_difference_to_what_is_learned(*, first: bool) -> None:
    tried, plain = engine(), engine()
    pair: list[Record] = [label(), example()] if first else [example(), label()]
    tried.process(pair)
    plain.process([example(label=True)])
    probe = example("probe", 2.0, a=0.5)
    said, expected = tried.process([probe])[0], plain.process([probe])[0]
    assert isinstance(said, Prediction)
    assert isinstance(expected, Prediction)
    assert said.probability == expected.probability != 0.5


def test_a_label_whose_example_never_comes_is_turned_away_with_its_bytes_when_its_time_is_up() -> None:
    tried = engine(early_wait=10)
    events = tried.process([label("nobody"), *LATER])
    (letter,) = [event for event in events if isinstance(event, DeadLetter)]
    assert letter.kind == "unmatched"
    assert letter.reason == "id 'nobody': no example with this id came in time, or it is forgotten"
    assert (letter.source, letter.position, letter.raw) == ("topic", 7, b"raw")
    assert tried.process([example("nobody", 1000.0)])[1:] == [], "its label is gone"


def test_labels_without_an_example_are_bounded_by_number_too() -> None:
    tried = engine(max_waiting=3)
    tried.process([label(str(number)) for number in range(10)])
    tried.process([example("x")])
    assert (tried.counts.early, tried.counts.unmatched) == (3, 7)


def test_of_two_labels_before_the_example_the_first_counts_unless_corrections_are_learned() -> None:
    twice: list[Record] = [label(value=True), label(value=False), example()]
    tried = engine()
    assert letters(tried.process(twice)) == [
        ("unmatched", "id '1': another label waits for this example already")
    ]
    assert outcomes(tried.process([])) == []
    learning = engine(corrections="learn")
    events = learning.process(twice)
    assert letters(events) == [("unmatched", "id '1': a later label came before its example did")]
    assert outcomes(events) == [("1", False, False)]


def test_a_second_label_is_rejected_and_trains_nothing() -> None:
    tried = engine()
    events = tried.process([example(), label(), label(value=False)])
    assert outcomes(events) == [("1", True, False)]
    assert letters(events) == [("unmatched", "id '1': its prediction has its label already")]
    assert tried.counts.learned == 1


def test_a_second_label_is_learned_where_corrections_are() -> None:
    tried, twice = engine(corrections="learn"), engine()
    events = tried.process([example(), label(), label(value=False, time=2.0)])
    assert outcomes(events) == [("1", True, False), ("1", False, True)]
    assert letters(events) == []
    assert (tried.counts.corrected, tried.counts.learned) == (1, 2)
    twice.process([example(label=True), example("2", label=False)])
    probe = example("probe", 3.0, a=0.5)
    assert tried.process([probe])[0].probability == twice.process([probe])[0].probability  # type: ignore[union-attr]


def test_a_label_that_is_delivered_twice_trains_once() -> None:
    tried = engine(corrections="learn")
    events = tried.process([example(), label(), label(), label(value=False), label(value=False)])
    assert outcomes(events) == [("1", True, False), ("1", False, True)]
    assert letters(events) == [("unmatched", "id '1': its prediction has its label already")] * 2


def test_a_label_after_the_prediction_expired_is_rejected_with_that_reason() -> None:
    tried = engine(remember=1e6)
    events = tried.process([example(), *LATER, label(time=1000.0)])
    assert outcomes(events) == [("1", None, False)]
    assert letters(events) == [("unmatched", "id '1': its prediction expired without a label already")]


def test_a_label_after_the_prediction_expired_is_learned_where_corrections_are() -> None:
    tried = engine(remember=1e6, corrections="learn")
    events = tried.process([example(), *LATER, label(time=1000.0)])
    assert outcomes(events) == [("1", None, False), ("1", True, True)]
    assert (tried.counts.expired, tried.counts.corrected, tried.counts.learned) == (1, 1, 1)
    assert tried.scores["loss"] == 0.25, "it was never scored before, and is now"


def test_no_label_in_time_can_stand_for_one() -> None:
    tried = engine(expired_label=False)
    events = tried.process([example(), *LATER])
    assert outcomes(events) == [("1", False, False)]
    assert (tried.counts.expired, tried.counts.presumed, tried.counts.learned) == (1, 1, 1)
    assert tried.scores["loss"] == 0.25


def test_the_click_that_came_after_all_corrects_the_presumed_no() -> None:
    tried = engine(expired_label=False, corrections="learn", remember=1e6)
    events = tried.process([example(), *LATER, label(time=1000.0)])
    assert outcomes(events) == [("1", False, False), ("1", True, True)]
    assert (tried.counts.presumed, tried.counts.corrected, tried.counts.learned) == (1, 1, 2)


def test_what_stands_for_no_label_must_be_a_label() -> None:
    with pytest.raises(ConfigError, match=r"labels.expired_label: expected the positive .*, got 'never'"):
        engine(expired_label="never")


def test_a_second_example_with_the_id_of_one_that_waits_or_is_remembered_is_rejected() -> None:
    tried = engine()
    waits = tried.process([example(), example(a=9.0)])
    assert letters(waits) == [("rejected", "id '1': a prediction with this id waits already")]
    had = tried.process([label(), example(a=9.0)])
    assert letters(had) == [("rejected", "id '1': an example with this id has come before")]
    assert (tried.counts.predicted, tried.counts.rejected, tried.counts.learned) == (1, 2, 1)


def test_an_id_is_forgotten_in_time_and_over_the_bound() -> None:
    tried = engine(remember=10)
    tried.process([example(label=True), *LATER, example("2", 1000.0, label=True)])
    assert letters(tried.process([example(time=1000.0)])) == []
    small = engine(max_remembered=2)
    small.process([example(str(number), label=True) for number in range(5)])
    assert small.labels.remembered == 2
    assert letters(small.process([example("0"), example("4")])) == [
        ("rejected", "id '4': an example with this id has come before")
    ]


def test_without_an_id_field_nothing_is_remembered() -> None:
    tried = make_engine(record={"id": ""})
    tried.process([example(str(number), label=True) for number in range(50)])
    assert tried.labels.remembered == 0


def test_features_are_those_of_prediction_time_even_if_the_program_changes_its_own() -> None:
    tried = engine()
    features: dict[str, Any] = {"a": 1.0}
    tried.process([Example("1", 0.0, features)])
    features["a"] = 99.0
    (outcome,) = [event for event in tried.process([label()]) if isinstance(event, Outcome)]
    assert outcome.example.features == {"a": 1.0}


def test_one_record_from_the_far_future_expires_nobody() -> None:
    tried = engine()
    tried.process([example("1"), example("2", 1.0), example("3", 2.0)])
    tried.process([example("wrong", 9e9), label("wrong too", 9e9)])
    assert (tried.counts.expired, tried.counts.waiting) == (0, 4)
    tried.process([label("1", 3.0)])
    assert tried.counts.matched == 1
    tried.process(LATER)
    assert tried.counts.expired == 2
    tried.process([example("late", 2000.0), *(label(f"x{n}", 2000.0) for n in range(2))])
    assert tried.counts.expired == 5, "the one from the far future does not keep the others waiting"
    assert tried.process([label("wrong", 2001.0)]), "and has not expired before its time"


def test_after_a_real_gap_in_the_stream_the_first_example_waits_as_long_as_any() -> None:
    tried = engine()
    tried.process([example("1"), example("2", 1.0), *LATER, label("later0", 1001.0)])
    assert (tried.counts.expired, tried.counts.matched) == (2, 1)


def test_corrections_are_no_evidence_for_a_change() -> None:
    labels = {"wait": 50, "max_waiting": 100, "corrections": "learn"}
    tried = make_engine({2: "fail"}, labels=labels)
    for number in range(81):
        tried.process([example(str(number), number, number % 2 == 0, number % 5)])
        if number >= 41:  # every label since then was wrong
            tried.process([label(str(number), number, value=number % 2 == 1)])
        suspicion = tried.supervisor.suspicion
        if suspicion is not None:
            break
    assert suspicion is not None
    newest = tried.pool.checkpoints.ladder[-1]
    assert suspicion.previous[newest.name].events == number + 1 - newest.sequence, "once each"
    before = {name: trial.events for name, trial in suspicion.trials.items()}
    tried.process([label(str(number), 82.0, value=number % 2 == 0) for number in range(50, 60)])
    assert {name: trial.events for name, trial in suspicion.trials.items()} == before


def test_a_corrected_prediction_is_remembered_from_its_correction_on() -> None:
    tried = engine(corrections="learn", max_remembered=2)
    tried.process([example("1", label=True), example("2", label=True), label("1", value=False)])
    tried.process([example("3", label=True)])
    assert letters(tried.process([example("1")])) != []
    assert letters(tried.process([example("2")])) == []


def test_an_outcome_is_known_when_both_its_example_and_its_label_are() -> None:
    tried = engine()
    early, late = tried.process([label("1", 5.0), example("1", 2.0), label("2", 5.0), example("2", 9.0)])[
        1::2
    ]
    assert isinstance(early, Outcome)
    assert isinstance(late, Outcome)
    assert (early.time, late.time) == (5.0, 9.0)


def test_a_record_too_far_ahead_or_behind_is_rejected_with_the_reason() -> None:
    tried = make_engine(contract={"max_ahead": 10, "max_behind": 5})
    tried.process([example(str(number), 100.0 + number) for number in range(5)])  # the stream's time: 102
    events = tried.process([example("ahead", 113.0), example("behind", 96.0), label("0", 96.0)])
    assert letters(events) == [
        ("rejected", "event time 113.0: expected at most 10 s ahead of the stream's 102.0, got 11 s"),
        ("rejected", "event time 96.0: expected at most 5 s behind the stream's 103.0, got 7 s"),
    ]
    assert tried.counts.learned == 1, "a label is never turned away for its time"


def test_when_the_whole_stream_leaps_ahead_only_its_first_records_are_turned_away() -> None:
    tried = make_engine(contract={"max_ahead": 10})
    tried.process([example(str(number), number) for number in range(5)])
    tried.process([example(f"new{number}", 1e6 + number) for number in range(20)])
    assert tried.counts.rejected == 3


def test_after_a_burst_of_wrong_times_the_stream_recovers() -> None:
    tried = make_engine(contract={"max_behind": 5}, labels={"wait": 50, "max_waiting": 1000})
    tried.process([example(f"wrong{number}", 1e12) for number in range(50)])
    tried.process([example(str(number), number) for number in range(100)])
    assert tried.counts.rejected == 14, "then sixteen records have come of which three agree"
    tried.process([label("90", 100.0)])
    assert tried.counts.matched == 1


def test_with_the_policy_warn_a_record_out_of_time_goes_on_and_is_told() -> None:
    tried = make_engine(contract={"max_ahead": 10, "policy": "warn"})
    tried.process([example(str(number), number) for number in range(5)])
    events = tried.process([example("ahead", 1e6), label("0", 1e6)])
    told = [(event.id, event.policy) for event in events if isinstance(event, ContractViolation)]
    assert told == [("ahead", "warn")]
    assert (tried.counts.warned, tried.counts.predicted, tried.counts.matched) == (1, 6, 1)


@pytest.mark.parametrize("time", [float("nan"), float("inf"), float("-inf")])
def test_a_time_that_is_none_is_rejected_whatever_the_policy(time: float) -> None:
    tried = make_engine(contract={"policy": "warn"})
    tried.process([example("1", 0.0), example("x", time), label("1", time)])
    assert (tried.counts.rejected, tried.counts.predicted, tried.counts.matched) == (2, 1, 0)


def test_one_time_past_year_9999_expires_nothing() -> None:
    tried = engine()
    never = 253402300800.0
    records: list[Record] = [example(str(number), float(number)) for number in range(20)]
    records[10] = example("10", never)
    records += [label(str(number), 20.0 + number) for number in range(20)]
    events = tried.process(records)
    assert letters(events) == []
    assert (tried.counts.matched, tried.counts.expired, tried.counts.waiting) == (20, 0, 0)
    assert tried.admission.clock.now < 100


def test_a_label_at_a_time_past_year_9999_expires_nothing() -> None:
    tried = engine()
    records: list[Record] = [example(str(number), float(number)) for number in range(20)]
    records += [label("0", 253402300800.0), *(label(str(number), 20.0) for number in range(1, 20))]
    tried.process(records)
    assert (tried.counts.matched, tried.counts.expired) == (20, 0)
