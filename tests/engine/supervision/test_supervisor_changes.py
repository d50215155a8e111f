import pytest
from msgspec import msgpack
from msgspec.structs import replace

from engine.supervision.supervisor import SupervisorState
from engine.supervision.suspicion import PairedLosses
from engine.supervision.usual_loss import MeanLoss, UsualLoss
from tests.engine.supervision.test_supervisor import BAD, GOOD, action, close, feed, make, suspicious
from tests.support.suspicions import suspect


def test_a_failed_window_taints_and_a_warning_does_not() -> None:
    supervisor = make()
    supervisor.on_verdict("warn", "")
    assert not supervisor.contaminated
    supervisor.on_verdict("fail", "")
    assert supervisor.contaminated
    suspect(supervisor, ["s"])
    supervisor.on_verdict("pass", "")
    assert supervisor.contaminated


def test_a_failed_window_that_may_not_open_a_suspicion_does_not_taint() -> None:
    """Only a suspicion ends a taint: one without the other would end checkpoints for good."""
    supervisor = make(on_fail=False)
    assert supervisor.on_verdict("fail", "") is None
    assert not supervisor.contaminated


def test_clearing_takes_the_taint_away() -> None:
    supervisor = make()
    supervisor.on_verdict("fail", "")
    suspect(supervisor, ["s"])
    for window in range(3):
        assert supervisor.contaminated
        feed(supervisor, 0.3, 0.3, 20, begin=20 * window)
        found = close(supervisor, "pass", 20 * (window + 1))
    assert action(found) == "clear"
    assert not supervisor.contaminated


def test_after_a_change_all_is_clean_and_only_the_cooldown_remains() -> None:
    supervisor = suspicious("s", cooldown=100)
    supervisor.on_verdict("fail", "")
    feed(supervisor, BAD, GOOD, 200)
    supervisor.changed(learned=200)
    clean = make(cooldown=100)
    assert supervisor.state() == replace(clean.state(), changed_at=200)
    assert not supervisor.suspecting
    assert not supervisor.shadows_learn
    assert supervisor.losses() == {}
    assert supervisor.compare(500, BAD, {"s": GOOD}, 500) is None
    assert action(supervisor.on_verdict("fail", "")) == "suspect"


def events_to_decide(unit: float) -> float:
    """How many events it takes to see that a loss of 1.5 units is more than one of half a unit."""
    supervisor = make(bounded=False)
    for _ in range(100):
        supervisor.on_loss(unit, None)
    suspect(supervisor, ["s"])
    found = feed(supervisor, 1.5 * unit, 0.5 * unit, 2000)
    assert found is not None
    return found.evidence["events"]


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_loss_without_bound_is_measured_in_its_own_unit(unit: float) -> None:
    assert 10 <= events_to_decide(unit) <= 200


def test_the_unit_changes_no_decision() -> None:
    assert len({events_to_decide(unit) for unit in (2.0**-20, 1.0, 2.0**20)}) == 1


def test_the_scale_is_the_mean_loss_and_only_where_there_is_no_bound() -> None:
    free, bounded = make(bounded=False), make()
    for loss in (1.0, 2.0, 6.0):
        free.on_loss(loss, None)
        bounded.on_loss(loss, None)
    assert free.state().usual.now == MeanLoss(3, 3.0)
    assert (free.scale, bounded.scale) == (9.0, 1.0)


def test_one_enormous_error_decides_nothing() -> None:
    supervisor = make(bounded=False, min_events=1)
    for _ in range(100):
        supervisor.on_loss(1.0, None)
    suspect(supervisor, ["s"])
    for number in range(30):
        assert supervisor.compare(number, 1e12 if number == 20 else 1.0, {"s": 1.0}, 0) is None


def test_before_any_loss_the_scale_is_one() -> None:
    supervisor = make(bounded=False)
    suspect(supervisor, ["s"])
    assert action(feed(supervisor, BAD, GOOD, 200)) == "rollback"


def test_the_losses_are_those_of_the_open_window() -> None:
    supervisor = suspicious("s", "other")
    supervisor.compare(0, 0.5, {"s": 0.25, "other": 1.0}, 0)
    supervisor.compare(1, 1.0, {"s": 0.75}, 0)
    assert supervisor.losses() == {
        "s": PairedLosses(2, 1.5, 1.0, 1.5, 1.0),
        "other": PairedLosses(1, 0.5, 1.0, 0.5, 1.0),
    }
    supervisor.next_window(2)
    assert supervisor.losses() == {}
    supervisor.compare(2, 0.5, {"s": 0.0, "other": 0.5}, 0)
    assert supervisor.losses() == {
        "s": PairedLosses(1, 0.5, 0.0, 0.5, 0.0),
        "other": PairedLosses(1, 0.5, 0.5, 0.5, 0.5),
    }


def test_a_restored_state_goes_on_as_if_nothing_had_been() -> None:
    whole, first = suspicious("s"), suspicious("s")
    for supervisor in (whole, first):
        feed(supervisor, 0.5, 0.45, 30)
        close(supervisor, "pass", 30)
    second = make()
    second.restore(msgpack.decode(msgpack.encode(first.state()), type=SupervisorState))
    for supervisor in (whole, second):
        feed(supervisor, 0.4, 0.4, 30, begin=30)
        close(supervisor, "pass", 60)
        feed(supervisor, 0.4, 0.4, 30, begin=60)
    assert whole.state() == second.state()
    assert close(whole, "pass", 90) == close(second, "pass", 90)


def test_a_new_window_without_a_suspicion_changes_nothing() -> None:
    supervisor = make()
    supervisor.next_window(100)
    assert supervisor.state() == replace(make().state(), usual=UsualLoss(closed=MeanLoss()))
