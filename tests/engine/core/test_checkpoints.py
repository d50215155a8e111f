from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import msgpack

from engine.core.checkpoints import Checkpoints, CheckpointsState, thinned
from engine.core.live_model import Checkpoint
from tests.support.pools import checkpoint, make_pool, save, with_ladder

_gaps = st.lists(st.integers(1, 20), min_size=1, max_size=60)


@given(_gaps, st.integers(1, 9))
@settings(max_examples=80)
def test_a_thinned_ladder_is_bounded_in_order_and_keeps_its_newest(gaps: list[int], most: int) -> None:
    ladder: list[Checkpoint] = []
    window = 0
    for gap in gaps:
        before = ladder
        ladder = thinned([*ladder, checkpoint(window)], most)
        kept = [one.window for one in ladder]
        assert len(ladder) == min(most, len(before) + 1)
        assert kept == sorted(set(kept))
        assert kept[-1] == window
        assert set(kept) <= {one.window for one in before} | {window}
        if most >= 3:
            assert kept[0] == 0
        window += gap


@pytest.mark.parametrize("most", [4, 6, 10])
def test_checkpoints_are_spaced_further_apart_the_older_they_are(most: int) -> None:
    ladder: list[Checkpoint] = []
    for window in range(200):
        ladder = thinned([*ladder, checkpoint(window)], most)
    gaps = [b.window - a.window for a, b in pairwise(ladder)]
    newest_first = gaps[::-1]
    # Thinning drops one at a time, so neighbouring gaps may be swapped a little: two apart they may not.
    assert all(near <= far for near, far in zip(newest_first, newest_first[2:], strict=False))
    assert newest_first[0] < newest_first[-1]


def test_a_short_ladder_is_not_thinned() -> None:
    ladder = [checkpoint(window) for window in range(4)]
    assert thinned(ladder, 4) == ladder


def test_only_a_vetted_window_joins_the_ladder_and_only_once() -> None:
    pool = make_pool()
    saved = save(pool, 3, 1, "w3")
    pool.checkpoints.add(saved)
    assert pool.checkpoints.vet(2) is None
    assert pool.checkpoints.ladder == []
    assert pool.checkpoints.newest is None
    assert pool.checkpoints.vet(3) is saved
    assert pool.checkpoints.vet(3) is None
    assert pool.checkpoints.ladder == [saved]
    assert pool.checkpoints.newest is saved


def test_what_has_no_verdict_can_be_discarded() -> None:
    checkpoints = Checkpoints(4)
    checkpoints.add(checkpoint(3))
    checkpoints.discard_unvetted()
    assert checkpoints.vet(3) is None
    assert checkpoints.known() == []


def test_the_ladder_is_bounded_as_configured() -> None:
    ladder = with_ladder(*range(9), checkpoints=3).checkpoints.ladder
    assert ladder[-1].window == 8
    assert len(ladder) == 3


def test_the_last_replaced_champions_are_known_after_the_ladder() -> None:
    checkpoints = Checkpoints(4)
    checkpoints.add(checkpoint(9))
    checkpoints.vet(9)
    for window in range(5):
        checkpoints.add_replaced(checkpoint(window))
    assert [one.window for one in checkpoints.replaced] == [2, 3, 4]
    assert [one.window for one in checkpoints.known()] == [9, 2, 3, 4]


def test_a_restored_state_is_the_same() -> None:
    whole = with_ladder(0, 1, 2).checkpoints
    whole.add(checkpoint(3))
    whole.add_replaced(checkpoint(4))
    again = Checkpoints(4)
    again.restore(msgpack.decode(msgpack.encode(whole.state()), type=CheckpointsState))
    assert again.state() == whole.state()
    assert again.known() == whole.known()
    assert again.vet(3) == whole.vet(3) is not None
