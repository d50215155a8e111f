import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.learning.clock import Clock

_times = st.lists(st.one_of(st.integers(0, 100).map(float), st.sampled_from([-1e12, 1e12])), max_size=80)


def after(times: list[float], clock: Clock | None = None) -> Clock:
    clock = clock or Clock()
    for time in times:
        clock.tick(time)
    return clock


@given(_times)
def test_it_never_goes_back(times: list[float]) -> None:
    clock = Clock()
    seen = [after([time], clock).now for time in times]
    assert all(earlier <= later for earlier, later in pairwise(seen))


@given(_times)
def test_it_is_never_later_than_the_third_latest_record(times: list[float]) -> None:
    expected = sorted(times)[-3] if len(times) >= 3 else -math.inf
    assert after(times).now <= expected


@given(st.lists(st.integers(0, 100).map(float), min_size=3, max_size=16))
def test_of_few_records_it_is_exactly_the_third_latest(times: list[float]) -> None:
    assert after(times).now == sorted(times)[-3]


@given(st.lists(st.floats(1e11, 1e15), min_size=1, max_size=2), st.integers(0, 30))
def test_one_or_two_wrong_times_do_not_move_it(wrong: list[float], place: int) -> None:
    right = [float(number) for number in range(40)]
    clock = after([*right[:place], *wrong, *right[place:]])
    assert clock.now <= 39


def test_three_records_that_agree_move_it_however_far() -> None:
    clock = after([1.0, 2.0, 3.0, 1e9, 1e9 + 1])
    assert clock.now == 3.0
    assert after([1e9 + 2], clock).now == 1e9


def test_wrong_times_far_between_never_add_up() -> None:
    clock = Clock()
    for number in range(2000):
        clock.tick(1e12 if number % 20 == 0 else float(number))
    assert clock.now < 2000


@given(_times, _times)
def test_a_restored_clock_goes_on_as_the_first_would(before: list[float], later: list[float]) -> None:
    first, second = after(before), Clock()
    second.restore(first.state())
    state = first.state()
    assert after(later, first).now == after(later, second).now
    assert state == after(before).state(), "a state is a value"
