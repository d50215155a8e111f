"""The laws of DESIGN.md that the engine itself must keep, as properties over streams of records."""

import ast
import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import linear_model, metrics, preprocessing

import engine
from engine.core.engine import Engine
from engine.events import Alert, Decision, Event, Report, Summary
from engine.monitoring.first_look.verdict import PreliminaryVerdict
from engine.records.events import ContractViolation, Counts, DeadLetter, Outcome, Prediction
from engine.records.values import Example, Label, Record
from engine.registry.versions import Version
from engine.windows import Status
from tests.support.engines import (
    SETUPS,
    ScriptedJudge,
    in_batches,
    make_config,
    make_stream,
    scripts,
    setups,
    streams,
)
from tests.support.sizes import LONG


def make_engine(
    script: dict[int, Status] | None = None, judge: ScriptedJudge | None = None, **sections: Any
) -> Engine:
    """An engine whose failing windows say why they fail."""
    return Engine(make_config(**sections), evaluator=judge or ScriptedJudge(script, blames=True))


SEEDS = range(20) if LONG else (5, 6, 9, 10, 11, 12, 15)

cuts = st.lists(st.integers(0, 500), max_size=6)


def test_the_streams_are_worth_the_trouble() -> None:
    """Without this, every law below could hold because nothing happens."""
    events: list[Event] = []
    counts = Counts()
    for setup in SETUPS.values():
        for seed in SEEDS:
            failing = range(14) if seed > 14 else (3, 4)
            tried = make_engine(dict.fromkeys(failing, "fail"), **setup)
            events += tried.process(make_stream(seed, 400))
            for name in Counts.__struct_fields__:
                setattr(counts, name, getattr(counts, name) + getattr(tried.counts, name))
    rare = {name for name in Counts.__struct_fields__ if getattr(counts, name) < 5 * len(SEEDS)}
    assert rare == {"not_ready"}, "a logistic regression always knows something to say"
    decided = {event.action for event in events if isinstance(event, Decision)}
    ends = {"rollback", "mask", "reset", "clear", "unmask", "hold", "release"}
    assert decided >= {"suspect"} | ends
    assert sum(isinstance(event, Report) for event in events) > 30 * len(SEEDS)
    told = {(alert.kind, alert.state) for alert in alerts(events)}
    assert told >= {("window", state) for state in ("opened", "lasting", "recovered")}
    assert told >= {("champion", "recovered"), ("serving", "done")}


def told(events: list[Event]) -> list[Event]:
    """Events as the laws compare them: of a saved model all but its bytes.

    A pickle records which equal strings were one object, and that changes with a restore.
    """
    return [replace(event, saved=b"", digest="") if isinstance(event, Version) else event for event in events]


def run(
    stream: list[Record], script: dict[int, Status], setup: dict[str, Any]
) -> tuple[list[Event], Counts, dict[str, float]]:
    tried = make_engine(script, **setup)
    return tried.process(stream), tried.counts, tried.scores


