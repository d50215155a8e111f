"""Full reports: of which windows they are made, and that nothing waits for them but the end."""

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.engine import Engine
from engine.core.serialize import encode
from engine.events import Event, FullReport, Report
from engine.windows import Status
from tests.support.engines import ReportingJudge, ScriptedJudge, make_config, make_stream

RECORDS = make_stream(5, 400)
RANK: dict[Status, int] = {"pass": 0, "unjudged": 0, "warn": 1, "fail": 2}
STATUSES: list[Status] = [*RANK]
SCRIPTS = st.lists(st.sampled_from(STATUSES), max_size=20).map(lambda found: dict(enumerate(found)))


def config(full_on: str = "fail", full_every: int = 0) -> Any:
    return make_config(
        monitoring={"full_on": full_on, "full_every": full_every, "first_look": {"psi_fail": 1e9}}
    )


def full(events: list[Event]) -> list[FullReport]:
    return [event for event in events if isinstance(event, FullReport)]


def others(events: list[Event]) -> list[str]:
    """All but full reports, as text, without models: their bytes depend on which strings were one object."""
    kinds = {"FullReport", "Version"}
    return [str(event) for event in events if type(event).__name__ not in kinds]


@given(SCRIPTS, st.sampled_from(["never", "fail", "warn"]), st.sampled_from([0, 3]))
def test_trouble_that_begins_or_gets_worse_makes_a_full_report(
    script: dict[int, Status], full_on: Literal["never", "fail", "warn"], every: int
) -> None:
    engine = Engine(config(full_on, every), evaluator=ReportingJudge(script))
    events = engine.process(RECORDS) + engine.finish()
    reports = [event for event in events if isinstance(event, Report)]
    ranks = [0, *(RANK[report.verdict.status] for report in reports)]
    due = [
        report.window
        for report, before, now in zip(reports, ranks, ranks[1:], strict=False)
        if (every and report.window % every == 0)
        or (full_on != "never" and now >= RANK[full_on] and now > before)
    ]
    assert [report.window for report in full(events)] == due
    for place, event in enumerate(events):
        if isinstance(event, FullReport):
            before_it = events[place - 1]
            assert isinstance(before_it, Report)
            assert (before_it.key, before_it.window, before_it.end) == (event.key, event.window, event.end)
            assert encode([event])[1] == [(f"reports/main-{event.window:06d}.json", event.content)]


@given(
    SCRIPTS,
    st.lists(st.integers(0, 5), max_size=10),
    st.lists(st.integers(1, 60), min_size=1, max_size=8),
    st.booleans(),
)
def test_however_late_it_is_made_a_report_comes_and_nothing_else_changes(
    script: dict[int, Status], asked: list[int], sizes: list[int], restores: bool
) -> None:
    at_once = Engine(config("warn"), evaluator=ReportingJudge(script))
    expected = at_once.process(RECORDS) + at_once.finish()
    judge = ReportingJudge(script, asked)
    engine = Engine(config("warn"), evaluator=judge)
    events, at = list[Event](), 0
    while at < len(RECORDS):
        size = sizes[at % len(sizes)]
        events += engine.process(RECORDS[at : at + size])
        at += size
        if restores:
            engine = Engine.restore(engine.snapshot(), config("warn"), judge)
    events += engine.finish()
    assert others(events) == others(expected)
    assert full(events) == full(expected)


def test_an_evaluator_that_makes_none_is_not_asked() -> None:
    engine = Engine(config(), evaluator=ScriptedJudge(dict.fromkeys(range(20), "fail")))
    assert full(engine.process(RECORDS) + engine.finish()) == []


def test_one_that_was_being_made_is_dropped_where_nobody_makes_any() -> None:
    judge = ReportingJudge(dict.fromkeys(range(20), "fail"), asked=[99])
    engine = Engine(config(), evaluator=judge)
    engine.process(RECORDS)
    assert engine.review.full_reports.is_awaited
    restored = Engine.restore(engine.snapshot(), config(), ScriptedJudge())
    assert not restored.review.full_reports.is_awaited


def test_there_are_none_where_reports_are_switched_off() -> None:
    judge = ReportingJudge()
    chosen = make_config(monitoring={"reports": False, "full_every": 1})
    assert full(Engine(chosen, evaluator=judge).process(RECORDS)) == []
    assert judge.begun == []


@pytest.mark.integration
def test_the_background_makes_what_is_made_inline() -> None:
    found: dict[str, list[Event]] = {}
    for mode in ("inline", "background"):
        chosen = make_config(monitoring={"mode": mode, "full_every": 9, "full_on": "never"})
        with Engine(chosen) as engine:
            found[mode] = engine.process(RECORDS) + engine.finish()
    assert others(found["inline"]) == others(found["background"])
    # Evidently lists categories in the order of a set, which is another in a process of its own.
    inline, background = ([one.window for one in full(found[mode])] for mode in found)
    assert inline == background != []
