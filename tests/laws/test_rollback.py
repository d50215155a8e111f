"""Law 4: a decision changes what serves. The tests compare predictions, not flags."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.models.saving import load
from engine.pipeline.engine import Engine
from engine.pipeline.events import Decision, Event
from engine.records.events import Prediction
from engine.records.values import Example
from engine.registry import Version
from tests.laws.engines import ScriptedJudge, make_config

WINDOW = 100
FAULT = range(600, 1000)
"""Events whose feature comes a thousand times too large: the scaler never forgets it."""


def faulty_stream(seed: int, length: int = 2400) -> list[Example]:
    random = Random(seed)  # noqa: S311 - test data
    stream = []
    for i in range(length):
        x, noise = random.gauss(0, 1), random.gauss(0, 0.3)
        seen = x * 1000 if i in FAULT else x
        stream.append(Example(str(i), float(i), {"x": seen}, label=x + noise > 0))
    return stream


def judge_that_knows() -> ScriptedJudge:
    """Fails exactly the windows that hold spoilt events."""
    return ScriptedJudge(dict.fromkeys(range(FAULT.start // WINDOW, FAULT.stop // WINDOW), "fail"))


def config() -> dict[str, Any]:
    return {
        "window": {"count": WINDOW, "sample": 10},
        "labels": {"wait": 1e9},
        "supervision": {"min_events": 40, "cooldown": 100, "on_loss_drift": False, "patience": 9},
    }


def run(seed: int, *, fault: bool) -> tuple[list[Event], Engine]:
    judge = judge_that_knows() if fault else ScriptedJudge()
    engine = Engine(make_config(**config()), judge=judge)
    stream = faulty_stream(seed)
    if not fault:
        stream = [e if int(e.id) not in FAULT else _mended(e) for e in stream]
    return engine.process(stream), engine


def _mended(example: Example) -> Example:
    return Example(example.id, example.time, {"x": float(example.features["x"]) / 1000}, example.label)


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_after_the_fault_the_next_prediction_comes_from_the_shadow(seed: int) -> None:
    engine = Engine(make_config(**config()), judge=judge_that_knows())
    for example in faulty_stream(seed):
        candidates = engine._parts.candidates.state
        shadows = dict(candidates.shadows)
        champion = candidates.champion
        events = engine.process([example])
        rollback = next((e for e in events if isinstance(e, Decision) and e.action == "rollback"), None)
        if rollback is not None:
            break
    else:
        raise AssertionError("the shadow never took over, though the champion was spoilt")
    assert int(example.id) >= FAULT.stop, (
        "the rollback came while the fault lasted, when the shadow is the worse one"
    )
    probe = {"x": 0.7}
    expected = shadows[rollback.shadow].model.predict_proba_one(probe)[True]
    served = engine.process([Example("probe", example.time, probe)])[0]
    assert isinstance(served, Prediction)
    assert served.probability == expected
    assert served.probability != champion.predict_proba_one(probe)[True]
    assert (served.model, rollback.previous, rollback.model) == ("m1", "m0", "m1")


@given(st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_what_serves_after_the_rollback_is_better_than_what_served_before(seed: int) -> None:
    events, _ = run(seed, fault=True)
    rollback = next(e for e in events if isinstance(e, Decision) and e.action == "rollback")
    assert rollback.evidence["shadow_loss"] < rollback.evidence["champion_loss"]
    assert rollback.evidence["log_capital"] >= rollback.evidence["log_threshold"]
    replaced = next(e for e in events if isinstance(e, Version) and e.reason == "replaced")
    old = load(replaced.saved, "model")
    labels = {e.id: e.label for e in faulty_stream(seed)}
    points = {e.id: e.features for e in faulty_stream(seed)}
    after = [e for e in events if isinstance(e, Prediction) and e.model == "m1"]
    assert len(after) > 500

    def wrong(probability: object, label: object) -> float:
        assert isinstance(probability, float)
        return (probability - float(bool(label))) ** 2

    new_loss = sum((wrong(e.probability, labels[e.id]) for e in after), 0.0)
    old_loss = 0.0
    for event in after:
        old_loss += wrong(old.predict_proba_one(points[event.id])[True], labels[event.id])
        old.learn_one(points[event.id], labels[event.id])
    assert new_loss < old_loss


@given(st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_without_a_fault_nothing_is_rolled_back(seed: int) -> None:
    events, _ = run(seed, fault=False)
    assert not [e for e in events if isinstance(e, Decision) and e.action == "rollback"]


def test_a_failed_window_alone_switches_nothing() -> None:
    """Every window fails on clean data: suspicion, shadows, evidence, and the champion stays."""
    engine = Engine(
        make_config(**config()),
        judge=ScriptedJudge(dict.fromkeys(range(3, 30), "fail")),
    )
    stream = [e if int(e.id) not in FAULT else _mended(e) for e in faulty_stream(1)]
    decisions = [e for e in engine.process(stream) if isinstance(e, Decision)]
    assert decisions[0].action == "suspect"
    assert "accept" in {d.action for d in decisions}
    assert not {d.action for d in decisions} & {"rollback"}


def test_a_vetted_checkpoint_has_learned_from_no_window_that_failed() -> None:
    events, _ = run(3, fault=True)
    vetted = [e for e in events if isinstance(e, Version) and e.reason == "passed"]
    rollback = next(e for e in events if isinstance(e, Decision) and e.action == "rollback")
    between = [v for v in vetted if FAULT.start < v.learned and v.time < rollback.time]
    assert vetted
    assert not between


def test_the_shadow_that_takes_over_has_learned_nothing_spoilt() -> None:
    _, engine = run(3, fault=True)
    scaler = engine._parts.candidates.state.champion["StandardScaler"]
    assert scaler.vars["x"] < 10, "events a thousand times too large would show in the scaler's variance"


def test_no_suspicion_no_shadow() -> None:
    _, engine = run(2, fault=False)
    assert engine._parts.candidates.state.shadows == {}
    assert engine._parts.supervisor.state.suspicion is None
