"""What a learned contract looks like to the person who reads it."""

from typing import Any

from dataflows.commands.contract_infer import Findings, contract_text
from engine.contract.infer import MOST_FIELDS
from engine.records.config import RecordConfig
from tests.engine.contract.test_contract_infer import learn, look


def test_the_words_over_a_field_say_what_was_seen() -> None:
    assert learn(3, 1, 2, ...).seen == "whole number, 1 to 3, median about 2; missing in 1 of 4 (25.0%)"
    assert learn(0.5, 1.5, 2.0).seen == "number, 0.5 to 2, median about 1.5, never falls; never missing"
    assert learn(3, 2).seen == "whole number, 2 to 3, median about 2.5, never rises; never missing"
    assert learn(True, False, True).seen == "boolean, true 2, false 1; never missing"
    assert learn("x", "y", "x").seen == "text, 2 different: 'x' 2, 'y' 1; never missing"
    many = learn(*(f"t{number}" for number in range(60)))
    assert many.seen == "text, more than 50 different or long, first 't0'; never missing"
    some = learn(*(f"t{number}" for number in range(12)))
    assert some.seen.endswith("'t9' 1 and 2 more; never missing")


def test_limits_are_written_as_one_would_write_them() -> None:
    table: list[dict[str, Any]] = [
        {"a": 0, "b": 0.5, "c": 10**20, "d": 0.25},
        {"a": 10, "b": 2.5, "c": 0, "d": 0},
        {"a": 3, "c": 7},
    ]
    lines = contract_text(Findings([], RecordConfig(), look(table))).split("\n")
    assert [line for line in lines if line.startswith(("min", "max"))] == [
        *("min = 0", "max = 15"),
        *("min = 0",),
        *("min = 0", "max = 1.5e+20"),
        *("max = 0.38",),
    ]


def test_memory_is_bounded_by_names_and_texts() -> None:
    inference = look([{f"name {number}": "x"} for number in range(MOST_FIELDS + 5)])
    assert len(inference.found()) == MOST_FIELDS
    assert inference.beyond == 5
    text = contract_text(Findings([], RecordConfig(), inference))
    assert "5 values of names that came late are left out" in text
    assert len(learn(*("x" * 10_000 + str(number) for number in range(10))).seen) < 250
