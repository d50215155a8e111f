"""What goes wrong with records is told, whatever windows do."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.engine import Engine
from engine.events import Alert, Decision, Event, Rates, Summary
from engine.monitoring.config import RatesConfig
from engine.monitoring.rates import MOST_REASONS, OTHER, add_reason, rate_checks
from engine.records.events import Counts, DeadLetter, Prediction, ReasonCount
from engine.records.values import Example, Label, Record, Unreadable
from tests.support.engines import ScriptedJudge, make_engine


def good(number: int, **more: Any) -> Example:
    return Example(str(number), float(number), {"a": number % 5 - 2.0, "b": 1.0}, number % 5 > 2, **more)


def bad(number: int) -> Unreadable:
    return Unreadable(f"field 'id': expected text, got {number}", "in.jsonl", number, b"{}")


def of(kind: type[Any], events: Iterable[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def alerts(events: Iterable[Event], kind: str) -> list[tuple[str, str]]:
    return [(one.state, one.severity) for one in of(Alert, events) if one.kind == kind]


def rated(**limits: Any) -> Engine:
    return make_engine(monitoring={"rates": limits})


def test_records_that_are_all_rejected_are_told_without_a_window() -> None:
    engine = make_engine()
    events = engine.process([*map(good, range(1000)), *map(bad, range(1000, 3001))])
    spans = of(Rates, events)
    assert [(span.first, span.last, span.status) for span in spans] == [
        (0, 1000, "pass"),
        (1000, 2000, "fail"),
        (2000, 3000, "fail"),
    ]
    assert spans[1].reason == "100% of the records were rejected (limit 57%)"
    expected = ReasonCount(
        "rejected", "field 'id': expected text", 1000, "in.jsonl", 1000, "field 'id': expected text, got 1000"
    )
    assert spans[1].reasons == (expected,)
    (alert,) = [one for one in of(Alert, events) if one.kind == "rejected"]
    assert (alert.state, alert.severity, alert.time) == ("opened", "fail", spans[1].end)
    assert "1,000 x field 'id': expected text (first: in.jsonl at 1000)" in alert.what
    again = engine.process(map(good, range(4000, 6000)))
    assert alerts(again, "rejected") == [("recovered", "info")]


def test_a_short_input_is_told_at_its_end() -> None:
    engine = make_engine()
    assert of(Rates, engine.process(map(bad, range(700)))) == []
    ended = engine.finish()
    (span,) = of(Rates, ended)
    assert (span.status, span.last) == ("fail", 700)
    assert alerts(ended, "rejected") == [("opened", "fail")]
    (summary,) = of(Summary, ended)
    assert [(one.reason, one.records) for one in summary.reasons] == [("field 'id': expected text", 700)]


def test_labels_that_come_too_late_are_unmatched_and_their_predictions_expire() -> None:
    records: list[Record] = []
    for number in range(1500):
        records.append(Example(f"e{number}", float(number), {"a": 1.0}))
        if number >= 200:
            records.append(Label(f"e{number - 200}", float(number), True))
    events = make_engine(labels={"wait": 50, "max_remembered": 100_000}).process(records)
    last = of(Rates, events)[-1]
    assert {check.name: check.value for check in last.checks if check.status == "fail"} == {
        "unmatched": 1.0,
        "expired": 1.0,
    }
    assert alerts(events, "unmatched")[0] == alerts(events, "expired")[0] == ("opened", "fail")
    assert [one.reason for one in last.reasons] == ["its prediction expired without a label already"]


def test_a_model_that_puts_out_nothing_any_more_is_suspected_and_replaced() -> None:
    engine = make_engine(
        model={
            "task": "regression",
            "model": ["preprocessing.StandardScaler", "linear_model.LinearRegression"],
        },
        monitoring={"rates": {"records": 50}},
        supervision={"min_events": 10, "cooldown": 10, "patience": 99},
    )
    rows = [Example(str(n), float(n), {"a": n % 7 - 3.0}, n % 7 * 2.0) for n in range(400)]
    rows[200] = Example("200", 200.0, {"a": 1e200}, 1.0)
    events = engine.process(rows)
    suspected, *others = of(Decision, events)
    assert (suspected.action, suspected.reason) == ("suspect", "96% of the champion's predictions are null")
    assert {"rollback", "reset"} & {decision.action for decision in others}
    served = [event.prediction for event in of(Prediction, events)]
    assert None in served[201:250]
    assert None not in served[260:], "what is served has changed, long before the champion has"
    assert ("recovered", "info") in alerts(events, "null_outputs")


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_spans_do_not_depend_on_batches_or_restores(step: int) -> None:
    records: list[Record] = [bad(n) if n % 3 == 0 else good(n) for n in range(400)]
    whole = rated(records=60).process(records)
    engine, found = rated(records=60), list[Event]()
    for start in range(0, 400, step):
        found += engine.process(records[start : start + step])
        if start % 200 < step:
            engine = Engine.restore(engine.snapshot(), engine.config, ScriptedJudge())
    assert of(Rates, found) == of(Rates, whole)


def test_a_span_ends_with_event_time_too() -> None:
    engine = rated(seconds=10.0)
    spans = of(Rates, engine.process(Example(str(n), n * 3.0, {"a": 1.0}, True) for n in range(220)))
    assert [span.last for span in spans] == [100, 150, 200]


def test_a_label_that_never_comes_is_no_fault_of_a_detector() -> None:
    detector = {"type": "anomaly.HalfSpaceTrees", "n_trees": 2, "height": 3, "window_size": 10, "seed": 1}
    engine = make_engine(model={"task": "anomaly", "model": detector}, labels={"wait": 5})
    events = engine.process(Example(str(n), float(n), {"a": n % 5 / 5}) for n in range(1100))
    assert [span.status for span in of(Rates, events)] == ["pass"]


@given(
    st.integers(0, 3000),
    st.fixed_dictionaries(
        {name: st.integers(0, 500) for name in ("rejected", "matched", "unmatched", "expired")}
    ),
)
@settings(max_examples=60)
def test_a_rate_is_a_share_and_its_limit_is_never_below_the_configured_one(
    learned: int, grown: dict[str, int]
) -> None:
    before = Counts(records=5, learned=learned)
    now = Counts(records=5 + sum(grown.values()), learned=learned, **grown)
    config = RatesConfig()
    for check in rate_checks(before, now, config, held=False):
        assert check.value is not None
        assert check.limit is not None
        assert 0 <= check.value <= 1
        assert check.limit >= getattr(config, f"{check.name.replace(' ', '_')}_warn")
        assert (check.status == "pass") == (check.value < check.limit) or check.status == "fail"


def test_reasons_are_bounded() -> None:
    known: list[ReasonCount] = []
    for number in range(100):
        add_reason(
            known, DeadLetter("rejected", f"field 'f{number}': expected text", "s", number, b"", "main")
        )
    assert len(known) == MOST_REASONS + 1
    assert (known[-1].reason, known[-1].records) == (OTHER, 100 - MOST_REASONS)


def test_a_score_without_an_event_is_undefined_and_not_zero() -> None:
    engine = make_engine(scores={"metrics": ["Accuracy", "ROCAUC", "F1"]})
    engine.process([Example(str(n), float(n), {"a": 1.0}) for n in range(30)])
    assert all(str(value) == "nan" for value in engine.scores.values())
    engine.process([Label("7", 31.0, True)])
    assert engine.progressive_scores.totals().sums.totals.scored in {0, 1}
