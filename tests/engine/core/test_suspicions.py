"""Under a suspicion: who is compared, what each may learn, and what serves when one of them wins."""

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest

from engine.core.engine import Engine
from engine.events import Alert, Decision, Event, Summary
from engine.models.serialization import load
from engine.monitoring.types import Check, Verdict
from engine.records.events import Outcome, Prediction
from engine.records.values import Example, Label, Scalar
from engine.registry.versions import Version
from engine.supervision.decisions import Command
from engine.windows import Status
from tests.support.engines import LOGISTIC, ScriptedJudge, make_config

WINDOW = 100
SUPERVISION = {"min_events": 40, "cooldown": 100, "patience": 30, "on_loss_drift": False}


class Blaming(ScriptedJudge):
    """Fails the windows that it is told, each for one column; up to another it can say nothing."""

    def __init__(self, failing: Iterable[int], column: str, name: str = "drift", unjudged: int = 0) -> None:
        super().__init__()
        self._unjudged = unjudged
        self._failing, self._check = frozenset(failing), (name, column)

    def collect(self, key: str, window: int) -> Verdict:
        super().collect(key, window)
        if window < self._unjudged:
            return Verdict(window, "unjudged", "cannot say", (), {}, b"")
        status: Status = "fail" if window in self._failing else "pass"
        return Verdict(window, status, status, (Check(*self._check, 2.0, 1.0, status),), {}, b"")


def make(judge: ScriptedJudge, model: Any = LOGISTIC, **supervision: Any) -> Engine:
    sections: dict[str, Any] = {
        "model": {"task": "binary", "model": model},
        "window": {"count": WINDOW, "sample": 10},
        "labels": {"wait": 1e9},
        "supervision": SUPERVISION | {"on_loss_rise": False, "on_baseline": False} | supervision,
    }
    return Engine(make_config(**sections), evaluator=judge)


def stream(count: int, spoilt: range = range(0), start: int = 0, flip: bool = False) -> list[Example]:
    """Two features that say the label together; of spoilt rows `a` has the wrong sign, or the
    label is turned."""
    random = Random(start + 1)  # noqa: S311 - test data
    rows = []
    for number in range(start, start + count):
        a, b = random.gauss(0, 1), random.gauss(0, 1)
        label, features = a + b > 0, {"a": a, "b": b}
        if number in spoilt:
            label, features = (not label, features) if flip else (label, {"a": -a, "b": b})
        rows.append(Example(str(number), float(number), features, label))
    return rows


def decided(events: Iterable[Event], *actions: str) -> list[Decision]:
    return [e for e in events if isinstance(e, Decision) and (not actions or e.action in actions)]


def until(engine: Engine, rows: Iterable[Example], action: str) -> tuple[list[Event], Decision]:
    """Runs row by row up to the first decision of this kind."""
    events: list[Event] = []
    for row in rows:
        events += engine.process([row])
        if found := decided(events, action):
            return events, found[0]
    raise AssertionError(f"no {action}: {[decision.action for decision in decided(events)]}")


def ask(engine: Engine, name: str, **features: Scalar) -> float:
    (said,) = [e for e in engine.process([Example(name, 1e6, features)]) if isinstance(e, Prediction)]
    assert isinstance(said.probability, float)
    return said.probability


def masked(**supervision: Any) -> tuple[Engine, Decision, list[Example]]:
    # It forgets nothing: what it has learned of `a` stays wrong for long.
    engine = make(Blaming(range(5, 12), "a"), model="naive_bayes.GaussianNB", reset=False, **supervision)
    rows = stream(3000, range(500, 1200))
    _, decision = until(engine, rows, "mask")
    return engine, decision, rows[int(decision.time) + 1 :]


def test_a_shadow_without_the_failing_feature_takes_over_and_the_next_prediction_does_not_see_it() -> None:
    engine, decision, _ = masked(compare_after=0)
    assert decision.shadow == "m0.w4 without a"
    assert (decision.previous, decision.model) == ("m0", "m1")
    assert decision.evidence["shadow_loss"] < decision.evidence["champion_loss"]
    assert ask(engine, "q1", a=5.0, b=0.5) == ask(engine, "q2", a=-5.0, b=0.5) == ask(engine, "q3", b=0.5)
    assert ask(engine, "q4", b=-0.5) != ask(engine, "q5", b=0.5)


