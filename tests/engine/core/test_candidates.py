from itertools import pairwise
from typing import Any

import pytest
from engine.core.candidates import MODEL, Candidates, Checkpoint, thin
from hypothesis import given, settings
from hypothesis import strategies as st
from river import linear_model

from engine.models.serialization import dump
from engine.records.events import Outcome
from engine.records.values import Example
from engine.registry.versions import Learned

PROBE = {"a": 1.0, "b": -0.5}


def checkpoint(window: int) -> Checkpoint:
    return Checkpoint(f"m0.w{window}", window, 0, 0, 0, {}, Learned(), {}, "", b"")


def save(candidates: Candidates, window: int, at: int, suffix: str) -> Checkpoint:
    """The champion as it is now."""
    state = candidates.state
    saved = dump(state.champion, MODEL)
    return Checkpoint(
        f"{state.name}.{suffix}", window, at, at, at, {}, Learned(), {}, "", saved, state.without
    )


def outcome(order: int, label: bool | None = True) -> Outcome:
    features = {"a": float(order % 5), "b": float(order % 3)}
    return Outcome(order, order, Example(str(order), 0.0, features), None, "m0", label, None, 0.0)


def make(checkpoints: int = 4, champion: Any = None) -> Candidates:
    model = champion or linear_model.LogisticRegression()
    ops = task_ops("binary", linear_model.LogisticRegression())
    return Candidates(model, ops, [__name__], checkpoints)


def learn(candidates: Candidates, begin: int, end: int) -> None:
    for order in range(begin, end):
        candidates.state.champion.learn_one(outcome(order).example.features, order % 2 == 0)


def with_ladder(*windows: int, **kwargs: Any) -> Candidates:
    """A champion that learned ten outcomes in each window, and was vetted after these windows."""
    candidates = make(**kwargs)
    for window in range(max(windows) + 1):
        learn(candidates, 10 * window, 10 * window + 10)
        if window in windows:
            at = 10 * window + 10
            candidates.state.unvetted[window] = save(candidates, window, at, f"w{window}")
            candidates.vet(window)
    return candidates


def says(model: Any) -> Any:
    return model.predict_proba_one(PROBE)


def revive(candidates: Candidates) -> None:
    for one in candidates.known():
        candidates.wake(one)


def shadow_says(candidates: Candidates) -> dict[str, Any]:
    return dict(candidates.predict_with(candidates.state.shadows.values(), PROBE))


_gaps = st.lists(st.integers(1, 20), min_size=1, max_size=60)


@given(_gaps, st.integers(1, 9))
@settings(max_examples=80)
def test_a_thinned_ladder_is_bounded_in_order_and_keeps_its_newest(gaps: list[int], most: int) -> None:
    ladder: list[Checkpoint] = []
    window = 0
    for gap in gaps:
        before = ladder
        ladder = thin([*ladder, checkpoint(window)], most)
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
        ladder = thin([*ladder, checkpoint(window)], most)
    gaps = [b.window - a.window for a, b in pairwise(ladder)]
    newest_first = gaps[::-1]
    # Thinning drops one at a time, so neighbouring gaps may be swapped a little: two apart they may not.
    assert all(near <= far for near, far in zip(newest_first, newest_first[2:], strict=False))
    assert newest_first[0] < newest_first[-1]


def test_a_short_ladder_is_not_thinned() -> None:
    ladder = [checkpoint(window) for window in range(4)]
    assert thin(ladder, 4) == ladder


def test_only_a_vetted_window_joins_the_ladder_and_only_once() -> None:
    candidates = make()
    saved = save(candidates, 3, 1, "w3")
    candidates.state.unvetted[3] = saved
    assert candidates.vet(2) is None
    assert candidates.state.ladder == []
    assert candidates.vet(3) is saved
    assert candidates.vet(3) is None
    assert candidates.state.ladder == [saved]


def test_the_ladder_is_bounded_as_configured() -> None:
    assert [one.window for one in with_ladder(*range(9), checkpoints=3).state.ladder][-1] == 8
    assert len(with_ladder(*range(9), checkpoints=3).state.ladder) == 3


def test_a_shadow_predicts_as_the_champion_did_when_it_was_saved() -> None:
    candidates = make()
    learn(candidates, 0, 10)
    before = says(candidates.state.champion)
    candidates.state.unvetted[0] = save(candidates, 0, 10, "w0")
    candidates.vet(0)
    learn(candidates, 10, 40)
    revive(candidates)
    assert says(candidates.state.champion) != before
    assert shadow_says(candidates) == {"m0.w0": before}


