import pickle
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.records.events import Outcome
from engine.records.values import Example
from engine.windows import Reservoir, Window, WindowConfig, Windows


def outcome(order: int, label: bool | None = True) -> Outcome:
    return Outcome(order, order, Example(str(order), 0.0, {}), None, "m0", label, None, float(order * 2))


def make(count: int = 5, sample: int = 3, key: str = "main") -> Windows:
    return Windows(WindowConfig(count=count, sample=sample), key)


def close_all(windows: Windows, outcomes: list[Outcome]) -> list[Window]:
    return [windows.close() for one in outcomes if put(windows, one, one.time)]


def put(windows: Windows, one: Outcome, now: float) -> bool:
    return windows.add(windows.place(one.time, now), one, learnable=one.label is not None)


def sampled(size: int, of: int, seed: str) -> list[int]:
    reservoir: Any = Reservoir(size, seed)
    for number in range(of):
        reservoir.add(number)
    return list(reservoir.rows)


def test_every_row_is_as_likely_as_any_other_to_be_sampled() -> None:
    size, of, seeds = 5, 25, 4000
    hits = np.zeros(of)
    for seed in range(seeds):
        hits[sampled(size, of, f"main/{seed}")] += 1
    expected = seeds * size / of
    # Drawn without replacement, the counts vary less than independent ones: by this much less.
    chi_square = ((hits - expected) ** 2 / expected).sum() / (1 - size / of)
    assert 8 < chi_square < 52  # 24 degrees of freedom: outside in fewer than 1 of 1,000 fair draws


def test_every_pair_of_rows_is_as_likely_as_any_other() -> None:
    seeds, of = 6000, 6
    pairs = np.zeros((of, of))
    for seed in range(seeds):
        first, second = sorted(sampled(2, of, f"main/{seed}"))
        pairs[first, second] += 1
    hits = pairs[np.triu_indices(of, 1)]
    expected = seeds / len(hits)
    assert ((hits - expected) ** 2 / expected).sum() < 37  # 14 degrees of freedom


@given(st.integers(2, 12), st.integers(0, 60), st.text(max_size=5))
@settings(max_examples=60)
def test_a_sample_is_bounded_without_doubles_and_the_same_for_the_same_seed(
    size: int, of: int, seed: str
) -> None:
    rows = sampled(size, of, seed)
    assert len(rows) == min(size, of) == len(set(rows))
    assert rows == sampled(size, of, seed)
    if of <= size:
        assert rows == list(range(of))


def test_other_seeds_give_other_samples() -> None:
    assert len({tuple(sampled(3, 100, f"main/{number}")) for number in range(50)}) == 50


_labels = st.lists(st.none() | st.booleans(), max_size=60)


@given(_labels, st.integers(2, 9), st.integers(2, 9))
@settings(max_examples=80)
def test_windows_partition_the_outcomes(labels: list[bool | None], count: int, sample: int) -> None:
    outcomes = [outcome(order, label) for order, label in enumerate(labels)]
    windows = make(count, sample)
    closed = close_all(windows, outcomes)
    assert [window.index for window in closed] == list(range(len(outcomes) // count))
    assert windows.index == len(closed)
    assert len(outcomes) == sum(window.outcomes for window in closed) + len(outcomes) % count
    for window in closed:
        inside = outcomes[window.index * count : (window.index + 1) * count]
        assert list(window.learnable) == [one for one in inside if one.label is not None]
        assert len(window.sample) == min(sample, count)
        assert {one.order for one in window.sample} <= {one.order for one in inside}
        assert (window.start, window.end) == (inside[0].time, inside[-1].time)


@given(_labels, st.integers(2, 9))
@settings(max_examples=60)
def test_the_labelled_outcomes_at_hand_are_those_of_two_closed_windows_and_the_open_one(
    labels: list[bool | None], count: int
) -> None:
    outcomes = [outcome(order, label) for order, label in enumerate(labels)]
    windows = make(count)
    close_all(windows, outcomes)
    first = max(0, len(outcomes) // count - 2) * count
    assert windows.learnable() == [one for one in outcomes[first:] if one.label is not None]
    assert len(windows.closed) == min(2, len(outcomes) // count)


def test_a_closed_window_is_a_value() -> None:
    windows = make()
    first = close_all(windows, [outcome(order) for order in range(5)])[0]
    before = (tuple(first.sample), tuple(first.learnable))
    close_all(windows, [outcome(order) for order in range(5, 30)])
    assert (first.sample, first.learnable) == before


@pytest.mark.parametrize("cut", [0, 3, 5, 7, 14, 23])
def test_restored_windows_go_on_as_if_nothing_had_been(cut: int) -> None:
    outcomes = [outcome(order, None if order % 4 == 0 else True) for order in range(40)]
    expected = close_all(make(), outcomes)
    first = make()
    before = close_all(first, outcomes[:cut])
    second = make()
    second.restore(pickle.loads(pickle.dumps(first.state())))  # noqa: S301 - made here
    assert before + close_all(second, outcomes[cut:]) == expected


def test_keys_and_windows_are_sampled_each_in_their_own_way() -> None:
    outcomes = [outcome(order) for order in range(200)]
    one, same, other = (close_all(make(100, 20, key), outcomes) for key in ("a", "a", "b"))
    assert one == same
    assert one[0].sample != other[0].sample
    places = [[row.order % 100 for row in window.sample] for window in one]
    assert places[0] != places[1]


@pytest.mark.parametrize(
    "bad", [{"count": 1}, {"sample": 1}, {"count": 0}, {"reference": "any"}, {"lateness": 5}, {"seconds": 0}]
)
def test_a_window_that_cannot_be_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        WindowConfig.model_validate(bad)


def test_rows_of_a_window_that_left_go_bit_by_bit() -> None:
    windows = make(count=4, sample=2)
    outcomes = [outcome(order) for order in range(12)]
    close_all(windows, outcomes)
    left = [sys.getrefcount(one) for one in outcomes[:4]]
    windows.let_go(0)
    assert [sys.getrefcount(one) for one in outcomes[:4]] == left
    for _ in range(3):
        windows.let_go(1)
    assert len({sys.getrefcount(one) for one in outcomes[:4]}) == 1
    assert sum(left) - sum(sys.getrefcount(one) for one in outcomes[:4]) == 4 + 2
