"""The native lane: whoever takes a record, the same is written and the same is known."""

import json
from datetime import datetime
from itertools import cycle, repeat
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.lanes.compare import Engines, by_engine, by_lane
from benchmarks.lanes.streams import ENCODED, LOGISTIC, make_settings, make_stream
from benchmarks.lanes.tasks import TASKS, of_task
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.core.lane import native
from engine.core.serialize import as_dict, encode
from engine.core.waiting import PendingPrediction, ResolvedPrediction, Waiting
from engine.records.decode import Decoder
from engine.records.events import Outcome, PredictionLines, Strange
from engine.records.values import Example
from engine.tasks.registry import find_task
from tests.support.compiled import needs_crate

pytestmark = needs_crate

_ALL = 10**9

STRANGE = st.sampled_from(
    [2**53, 2**60, -(2**70), 1e308, -0.0, 5e-324, True, "text", None, [1], {"z": 1}, "\u00e9", 'q"\\']
)
FIELDS = st.sampled_from(["id", "time", "a", "b", "town", "label", "kind", "new"])
FAULTS = st.one_of(
    st.binary(max_size=20),
    st.tuples(FIELDS, STRANGE),
    st.sampled_from(["again", "far ahead", "no label", "escaped", "spaced", "twice", "1e999", "half"]),
)


def faulty(lines: list[bytes], faults: list[tuple[int, Any]]) -> list[bytes]:
    """The stream with a fault in some places."""
    made = [*lines]
    for place, fault in faults:
        at = place % len(made)
        made[at] = _with(lines[at], lines[at - 1], fault)
    return made


def _with(line: bytes, before: bytes, fault: Any) -> bytes:
    if isinstance(fault, bytes):
        return fault
    if isinstance(fault, tuple):
        name, value = fault
        return json.dumps(orjson.loads(line) | {name: value}, ensure_ascii=False).encode()
    return {
        "again": before,
        "far ahead": line.replace(b'"time":', b'"time":1e9') if b'"time":' in line else line,
        "no label": line.replace(b'"label"', b'"unknown"'),
        "escaped": line.replace(b'"id"', b'"\\u0069d"'),
        "spaced": b" " + line.replace(b":", b" : ") + b"\r\n",
        "twice": line[:-1] + b',"a":0.5}',
        "1e999": line[:-1] + b',"new":1e999}',
        "half": line[:-1] + b',"new":"\\ud800"}',
    }[fault]


@settings(max_examples=40, deadline=None)
@given(
    task=st.sampled_from(TASKS),
    seed=st.integers(0, 500),
    kinds=st.booleans(),
    faults=st.lists(st.tuples(st.integers(0, 299), FAULTS), max_size=12),
    cuts=st.lists(st.integers(1, 80), min_size=1, max_size=4),
    most=st.sampled_from([[_ALL], [1], [2, 7], [_ALL, 3]]),
    restarts=st.sampled_from([0, 0, 2, 5]),
    fields=st.booleans(),
)
@example(
    task="binary",
    seed=0,
    kinds=False,
    faults=[(0, ("time", 1e308))],
    cuts=[1],
    most=[_ALL],
    restarts=0,
    fields=False,
)
def test_whoever_takes_a_record_the_same_is_written_and_known(  # noqa: PLR0913, PLR0917 - what streams and ways there are
    task: str,
    seed: int,
    kinds: bool,
    faults: list[tuple[int, Any]],
    cuts: list[int],
    most: list[int],
    restarts: int,
    fields: bool,
) -> None:
    random = Random(seed)  # noqa: S311 - test data
    sections = make_settings(random, kinds=kinds)
    lines = make_stream(random, 250, kinds=kinds, faults=0.0)
    sections, lines = of_task(task, random, sections, lines, random.choice([0.0, 0.01]))
    config, lines = EngineConfig.from_dict(sections), faulty(lines, faults)
    expected = by_engine(Engines(config), lines, cycle(cuts) if restarts else repeat(100), restarts)
    ran = by_lane(Engines(config), lines, cycle(cuts), cycle(most), restarts, fields=fields)
    assert [*expected.differences(ran)] == []
    assert expected.same(ran)


def plain(seed: int, count: int, *, kinds: bool = False) -> list[bytes]:
    """A stream without faults."""
    return make_stream(Random(seed), count, kinds=kinds, faults=0.0)  # noqa: S311 - test data


def flow(**sections: Any) -> EngineConfig:
    settings = {
        "model": {"task": "binary", "model": ENCODED},
        "monitoring": {"reports": False},
        "window": {"count": 400},
        "supervision": {"guard": False, "on_loss_drift": False},
    }
    return EngineConfig.from_dict(settings | sections)


