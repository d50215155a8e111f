from typing import Any

import pytest
from msgspec import msgpack
from river import base

from engine.core.shadows import Shadows, ShadowState
from tests.support.pools import (
    learn,
    make_pool,
    outcome,
    revive,
    save,
    says,
    shadow_says,
    with_ladder,
)


def test_a_shadow_predicts_as_the_champion_did_when_it_was_saved() -> None:
    pool = make_pool()
    learn(pool, 0, 10)
    before = says(pool.champion)
    pool.checkpoints.add(save(pool, 0, 10, "w0"))
    pool.checkpoints.vet(0)
    learn(pool, 10, 40)
    revive(pool)
    assert says(pool.champion) != before
    assert shadow_says(pool) == {"m0.w0": before}


def test_a_shadow_learns_each_labelled_outcome_after_its_checkpoint_once() -> None:
    pool = with_ladder(0)
    revive(pool)
    rows = [outcome(order, order % 2 == 0) for order in range(30)]
    expected = make_pool().champion
    for row in rows:
        expected.learn(row)
    pool.shadows.catch_up(rows[:20])
    pool.shadows.catch_up(rows[5:25])
    for row in rows[15:]:
        pool.shadows.learn(row, vetted=True)
    assert shadow_says(pool) == {"m0.w0": says(expected)}


def test_a_vetted_shadow_learns_only_when_it_may() -> None:
    pool = with_ladder(0)
    revive(pool)
    pool.shadows.add(pool.fresh("fresh", 0))
    before = shadow_says(pool)
    for order in range(10, 20):
        pool.shadows.learn(outcome(order, order % 2 == 0), vetted=False)
    after = shadow_says(pool)
    assert after["m0.w0"] == before["m0.w0"]
    assert after["fresh"] != before["fresh"]


def test_unlearning_a_failed_window_restores_the_predictions_exactly() -> None:
    pool = with_ladder(0, 1)
    revive(pool)
    shadows = pool.shadows
    shadows.catch_up([outcome(order, order % 2 == 0) for order in range(30)])
    before = shadow_says(pool)
    shadows.keep(3)
    shadows.catch_up([outcome(order, order % 3 == 0) for order in range(30, 40)])
    between = shadow_says(pool)
    shadows.keep(4)
    shadows.catch_up([outcome(order) for order in range(40, 50)])
    assert before != between != shadow_says(pool)
    shadows.unlearn(3, 0)
    assert shadow_says(pool) == before
    # What was unlearned can be learned again: the shadow stands where it stood.
    shadows.catch_up([outcome(order, order % 3 == 0) for order in range(30, 40)])
    assert shadow_says(pool) == between


def test_unlearning_the_later_window_keeps_the_earlier_one() -> None:
    pool = with_ladder(0)
    revive(pool)
    shadows = pool.shadows
    shadows.keep(1)
    shadows.catch_up([outcome(order) for order in range(10, 20)])
    before = shadow_says(pool)
    shadows.keep(2)
    shadows.catch_up([outcome(order) for order in range(20, 30)])
    shadows.forget(1)
    shadows.unlearn(2, 0)
    assert shadow_says(pool) == before


def test_a_window_no_shadow_learned_from_is_not_unlearned() -> None:
    pool = with_ladder(0)
    revive(pool)
    pool.shadows.keep(2)
    pool.shadows.catch_up([outcome(order) for order in range(10, 20)])
    before = shadow_says(pool)
    pool.shadows.unlearn(1, 0)
    assert shadow_says(pool) == before


def test_dismissed_shadows_are_gone_and_the_ladder_stays() -> None:
    pool = with_ladder(0, 1)
    revive(pool)
    pool.shadows.clear()
    assert shadow_says(pool) == {}
    assert len(pool.checkpoints.ladder) == 2


def test_a_restored_state_goes_on_alike_and_can_still_unlearn() -> None:
    pool = with_ladder(0, 1)
    revive(pool)
    before = shadow_says(pool)
    pool.shadows.keep(2)
    pool.shadows.catch_up([outcome(order) for order in range(20, 30)])
    saved = msgpack.decode(msgpack.encode(pool.shadows.state()), type=list[ShadowState])
    again = Shadows(pool.ops, ())
    again.restore(saved)
    pool.shadows = again
    assert shadow_says(pool) != before
    again.unlearn(2, 0)
    assert shadow_says(pool) == before


class Moody(base.Classifier):
    """Raises at every call, once it is told to."""

    angry = False

    def learn_one(self, x: Any, y: Any) -> None:
        self._act(x, y)

    def predict_proba_one(self, x: Any, **_: Any) -> Any:
        self._act(x)
        return {True: 0.5}

    def predict_one(self, x: Any, **_: Any) -> Any:
        self._act(x)
        return True

    def _act(self, *_: Any) -> None:
        if Moody.angry:
            raise ValueError("not in the mood")


MOODY = f"{__name__}:Moody"


def test_a_shadow_that_raises_says_nothing_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make_pool(model=MOODY)
    pool.checkpoints.add(save(pool, 0, 10, "w0"))
    pool.checkpoints.vet(0)
    pool.checkpoints.add_replaced(save(make_pool(), 0, 0, "s0"))
    revive(pool)
    calm = shadow_says(pool)
    assert calm["m0.w0"] == {True: 0.5}
    pool.shadows.learn(outcome(51), vetted=True)
    monkeypatch.setattr(Moody, "angry", True)
    pool.shadows.learn(outcome(52), vetted=True)
    found = shadow_says(pool)
    assert found["m0.w0"] is None
    assert found["m0.s0"] not in (None, calm["m0.s0"])


def test_what_a_model_raises_while_it_learns_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    champion = make_pool(model=MOODY).champion
    assert champion.learn(outcome(0)) is None
    assert champion.learned.events == 1
    monkeypatch.setattr(Moody, "angry", True)
    assert champion.learn(outcome(0)) == "ValueError: not in the mood"
    assert champion.learned.events == 1
