"""How a sample is made longer: new values where the sample has them, and nowhere else."""

from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.checks.stream import chance_of_new, lengthen, makers
from engine.contract.check import Contract
from engine.contract.config import ContractConfig, FieldConfig

ANY = Contract(ContractConfig())


def longer(values: list[Any], times: int = 4, contract: Contract = ANY) -> list[Any]:
    """The values of one feature after the sample has come once."""
    sample: list[Any] = [({"a": value}, True) for value in values]
    events = islice(lengthen(sample, makers(sample), contract), len(values) * times)
    return [event.features["a"] for event in events][len(values) :]


_numbers = st.one_of(st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False))
_scalars = st.one_of(st.booleans(), _numbers, st.text(max_size=5))
_samples = st.lists(
    st.tuples(st.dictionaries(st.sampled_from("abc"), _scalars), st.booleans()), min_size=1, max_size=12
)


@given(_samples)
@settings(max_examples=100)
def test_the_sample_comes_first_then_its_names_types_and_labels_repeat(sample: list[Any]) -> None:
    events = list(islice(lengthen(sample, makers(sample), ANY), 3 * len(sample)))
    assert [(event.features, event.label) for event in events[: len(sample)]] == sample
    for number, event in enumerate(events):
        features, label = sample[number % len(sample)]
        assert (event.original, event.label) == (features, label)
        assert event.features.keys() == features.keys()
        assert ANY.check(event.features)[1] == []
        for name, value in features.items():
            kinds = (int, float) if type(value) in (int, float) else (type(value),)
            assert type(event.features[name]) in kinds


@given(_samples)
@settings(max_examples=50)
def test_the_stream_is_the_same_each_time(sample: list[Any]) -> None:
    one, other = (list(islice(lengthen(sample, makers(sample), ANY), 3 * len(sample))) for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b"] * 20,
        [True, False] * 20,
        [1, 2, 3, 4] * 10,
        [0.5, 1.5] * 20,
        # One value in five is a rare one: its like is hardly without end.
        [f"rare{n}" if n % 5 == 0 else "usual" for n in range(40)],
    ],
)
def test_values_that_repeat_in_the_sample_are_repeated(values: list[Any]) -> None:
    assert longer(values) == values * 3


def test_ids_of_one_word_are_always_new() -> None:
    made = longer([f"u{number}" for number in range(40)])
    assert len({*made}) == len(made) == 120
    assert all(value.startswith("u") for value in made)


def test_as_many_are_new_as_the_sample_says() -> None:
    values = [f"u{number}" if number % 4 else "guest" for number in range(400)]
    assert chance_of_new(values) == 0.75
    new = [value for value in longer(values) if value not in values]
    assert len({*new}) == len(new)
    # Guests are among the values that are made new too: three quarters of 1,200 events.
    assert 840 <= len(new) <= 960


def test_a_text_of_known_words_gets_no_new_words() -> None:
    values = [f"w{number % 9} w{number // 9} w{number % 5}" for number in range(60)]
    made = longer(values)
    words = {word for value in values for word in value.split()}
    assert {word for value in made for word in value.split()} <= words
    assert len({*made} - {*values}) > 60
    assert all(len(value.split()) == 3 for value in made)


def test_a_text_of_ever_new_words_gets_new_words() -> None:
    made = longer([f"x{number} y{number}" for number in range(20)])
    words = [word for value in made for word in value.split()]
    assert len({*words}) == len(words) == 120


@pytest.mark.parametrize(
    ("values", "following"),
    [
        ([1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11, 12]),
        ([10.0, 20.0, 30.0], [40.0, 50.0, 60.0, 70.0, 80.0, 90.0]),
        ([3, 2, 1], [0, -1, -2, -3, -4, -5]),
    ],
)
def test_numbers_that_rise_or_fall_go_on(values: list[Any], following: list[Any]) -> None:
    assert longer(values, times=3) == following


@given(st.lists(st.decimals(-1000, 1000, places=2).map(float), min_size=8, max_size=40, unique=True))
@settings(max_examples=80)
def test_other_numbers_stay_near_within_their_range_and_keep_their_decimals(values: list[float]) -> None:
    values = sorted(values)[::2] + sorted(values)[1::2][::-1]  # neither rises nor falls
    low, high = min(values), max(values)
    for value, made in zip(values * 3, longer(values), strict=True):
        assert low <= made <= high
        assert abs(made - value) <= (high - low) / 100 + 0.01
        assert round(made, 2) == made


def test_whole_numbers_stay_whole() -> None:
    made = longer([(number * 7919) % 1000 for number in range(50)])
    assert all(type(value) is int for value in made)
    assert len({*made}) > 100


def test_what_the_contract_rejects_comes_as_it_was() -> None:
    values = [f"city{number}" for number in range(20)]
    contract = Contract(ContractConfig(fields={"a": FieldConfig(type="text", categories=values)}))
    assert longer(values, contract=contract) == values * 3


def test_times_written_as_text_are_made_new_too() -> None:
    values = [datetime.fromtimestamp(60 * number, UTC).isoformat() for number in range(20)]
    assert not {*values} & {*longer(values)}