@pytest.mark.parametrize("fields", [False, True])
@pytest.mark.parametrize("kinds", [False, True])
def test_nearly_all_plain_records_are_taken_natively(kinds: bool, fields: bool) -> None:
    kind = {"kind": {"field": "kind", "example": "ex", "label": "late"}} if kinds else {}
    config = flow(record=kind, model={"task": "binary", "model": ENCODED})
    lines = plain(1, 1000, kinds=kinds)
    ran = by_lane(Engines(config), lines, repeat(100), repeat(_ALL), fields=fields)
    assert ran.native > 0.8 * len(lines)
    assert ran.same(by_engine(Engines(config), lines, repeat(1000)))


def test_the_name_of_a_source_is_written_as_json_has_it() -> None:
    lines = [orjson.dumps({"time": at, "a": at % 7, "label": at % 3 == 0}) for at in range(20)]
    with Engine(flow(record={"id": ""}, model={"task": "binary", "model": LOGISTIC})) as engine:
        text = encode(engine.process_lines(lines, range(20), (('a"b', False),)))[0]["predictions"].text
    assert [orjson.loads(line)["id"] for line in text.splitlines()] == [f'a"b:{at}' for at in range(20)]


TIMES = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30))
SUFFIXES = st.sampled_from(["", "Z", "+00:00", "+05:30"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(TIMES, st.sampled_from(["auto", "milliseconds", "seconds", "minutes"]), SUFFIXES),
        min_size=1,
    )
)
def test_event_times_are_read_as_python_reads_them(written: list[tuple[datetime, str, str]]) -> None:
    texts = [time.isoformat(mark, unit) + suffix for mark, (time, unit, suffix) in zip(cycle("T "), written)]
    lines = [
        orjson.dumps({"id": str(at), "time": text, "a": 0.5, "label": at % 2 == 0})
        for at, text in enumerate(texts)
    ]
    engines = Engines(flow(model={"task": "binary", "model": LOGISTIC}))
    assert [
        *by_engine(engines, lines, repeat(100)).differences(
            by_lane(engines, lines, repeat(100), repeat(_ALL))
        )
    ] == []


def test_event_times_of_any_format_are_taken_natively() -> None:
    times = [f"{1 + at % 28:02}.02.2013" for at in range(200)]
    lines = [
        orjson.dumps({"id": str(at), "time": text, "a": at % 7, "label": at % 3 == 0})
        for at, text in enumerate(times)
    ]
    lines[50] = lines[50].replace(b"2013", b"x")
    engines = Engines(flow(record={"time_format": "%d.%m.%Y"}, model={"task": "binary", "model": LOGISTIC}))
    ran = by_lane(engines, lines, repeat(70), repeat(_ALL))
    assert [*by_engine(engines, lines, repeat(100)).differences(ran)] == []
    assert ran.native > 190


def native_beside_guarded(engine: Engine, lines: list[bytes], since: int, until: int) -> int:
    """How many of these lines are taken natively, with a guarded shadow alive before the first."""
    engine.begin()
    engine.process_lines(lines[:since])
    assert engine.pool.shadows.guarded is not None
    before = engine.native_records
    engine.process_lines(lines[since:until])
    return engine.native_records - before


def test_a_guarded_shadow_goes_along_natively() -> None:
    lines = plain(6, 1200)
    lines[700] = json.dumps(orjson.loads(lines[700]) | {"a": 1e6, "b": 10**6}).encode()
    model = {"task": "binary", "model": ENCODED}
    config = flow(
        model=model, window={"count": 200}, supervision={"on_loss_drift": False, "on_loss_rise": False}
    )
    with Engine(config) as engine:
        assert native_beside_guarded(engine, lines, 750, 795) == 45
    ran = by_lane(Engines(config), lines, repeat(70), cycle([_ALL, 5]))
    assert ran.same(by_engine(Engines(config), lines, repeat(100)))


def test_strange_examples_are_taken_natively_beside_a_guarded_shadow() -> None:
    lines = plain(6, 1200)
    for at in range(700, 760):
        lines[at] = json.dumps(orjson.loads(lines[at]) | {"b": 10**6, "c": 1e6 + at}).encode()
    config = flow(window={"count": 200}, supervision={"on_loss_drift": False, "on_loss_rise": False})
    with Engine(config) as engine:
        assert native_beside_guarded(engine, lines, 701, 760) >= 55
        strange = [outcome.strange for outcome in engine.review.windows.learnable()[-59:]]
        assert {(each.hidden, each.learned) for each in strange if each} == {(frozenset({"b", "c"}), False)}
    for most in ([_ALL], [3, 11]):
        ran = by_lane(Engines(config), lines, repeat(70), cycle(most), 4)
        assert [*by_engine(Engines(config), lines, repeat(70), 4).differences(ran)] == []


