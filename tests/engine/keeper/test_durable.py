"""State in a host's store: whatever is lost, rolled back or moved, the engine is where the state says."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import ConfigError, Decision, Durable, Event, Keeper, SnapshotError, UsageError
from engine.seal import closed
from tests.engine.keeper.test_keeper import CONFIG, lines, rows

steps = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["go on", "forget", "restart", "roll back"])), max_size=30
)


@given(st.integers(0, 50), steps, st.integers(1, 30))
def test_the_state_is_safe_whatever_happens_between_two_records(
    seed: int, taken: list[tuple[int, str]], every: int
) -> None:
    stream = rows(seed, 150)
    state: dict[str, bytes] = {}
    events: list[Event] = []
    at = 0
    with Keeper(CONFIG) as keeper, Keeper(CONFIG) as straight:
        durable = Durable(keeper, every)
        for count, then in taken:
            before = dict(state)
            part = stream[at : at + count]
            found = durable.process(part, state, key="k", source="t", position=at)
            if then == "roll back":  # the host takes both back: what was written, and what came of it
                state = before
                continue
            events += found
            at += len(part)
            if then == "forget":
                durable.forget("k")
            elif then == "restart":
                keeper.forget("k")
                durable = Durable(keeper, every)
        expected = straight.process(stream[:at], key="k", source="t", position=0)
        assert lines(events) == lines(expected)
        rest = durable.process(stream[at:], state, key="k", source="t", position=at)
        assert lines(rest) == lines(straight.process(stream[at:], key="k", source="t", position=at))


def test_another_history_of_the_same_length_is_another_state() -> None:
    one, other = rows(1, 40), rows(2, 40)
    kept: dict[str, bytes] = {}
    elsewhere: dict[str, bytes] = {}
    with Keeper(CONFIG) as keeper, Keeper(CONFIG) as straight:
        durable = Durable(keeper)
        durable.process(one[:20], kept, key="k")
        durable.process(other[:20], elsewhere, key="k")  # the same key, of another partition's store
        straight.process(one[:20], key="k")
        expected = straight.process(one[20:], key="k")
        assert lines(durable.process(one[20:], kept, key="k")) == lines(expected)


def test_no_value_is_larger_than_a_changelog_takes() -> None:
    state: dict[str, bytes] = {}
    with Keeper(CONFIG) as keeper:
        durable = Durable(keeper, every=4)
        for at in range(9):
            durable.process([{"id": at, "time": at, "x": 1.0, "text": "y" * 900_000}], state, key="k")
            assert max(map(len, state.values())) <= 500_000
        stored = len(state)
        durable.forget("k")
        durable.process([], state, key="k")
        assert keeper.engines["k"].counts.predicted == 9
        assert len(state) == stored


def test_what_was_replaced_is_removed() -> None:
    state: dict[str, bytes] = {}
    with Keeper(CONFIG) as keeper:
        durable = Durable(keeper, every=10)
        for row in rows(0, 95):
            durable.process([row], state, key="k")
    assert sum(name.startswith("records.") for name in state) == 5
    assert {name.partition(".")[0] for name in state} == {"place", "records", "snapshot"}


def test_a_value_that_is_missing_or_damaged_is_named() -> None:
    state: dict[str, bytes] = {}
    with Keeper(CONFIG) as keeper:
        durable = Durable(keeper, every=10)
        durable.process(rows(0, 15), state, key="k")
        [snapshot] = [name for name in state if name.startswith("snapshot.")]
        durable.forget("k")
        with pytest.raises(SnapshotError, match=f"lacks {snapshot}, which its place names"):
            durable.process(rows(0, 1), {"place": state["place"]}, key="k")
        with pytest.raises(SnapshotError, match="damaged"):
            durable.process(rows(0, 1), state | {snapshot: state[snapshot][:-3]}, key="k")


def test_a_record_that_cannot_be_kept_changes_nothing() -> None:
    state: dict[str, bytes] = {}
    wrong: dict[str, Any] = {"id": "a", "time": 1.0, "x": object()}
    with Keeper(CONFIG) as keeper:
        durable = Durable(keeper)
        with pytest.raises(SnapshotError, match="cannot be saved"):
            durable.process([wrong], state, key="k")
        assert not state
        assert not keeper.engines


@given(st.integers(0, 50), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 25)), max_size=12))
def test_records_that_a_host_gives_again_are_passed_over(seed: int, parts: list[tuple[int, int]]) -> None:
    """At least once: a host goes back to an offset that it has committed, and on from there."""
    stream = [row | {"x": 1.0} for row in rows(seed, 120)]
    state: dict[str, bytes] = {}
    events: list[Event] = []
    at = 0
    with Keeper(CONFIG) as keeper, Keeper(CONFIG) as straight:
        durable = Durable(keeper, every=30)
        for back, count in parts:
            begin = max(0, at - back)
            end = min(begin + count, len(stream))
            events += durable.process(stream[begin:end], state, key="k", source="t", position=begin)
            at = max(at, end)
        assert lines(events) == lines(straight.process(stream[:at], key="k", source="t", position=0))


def test_a_command_is_kept_with_the_state() -> None:
    state: dict[str, bytes] = {}
    with Keeper(CONFIG) as keeper:
        durable = Durable(keeper)
        durable.process(rows(0, 30), state, key="k")
        [*_, pinned] = durable.command("pin", state=state, key="k", who="eva", id="1")
        expected = keeper.engines["k"].supervisor.state()
        durable.forget("k")
        durable.process([], state, key="k")
        assert keeper.engines["k"].supervisor.state() == expected
        assert isinstance(pinned, Decision)
        assert not durable.command("pin", state=state, key="k", who="eva", id="1")


def test_what_is_done_beside_it_is_refused_and_not_lost_without_a_word() -> None:
    state: dict[str, bytes] = {}
    with Keeper(CONFIG) as keeper:
        durable = Durable(keeper)
        durable.process(rows(0, 10), state, key="k")
        keeper.predict_one({"x": 1.0}, key="k")
        with pytest.raises(UsageError, match="its keeper was used beside Durable"):
            durable.process(rows(0, 20)[10:], state, key="k")
        durable.forget("k")
        durable.process(rows(0, 20)[10:], state, key="k")
        assert keeper.engines["k"].counts.records == 20


def test_threads_take_turns() -> None:
    states: dict[str, dict[str, bytes]] = {name: {} for name in "abcd"}
    with Keeper(CONFIG) as keeper:
        durable = Durable(keeper, every=7)

        def work(name: str) -> None:
            for row in rows(1, 60):
                durable.process([row], states[name], key=name)

        with ThreadPoolExecutor(4) as pool:
            assert [*pool.map(work, states)] == [None] * 4
        for name, state in states.items():
            expected = keeper.engines[name].counts
            durable.forget(name)
            durable.process([], state, key=name)
            assert keeper.engines[name].counts == expected


def test_with_a_key_nothing_that_somebody_else_wrote_is_brought_back() -> None:
    secret = b"sixteen bytes at"
    with Keeper(CONFIG) as keeper:
        durable = Durable(keeper, every=10, seal_key=secret)
        states: dict[str, dict[str, bytes]] = {"a": {}, "b": {}}
        for key, state in states.items():
            for at in range(15):
                durable.process(rows(at, at + 1), state, key=key)
        for name in states["a"]:
            for other in (states["b"][name], closed(b"forged", f"a\0{name}", None), b""):
                durable.forget("a")
                with pytest.raises(SnapshotError):
                    durable.process(rows(15, 16), states["a"] | {name: other}, key="a")
        durable.forget("a")
        assert durable.process(rows(15, 16), states["a"], key="a")
        with pytest.raises(ConfigError, match="at least 16 bytes"):
            Durable(keeper, seal_key=b"short")
