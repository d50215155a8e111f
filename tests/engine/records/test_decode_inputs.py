"""Whatever a program hands to the decoder becomes a record or a reason, and is left as it was."""

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest

from engine.core.engine import Engine
from engine.core.serialize import encode
from engine.records.config import KindConfig, RecordConfig
from engine.records.decode import Decoder
from engine.records.events import DeadLetter
from engine.records.values import Example, Label, Record, Unreadable
from engine.tasks.registry import find_task
from tests.support.engines import make_config

FIELDS = {"id": "a", "time": 5.0, "x": 0.5, "word": "é", "label": True}
LINE = orjson.dumps(FIELDS)


def decoder(task: str = "binary", **record: Any) -> Decoder:
    return Decoder(RecordConfig(**record), find_task(task).labels)


def content(record: Record) -> object:
    """A record without its bytes."""
    assert not isinstance(record, Unreadable), record.reason
    label = record.label if isinstance(record, Example) else record.value
    return type(record), record.id, record.time, getattr(record, "features", None), label


@pytest.mark.parametrize(
    "given", [LINE, bytearray(LINE), memoryview(LINE), memoryview(LINE * 1)[:], LINE.decode(), FIELDS]
)
def test_a_record_is_the_same_whatever_it_comes_as(given: object) -> None:
    found = decoder().decode(given, "here", 7)
    assert content(found) == content(decoder().decode(LINE))
    assert (found.source, found.position, type(found.raw)) == ("here", 7, bytes)


def test_a_mapping_is_held_to_the_same_contract() -> None:
    record: dict[str, Any] = {"key": "key", "kind": KindConfig(field="kind"), "ignore": ["note"]}
    record |= {"positive": "yes", "negative": "no", "max_bytes": 200}
    for change in (
        {"kind": "label"},
        {"kind": "other"},
        {"key": None},
        {"time": "yesterday"},
        {"label": "perhaps"},
        {"id": 1.5},
        {"x": "x" * 300},
    ):
        fields = {"id": 1, "time": 5, "x": 1.5, "key": "k", "kind": "example", "note": "n", "label": "yes"}
        one, other = (
            decoder(**record).decode(given) for given in (fields | change, orjson.dumps(fields | change))
        )
        assert one == other


def test_what_the_caller_holds_is_not_changed_and_changes_later_are_not_seen() -> None:
    given = {**FIELDS, "inner": [1]}
    before = deepcopy(given)
    engine = Engine(make_config())
    record = decoder().decode(given)
    assert given == before
    given["x"] = 99.0
    built = {"x": 0.5}
    engine.process([record, Example("b", 6.0, built)])
    built["x"] = 99.0
    events = engine.process([Label("b", 7.0, True)])
    assert [event.example.features["x"] for event in events if hasattr(event, "example")] == [0.5]
    assert isinstance(record, Example)
    assert record.features["x"] == 0.5


