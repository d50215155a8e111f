"""A business metric that falls is a reason to suspect the champion, as any window that fails."""

from typing import Any

import pytest

from engine.core.business_verdict import with_business
from engine.core.engine import Engine
from engine.errors import SnapshotError
from engine.evaluation.business_metrics import BusinessTotal
from engine.evaluation.config import BusinessConfig
from engine.events import Decision, Event, Report, Summary
from engine.monitoring.types import Check, Verdict
from engine.records.values import Example, Record
from engine.windows import Status
from tests.support.engines import ScriptedJudge, make_config, make_engine

DRIFTED = Check("drift", "a", 1.0, 0.5, "warn")


def verdict(status: Status) -> Verdict:
    return Verdict(3, status, f"it is {status}", (DRIFTED,), {}, b"")


@pytest.mark.parametrize(
    ("judged", "mean", "expected"),
    [
        ("pass", 5.0, "pass"),
        ("pass", 2.0, "pass"),
        ("pass", 1.9, "warn"),
        ("pass", 1.0, "warn"),
        ("pass", 0.9, "fail"),
        ("warn", 5.0, "warn"),
        ("warn", 0.0, "fail"),
        ("fail", 5.0, "fail"),
        ("fail", 1.5, "fail"),
        ("unjudged", 5.0, "unjudged"),
        ("unjudged", 1.5, "unjudged"),
        ("unjudged", 0.0, "fail"),
    ],
)
def test_the_worst_status_wins_and_the_reason_names_the_metric(
    judged: Status, mean: float, expected: Status
) -> None:
    limits = {"profit": BusinessConfig(expression="1", warn_below=2.0, fail_below=1.0)}
    joined = with_business(verdict(judged), {"profit": BusinessTotal(10, 0, 10 * mean)}, limits)
    assert joined.status == expected
    assert joined.checks[0] == DRIFTED
    check = joined.checks[1]
    assert (check.name, check.column, check.value) == ("business", "profit", mean)
    assert joined.reason.endswith(f"it is {judged}")
    assert (f"profit was worth {mean:g} on average, below" in joined.reason) == (mean < 2.0)


def test_without_limits_or_without_a_value_nothing_is_checked() -> None:
    free, bound = BusinessConfig(expression="1"), BusinessConfig(expression="1", fail_below=1.0)
    for limits, worth in ((free, BusinessTotal(5, 0, -100.0)), (bound, BusinessTotal(0, 5, 0.0))):
        assert with_business(verdict("pass"), {"profit": worth}, {"profit": limits}) == verdict("pass")


def stream(length: int, falls: int) -> list[Record]:
    """The model is right throughout, and from one event on every sale loses money."""
    return [
        Example(str(i), float(i), {"a": float(i % 5), "margin": 1.0 if i < falls else -1.0}, i % 5 > 2)
        for i in range(length)
    ]


BUSINESS = {"profit": {"expression": "features['margin']", "warn_below": 0.5, "fail_below": 0.0}}
QUIET = {"min_events": 5, "on_loss_drift": False}


def found(events: list[Event], kind: Any) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_a_business_metric_that_falls_opens_a_suspicion() -> None:
    engine = make_engine(business=BUSINESS, supervision=QUIET)
    events = engine.process(stream(200, falls=100))
    reports: list[Report] = found(events, Report)
    assert [report.verdict.status for report in reports] == ["pass"] * 5 + ["fail"] * 4
    assert reports[5].scores.business == {"profit": BusinessTotal(20, 0, -20.0)}
    decision: Decision = found(events, Decision)[0]
    assert (decision.action, decision.window) == ("suspect", 7)
    assert decision.reason.startswith("window 5: profit was worth -1 on average, below 0; ")
    assert "m0.w4" in decision.shadow
    summary: Summary = found(engine.finish(), Summary)[0]
    assert summary.standing.business == {"profit": BusinessTotal(200, 0, 0.0)}


@pytest.mark.parametrize(("limits", "first"), [({"warn_below": 0.0}, True), ({}, False)])
def test_a_warning_opens_one_too_and_no_limit_none(limits: dict[str, float], first: bool) -> None:
    config = {"profit": {"expression": "features['margin']"} | limits}
    events = make_engine(business=config, supervision=QUIET).process(stream(200, falls=100))
    assert bool(found(events, Decision)) == first


def test_it_does_so_when_reports_are_switched_off() -> None:
    config = make_config(business=BUSINESS, monitoring={"reports": False}, supervision=QUIET)
    events = Engine(config).process(stream(200, falls=100))
    assert found(events, Decision)[0].action == "suspect"
    assert found(events, Report)[5].verdict.reason == (
        "profit was worth -1 on average, below 0; reports are switched off"
    )


def test_a_verdict_reported_early_is_joined_once() -> None:
    engine = make_engine(business=BUSINESS, supervision=QUIET)
    engine.process(stream(120, falls=100))
    report: Report = found(engine.finish(), Report)[0]
    assert report.verdict.status == "fail"
    assert len(report.verdict.checks) == 1
    events = engine.process(
        [Example(f"later {i}", 200.0, {"a": 1.0, "margin": 1.0}, True) for i in range(20)]
    )
    assert found(events, Decision)[0].reason == f"window 5: {report.verdict.reason}"


def test_limits_may_change_in_a_restored_engine_and_the_metric_may_not() -> None:
    engine = make_engine(business=BUSINESS, supervision=QUIET)
    engine.process(stream(110, falls=100))
    lower = {"profit": BUSINESS["profit"] | {"warn_below": -3.0, "fail_below": -4.0}}
    restored = Engine.restore(
        engine.snapshot(), make_config(business=lower, supervision=QUIET), ScriptedJudge()
    )
    events = restored.process(stream(200, falls=100)[110:])
    assert not found(events, Decision)
    other = {"profit": BUSINESS["profit"] | {"expression": "2 * features['margin']"}}
    with pytest.raises(SnapshotError, match="scores: the snapshot keeps others"):
        Engine.restore(engine.snapshot(), make_config(business=other), ScriptedJudge())