def turning(seed: int, change: int, count: int = 1000) -> list[bytes]:
    """A stream whose labels turn around at one record."""
    random = Random(seed)  # noqa: S311 - test data
    values = [random.gauss(0, 1) for _ in range(count)]
    return [
        json.dumps(
            {"id": f"i{number}", "time": number, "a": value, "label": (value > 0) == (number < change)}
        ).encode()
        for number, value in enumerate(values)
    ]


def watched(delta: float) -> EngineConfig:
    """A flow in which nothing but ADWIN opens a suspicion."""
    return flow(
        model={"task": "binary", "model": LOGISTIC},
        monitoring={"reports": False, "loss_drift_delta": delta},
        supervision={"guard": False, "on_loss_rise": False, "on_baseline": False, "min_events": 50},
    )


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 500),
    delta=st.sampled_from([0.9, 0.02]),
    change=st.integers(200, 900),
    cuts=st.lists(st.integers(50, 400), min_size=1, max_size=3),
    restarts=st.sampled_from([0, 3]),
)
def test_adwin_alarms_at_the_same_record(
    seed: int, delta: float, change: int, cuts: list[int], restarts: int
) -> None:
    config, lines = watched(delta), turning(seed, change)
    expected = by_engine(Engines(config), lines, repeat(100))
    ran = by_lane(Engines(config), lines, cycle(cuts), repeat(_ALL), restarts)
    assert [*expected.differences(ran)] == []
    assert ran.same(expected)


def test_adwin_alarms_natively_where_labels_turn_around() -> None:
    config, lines = watched(0.9), turning(1, 400)
    ran = by_lane(Engines(config), lines, repeat(100), repeat(_ALL))
    assert ran.native >= 380
    [first, *_] = [json.loads(line) for line in ran.written["decisions"].splitlines()]
    assert "(ADWIN)" in first["reason"]
    assert ran.same(by_engine(Engines(config), lines, repeat(100)))


def test_detectors_see_what_the_lane_takes() -> None:
    detectors = [
        {"method": "ddm", "on": "loss"},
        {"method": "adwin", "on": "loss"},
        {"method": "page_hinkley", "on": "prediction", "parameters": {"threshold": 5.0}},
        {"method": "adwin", "on": "feature:a", "parameters": {"delta": 0.9}},
    ]
    config = flow(
        model={"task": "binary", "model": LOGISTIC},
        monitoring={"reports": False, "detectors": detectors},
        supervision={"guard": False, "on_loss_drift": False, "on_loss_rise": False, "on_baseline": False},
    )
    lines = turning(1, 500, 1500)
    ran = by_lane(Engines(config), lines, repeat(100), cycle([_ALL, 7]))
    assert ran.native > 0.8 * len(lines)
    assert ran.same(by_engine(Engines(config), lines, repeat(100)))
    found = {json.loads(line)["detector"].split()[0] for line in ran.written["drifts"].splitlines()}
    assert found == {"ddm", "adwin", "page_hinkley"}


@pytest.mark.parametrize(
    "sections",
    [
        {"scores": {"last": 100}},
        {"scores": {"fading": 0.9}},
        {"scores": {"metrics": ["LogLoss"]}},
        {"business": {"worth": {"expression": "features['b'] if prediction == label else -1"}}},
    ],
    ids=["rolling", "fading", "event by event", "business"],
)
def test_scores_that_see_every_event_are_those_of_what_the_lane_takes(sections: dict[str, Any]) -> None:
    config, lines = flow(**sections), plain(3, 900, kinds=False)
    ran = by_lane(Engines(config), lines, repeat(70), repeat(_ALL), 3)
    assert [*by_engine(Engines(config), lines, repeat(70), 3).differences(ran)] == []
    assert ran.native > 0.7 * len(lines)
    with Engine(config) as engine:
        engine.begin()
        engine.process_lines(lines)
        assert len(engine.scores) > 2


@pytest.mark.parametrize("lateness", [0.0, 10.0])
def test_windows_by_time_are_filled_natively(lateness: float) -> None:
    config = flow(window={"seconds": 200.0, "lateness": lateness})
    lines = plain(1, 1000)
    ran = by_lane(Engines(config), lines, repeat(70), cycle([_ALL, 13]))
    assert [*by_engine(Engines(config), lines, repeat(100)).differences(ran)] == []
    ran = by_lane(Engines(config), lines, repeat(500), repeat(_ALL))
    assert ran.written["reports"].count(b"\n") >= 5
    assert ran.native > 0.7 * len(lines)