def test_it_sees_the_feature_again_when_that_passes() -> None:
    engine, _, rest = masked()
    _, decision = until(engine, rest, "unmask")
    assert decision.reason == "window 12: a passed again"
    engine.process(rest[-1000:])
    assert ask(engine, "q1", a=2.0, b=0.5) != ask(engine, "q2", a=-2.0, b=0.5)


def test_a_feature_that_is_masked_fails_no_window_and_the_model_goes_on_being_vetted() -> None:
    engine, _decision, rest = masked()
    events = engine.process(rest[:500])
    assert {d.action for d in decided(events)} <= {"unmask", "lead"}
    vetted = [e.name for e in events if isinstance(e, Version) and e.reason == "passed"]
    assert any(name.startswith("m1.") for name in vetted), "windows that fail for what it does not see"


def test_the_replaced_model_goes_on_with_all_features_and_can_come_back() -> None:
    engine, _decision, rest = masked()
    alive = engine.pool.challengers.alive
    assert [*alive] == ["m0"]
    assert (alive["m0"].live.masked, engine.pool.champion.masked) == (frozenset(), frozenset({"a"}))
    engine.process(rest[: 4 * WINDOW])
    assert engine.supervisor.weights["m0"] > 0.1
    assert [*engine.pool.challengers.alive] == ["m0"], "it stays on while it has some weight"
    engine.process(rest[4 * WINDOW :])
    assert [*engine.pool.challengers.alive] == [], "after compare_after windows it leaves"


def test_with_masks_switched_off_there_is_none() -> None:
    engine = make(Blaming(range(5, 12), "a"), mask=False, reset=False)
    events = engine.process(stream(1300, range(500, 1200)))
    assert decided(events, "suspect")
    assert not decided(events, "mask")


def test_without_a_vetted_state_a_model_that_began_with_the_suspicion_can_take_over() -> None:
    """No window has passed, so there is no checkpoint; the champion is spoilt for good by huge numbers."""
    engine = make(Blaming(range(4, 100), "b", unjudged=4), mask=False, compare_after=0)
    rows = stream(3000)
    for row in rows[:300]:
        row.features["a"] *= 1e4  # type: ignore[index, operator]  # the test's own dict
    events: list[Event] = []
    for row in rows:
        shadows = dict(engine.pool.shadows.alive)
        events = engine.process([row])
        if decided(events, "reset"):
            break
    (decision,) = decided(events, "reset")
    assert decision.shadow == "m0.fresh"
    assert decision.evidence["shadow_loss"] < decision.evidence["champion_loss"]
    probe: dict[str, Scalar] = {"a": 0.3, "b": 0.3}
    expected = shadows["m0.fresh"].live.model.predict_proba_one(probe)[True]
    assert engine.pool.champion.model.predict_proba_one(probe)[True] == expected
    # It has learned from windows that fail, so that it is suspected itself, and shares the weights.
    assert ask(engine, "probe", **probe) == pytest.approx(expected, abs=0.02)
    assert decision.time > 300


def test_a_fresh_model_has_learned_only_since_the_suspicion_and_each_row_after_it_was_asked_about_it() -> (
    None
):
    engine = make(Blaming([5], "b"), mask=False)
    opened: list[Event] = []
    rows = stream(900)
    for row in rows:
        opened = engine.process([row])
        if decided(opened, "suspect"):
            break
    fresh = engine.pool.shadows.alive["m0.fresh"]
    at_hand = list(engine.review.windows.learnable())
    assert all(isinstance(row, Outcome) for row in at_hand)
    twin: Any = type(fresh.live.model)(*fresh.live.model.steps.values()).clone()
    for outcome in at_hand:
        twin.learn_one(outcome.example.features, outcome.label)
    probe: dict[str, Scalar] = {"a": 0.3, "b": 0.3}
    assert fresh.live.model.predict_proba_one(probe) == twin.predict_proba_one(probe)
    assert decided(opened, "suspect")[0].time > 600


def held(on_label_fail: str = "hold") -> tuple[Engine, list[Event]]:
    engine = make(Blaming(range(5, 8), "label", "target drift"), on_label_fail=on_label_fail)
    return engine, engine.process(stream(750, range(500, 800), flip=True))


