import pytest
from msgspec import msgpack

from engine.core.model_pool import ModelPool, ModelPoolState
from engine.errors import ConfigError
from engine.models.operations import make_model
from engine.models.serialization import dump
from engine.registry.versions import Learned, Start
from tests.support.engines import make_config
from tests.support.pools import (
    PROBE,
    checkpoint,
    learn,
    make_pool,
    outcome,
    revive,
    save,
    says,
    shadow_says,
    with_ladder,
)


def test_after_a_take_over_the_very_next_prediction_is_the_shadows() -> None:
    pool = with_ladder(0, 3)
    revive(pool)
    pool.checkpoints.add(checkpoint(9))
    replaced = save(pool, 3, 40, "s40")
    old, new = says(pool.champion), shadow_says(pool)["m0.w0"]
    learn(pool, 40, 50)
    pool.take_over("m0.w0", replaced)
    assert says(pool.champion) == new != old
    assert (pool.champion.name, pool.champion.parent, pool.state().changes) == ("m1", "m0.w0", 1)
    assert pool.checkpoints.replaced == [replaced]
    assert pool.shadows.alive == {}
    assert pool.checkpoints.vet(9) is None
    assert save(pool, 4, 0, "w4").name == "m1.w4"
    # The one that was replaced is a candidate from now on, as it was.
    assert says(pool.revive(pool.checkpoints.known()[-1]).live) == old


def test_a_promoted_challenger_and_the_champion_change_places() -> None:
    tree = {"tree": {"model": "naive_bayes.GaussianNB", "share": 0.5}}
    model = {"task": "binary", "model": "linear_model.LogisticRegression"}
    pool = ModelPool(make_config(model=model, challengers=tree))
    learn(pool, 0, 10)
    old = says(pool.champion)
    pool.promote("tree", save(pool, 0, 10, "s10"), 3)
    assert (pool.champion.name, pool.champion.parent) == ("m1", "tree")
    assert [*pool.challengers.alive] == ["m0"]
    replaced = pool.challengers.alive["m0"]
    assert (says(replaced.live), replaced.share, replaced.until) == (old, 0.5, None)


def test_only_the_first_error_of_a_champion_is_reported() -> None:
    pool = make_pool()
    assert pool.count_learned(None) is None
    assert pool.count_learned("no") == "no"
    assert pool.count_learned("no") is None
    pool.skip()
    assert (pool.learned, pool.not_learned) == (1, 3)
    pool.install(pool.champion, checkpoint(0))
    assert pool.count_learned("no") == "no"


def test_masked_features_are_hidden_until_they_are_unmasked() -> None:
    pool = with_ladder(0)
    pool.checkpoints.add_replaced(save(pool, 0, 10, "s10"))
    shadow = pool.revive(pool.checkpoints.ladder[-1], "mask")
    shadow.live.masked = frozenset({"a"})
    pool.shadows.add(shadow)
    assert shadow_says(pool)["m0.w0"] == shadow.live.predict({"b": PROBE["b"]}) != says(pool.champion)
    pool.take_over("m0.w0", save(pool, 0, 10, "s10"))
    pool.checkpoints.add(save(pool, 1, 10, "w1"))
    pool.checkpoints.vet(1)
    assert pool.checkpoints.ladder[-1].masked == {"a"}
    pool.unmask()
    assert pool.champion.masked == frozenset()
    assert {one.masked for one in pool.checkpoints.known()} == {frozenset()}


def test_a_champion_of_another_kind_is_refused() -> None:
    other = make_model(make_config(model={"task": "binary", "model": "naive_bayes.GaussianNB"}).model)
    with pytest.raises(ConfigError, match=r"registry\.start x: expected a model as \[model\] has it"):
        make_pool().begin_from(Start("x", dump(other, "model"), Learned()))


def test_a_restored_state_goes_on_alike() -> None:
    pool = with_ladder(0, 2)
    revive(pool)
    pool.count_learned("no")
    again = make_pool()
    again.restore(msgpack.decode(msgpack.encode(pool.state()), type=ModelPoolState), [])
    for one in (pool, again):
        one.champion.learn(outcome(31, label=False))
        one.shadows.learn(outcome(31, label=False), vetted=True)
    assert says(again.champion) == says(pool.champion)
    assert shadow_says(again) == shadow_says(pool)
    assert again.checkpoints.state() == pool.checkpoints.state()
    assert again.champion.learned == pool.champion.learned
    assert again.count_learned("no") is None, "it was reported already"
