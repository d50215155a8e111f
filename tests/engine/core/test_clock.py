import math

from hypothesis import given
from hypothesis import strategies as st

from engine.core.event_clock import Clock

_times = st.lists(st.one_of(st.integers(0, 100).map(float), st.sampled_from([-1e12, 1e12])), max_size=80)
_mostly_in_order = st.lists(st.integers(-3, 5), max_size=80).map(
    lambda steps: [sum(steps[:end]) * 1.0 for end in range(len(steps))]
)


def after(times: list[float], clock: Clock | None = None) -> Clock:
    clock = clock or Clock()
    for time in times:
        clock.tick(time)
    return clock


@given(st.one_of(_times, _mostly_in_order))
def test_it_is_the_third_latest_of_the_last_sixteen_records(times: list[float]) -> None:
    clock = Clock()
    for number, time in enumerate(times, 1):
        clock.tick(time)
        last = sorted(times[max(0, number - 16) : number])
        assert clock.now == (last[-3] if number >= 3 else -math.inf)


@given(st.lists(st.floats(1e11, 1e15), min_size=1, max_size=2), st.integers(0, 30))
def test_one_or_two_wrong_times_do_not_move_it(wrong: list[float], place: int) -> None:
    right = [float(number) for number in range(40)]
    clock = after([*right[:place], *wrong, *right[place:]])
    assert clock.now <= 39


def test_three_records_that_agree_move_it_however_far() -> None:
    clock = after([1.0, 2.0, 3.0, 1e9, 1e9 + 1])
    assert clock.now == 3.0
    assert after([1e9 + 2], clock).now == 1e9


def test_after_a_burst_of_wrong_times_it_is_right_again() -> None:
    clock = after([1.0, 2.0, 3.0, *[1e12] * 100])
    assert clock.now == 1e12
    after([float(number) for number in range(4, 18)], clock)
    assert clock.now == 17.0


def test_it_has_no_time_before_there_are_three_records() -> None:
    clock = after([5.0, 6.0])
    assert (clock.now, clock.time) == (-math.inf, 0.0)
    assert after([7.0], clock).time == 5.0


@given(_times, _times)
def test_a_restored_clock_goes_on_as_the_first_would(before: list[float], later: list[float]) -> None:
    first, second = after(before), Clock()
    state = first.state()
    second.restore(state)
    assert after(later, first).now == after(later, second).now
    assert state == after(before).state(), "a state is a value"