def test_while_the_labels_fail_the_last_vetted_state_serves_and_nothing_is_learned() -> None:
    engine, events = held()
    (hold,) = decided(events, "hold")
    assert (hold.shadow, hold.previous, hold.model) == ("m0.w4", "m0", "m1")
    assert "the labels fail" in hold.reason
    (vetted,) = [e for e in events if isinstance(e, Version) and e.name == "m0.w4"]
    model: Any = load(vetted.saved, "model")
    probe: dict[str, Scalar] = {"a": 0.3, "b": 0.1}
    expected = model.predict_proba_one(probe)[True]
    assert ask(engine, "q1", **probe) == expected
    learned = engine.counts.learned
    engine.process(stream(40, range(800), start=750, flip=True))
    assert (engine.counts.learned, engine.counts.not_learned) == (
        learned,
        engine.counts.matched + engine.counts.inline - learned,
    )
    assert ask(engine, "q2", **probe) == expected
    assert engine.counts.add_up()


def test_when_they_pass_again_it_learns_again() -> None:
    engine, _ = held()
    events = engine.process(stream(500, range(800), start=750, flip=True))
    (release,) = decided(events, "release")
    assert release.model == "m1"
    learned = engine.counts.learned
    engine.process(stream(10, start=2000))
    assert engine.counts.learned == learned + 10


def test_labels_that_are_to_be_trusted_are() -> None:
    _, events = held("trust")
    assert not decided(events, "hold")
    assert decided(events, "suspect")


def test_what_is_pinned_goes_on_serving_while_labels_fail_but_does_not_learn() -> None:
    engine = make(Blaming(range(5, 8), "label", "target drift"))
    engine.process(stream(100))
    engine.command(Command("1", "pin", "", "ada", "a try"))
    events = engine.process(stream(650, range(500, 800), start=100, flip=True))
    (hold,) = decided(events, "hold")
    assert (hold.model, hold.previous, hold.shadow) == ("m0", "m0", "")
    learned = engine.counts.learned
    engine.process(stream(20, range(800), start=750, flip=True))
    assert engine.counts.learned == learned


def test_a_suspicion_by_hand_is_opened_once() -> None:
    engine = make(ScriptedJudge())
    engine.process(stream(450))
    (first,) = decided(engine.command(Command("1", "suspect", "", "ada", "it feels wrong")))
    assert (first.action, first.who, first.reason) == ("suspect", "ada", "by hand: it feels wrong")
    assert first.shadow.split("; ")[0] == "m0.w2"
    (again,) = decided(engine.command(Command("2", "suspect", "", "ada", "still")))
    assert again.action == "alert"
    assert "suspected already" in again.reason
    assert "clear" in [d.action for d in decided(engine.process(stream(500, start=450)))]


def test_a_champion_of_the_past_is_a_candidate_when_its_concept_returns() -> None:
    """Label and feature change their relation, and back. The one of before is tried on the newest rows."""
    engine = make(ScriptedJudge(), reset=False, mask=False, shadows=1, checkpoints=1)
    engine.process(stream(450))
    engine.command(Command("1", "rollback", "", "ada", "so that there is a past"))
    (past,) = engine.pool.checkpoints.replaced
    engine.process(stream(2000, range(450, 3000), start=450, flip=True))
    # The concept of before, on labels that are no longer turned: only the past knows it.
    engine.process(stream(190, start=2450))
    wide = make_config(
        window={"count": WINDOW, "sample": 10},
        labels={"wait": 1e9},
        supervision=SUPERVISION | {"shadows": 2, "reset": False},
    )
    engine = Engine.restore(engine.snapshot(), wide, ScriptedJudge())
    newest = engine.pool.checkpoints.ladder[-1].name
    (suspect,) = decided(engine.command(Command("2", "suspect", "", "ada", "the old days")))
    assert set(suspect.shadow.split("; ")) == {newest, past.name}
    _, back = until(engine, stream(600, start=2640), "rollback")
    assert (back.shadow, back.who) == (past.name, "")


