"""Each trigger by itself, and what holds of all of them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.supervision.config import SupervisionConfig
from engine.supervision.decisions import ProposedDecision
from engine.supervision.supervisor import Supervisor
from engine.supervision.triggers.base import ClosedWindow, Surroundings, Trigger
from engine.supervision.triggers.baseline import FallsBehind
from engine.supervision.triggers.loss_drift import LossDrifts
from engine.supervision.triggers.loss_rise import LossRises
from engine.supervision.triggers.registry import TRIGGERS, make_triggers
from engine.supervision.triggers.window_verdict import WindowFails, WindowWarns
from engine.windows import Status
from tests.support.suspicions import Threshold, make_supervisor

FLAGS = {f"on_{kind.name}": False for kind in TRIGGERS}

every_trigger = pytest.mark.parametrize("kind", TRIGGERS, ids=lambda kind: kind.name)


def config(**more: Any) -> SupervisionConfig:
    return SupervisionConfig.model_validate({"min_events": 100, "tolerance": 0.01} | more)


def make(kind: type[Trigger]) -> Trigger:
    return kind(Surroundings(config(), bounded_loss=True, loss_detector=Threshold()))


def supervisor(*kinds: type[Trigger]) -> Supervisor:
    """One with these triggers alone."""
    return make_supervisor(config(**FLAGS | {f"on_{kind.name}": True for kind in kinds}))


Step = tuple[str, Any]

_statuses = st.sampled_from(["pass", "warn", "fail"])
_windows = st.tuples(st.floats(0, 1), st.floats(0, 1))
steps = st.one_of(
    st.tuples(st.just("loss"), st.floats(0, 200)),
    st.tuples(st.just("window"), _windows),
    st.tuples(st.just("verdict"), _statuses),
    st.tuples(st.just("change"), st.none()),
    st.tuples(st.just("accept"), st.none()),
    st.tuples(st.just("distrusts"), st.integers(0, 30)),
)


def take(trigger: Trigger, number: int, step: Step) -> object:
    """What a trigger answers."""
    kind, value = step
    if kind == "loss":
        return trigger.on_loss(value)
    if kind == "window":
        return trigger.on_window(ClosedWindow(number, 500, *value))
    if kind == "verdict":
        return trigger.on_verdict(value, "because of this")
    if kind == "distrusts":
        return trigger.distrusts(value)
    if kind == "change":
        trigger.on_change()
    else:
        trigger.on_accept()
    return None


def test_every_trigger_has_a_name_and_a_switch_of_its_own() -> None:
    names = [kind.name for kind in TRIGGERS]
    assert len(set(names)) == len(names)
    switches = {name for name in SupervisionConfig.model_fields if name.startswith("on_")}
    assert {f"on_{name}" for name in names} == switches - {"on_label_fail"}
    for name in names:
        assert SupervisionConfig.model_fields[f"on_{name}"].annotation is bool


@every_trigger
def test_a_trigger_is_made_when_it_is_switched_on(kind: type[Trigger]) -> None:
    given_ = Surroundings(config(**FLAGS | {f"on_{kind.name}": True}), True, Threshold())
    (made,) = make_triggers(given_)
    assert type(made) is kind
    assert make_triggers(Surroundings(config(**FLAGS), True, Threshold())) == []


@every_trigger
@given(st.lists(steps, max_size=40), st.lists(steps, max_size=20))
@settings(max_examples=40)
def test_the_state_of_a_trigger_goes_round_and_goes_on_alike(
    kind: type[Trigger], past: list[Step], future: list[Step]
) -> None:
    whole = make(kind)
    for number, step in enumerate(past):
        take(whole, number, step)
    saved = whole.dump()
    again = make(kind)
    again.load(saved)
    assert again.dump() == saved == whole.dump()
    assert again.raised == whole.raised
    for number, step in enumerate(future, len(past)):
        assert take(again, number, step) == take(whole, number, step)
    assert again.dump() == whole.dump()


@every_trigger
@given(st.lists(steps, max_size=40))
@settings(max_examples=40)
def test_whatever_a_trigger_finds_opens_a_suspicion_with_its_reason(
    kind: type[Trigger], taken: list[Step]
) -> None:
    trigger = make(kind)
    for number, step in enumerate(taken):
        found = take(trigger, number, step)
        if isinstance(found, ProposedDecision):
            assert (found.action, found.shadow) == ("suspect", "")
            assert found.reason


@every_trigger
def test_a_trigger_that_was_off_begins_anew_after_a_restore(kind: type[Trigger]) -> None:
    others = [other for other in TRIGGERS if other is not kind]
    before = supervisor(*others)
    for number in range(5):
        before.on_window(number, 500, 0.1, 0.2)
        before.on_loss(0.1, None)
    saved = before.state()
    assert kind.name not in saved.triggers
    after = supervisor(kind)
    after.restore(saved)
    assert after.state().triggers == supervisor(kind).state().triggers == {kind.name: make(kind).dump()}


@every_trigger
def test_a_trigger_that_is_on_goes_on_after_a_restore(kind: type[Trigger]) -> None:
    before = supervisor(*TRIGGERS)
    for number in range(5):
        before.on_window(number, 500, 0.1, 0.2)
        before.on_loss(0.1, None)
    saved = before.state().triggers[kind.name]
    after = supervisor(kind)
    after.restore(before.state())
    assert after.state().triggers == {kind.name: saved}


@pytest.mark.parametrize(("kind", "status"), [(WindowFails, "fail"), (WindowWarns, "warn")])
def test_a_verdict_is_a_reason_to_its_own_trigger_alone(kind: type[Trigger], status: str) -> None:
    statuses: tuple[Status, ...] = ("pass", "warn", "fail", "unjudged")
    for other in statuses:
        found = make(kind).on_verdict(other, "because of this")
        assert (found is not None) == (other == status)
        if found is not None:
            assert found == ProposedDecision("suspect", "because of this", "", {})


def test_a_rise_that_the_detector_finds_is_a_reason_and_a_change_resets_it() -> None:
    detector = Threshold()
    trigger = LossDrifts(Surroundings(config(), bounded_loss=True, loss_detector=detector))
    assert [trigger.on_loss(loss) for loss in (0.1, 99.0)] == [None, None]
    found = trigger.on_loss(1000.0)
    assert found == ProposedDecision("suspect", "the champion's loss has risen (ADWIN)", "", {})
    assert detector.seen == 3
    trigger.on_change()
    assert detector.seen == 0


def test_a_window_in_which_the_loss_rose_is_distrusted_once() -> None:
    trigger = make(LossRises)
    for number in range(3):
        assert trigger.on_window(ClosedWindow(number, 500, 0.1, 0.9)) is None
    assert not trigger.raised
    found = trigger.on_window(ClosedWindow(3, 500, 0.2, 0.9))
    assert found is not None
    assert found.evidence == pytest.approx(
        {"events": 500.0, "loss": 0.2, "baseline_loss": 0.9, "limit": 0.1854}, abs=1e-4
    )
    assert trigger.raised
    assert [trigger.distrusts(3), trigger.distrusts(3), trigger.distrusts(2)] == [True, False, False]
    trigger.on_window(ClosedWindow(4, 500, 0.1, 0.9))
    assert not trigger.raised
    trigger.on_accept()
    assert trigger.on_window(ClosedWindow(5, 500, 0.9, 0.9)) is None, "the usual is found anew"


def test_only_falling_behind_the_baseline_is_a_reason() -> None:
    trigger = make(FallsBehind)
    losses = [0.3, 0.1, 0.21, 0.3, 0.1, 0.3]
    found = [trigger.on_window(ClosedWindow(n, 500, loss, 0.2)) is not None for n, loss in enumerate(losses)]
    assert found == [False, False, True, False, False, True]
    assert not trigger.raised
    assert not trigger.distrusts(2)


def test_a_supervisor_asks_every_trigger_whether_it_distrusts_a_window() -> None:
    tried = supervisor(*TRIGGERS)
    for number in range(5):
        tried.on_window(number, 500, 0.1, 0.9)
    assert not tried.loss_is_high
    tried.on_window(5, 500, 0.5, 0.9)
    assert tried.loss_is_high
    assert [tried.distrusts(5), tried.distrusts(5)] == [True, False]
    tried.on_window(6, 500, 0.1, 0.9)
    assert not tried.loss_is_high


def test_the_first_reason_counts_and_every_trigger_sees_the_window() -> None:
    tried = supervisor(LossRises, FallsBehind)
    for number in range(3):
        assert tried.on_window(number, 500, 0.1, 0.2) is None
    found = tried.on_window(3, 500, 0.9, 0.2)
    assert found is not None
    assert "the loss rose" in found.reason
    assert tried.on_window(4, 500, 0.1, 0.2) is None
    assert tried.state().triggers != supervisor(LossRises, FallsBehind).state().triggers
