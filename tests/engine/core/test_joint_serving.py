"""While the champion is suspected it serves together with its shadows, each by its weight."""

from collections.abc import Iterable
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from msgspec import UNSET

from engine.core.engine import Engine
from engine.events import Decision, Event, Report
from engine.models.serialization import load
from engine.records.events import Prediction
from engine.records.values import Example
from engine.registry.versions import Version
from engine.supervision.decisions import Command
from tests.support.engines import LOGISTIC, ScriptedJudge, make_config

FAULT = range(600, 1200)


def stream(count: int = 2000) -> list[Example]:
    """Two features that say the label together; in the fault `a` has the wrong sign."""
    random = Random(1)  # noqa: S311 - test data
    rows = []
    for number in range(count):
        a, b = random.gauss(0, 1), random.gauss(0, 1)
        features = {"a": -a if number in FAULT else a, "b": b}
        rows.append(Example(str(number), float(number), features, a + b > 0))
    return rows


def make(**supervision: Any) -> Engine:
    given = {"min_events": 40, "cooldown": 100, "patience": 30, "on_loss_drift": False, **supervision}
    sections: dict[str, Any] = {
        "model": {"task": "binary", "model": LOGISTIC},
        "window": {"count": 100, "sample": 10},
        "labels": {"wait": 1e9},
        "supervision": given,
    }
    return Engine(make_config(**sections), evaluator=ScriptedJudge(dict.fromkeys(range(6, 12), "fail")))


def of(kind: type[Any], events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def suspected(**supervision: Any) -> tuple[Engine, list[Event]]:
    """Up to a suspicion, and some hundred events in it."""
    engine = make(**supervision)
    events = engine.process(stream(1050))
    assert [decision.action for decision in of(Decision, events)][:1] == ["suspect"]
    return engine, events


def test_a_prediction_names_the_leader_and_its_share_while_several_serve_together() -> None:
    engine, events = suspected()
    served: list[Prediction] = of(Prediction, events)
    opened = of(Decision, events)[0].time
    before = [one for one in served if one.time <= opened]
    assert {one.leader for one in before} == {UNSET}
    together = [one for one in served if one.time > opened]
    assert all(isinstance(one.share, float) and 0.2 < one.share <= 1.0 for one in together)
    assert {one.leader for one in together} <= {"m0", *engine.pool.shadows.alive}
    assert {one.model for one in served} == {"m0"}, "the champion is the same"


def test_what_is_served_is_between_what_the_models_say() -> None:
    engine, _ = suspected()
    example = Example("probe", 1e4, {"a": 1.0, "b": -0.5})
    live = [engine.pool.champion, *(shadow.live for shadow in engine.pool.shadows.alive.values())]
    said = [model.predict(example.features)[True] for model in live]  # type: ignore[index]  # of two classes
    (served,) = of(Prediction, engine.process([example]))
    assert min(said) < served.probability < max(said)


def test_with_switch_it_is_what_one_of_them_says() -> None:
    engine, _ = suspected(serve="switch")
    example = Example("probe", 1e4, {"a": 1.0, "b": -0.5})
    live = {"m0": engine.pool.champion}
    live |= {name: shadow.live for name, shadow in engine.pool.shadows.alive.items()}
    weights = engine.supervisor.weights
    leader = max(weights, key=weights.__getitem__)
    expected = live[leader].predict(example.features)[True]  # type: ignore[index]  # of two classes
    (served,) = of(Prediction, engine.process([example]))
    assert (served.leader, served.probability) == (leader, expected)


@pytest.mark.parametrize("how", ["automatic", "pin"])
def test_where_only_a_person_may_change_what_serves_the_champion_serves_alone(how: str) -> None:
    engine = make(automatic=how != "automatic")
    if how == "pin":
        engine.command(Command("1", "pin", "", "ada", "as it is"))
    served = of(Prediction, engine.process(stream(1050)))
    assert engine.supervisor.suspecting
    assert {one.leader for one in served} == {UNSET}
    assert engine.supervisor.weights == {}


def test_a_window_says_who_has_which_weight_and_what_serving_together_lost() -> None:
    _, events = suspected()
    reports: list[Report] = of(Report, events)
    assert reports[5].scores.weights == {}
    assert reports[5].scores.together is None
    last = reports[-1].scores
    assert sum(last.weights.values()) == pytest.approx(1.0)
    assert last.together is not None
    assert last.together.events == last.labelled == 100
    assert last.loss == pytest.approx(last.together.shadow / 100), "what was served"


def test_another_leader_is_told_when_a_window_closes_and_once() -> None:
    events = make(alpha=1e-300).process(stream())
    told = [decision for decision in of(Decision, events) if decision.action == "lead"]
    assert told
    assert {decision.time % 100 for decision in told} == {99.0}
    leaders = ["m0", *(decision.shadow for decision in told)]
    assert all(one != other for one, other in pairwise(leaders))
    assert all(decision.evidence["weight"] >= 0.6 for decision in told)
    assert {decision.model for decision in told} == {"m0"}


def test_what_served_together_is_in_the_registry_when_the_suspicion_ends() -> None:
    engine = make()
    events = engine.process(stream())
    ended = next(d for d in of(Decision, events) if d.action in {"clear", "rollback", "reset", "mask"})
    kept: list[Version] = [one for one in of(Version, events) if one.reason == "served together"]
    first = [one for one in kept if one.time == ended.time]
    assert {one.role for one in first} == {"shadow"}
    opened = of(Decision, events)[0].shadow.split("; ")
    assert {one.name.rpartition(".s")[0] for one in first} >= set(opened) - {ended.shadow}
    assert all(load(one.saved, "model") for one in first)
    assert len({one.name for one in kept}) == len(kept)


def test_the_model_that_was_replaced_keeps_a_weight_until_it_is_of_no_use() -> None:
    engine, events = make(), list[Event]()
    for row in stream():
        events = engine.process([row])
        if any(one.action in {"rollback", "reset"} for one in of(Decision, events)):
            break
    assert engine.pool.champion.name == "m1"
    assert engine.supervisor.weights["m1"] >= 0.8
    assert "m0" in engine.supervisor.weights