@pytest.mark.parametrize("windows", [0, 2])
def test_the_replaced_model_stays_as_a_challenger_for_as_long_as_it_is_told(windows: int) -> None:
    engine = make(ScriptedJudge(), compare_after=windows)
    engine.process(stream(450))
    events = engine.process(stream(60, start=450))
    shadow = engine.pool.checkpoints.ladder[-1].name
    assert events
    engine.command(Command("1", "suspect", "", "ada", "a try"))
    assert shadow in engine.pool.shadows.alive
    engine.command(Command("2", "rollback", shadow, "ada", "a try"))
    alive, trials = engine.pool.challengers, engine.trials
    there = [bool(alive.alive)]
    for start in (510, 610, 710, 810):
        engine.process(stream(100, start=start))
        there.append("m0" in alive.alive and "m0" in trials.alive)
    assert there.count(True) == (windows + 1 if windows else 0)


def test_a_label_that_was_held_is_counted_as_not_learned_and_nothing_is_lost() -> None:
    engine = make(Blaming(range(5, 8), "label", "target drift"))
    rows = stream(900, range(500, 800), flip=True)
    for row in rows:
        engine.process([Example(row.id, row.time, row.features)])
        engine.process([Label(row.id, row.time, row.label if row.label is not None else False)])
        assert engine.counts.add_up(), engine.counts
    assert engine.counts.not_learned > 100


def test_who_takes_over_having_learned_from_failed_windows_is_suspected_itself_until_it_is_cleared() -> None:
    """What was reset has seen nothing but bad windows. A taint that nothing ends would end vetting."""
    engine = make(Blaming(range(4, 8), "b", unjudged=4), mask=False)
    rows = stream(3000)
    for row in rows[:300]:
        row.features["a"] *= 1e4  # type: ignore[index, operator]  # the test's own dict
    events, reset = until(engine, rows, "reset")
    after = decided(events)[-1]
    assert (after.action, after.model) == ("suspect", reset.model)
    assert after.reason == f"{reset.model} too has learned from windows that failed"
    assert engine.supervisor.contaminated
    rest = engine.process(rows[int(reset.time) + 1 :])
    assert [decision.action for decision in decided(rest)][-1] in {"clear", "rollback"}
    assert not engine.supervisor.contaminated
    assert [event for event in rest if isinstance(event, Version) and event.reason == "passed"]


def test_when_the_loss_has_come_down_the_fresh_model_forgets_what_it_learned_while_it_was_high() -> None:
    engine = make(ScriptedJudge(), mask=False, on_loss_rise=True, automatic=False)
    rows = stream(2000, range(800, 1100), flip=True)
    _, opened = until(engine, rows, "suspect")
    assert "the loss rose" in opened.reason
    rest, heard, counts = rows[int(opened.time) + 1 :], [], []
    for row in rest[:600]:
        heard.append(engine.supervisor.loss_is_high)
        engine.process([row])
        fresh = engine.pool.shadows.alive.get("m0.fresh")
        counts.append(fresh.live.model["StandardScaler"].counts["a"] if fresh is not None else None)
    down = heard.index(False)
    before, after = counts[down - 2], counts[down - 1]
    assert before is not None
    assert after is not None
    assert after <= WINDOW < before


@pytest.mark.parametrize("by", ["automatic", "pin"])
def test_when_only_people_may_change_what_serves_it_is_told_once_who_is_better(by: str) -> None:
    engine = make(
        Blaming(range(5, 12), "a"), "naive_bayes.GaussianNB", reset=False, automatic=by != "automatic"
    )
    rows = stream(1400, range(500, 1200))
    events = engine.process(rows[:300])
    if by == "pin":
        events += engine.command(Command("1", "pin", "", "ada", "hands off"))
    events += engine.process(rows[300:])
    told = decided(events, "alert")
    assert told
    assert len({alert.shadow for alert in told}) == len(told), "once each in a suspicion"
    reason = {
        "automatic": "nothing was changed: supervision.automatic is off",
        "pin": "what serves is pinned",
    }[by]
    assert all(reason in alert.reason for alert in told)
    assert {e.model for e in events if isinstance(e, Prediction)} == {"m0"}
    alerts = [event for event in events if isinstance(event, Alert)]
    assert any(reason in said for alert in alerts for said in (alert.what, *alert.done))
    done = decided(engine.command(Command("2", "rollback", "m0.w4", "ada", "as it says")))
    assert (done[0].action, done[0].model) == ("rollback", "m1")


def test_the_summary_counts_decisions() -> None:
    engine, _ = held()
    (summary,) = [event for event in engine.finish() if isinstance(event, Summary)]
    assert summary.decided == {"hold": 1}