def test_numbers_of_any_size_are_written_alike() -> None:
    random = Random(3)  # noqa: S311 - test data
    numbers = [sign * random.random() * 10.0**power for power in range(-320, 309) for sign in (1.0, -1.0)]
    numbers += [10.0**power for power in range(-320, 309)]
    lines = [
        json.dumps({"id": f"i{at}", "time": number, "a": 1, "label": True}).encode()
        for at, number in enumerate(numbers)
    ]
    config = flow(record={"time_unit": "s"}, model={"task": "binary", "model": LOGISTIC})
    ran = by_lane(Engines(config), lines, repeat(100), repeat(_ALL))
    assert ran.native > 0.8 * len(lines)
    assert [*by_engine(Engines(config), lines, repeat(100)).differences(ran)] == []


def test_a_comparison_sees_a_difference() -> None:
    lines = plain(1, 50)
    other = [*lines[:20], lines[21], lines[20], *lines[22:]]
    one, two = (by_engine(Engines(flow()), each, repeat(50)) for each in (lines, other))
    assert not one.same(two)
    assert [*one.differences(two)]


class Moody:
    """A model that raises, says nothing, or says something strange, by the number of the call."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.taught: list[int] = []

    def predict_proba_one(self, x: dict[str, Any]) -> Any:
        self.asked.append(x["number"])
        return {3: {}, 5: {True: 1}, 6: {False: 0.5, True: 0.5}, 8: {"a": 1.0}, 9: {True: float("nan")}}.get(
            x["number"] % 10, {False: 0.25, True: 0.75}
        )

    def predict_one(self, x: dict[str, Any]) -> Any:
        raise NotImplementedError

    def learn_one(self, x: dict[str, Any], y: bool) -> None:  # noqa: ARG002 - River's verb
        self.taught.append(x["number"])
        if x["number"] % 10 == 7:
            raise ValueError("not this one")


class Refusing(Moody):
    """One that does not predict some."""

    def predict_proba_one(self, x: dict[str, Any]) -> Any:
        if x["number"] % 10 == 4 and len(self.asked) > 5:
            self.asked.append(x["number"])
            raise ValueError("not this one either")
        return super().predict_proba_one(x)


@pytest.mark.parametrize("kinds", [(Moody, Moody), (Refusing, Moody), (None, Refusing), (None, Moody)])
def test_models_of_pythons_are_asked_once_whatever_they_do(
    kinds: tuple[type[Moody] | None, type[Moody]],
) -> None:
    config = flow(model={"task": "binary", "model": LOGISTIC}, challengers={"other": {"model": LOGISTIC}})
    lines = [
        orjson.dumps({"id": str(number), "time": number, "number": number, "label": number % 3 == 0})
        for number in range(60)
    ]
    found = []
    for lane in (False, True):
        with Engine(config) as engine:
            served, other = (None if kind is None else kind() for kind in kinds)
            if served is not None:
                engine.pool.champion.model = served
            engine.pool.challengers.alive["other"].live.model = other
            events = engine.begin()
            if lane:
                events += engine.process_lines(lines)
            else:
                events += engine.process(map(engine_decode(config), lines, range(60)))
            calls = [(model.asked, model.taught) for model in (served, other) if model is not None]
            written = {name: chunk.text for name, chunk in encode(events)[0].items()}
            found.append((calls, written, engine.counts, engine.scores, engine.trials.run_losses()))
            assert engine.native_records >= 10 * lane
    assert repr(found[0]) == repr(found[1])


class Interrupted(Moody):
    """One that is interrupted while it learns."""

    def learn_one(self, x: dict[str, Any], y: bool) -> None:
        super().learn_one(x, y)
        if x["number"] == 5:
            raise KeyboardInterrupt


def test_what_interrupts_a_challenger_comes_through_and_nothing_is_lost() -> None:
    config = flow(model={"task": "binary", "model": LOGISTIC}, challengers={"other": {"model": LOGISTIC}})
    lines = [orjson.dumps({"id": str(at), "time": at, "number": at, "label": at % 3 == 0}) for at in range(9)]
    with Engine(config) as engine:
        engine.pool.challengers.alive["other"].live.model = Interrupted()
        engine.begin()
        with pytest.raises(KeyboardInterrupt):
            engine.process_lines(lines)
        assert engine.counts.records == engine.counts.learned == 6
        text = encode(engine.process_lines(lines[6:]))[0]["predictions"].text
        assert [orjson.loads(line)["id"] for line in text.splitlines()] == [str(at) for at in range(9)]


def engine_decode(config: EngineConfig) -> Any:
    decode = Decoder(config.record, find_task(config.model.task).labels).decode
    return lambda line, place: decode(line, "", place)


def test_what_the_lane_holds_shows_in_every_component() -> None:
    lines = plain(2, 100)
    with Engine(flow()) as engine:
        engine.begin()
        events = engine.process_lines(lines)
        assert {type(event) for event in events} == {PredictionLines}
        assert engine.native_records == 100
        assert engine.counts.records == engine.admission.counts.records == 100
        assert engine.labels.remembered == engine.pool.learned == 100
        assert len(engine.review.windows.learnable()) == 100
        assert engine.progressive_scores.totals().served.scored == 100
        assert [outcome.order for outcome in engine.review.windows.learnable()] == [*range(100)]
        assert engine.process_lines(lines[:1])[0].kind == "rejected"  # type: ignore[union-attr]  # it came before


def test_an_engine_that_was_asked_for_its_lane_begins_all_the_same() -> None:
    with Engine(flow()) as engine:
        assert not engine.native_lane
        assert [type(event).__name__ for event in engine.begin()] == ["Version"]
        engine.process_lines(plain(3, 5))
        assert engine.begin() == []


def test_lines_and_predictions_are_written_in_their_order() -> None:
    lines = plain(3, 20)
    with Engine(flow()) as engine:
        events = engine.begin() + engine.process_lines(lines[:9])
        events += engine.process(map(engine_decode(flow()), lines[9:12], range(9, 12)))
        events += engine.process_lines(lines[12:])
    written = [orjson.loads(line)["sequence"] for line in encode(events)[0]["predictions"].text.splitlines()]
    assert written == [*range(20)]
    assert as_dict(next(event for event in events if type(event).__name__ == "Prediction"))["sequence"] == 9


def test_an_engine_says_why_it_has_no_lane_and_takes_lines_all_the_same() -> None:
    lines = plain(4, 5)
    with Engine(flow(model={"task": "anomaly", "model": "anomaly.HalfSpaceTrees"})) as engine:
        assert "anomaly" in engine.native_lane
        engine.process_lines(lines)
        assert (engine.counts.records, engine.native_records) == (5, 0)


TOKENS = st.sampled_from(
    [
        *'{}[]:,"\\ \t+-.eE019aé😀',
        "true",
        "null",
        '"a":',
        '{"a":',
        "\\u0041",
        "\\ud83d\\ude00",
        "1e5",
        "-0",
        "01",
        "0.1",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=40), st.lists(TOKENS, max_size=14).map(lambda parts: "".join(parts).encode())
    )
)
@example(b'{"a":1,"a":2}')
@example(b'\xef\xbb\xbf{"a":1}')
@example(b'{"a":9007199254740993}')
@example(b'{"a":123456789012345.678}')
@example(b'{"a":"\\ud800"}')
def test_what_the_parser_takes_is_what_orjson_reads(line: bytes) -> None:
    for one in (line, b'{"a":%b}' % line):
        found = native.plain_fields(one)
        assert found is None or repr(found) == repr(orjson.loads(one))


def test_the_parser_takes_what_records_mostly_have() -> None:
    record = {
        "id": "ü",
        "n": -3,
        "x": 0.1,
        "e": 1.5e-7,
        "big": 2**53,
        "yes": True,
        "none": None,
        "t": "a/b😀",
    }
    assert native.plain_fields(orjson.dumps(record)) == record


NAMES = st.sampled_from(["a", "b", "c", "d", "\ud800", "ü"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "take", "get", "expire", "all"]), NAMES, st.floats(0, 100)), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_what_waits_natively_waits_as_in_a_dictionary(steps: list[tuple[str, str, float]]) -> None:
    plain: Waiting[ResolvedPrediction] = Waiting(30.0, 4)
    native_one: Waiting[ResolvedPrediction] = Waiting(30.0, 4)
    native_one.entries = native.Ordered((Example, Outcome, PendingPrediction, ResolvedPrediction, Strange))
    for step, name, time in steps:
        entry = ResolvedPrediction(time, True)
        got: list[Any] = []
        for one in (plain, native_one):
            match step:
                case "add":
                    one.add(name, entry)
                case "take":
                    got.append(one.take(name))
                case "get":
                    got.append(one.get(name))
                case "expire":
                    got.append(one.expired(time))
                case _:
                    got.append(one.all())
        assert not got or got[0] == got[1]
        assert (len(plain), plain.state()) == (len(native_one), native_one.state())
        assert all((other in plain) == (other in native_one) for other in "abcd")
