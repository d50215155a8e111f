from typing import Any

import pytest

from engine.supervision.config import SupervisionConfig
from engine.supervision.decisions import ProposedDecision
from engine.supervision.supervisor import Supervisor
from engine.supervision.suspicion import PairedLosses
from engine.windows import Status
from tests.support.suspicions import make_supervisor, suspect

BAD, GOOD = 0.9, 0.1
RISEN = 1000.0
"""A loss in which the detector of these tests finds a rise."""


def make(*, bounded: bool = True, **config: Any) -> Supervisor:
    settings = {"min_events": 10, "cooldown": 0, "patience": 3} | config
    return make_supervisor(SupervisionConfig.model_validate(settings), bounded=bounded)


def suspicious(*shadows: str, **config: Any) -> Supervisor:
    supervisor = make(**config)
    suspect(supervisor, shadows)
    return supervisor


def feed(
    supervisor: Supervisor, champion: float, shadow: float, events: int, *, begin: int = 0
) -> ProposedDecision | None:
    """Compares until a finding comes, each event learned at once; the shadow is called `s`."""
    for number in range(begin, begin + events):
        found = supervisor.compare(number, champion, {"s": shadow}, number)
        if found is not None:
            return found
    return None


def close(supervisor: Supervisor, status: Status, sequence: int) -> ProposedDecision | None:
    """A window closes: the verdict of the one before it comes, then new trials may begin."""
    found = supervisor.on_verdict(status, f"window was {status}")
    supervisor.next_window(sequence)
    return found


def action(found: ProposedDecision | None) -> str | None:
    return None if found is None else found.action


@pytest.mark.parametrize(
    ("status", "config", "expected"),
    [
        ("pass", {}, None),
        ("warn", {}, "suspect"),
        ("fail", {}, "suspect"),
        ("unjudged", {}, None),
        ("warn", {"on_warn": False}, None),
        ("fail", {"on_warn": False}, "suspect"),
        ("fail", {"on_fail": False}, None),
        ("warn", {"on_fail": False}, "suspect"),
    ],
)
def test_a_verdict_opens_a_suspicion_as_configured(
    status: Status, config: dict[str, Any], expected: str | None
) -> None:
    found = make(**config).on_verdict(status, "because of this")
    assert action(found) == expected
    if found is not None:
        assert (found.reason, found.shadow) == ("because of this", "")


@pytest.mark.parametrize(("configured", "expected"), [(True, "suspect"), (False, None)])
def test_a_rise_of_the_loss_opens_a_suspicion_as_configured(configured: bool, expected: str | None) -> None:
    assert action(make(on_loss_drift=configured).on_loss(RISEN, None)) == expected


@pytest.mark.parametrize("status", ["warn", "fail", "unjudged", "pass"])
def test_there_is_never_a_second_suspicion(status: Status) -> None:
    supervisor = suspicious("s")
    assert supervisor.suspecting
    assert supervisor.on_loss(RISEN, None) is None
    assert action(supervisor.on_verdict(status, "")) != "suspect"


def test_a_shadow_that_is_certainly_better_takes_over_with_its_evidence() -> None:
    supervisor = suspicious("s")
    found = feed(supervisor, BAD, GOOD, 200)
    assert found is not None
    assert (found.action, found.shadow) == ("rollback", "s")
    assert found.evidence["events"] >= 10
    assert found.evidence["champion_loss"] == pytest.approx(BAD)
    assert found.evidence["shadow_loss"] == pytest.approx(GOOD)
    assert found.evidence["log_capital"] >= found.evidence["log_threshold"]
    assert "0.1000" in found.reason
    assert "0.9000" in found.reason


def test_a_finding_alone_changes_nothing_until_it_is_carried_out() -> None:
    supervisor = suspicious("s")
    assert feed(supervisor, BAD, GOOD, 200) is not None
    assert supervisor.suspecting
    assert action(supervisor.compare(300, BAD, {"s": GOOD}, 0)) == "rollback"


@pytest.mark.parametrize("min_events", [1, 60, 150])
def test_a_rollback_needs_min_events(min_events: int) -> None:
    supervisor = suspicious("s", min_events=min_events)
    assert feed(supervisor, BAD, GOOD, min_events - 1) is None or min_events == 1
    found = feed(supervisor, BAD, GOOD, 100, begin=min_events)
    assert found is not None
    assert found.evidence["events"] >= min_events


@pytest.mark.parametrize(("tolerance", "expected"), [(0.01, "rollback"), (0.49, "rollback"), (0.51, None)])
def test_a_difference_within_the_tolerance_is_not_enough(tolerance: float, expected: str | None) -> None:
    supervisor = suspicious("s", tolerance=tolerance)
    assert action(feed(supervisor, 0.6, 0.4, 2000)) == expected


