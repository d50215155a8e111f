"""When a problem is told, and when it is not told again."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.alerts.config import AlertsConfig
from engine.alerts.policy import AlertPolicy
from engine.evaluation.business_metrics import BusinessTotal
from engine.events import Alert, Decision, Report, WindowScores
from engine.monitoring.types import Check, Verdict
from engine.supervision.decisions import Action
from engine.windows import Status

HOUR = 3600.0


def report(window: int, status: Status, columns: Sequence[str] = ("hour",), minutes: float = 10) -> Report:
    """Of a window of so many minutes, in which these columns drifted."""
    drifted: Status = "warn" if status == "warn" else "fail"
    drifts = [] if status in {"pass", "unjudged"} else [Check("drift", c, 2.0, 1.0, drifted) for c in columns]
    checks = (Check("missing", "hour", 0.0, 0.2, "pass"), *drifts)
    reason = {"pass": "", "unjudged": "ValueError: no"}.get(status, " and ".join(columns) + " drifted")
    verdict = Verdict(window, status, reason, checks, {}, b"")
    scores = WindowScores(10, 0, 8, 0.3, 0.4, None, None, {"profit": BusinessTotal(8, 0, 4.0)})
    start = window * minutes * 60
    return Report("main", window, start, start + minutes * 60, "m0", "window 0", scores, verdict)


def decision(action: Action, number: int = 0, time: float = 0.0, **more: Any) -> Decision:
    fields: Mapping[str, Any] = {"reason": "why", "model": "m0", "previous": "m0", "shadow": "m0.w1"} | more
    return Decision("main", number, time, 50, 4, action, evidence={"loss": 0.5}, **fields)


def alerting(**keys: Any) -> AlertPolicy:
    return AlertPolicy(AlertsConfig(**{"level": "warn"} | keys))


def told(machine: AlertPolicy, *heard: Report | Decision) -> list[Alert]:
    for event in heard:
        machine.add(event)
    return machine.due()


def states(machine: AlertPolicy, statuses: Sequence[Status], minutes: float = 10) -> list[str]:
    """What is told of windows with these verdicts, one after the other; "" where nothing is."""
    found = [told(machine, report(window, status, minutes=minutes)) for window, status in enumerate(statuses)]
    return [" ".join(f"{alert.kind} {alert.state}" for alert in alerts) for alerts in found]


windows = st.lists(st.sampled_from(["pass", "warn", "fail", "unjudged"]), max_size=60)


@given(windows, st.sampled_from(["warn", "fail"]), st.sampled_from([60, 1500, HOUR, 10 * HOUR]))
def test_a_problem_begins_goes_on_and_ends_and_is_never_told_to_be_over_while_it_lasts(
    statuses: list[Status], level: str, cool_down: float
) -> None:
    machine, is_open = alerting(level=level, cool_down=cool_down), dict.fromkeys(["window", "judging"], False)
    bad = {"fail", "warn"} if level == "warn" else {"fail"}
    ids: set[str] = set()
    for number, status in enumerate(statuses):
        for alert in told(machine, report(number, status)):
            assert alert.id not in ids
            ids.add(alert.id)
            assert (alert.state == "opened") == (not is_open[alert.kind])
            assert alert.severity == ("info" if alert.state == "recovered" else alert.severity)
            is_open[alert.kind] = alert.state != "recovered"
            here = {"unjudged"} if alert.kind == "judging" else bad
            assert (status in here) == (alert.state != "recovered")
        assert is_open["window"] or status not in bad, "a problem that nobody was told of"
        assert is_open["judging"] or status != "unjudged"


def test_the_same_failing_window_after_window_is_one_alert_until_it_is_over() -> None:
    assert states(alerting(), ["pass", "fail", "fail", "fail", "pass", "pass"]) == [
        *("", "window opened", "", "", "window recovered", "")
    ]


def test_what_gets_worse_is_told_again_and_what_gets_better_and_worse_again_is_not() -> None:
    assert states(alerting(), ["warn", "warn", "fail", "warn", "fail"]) == [
        *("window opened", "", "window worse", "", "")
    ]


def test_a_problem_that_lasts_is_told_again_after_the_cool_down_as_bad_as_it_is_then() -> None:
    machine = alerting(cool_down=HOUR)
    assert states(machine, ["fail"] * 14) == [
        *("window opened", "", "", "", "", "", "window lasting"),
        *("", "", "", "", "", "window lasting", ""),
    ]
    (alert,) = [alert for number in range(14, 20) for alert in told(machine, report(number, "warn"))]
    assert (alert.state, alert.severity, alert.windows, alert.since) == ("lasting", "warn", 19, 0.0)


def test_other_checks_that_fail_are_told_once_each() -> None:
    machine = alerting()
    found = [
        told(machine, report(number, "fail", columns))
        for number, columns in enumerate([["a"], ["a", "b"], ["b"], ["a"], ["b", "a"], ["c"]])
    ]
    assert [[alert.state for alert in alerts] for alerts in found] == [
        *(["opened"], ["changed"], [], [], [], ["changed"])
    ]
    assert found[1][0].columns == ("a", "b")


def test_a_problem_that_comes_back_within_the_cool_down_is_over_only_when_it_stays_away() -> None:
    machine = alerting(cool_down=HOUR)
    flapping: list[Status] = ["fail", "pass", "fail", "pass", "fail", "pass"]
    assert states(machine, [*flapping, *["pass"] * 6]) == [  # type: ignore[list-item]
        *("window opened", "window recovered", "window opened", "", "", ""),
        *("", "", "", "", "", "window recovered"),
    ]


def test_one_that_comes_back_later_is_a_new_problem() -> None:
    assert states(alerting(cool_down=60), ["fail", "pass", "fail", "pass"]) == [
        *("window opened", "window recovered", "window opened", "window recovered")
    ]


def test_with_level_fail_a_warning_is_no_problem_and_ends_one() -> None:
    assert states(alerting(level="fail"), ["warn", "fail", "warn", "warn"]) == [
        *("", "window opened", "window recovered", "")
    ]


def test_windows_that_cannot_be_judged_are_a_problem_of_their_own() -> None:
    machine = alerting(level="fail")
    assert states(machine, ["fail", "unjudged", "unjudged", "fail", "pass"]) == [
        *("window opened", "judging opened", "", "judging recovered", "window recovered")
    ]


def test_an_alert_says_what_where_since_when_and_on_what_evidence() -> None:
    machine = alerting()
    told(machine, report(6, "warn"))
    (alert,) = told(machine, report(7, "fail", ["hour", "temp"]))
    assert (alert.id, alert.key, alert.severity, alert.window) == ("main/window/7", "main", "fail", 7)
    assert (alert.since, alert.time, alert.windows) == (3600.0, 4800.0, 2)
    assert alert.what == "window 7 fails: hour and temp drifted"
    assert alert.columns == ("hour", "temp")
    assert [(check.value, check.limit) for check in alert.checks] == [(2.0, 1.0)] * 2
    assert alert.evidence == {"loss": 0.3, "baseline_loss": 0.4, "business.profit": 0.5}
    (over,) = told(machine, report(8, "pass"))
    assert (over.severity, over.since, over.windows, over.checks) == ("info", 3600.0, 2, ())
    assert over.what == "window 8 passes again, after 2 that did not"


def test_what_was_done_is_part_of_the_alert_of_the_window_that_it_follows_from() -> None:
    took_over = decision("rollback", 1, model="m1", shadow="m0.w16")
    (alert,) = told(alerting(), report(7, "fail"), decision("suspect", shadow="m0.w16, m0.w17"), took_over)
    assert alert.done == (
        "m0 is suspected; compared with: m0.w16, m0.w17",
        "m0.w16 took over from m0, as m1",
    )


def test_a_change_of_the_model_that_serves_is_always_told() -> None:
    machine = alerting(level="fail")
    (alert,) = told(machine, decision("rollback", 3, 99.0, model="m1", shadow="m0.w16", who="ada"))
    assert (alert.id, alert.kind, alert.state, alert.time) == ("main/decision/3", "serving", "done", 99.0)
    assert alert.done == ("m0.w16 took over from m0, as m1 (ada)",)
    assert alert.evidence == {"loss": 0.5}
    told(machine, report(7, "fail"))
    assert told(machine, report(8, "fail"), decision("promotion", 4, shadow="tree")), "in a known problem too"


def test_a_loss_that_rises_opens_a_suspicion_which_is_told_and_cleared() -> None:
    machine = alerting()
    found = told(machine, decision("suspect")) + told(machine, decision("clear", 1))
    assert [(alert.kind, alert.state) for alert in found] == [
        ("champion", "opened"),
        ("champion", "recovered"),
    ]
    assert told(alerting(level="fail"), decision("suspect")) == []


@pytest.mark.parametrize("level", ["warn", "fail"])
def test_the_end_of_a_suspicion_that_nobody_knows_of_is_not_told(level: str) -> None:
    machine = alerting(level=level)
    told(machine, report(0, "fail"))
    assert told(machine, report(1, "fail"), decision("suspect")) == []
    assert told(machine, decision("clear")) == []


def test_that_the_world_has_changed_is_told() -> None:
    machine = alerting()
    told(machine, report(0, "fail"))
    (alert,) = told(machine, report(1, "fail"), decision("accept"))
    assert (alert.kind, alert.state, alert.what) == ("champion", "done", "why")


def test_what_a_person_has_been_told_at_the_terminal_is_not_told_again() -> None:
    machine = alerting()
    assert told(machine, decision("alert", who="ada"), decision("pin", who="ada")) == []
    (alert,) = told(machine, decision("alert"))
    assert (alert.kind, alert.severity) == ("model", "fail")


def test_a_time_that_leapt_ahead_by_mistake_does_not_silence_a_problem() -> None:
    machine = alerting()
    assert told(machine, report(10**7, "fail"))
    assert told(machine, report(2, "fail"))


def test_what_is_told_at_the_end_of_the_input_changes_nothing_that_follows() -> None:
    machine = alerting()
    (early,) = machine.due_early(report(0, "fail"))
    assert machine.state.open == {}
    (later,) = told(machine, report(0, "fail"), decision("suspect"))
    assert (early.id, early.done) == ("main/window/0", ())
    assert (later.id, later.done) == ("main/window/0/done", ("m0 is suspected; compared with: m0.w1",))
    assert told(machine, report(1, "fail")) == []