def test_a_shadow_learns_each_labelled_outcome_after_its_checkpoint_once() -> None:
    candidates = with_ladder(0)
    revive(candidates)
    rows = [outcome(order, None if order % 4 == 0 else order % 2 == 0) for order in range(30)]
    expected = make().state.champion
    for order in range(10):
        expected.learn_one(outcome(order).example.features, order % 2 == 0)
    for row in rows[10:]:
        if row.label is not None:
            expected.learn_one(row.example.features, row.label)
    candidates.catch_up(rows[:20])
    candidates.catch_up(rows[5:25])
    for row in rows[15:]:
        candidates.learn_shadows(row, vetted=True)
    assert shadow_says(candidates) == {"m0.w0": says(expected)}


def test_unlearning_a_failed_window_restores_the_predictions_exactly() -> None:
    candidates = with_ladder(0, 1)
    revive(candidates)
    candidates.catch_up(outcome(order, order % 2 == 0) for order in range(30))
    before = shadow_says(candidates)
    candidates.keep_before(3)
    candidates.catch_up(outcome(order, order % 3 == 0) for order in range(30, 40))
    between = shadow_says(candidates)
    candidates.keep_before(4)
    candidates.catch_up(outcome(order) for order in range(40, 50))
    assert before != between != shadow_says(candidates)
    candidates.unlearn(3)
    assert shadow_says(candidates) == before
    # What was unlearned can be learned again: the shadow stands where it stood.
    candidates.catch_up(outcome(order, order % 3 == 0) for order in range(30, 40))
    assert shadow_says(candidates) == between


def test_unlearning_the_later_window_keeps_the_earlier_one() -> None:
    candidates = with_ladder(0)
    revive(candidates)
    candidates.keep_before(1)
    candidates.catch_up(outcome(order) for order in range(10, 20))
    before = shadow_says(candidates)
    candidates.keep_before(2)
    candidates.catch_up(outcome(order) for order in range(20, 30))
    candidates.forget_before(1)
    candidates.unlearn(2)
    assert shadow_says(candidates) == before


def test_a_window_no_shadow_learned_from_is_not_unlearned() -> None:
    candidates = with_ladder(0)
    revive(candidates)
    candidates.keep_before(2)
    candidates.catch_up(outcome(order) for order in range(10, 20))
    before = shadow_says(candidates)
    candidates.unlearn(1)
    assert shadow_says(candidates) == before


def test_after_a_take_over_the_very_next_prediction_is_the_shadows() -> None:
    candidates = with_ladder(0, 3)
    revive(candidates)
    candidates.state.unvetted[9] = checkpoint(9)
    replaced = save(candidates, 3, 40, "s40")
    old, new = says(candidates.state.champion), shadow_says(candidates)["m0.w0"]
    learn(candidates, 40, 50)
    assert candidates.take_over("m0.w0", replaced) == "m1"
    state = candidates.state
    assert says(state.champion) == new != old
    assert (state.name, state.parent, state.changes) == ("m1", "m0.w0", 1)
    assert state.past == [replaced]
    assert state.shadows == {}
    assert state.unvetted == {}
    assert save(candidates, 4, 0, "w4").name == "m1.w4"
    # The one that was replaced is a candidate from now on, as it was.
    assert says(candidates.alive(candidates.known()[-1]).model) == old


def test_dismissed_shadows_are_gone_and_the_ladder_stays() -> None:
    candidates = with_ladder(0, 1)
    revive(candidates)
    candidates.dismiss()
    assert candidates.predict_with(candidates.state.shadows.values(), PROBE) == {}
    assert len(candidates.state.ladder) == 2


class Moody:
    """Raises at every call, once it is told to."""

    angry = False

    def learn_one(self, x: Any, y: Any) -> None:
        self._act(x, y)

    def predict_proba_one(self, x: Any) -> Any:
        self._act(x)
        return {True: 0.5}

    def _act(self, *_: Any) -> None:
        if Moody.angry:
            raise ValueError("not in the mood")


def test_a_shadow_that_raises_says_nothing_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    candidates = with_ladder(0, champion=Moody())
    candidates.state.past.append(save(make(), 0, 0, "s0"))
    revive(candidates)
    calm = shadow_says(candidates)
    assert calm["m0.w0"] == {True: 0.5}
    monkeypatch.setattr(Moody, "angry", True)
    candidates.learn_shadows(outcome(51), vetted=True)
    found = shadow_says(candidates)
    assert found["m0.w0"] is None
    assert found["m0.s0"] not in (None, calm["m0.s0"])


def test_what_a_model_raises_while_it_learns_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    candidates = make()
    assert candidates.learn(Moody(), outcome(0)) is None
    monkeypatch.setattr(Moody, "angry", True)
    assert candidates.learn(Moody(), outcome(0)) == "ValueError: not in the mood"