@pytest.mark.parametrize(("champion", "shadow"), [(GOOD, BAD), (0.4, 0.4), (0.0, 0.0)])
def test_a_shadow_that_is_no_better_never_takes_over(champion: float, shadow: float) -> None:
    assert feed(suspicious("s"), champion, shadow, 3000) is None


def test_the_better_of_two_shadows_takes_over() -> None:
    supervisor = suspicious("good", "best", min_events=100)
    found = None
    for number in range(101):
        found = found or supervisor.compare(number, 0.9, {"good": 0.5, "best": 0.1}, number)
    assert found is not None
    assert found.shadow == "best"


def test_more_shadows_need_more_evidence() -> None:
    def events(*names: str) -> float:
        supervisor = suspicious(*names, min_events=1)
        found = feed(supervisor, 0.6, 0.4, 2000)
        assert found is not None
        return found.evidence["events"]

    assert events("s") < events("s", "a", "b", "c", "d", "e")


def test_during_the_cooldown_nothing_takes_over() -> None:
    supervisor = make(cooldown=1000)
    supervisor.changed(learned=500)
    suspect(supervisor, ["s"])
    assert feed(supervisor, BAD, GOOD, 999, begin=501) is None
    found = supervisor.compare(2000, BAD, {"s": GOOD}, 1500)
    assert action(found) == "rollback"


def test_before_any_change_there_is_no_cooldown() -> None:
    assert action(feed(suspicious("s", cooldown=10**6), BAD, GOOD, 200)) == "rollback"


def test_without_a_suspicion_nothing_is_compared() -> None:
    supervisor = make()
    assert feed(supervisor, BAD, GOOD, 500) is None
    assert supervisor.losses() == {}


def test_a_shadow_without_an_output_has_no_event_to_its_name() -> None:
    supervisor = suspicious("s", "mute")
    assert supervisor.compare(0, BAD, {"s": GOOD}, 0) is None
    assert supervisor.losses() == {"s": PairedLosses(1, BAD, GOOD, BAD, GOOD)}


def test_predictions_made_before_a_trial_began_do_not_count_in_it() -> None:
    supervisor = suspicious("s", min_events=1)
    feed(supervisor, GOOD, BAD, 20)
    supervisor.next_window(sequence=100)
    assert feed(supervisor, BAD, GOOD, 80, begin=20) is None
    assert supervisor.losses() == {}
    assert action(feed(supervisor, BAD, GOOD, 80, begin=100)) == "rollback"


def test_a_trial_goes_on_over_windows_while_the_shadow_is_ahead() -> None:
    supervisor = suspicious("s", min_events=1)
    found = None
    for window in range(100):
        found = feed(supervisor, 0.6, 0.4, 10, begin=10 * window)
        if found is not None:
            break
        supervisor.next_window(10 * (window + 1))
    assert found is not None
    assert found.evidence["events"] > 10


def test_a_trial_in_which_the_shadow_is_behind_ends_with_the_window_and_the_next_needs_more() -> None:
    supervisor = suspicious("s", min_events=1)
    first = feed(suspicious("s", min_events=1), BAD, GOOD, 200)
    feed(supervisor, GOOD, BAD, 500)
    supervisor.next_window(500)
    second = feed(supervisor, BAD, GOOD, 200, begin=500)
    assert first is not None
    assert second is not None
    assert second.evidence["champion_loss"] == pytest.approx(BAD)
    assert second.evidence["log_threshold"] > first.evidence["log_threshold"]


def test_shadows_that_begin_to_learn_change_at_a_stroke_and_get_new_trials() -> None:
    supervisor = suspicious("s", min_events=10_000)
    feed(supervisor, BAD, GOOD, 50)
    close(supervisor, "pass", 50)
    assert supervisor.suspicion is not None
    assert supervisor.suspicion.trials["s"].events == 0
    feed(supervisor, BAD, GOOD, 50, begin=50)
    close(supervisor, "pass", 100)
    assert supervisor.suspicion.trials["s"].events == 50


@pytest.mark.parametrize(
    ("statuses", "learning"),
    [
        ([], False),
        (["fail"], False),
        (["unjudged"], False),
        (["pass"], True),
        (["warn"], True),
        (["pass", "unjudged"], True),
        (["pass", "fail"], False),
        (["pass", "fail", "pass"], True),
    ],
)
def test_shadows_learn_while_the_last_judged_window_did_not_fail(
    statuses: list[Status], learning: bool
) -> None:
    supervisor = suspicious("s")
    for status in statuses:
        close(supervisor, status, 0)
    assert supervisor.shadows_learn is learning


def test_without_a_suspicion_no_shadow_learns() -> None:
    assert make().shadows_learn is False
