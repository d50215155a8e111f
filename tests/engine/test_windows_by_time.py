"""Windows by event time: which outcomes are in which window, whatever their order."""

import math
import pickle
from collections.abc import Iterable, Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.engine import Engine
from engine.core.event_clock import Clock
from engine.events import Report
from engine.records.events import Outcome
from engine.records.values import Example, Label, Record
from engine.windows import Window, WindowConfig, Windows
from tests.support.engines import ScriptedJudge, make_config

FAR = 4e9
"""Seconds since 1970 in the year 2096."""


def make(seconds: float = 10, lateness: float = 0) -> Windows:
    return Windows(WindowConfig(seconds=seconds, lateness=lateness, sample=1000), "main")


def feed(windows: Windows, clock: Clock, times: Iterable[float]) -> Iterator[Window]:
    """As the engine does it: time goes on, what is due closes, the outcome is put in."""
    for time in times:
        clock.tick(time)
        while windows.due(clock.now):
            yield windows.close()
        one = Outcome(0, 0, Example("", time, {}), None, "m0", True, None, time)
        windows.add(windows.place(time, clock.now), one, learnable=True)


def drain(windows: Windows) -> Iterator[Window]:
    while windows.due(1e300):
        yield windows.close()


def run(times: list[float], seconds: float = 10, lateness: float = 0) -> list[Window]:
    windows = make(seconds, lateness)
    return [*feed(windows, Clock(), times), *drain(windows)]


def held(window: Window) -> list[float]:
    return sorted(outcome.time for outcome in window.sample)


RISING = st.lists(st.floats(0.001, 8), min_size=1, max_size=80).map(
    lambda gaps: [100 + sum(gaps[: number + 1]) for number in range(len(gaps))]
)


@given(RISING)
def test_outcomes_in_order_are_in_the_window_of_their_time_or_of_two_records_before(
    times: list[float],
) -> None:
    slots = {time: window.slot for window in run(times) for time in held(window)}
    before = [times[max(number - 2, 0)] for number in range(len(times))]
    for time, stream in zip(times[2:], before[2:], strict=True):
        assert slots[time] == math.floor(stream / 10)


@given(st.lists(st.floats(-1e6, 1e10), max_size=80), st.sampled_from([1.0, 10.0, 86_400.0]), st.floats(0, 50))
def test_every_outcome_is_in_exactly_one_window_in_whatever_order_they_come(
    times: list[float], seconds: float, lateness: float
) -> None:
    closed = run(times, seconds, lateness)
    assert sorted(time for window in closed for time in held(window)) == sorted(times)
    assert sum(window.outcomes for window in closed) == len(times)
    assert sorted(o.time for window in closed for o in window.learnable) == sorted(times)
    assert [window.index for window in closed] == list(range(len(closed)))
    assert all(window.outcomes for window in closed)


@given(RISING, st.integers(0, 2**32), st.floats(5, 60))
def test_within_the_lateness_a_stream_out_of_order_gives_the_windows_of_one_in_order(
    times: list[float], seed: int, lateness: float
) -> None:
    shuffled = sorted(times, key=lambda time: time + (hash((seed, time)) % 1000) / 1000 * lateness)
    clock, now = Clock(), -math.inf
    for time in shuffled:
        clock.tick(time)
        now = max(now, clock.now)
    closed = run(shuffled, lateness=lateness)
    assert sum(window.late for window in closed) == 0
    # The two newest records of any moment are placed by the stream's time, and may be one window early.
    for window in closed:
        assert all(time >= window.start for time in held(window))


def test_what_comes_later_than_the_lateness_is_counted_and_goes_into_the_oldest_open_window() -> None:
    # The stream's time is two records behind: the window up to 110 closes at 110 and not before.
    windows = run([100, 101, 102, 111, 112, 113, 114, 103, 115, 116], lateness=0)
    assert [(window.slot, window.outcomes, window.late) for window in windows] == [(10, 5, 0), (11, 5, 1)]
    assert held(windows[1]) == [103, 113, 114, 115, 116]
    waited = run([100, 101, 102, 111, 112, 113, 114, 103, 115, 116], lateness=5)
    assert [(window.slot, window.outcomes, window.late) for window in waited] == [(10, 6, 0), (11, 4, 0)]


@given(RISING, st.data())
def test_one_record_from_the_far_future_moves_no_window(times: list[float], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(times)))
    with_it = run([*times[:place], FAR, *times[place:]])
    if place > 2:
        assert all(window.slot <= times[-1] / 10 for window in with_it)
    assert sum(window.late for window in with_it) == 0


def test_a_burst_of_wrong_times_is_over_and_the_windows_go_on() -> None:
    good = [100.0 + number for number in range(100)]
    times = [*good[:50], *[FAR + number for number in range(8)], *good[50:]]
    closed = run(times)
    assert sum(window.outcomes for window in closed) == len(times)
    after = [window for window in closed if 185.0 in held(window)]
    assert [window.slot for window in after] == [18]


def test_a_stretch_that_is_replayed_has_windows_of_its_own() -> None:
    stretch = [100.0 + number for number in range(60)]
    closed = run([*stretch, *stretch])
    assert [window.slot for window in closed].count(12) == 2
    assert sum(window.outcomes for window in closed) == 120


def test_windows_without_an_outcome_are_left_out() -> None:
    closed = run([0, 1, 2, 3, 500, 501, 502, 503])
    assert [(window.index, window.slot, window.start, window.end) for window in closed] == [
        (0, 0, 0, 10),
        (1, 50, 500, 510),
    ]


@given(RISING, st.integers(0, 80), st.sampled_from([0.0, 15.0]))
def test_restored_windows_go_on_as_if_nothing_had_been(times: list[float], cut: int, lateness: float) -> None:
    first, clock = make(lateness=lateness), Clock()
    before = list(feed(first, clock, times[:cut]))
    second = make(lateness=lateness)
    second.restore(pickle.loads(pickle.dumps(first.state())))  # noqa: S301 - made here
    after = [*feed(second, clock, times[cut:]), *drain(second)]
    assert before + after == run(times, lateness=lateness)


def stream(seconds: int) -> Iterator[Record]:
    """Two examples a second; their labels come 20 seconds later, one in three stamped with 10 less."""
    for number in range(2 * seconds):
        second = float(number // 2)
        yield Example(f"{number}", second, {"a": float(number % 5)})
        if number >= 40:
            early = 10.0 if number % 3 == 0 else 0.0
            yield Label(f"{number - 40}", second - early, value=number % 5 > 2)


@given(st.integers(2, 6), st.sampled_from([0.0, 10.0, 25.0]))
@settings(max_examples=20)
def test_no_vetted_checkpoint_has_learned_from_a_window_that_failed(failing: int, lateness: float) -> None:
    patient = {"min_events": 5, "patience": 99, "on_loss_drift": False}
    window = {"seconds": 15, "lateness": lateness, "sample": 10}
    config = make_config(window=window, supervision=patient, labels={"wait": 50})
    engine = Engine(config, evaluator=ScriptedJudge(dict.fromkeys(range(failing, 99), "fail")))
    engine.process(stream(200))
    events = Engine(config, evaluator=ScriptedJudge()).process(stream(200))
    begins = next(event.start for event in events if isinstance(event, Report) and event.window == failing)
    known = {event.order: event.time for event in events if isinstance(event, Outcome)}
    ladder = engine.pool.checkpoints.ladder
    assert len(ladder) >= failing - 2 - (lateness > 0) * 2
    for checkpoint in ladder:
        latest = max(time for order, time in known.items() if order < checkpoint.outcomes)
        assert latest < begins + 2, "the stream's time is two records behind"