@given(streams)
def test_law_1_an_event_is_scored_with_what_was_served_before_any_model_saw_its_label(
    stream: list[Record],
) -> None:
    seen: list[tuple[str, Any]] = []

    class Spy:
        """Stands in for the champion: says always the same, and remembers what it learned."""

        def predict_proba_one(self, features: dict[str, Any]) -> dict[bool, float]:
            assert features is not None
            return {True: 0.25, False: 0.75}

        def learn_one(self, features: dict[str, Any], label: bool) -> None:
            seen.append(("learn", (tuple(sorted(features.items())), label)))

    # No window closes, so that no shadow learns beside the spy.
    tried = make_engine(window={"count": 10_000})
    tried.pool.champion.model = Spy()
    scores = tried.progressive_scores
    score = scores.update

    def spy_on_score(output: Any, label: Any, *arguments: Any) -> None:
        seen.append(("score", label))
        score(output, label, *arguments)

    scores.update = spy_on_score  # type: ignore[method-assign, assignment]  # any arguments
    events = tried.process(stream)
    served = {event.sequence: event for event in events if isinstance(event, Prediction)}
    for event in events:
        if isinstance(event, Outcome) and event.label is not None:
            assert event.output == {True: 0.25, False: 0.75}
            assert events.index(served[event.sequence]) < events.index(event)
    # Score and learning alternate, and the score of a label always comes first.
    assert [kind for kind, _ in seen] == ["score", "learn"] * (len(seen) // 2)
    assert all(seen[i][1] == seen[i + 1][1][1] for i in range(0, len(seen), 2))


@given(streams, scripts, cuts, setups)
def test_law_2_batch_boundaries_change_nothing(
    stream: list[Record], script: dict[int, Status], places: list[int], setup: dict[str, Any]
) -> None:
    judge, other = ScriptedJudge(script, blames=True), ScriptedJudge(script, blames=True)
    plain = make_engine(judge=judge, **setup)
    whole, counts = plain.process(stream), plain.counts
    tried = make_engine(judge=other, **setup)
    parts = [event for batch in in_batches(stream, places) for event in tried.process(batch)]
    assert told(parts) == told(whole)
    assert other.seen == judge.seen, "the sampled rows that a report sees are part of the result"
    assert tried.counts == counts


@given(streams, scripts, cuts, setups)
@settings(max_examples=80)
def test_law_2_and_5_a_run_that_is_stopped_and_resumed_gives_what_a_run_without_a_stop_gives(
    stream: list[Record], script: dict[int, Status], places: list[int], setup: dict[str, Any]
) -> None:
    whole, counts, scores = run(stream, script, setup)
    tried = make_engine(script, **setup)
    resumed: list[Event] = []
    for batch in in_batches(stream, places):
        resumed += tried.process(batch)
        tried = Engine.restore(tried.snapshot(), make_config(**setup), ScriptedJudge(script, blames=True))
    assert told(resumed) == told(whole)
    assert (tried.counts, tried.scores) == (counts, scores)


@given(streams, cuts)
@settings(max_examples=25)
def test_law_2_and_5_the_scores_of_a_run_that_is_resumed_are_those_of_a_run_without_a_stop(
    stream: list[Record], places: list[int]
) -> None:
    sections: dict[str, Any] = {
        "scores": {"metrics": ["F1", "ROCAUC", "LogLoss"], "last": 30, "fading": 0.9},
        "business": {"worth": {"expression": "features['b'] * probability", "fail_below": -0.2}},
    }
    whole, tried = make_engine(**sections), make_engine(**sections)
    expected = told([*whole.process(stream), *whole.finish()])
    resumed: list[Event] = []
    for batch in in_batches(stream, places):
        resumed += tried.process(batch)
        tried = Engine.restore(tried.snapshot(), make_config(**sections), ScriptedJudge(blames=True))
    assert repr(told([*resumed, *tried.finish()])) == repr(expected)


@given(streams, streams, scripts, setups)
@settings(max_examples=60)
def test_law_5_a_snapshot_is_a_value(
    before: list[Record], after: list[Record], script: dict[int, Status], setup: dict[str, Any]
) -> None:
    tried = make_engine(script, **setup)
    tried.process(before)
    saved = tried.snapshot()
    expected = tried.process(after)
    again = Engine.restore(saved, make_config(**setup), ScriptedJudge(script, blames=True))
    assert told(again.process(after)) == told(expected)


@given(streams, scripts, setups)
def test_law_3_nothing_is_lost(
    stream: list[Record], script: dict[int, Status], setup: dict[str, Any]
) -> None:
    tried = make_engine(script, **setup)
    events: list[Event] = []
    for record in stream:
        events += tried.process([record])
        assert tried.counts.add_up(), tried.counts
    counts = tried.counts
    assert counts.records == len(stream)
    assert counts.predicted == sum(isinstance(event, Prediction) for event in events)
    assert counts.rejected + counts.unmatched == sum(isinstance(event, DeadLetter) for event in events)
    assert (counts.warned > 0) == any(isinstance(event, ContractViolation) for event in events)
    settled = [event for event in events if isinstance(event, Outcome)]
    assert counts.corrected == sum(event.correction for event in settled)
    if counts.at_once:
        late = {event.sequence for event in settled if event.label is not None and not event.correction}
        assert counts.matched + counts.inline == len(late)
        return
    first = [event for event in settled if not event.correction]
    labelled = sum(event.label is not None for event in first)
    assert counts.matched + counts.inline + counts.presumed == labelled
    assert counts.expired - counts.presumed == sum(event.label is None for event in first)


@given(streams)
def test_law_6_event_time_alone_decides_what_expires(stream: list[Record]) -> None:
    tried = make_engine(labels={"wait": 50, "max_waiting": 10_000})
    now = 0.0
    for record in stream:
        events = tried.process([record])
        now = now_after(record, now)
        for event in events:
            if isinstance(event, Outcome) and event.label is None:
                assert event.example.time < now - 50
    # An example that came late, behind a younger one, goes with that one; in the end all have gone.
    tried.process([Label(f"end{number}", now + 1000, value=True) for number in range(3)])
    assert tried.counts.waiting == 0


def now_after(record: Record, now: float) -> float:
    if not isinstance(record, Example | Label) or record.id.startswith("broken"):
        return now  # what breaks the contract does not move time either
    return max(now, record.time) if record.time < 1e6 else now


def test_law_6_the_engine_reads_no_clock_and_draws_no_unseeded_number() -> None:
    forbidden = {"time", "secrets"}
    for path in Path(engine.__file__).parent.rglob("*.py"):
        if path.name == "private_files.py":  # names of files, which nothing of the stream depends on
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {node.module or ""}
            elif isinstance(node, ast.Attribute):
                assert node.attr not in {"now", "utcnow", "today"} or not _is_datetime(node), path
                assert node.attr not in {"uuid1", "uuid4", "uuid6", "uuid7"}, path
                continue
            else:
                continue
            assert not names & forbidden, f"{path} imports {names & forbidden}"


def _is_datetime(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date"}


def _without_places(event: Event) -> Event:
    """Without what counts rejected records too."""
    if isinstance(event, PreliminaryVerdict):
        return replace(event, rejected=0)
    return replace(event, records=0, positions={}) if isinstance(event, Version) else event


@given(streams, st.sampled_from([setup for setup in SETUPS.values() if "contract" not in setup]))
def test_law_7_what_is_rejected_trains_nothing(stream: list[Record], setup: dict[str, Any]) -> None:
    def is_broken(record: Record) -> bool:
        return not isinstance(record, Example | Label) or record.id.startswith("broken")

    def kept_events(events: list[Event]) -> list[Event]:
        return [_without_places(event) for event in told(events) if not isinstance(event, DeadLetter)]

    clean, dirty = make_engine(**setup), make_engine(**setup)
    kept = [record for record in stream if not is_broken(record)]
    assert kept_events(dirty.process(stream)) == kept_events(clean.process(kept))
    assert dirty.counts.rejected - clean.counts.rejected == len(stream) - len(kept)


@given(streams)
@settings(max_examples=30)
def test_records_are_not_changed(stream: list[Record]) -> None:
    before = copy.deepcopy(stream)
    make_engine().process(stream)
    assert repr(stream) == repr(before)


@given(streams, scripts)
@settings(max_examples=30)
def test_finish_changes_nothing_that_later_records_would_notice(
    stream: list[Record], script: dict[int, Status]
) -> None:
    half = len(stream) // 2
    plain, finished = make_engine(script), make_engine(script)
    plain.process(stream[:half])
    finished.process(stream[:half])
    early = [event for event in finished.finish() if isinstance(event, Report)]
    expected, got = plain.process(stream[half:]), finished.process(stream[half:])
    # What was done about a problem that was told early is told later, in an alert of its own.
    assert [event for event in got if event not in early and not isinstance(event, Alert)] == [
        event for event in expected if event not in early and not isinstance(event, Alert)
    ]
    assert finished.counts == plain.counts


@given(streams, scripts)
@settings(max_examples=30)
def test_an_alert_told_at_the_end_of_an_input_is_not_told_again(
    stream: list[Record], script: dict[int, Status]
) -> None:
    half = len(stream) // 2
    plain, finished = make_engine(script), make_engine(script)
    expected = alerts(plain.process(stream) + plain.finish())
    told = alerts(finished.process(stream[:half]) + finished.finish())
    later = alerts(finished.process(stream[half:]) + finished.finish())
    more = {alert.id.removesuffix("/done"): alert.done for alert in later if alert.id.endswith("/done")}
    told += [alert for alert in later if not alert.id.endswith("/done")]
    assert [replace(alert, done=more.get(alert.id, alert.done)) for alert in told] == expected


def alerts(events: list[Event]) -> list[Alert]:
    return [event for event in events if isinstance(event, Alert)]


def test_finish_reports_where_every_record_went() -> None:
    tried = make_engine()
    tried.process([Example("1", 0.0, {"a": 1.0}, label=True), Label("1", 1.0, True)])
    summary = next(event for event in tried.finish() if isinstance(event, Summary))
    assert tried.finish() == [], "nothing came since: a run resumed at its end must not say it again"
    assert (summary.counts.records, summary.counts.inline, summary.counts.unmatched) == (2, 1, 1)


@pytest.mark.parametrize("delay", [0, 1, 7])
def test_scores_are_those_of_a_bare_river_loop_with_the_same_delay(delay: int) -> None:
    model = preprocessing.StandardScaler() | linear_model.LogisticRegression()
    accuracy: Any = getattr(metrics, "Accuracy")()  # noqa: B009 - its class has no types
    rows = [({"a": float(i % 5), "b": float(i % 3)}, (i * 7) % 11 > 4) for i in range(200)]
    alone = {"min_events": 5, "automatic": False}
    tried = make_engine(labels={"wait": 1000, "max_waiting": 1000}, supervision=alone)
    stream: list[Record] = []
    held: list[tuple[dict[str, float], bool | None]] = []
    for i, (features, _) in enumerate(rows):
        stream.append(Example(str(i), float(i), features))
        held.append((features, model.predict_one(features)))
        if i >= delay:
            late_features, predicted = held[i - delay]
            label = rows[i - delay][1]
            stream.append(Label(str(i - delay), float(i), label))
            accuracy.update(label, predicted)
            model.learn_one(late_features, label)
    tried.process(stream)
    assert tried.scores["Accuracy"] == accuracy.get()
