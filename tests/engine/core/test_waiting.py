import math
from collections import OrderedDict
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.waiting import PendingPrediction, Waiting
from engine.records.values import Example

WAIT, MOST = 10.0, 5


def held(name: str, time: float, sequence: int = 0) -> PendingPrediction:
    return PendingPrediction(time, sequence, Example(name, time, {"a": sequence}), 0.5, "m0")


def make(wait: float = WAIT, most: int = MOST) -> Waiting[PendingPrediction]:
    return Waiting(wait, most)


class Naive:
    """What waits, as a plain list: the oldest first."""

    def __init__(self) -> None:
        self.rows: list[PendingPrediction] = []

    def take(self, name: str) -> PendingPrediction | None:
        found = next((row for row in self.rows if row.example.id == name), None)
        self.rows = [row for row in self.rows if row is not found]
        return found

    def expired(self, now: float) -> list[PendingPrediction]:
        gone = []
        moved = 0
        while self.rows:
            full = len(self.rows) > MOST
            if not full and self.rows[0].since > now + WAIT and moved < 2:
                self.rows.append(self.rows.pop(0))
                moved += 1
            elif full or self.rows[0].since < now - WAIT:
                gone.append(self.rows.pop(0))
            else:
                break
        return gone


_ids = st.integers(0, 12).map(str)
_times = st.integers(0, 60).map(float)
_steps = st.one_of(
    st.tuples(st.just("add"), _ids, _times),
    st.tuples(st.just("add"), _ids, _times),
    st.tuples(st.just("take"), _ids, _times),
    st.tuples(st.just("expire"), _ids, _times),
    st.tuples(st.just("restore"), _ids, _times),
)


@given(st.lists(_steps, max_size=60))
@settings(max_examples=200)
def test_what_waits_is_what_a_plain_list_would_hold(steps: list[tuple[str, str, float]]) -> None:
    real, naive = make(), Naive()
    for sequence, (step, name, time) in enumerate(steps):
        if step == "add" and name not in real:
            row = held(name, time, sequence)
            real.add(name, row)
            naive.rows.append(row)
        elif step == "take":
            assert real.take(name) is naive.take(name)
        elif step == "expire":
            gone = real.expired(time)
            assert gone == naive.expired(time)
            assert len(real) <= MOST
            assert not real.all() or real.all()[0].since >= time - WAIT
        elif step == "restore":
            kept: Any = real.state()
            real = make()
            real.restore(kept)
        assert real.all() == naive.rows
        assert len(real) == len(naive.rows)
        assert all((str(n) in real) == any(row.example.id == str(n) for row in naive.rows) for n in range(13))


def test_a_label_finds_its_prediction_once() -> None:
    waiting = make()
    row = held("a", 0.0)
    waiting.add("a", row)
    assert waiting.take("a") is row
    assert waiting.take("a") is None


def test_a_prediction_waits_exactly_as_long_as_the_limit_says() -> None:
    waiting = make()
    waiting.add("a", held("a", 0.0))
    assert waiting.expired(WAIT) == []
    assert [row.example.id for row in waiting.expired(WAIT + 0.001)] == ["a"]
    assert len(waiting) == 0


def test_over_the_bound_the_oldest_goes_even_when_it_is_in_time() -> None:
    waiting = make()
    for number in range(MOST + 2):
        waiting.add(str(number), held(str(number), 0.0, number))
    assert [row.sequence for row in waiting.expired(0.0)] == [0, 1]
    assert len(waiting) == MOST


def test_one_that_came_late_behind_a_younger_one_goes_with_it() -> None:
    waiting = make()
    waiting.add("young", held("young", 20.0))
    waiting.add("late", held("late", 0.0))
    assert waiting.expired(25.0) == []
    assert [row.example.id for row in waiting.expired(31.0)] == ["young", "late"]


def test_a_state_is_not_changed_by_what_comes_later() -> None:
    waiting = make()
    waiting.add("a", held("a", 0.0))
    state = waiting.state()
    waiting.take("a")
    assert [row.example.id for _, row in state] == ["a"]


def test_the_oldest_is_found_behind_many_that_are_gone() -> None:
    waiting = make(most=10**6)
    for number in range(20_000):
        waiting.add(str(number), held(str(number), float(number), number))
    for number in range(19_999):
        waiting.take(str(number))
    looked = [row.sequence for row in waiting.expired(19_999 + WAIT + 1)]
    assert looked == [19_999]
    # A plain dict walks over every deleted entry to its first one; this law is about cost, not result.
    assert isinstance(waiting.entries, OrderedDict)


def test_one_from_the_far_future_does_not_keep_the_others_waiting() -> None:
    waiting = make()
    waiting.add("wrong", held("wrong", 1e9))
    waiting.add("right", held("right", 0.0))
    assert [row.example.id for row in waiting.expired(WAIT + 1)] == ["right"]
    assert "wrong" in waiting
    waiting.add("next", held("next", 0.0))
    waiting.add("last", held("last", 0.0))
    assert waiting.expired(-math.inf) == []
    first = waiting.all()[0].example.id
    assert first == "wrong", "before the stream has a time nothing is far ahead of it"
