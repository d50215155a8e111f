"""Scores with intervals on held-out rows, and the gate that they are."""

from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest

from engine.core.engine import Engine
from engine.errors import ConfigError, RegistryError
from engine.evaluation.config import ScoresConfig
from engine.evaluation.progressive_scores import Scores
from engine.events import Decision
from engine.models.config import ModelConfig
from engine.models.operations import make_model, task_ops
from engine.models.serialization import dump
from engine.records.events import Prediction
from engine.records.values import Example
from engine.registry.evaluation import BLOCKS, Tried, compare, estimate, try_on
from engine.registry.registry import MODEL
from engine.registry.versions import Learned, Start, Version
from engine.supervision.decisions import Command
from tests.engine.core.test_challengers import SUPERVISION, TREE, corners
from tests.support.engines import LOGISTIC, ScriptedJudge, make_config

FRESH = partial(Scores, ScoresConfig(metrics=["Accuracy"]), "binary")


def tried(losses: Any) -> list[Tried]:
    return [Tried(True, {True: 1.0 - loss**0.5, False: loss**0.5}, float(loss)) for loss in losses]


def test_the_interval_of_a_mean_is_that_of_its_blocks() -> None:
    losses = np.random.default_rng(1).beta(1, 4, 2000)
    found = estimate(tried(losses), FRESH)["loss"]
    blocks = losses.reshape(BLOCKS, -1).mean(axis=1)
    half = 2.093 * blocks.std(ddof=1) / BLOCKS**0.5
    assert found.value == pytest.approx(losses.mean())
    assert (found.low, found.high) == pytest.approx((losses.mean() - half, losses.mean() + half))


def test_it_holds_as_often_as_it_says() -> None:
    random = np.random.default_rng(2)
    inside = 0
    for _ in range(100):
        found = estimate(tried(random.beta(1, 4, 100)), FRESH)["loss"]
        inside += found.low <= 0.2 <= found.high
    assert 88 <= inside <= 99


def test_a_difference_on_the_same_rows_is_surer_than_two_scores() -> None:
    random = np.random.default_rng(3)
    losses = random.beta(1, 4, 1000)
    one, other = tried(losses * 0.9), tried(losses)
    paired, alone = compare(one, other, FRESH)["loss"], estimate(other, FRESH)["loss"]
    assert paired.high < 0
    assert paired.high - paired.low < (alone.high - alone.low) / 2
    assert paired.value == pytest.approx(-0.1 * losses.mean())


def test_too_few_rows_say_nothing() -> None:
    with pytest.raises(
        RegistryError, match="expected at least 40 labelled rows to say how sure a score is, got 39"
    ):
        estimate(tried([0.1] * 39), FRESH)


def test_rows_are_predicted_and_not_learned() -> None:
    model: Any = make_model(ModelConfig(task="binary", model="naive_bayes.GaussianNB"))
    for number in range(50):
        model.learn_one({"a": float(number % 7)}, number % 2 == 0)
    before = dump(model, MODEL)
    rows = [Example(str(n), 0.0, {"a": float(n)}, n % 2 == 0 if n % 10 else None) for n in range(50)]
    ops = task_ops("binary", model)
    assert len(try_on(partial(ops.predict, model), ops, rows)) == 45
    assert dump(model, MODEL) == before


def test_a_row_that_the_model_cannot_predict_is_one_clear_error() -> None:
    ops = task_ops("binary", make_model(ModelConfig(task="binary", model=LOGISTIC)))
    with pytest.raises(RegistryError, match="the model cannot predict x7: ValueError: not today"):
        try_on(_raise, ops, [Example("x7", 0.0, {"a": 1.0}, True)])


def _raise(*_: Any) -> Any:
    raise ValueError("not today")


def rows(count: int, seed: int, *, turned: bool = False) -> list[Example]:
    """What a tree learns and a linear model does not; turned, with every label the other way."""
    found = [record for record in corners(count, seed) if isinstance(record, Example)]
    return [msgspec.structs.replace(row, label=not row.label) for row in found] if turned else found


def gated(holdout: list[Example]) -> Engine:
    """A linear champion, and a tree as its challenger."""
    config = make_config(
        model={"task": "binary", "model": LOGISTIC},
        challengers={"tree": {"model": TREE}},
        window={"count": 100, "sample": 10},
        supervision=SUPERVISION | {"alpha": 0.01},
    )
    return Engine(config, evaluator=ScriptedJudge(), holdout=holdout)


def decided(events: list[Any], action: str) -> list[Decision]:
    return [event for event in events if isinstance(event, Decision) and event.action == action]


def test_the_gate_lets_through_what_is_better_on_held_out_rows_too() -> None:
    engine = gated(rows(400, 2))
    (promotion,) = decided(engine.process(rows(4000, 1)), "promotion")
    numbers = promotion.evidence
    assert numbers["holdout_events"] == 400
    assert numbers["holdout_loss"] < numbers["holdout_champion_loss"]
    assert numbers["holdout_high"] < 0


def test_the_gate_holds_back_what_is_better_on_the_stream_alone() -> None:
    engine = gated(rows(400, 2, turned=True))
    events = engine.process(rows(4000, 1))
    assert not decided(events, "promotion")
    told = decided(events, "alert")
    assert told
    assert "the gate did not let it through: on the 400 held-out rows its loss is +" in told[0].reason
    assert len(told) < 10, "the trial begins anew each time, with less of the error rate"
    assert {event.model for event in events if isinstance(event, Prediction)} == {"m0"}


def test_the_gate_holds_for_people_too() -> None:
    engine = gated(rows(400, 2, turned=True))
    engine.process(rows(300, 1))
    (refused,) = decided(engine.command(Command("1", "promote", "tree", "ada", "I know")), "alert")
    assert refused.who == "ada"
    assert refused.model == "m0"


def test_held_out_rows_that_say_nothing_let_nothing_through() -> None:
    engine = gated(rows(10, 2))
    told = decided(engine.process(rows(4000, 1)), "alert")
    assert "the held-out rows say nothing: expected at least 40 labelled rows" in told[0].reason


def test_an_engine_begins_from_a_version_and_knows_what_it_had_learned() -> None:
    first = gated([])
    first.process(rows(500, 1))
    (end,) = [e for e in first.finish() if isinstance(e, Version) and e.role == "champion"]
    start = Start("old-1/main/m0.e500", end.saved, Learned(500, 0.0, 499.0))
    config = first.config
    second = Engine(config, evaluator=ScriptedJudge(), start=start)
    (begun,) = [event for event in second.begin() if isinstance(event, Version)]
    assert (begun.name, begun.parent, begun.learned) == ("m0.start", start.name, start.learned)
    probe = msgspec.structs.replace(rows(1, 9)[0], id="probe")
    (said,) = [e for e in second.process([probe]) if isinstance(e, Prediction)]
    (same,) = [e for e in first.process([probe]) if isinstance(e, Prediction)]
    assert said.probability == same.probability
    learned = second.pool.champion.learned
    assert learned.events == 501


def test_a_start_of_another_kind_of_model_is_a_clear_error() -> None:
    other: Any = make_model(ModelConfig(task="binary", model="naive_bayes.GaussianNB"))
    config = make_config()
    with pytest.raises(
        ConfigError, match=r"registry.start x: expected a model as \[model\] has it, StandardScaler"
    ):
        Engine(config, evaluator=ScriptedJudge(), start=Start("x", dump(other, MODEL), Learned()))