class Odd:
    """Nothing of it can be read."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


released = memoryview(bytearray(b"{}"))
released.release()

example: Any = Example
label: Any = Label
HOPELESS = [
    None,
    5,
    1.5,
    True,
    [FIELDS],
    (1,),
    {1},
    Odd(),
    object,
    np.array([1]),
    released,
    "not json",
    b"\xff",
    "[1]",
    "\ud800",
    bytearray(b"{"),
    {},
    {("a", 1): 2} | FIELDS,
    FIELDS | {"label": Odd()},
    FIELDS | {"id": Odd()},
    FIELDS | {"label": np.array([1, 2])},
    FIELDS | {"label": pd.NA},
    FIELDS | {"time": pd.NaT},
    FIELDS | {"time": np.datetime64("NaT")},
    FIELDS | {"time": Decimal("NaN")},
    FIELDS | {"id": Decimal("1.5")},
    FIELDS | {"time": Decimal("sNaN")},
    example(None, 1.0, {}),
    label("a", "x", True),
    label("a", 1.0, Odd()),
    example("a", 1.0, None),
    example("a", 1.0, {b"x": 1}),
    example("a", 1.0, {}, "x"),
    {None: 1} | FIELDS,
]


def test_what_is_no_record_becomes_a_dead_letter_that_can_be_written() -> None:
    engine = Engine(make_config())
    for given in HOPELESS:
        record = decoder().decode(given, "here", 3)
        assert isinstance(record, Unreadable)
        assert record.reason
        (letter,) = engine.process([record])
        assert isinstance(letter, DeadLetter)
        chunks, _ = encode([letter])
        line = orjson.loads(chunks["dead_letters"].text)
        assert line["reason"] == letter.reason
    engine.snapshot()


def test_a_dead_letter_shows_what_came() -> None:
    raws = {repr(given): decoder().decode(given).raw for given in (None, 5, "né", {"id": 1, "at": {2}})}
    assert raws == {
        "None": b"",
        "5": b"5",
        "'né'": "né".encode(),
        "{'id': 1, 'at': {2}}": b'{"id":1,"at":"{2}"}',
    }


NOON = 1356998400.0


@pytest.mark.parametrize(
    "time",
    [
        np.float64(NOON),
        np.float32(NOON),
        np.int64(NOON),
        Decimal("1356998400"),
        int(NOON),
        np.str_("2013-01-01"),
        datetime(2013, 1, 1, tzinfo=UTC),
        datetime(2013, 1, 1),
        date(2013, 1, 1),
        pd.Timestamp("2013-01-01"),
        datetime(2013, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
        np.datetime64("2013-01-01", "ns"),
        np.datetime64("2013-01-01"),
        pd.Timestamp("2013-01-01", tz="UTC"),
    ],
)
def test_times_of_programs_are_taken(time: Any) -> None:
    for record in (
        decoder().decode(FIELDS | {"time": time}),
        decoder(time_format="%d.%m.%Y").decode(FIELDS | {"time": pd.Timestamp("2013-01-01")}),
        decoder(time_unit="ms").decode(Example("a", time, {})),
    ):
        assert not isinstance(record, Unreadable)
        assert (record.time, type(record.time)) == (NOON, float)


@pytest.mark.parametrize(
    ("task", "label", "expected"),
    [
        ("binary", np.bool_(True), True),
        ("binary", 1, True),
        ("binary", np.int64(0), False),
        ("binary", np.float32(1), True),
        ("binary", Decimal(1), True),
        ("multiclass", np.int64(3), 3),
        ("multiclass", np.str_("red"), "red"),
        ("multiclass", np.float64(2), 2),
        ("regression", np.float32(0.5), 0.5),
        ("regression", np.float64(0.5), 0.5),
        ("regression", Decimal("0.5"), 0.5),
        ("regression", np.int8(3), 3),
    ],
)
def test_labels_of_programs_are_taken(task: str, label: Any, expected: object) -> None:
    one = decoder(task)
    for record in (
        one.decode(FIELDS | {"label": label}),
        one.decode(Example("a", 1.0, {"x": 1.0}, label)),
        one.decode(Label("a", 1.0, label)),
    ):
        assert not isinstance(record, Unreadable)
        found = record.label if isinstance(record, Example) else record.value
        assert (found, type(found)) == (expected, type(expected))


def test_a_label_of_a_record_may_be_written_as_records_write_it() -> None:
    one = decoder(positive="yes", negative="no")
    assert content(one.decode(Label("a", 1.0, "yes"))) == content(one.decode(Label("a", 1.0, True)))
    assert isinstance(one.decode(Label("a", 1.0, 1)), Unreadable)


def test_features_of_programs_are_taken_or_refused_with_a_reason() -> None:
    given = {"i": np.int8(1), "f": np.float16(0.5), "b": np.bool_(False), "t": np.str_("é"), np.str_("n"): 1}
    record = decoder().decode(FIELDS | given | {"d": Decimal("0.5")})
    assert isinstance(record, Example)
    found = {name: record.features[name] for name in (*"ifbtnd",)}
    assert found == {"i": 1, "f": 0.5, "b": False, "t": "é", "n": 1, "d": 0.5}
    assert {type(value) for value in found.values()} == {int, float, bool, str}
    assert {type(name) for name in record.features} == {str}
    for value in (datetime.now(UTC), np.datetime64("2013-01-01", "ns"), np.timedelta64(1, "s"), 1j, [1]):
        engine = Engine(make_config())
        for built in (Example("a", 1.0, {"x": value}), decoder().decode(FIELDS | {"x": value})):  # type: ignore[dict-item]
            (letter,) = engine.process([built])
            assert isinstance(letter, DeadLetter)
            assert "field 'x': expected a finite number" in letter.reason


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_record_that_a_snapshot_could_not_hold_is_refused_by_the_engine(task: str) -> None:
    models = {"regression": "linear_model.LinearRegression", "multiclass": "naive_bayes.GaussianNB"}
    model = models.get(task, "linear_model.LogisticRegression")
    engine = Engine(make_config(model={"task": task, "model": model}))
    values: tuple[Any, ...] = np.float64(1), np.int64(1), np.str_(1)
    wrong = [Label("a", 1.0, value) for value in values]
    events = engine.process([*wrong, Example(np.str_("a"), 1.0, {}), Example("b", np.float64(1.0), {})])
    for letter in events:
        assert isinstance(letter, DeadLetter)
        assert letter.reason.endswith("Decoder.decode makes values of NumPy Python's own")
    assert len(events) == 5
    engine.snapshot()
