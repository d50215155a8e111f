import math
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.records.config import KindConfig, RecordConfig
from engine.records.decode import Decoder, identifier
from engine.records.times import event_time, time_reader
from engine.records.values import Example, Label, Record, Unreadable, shown
from engine.tasks.registry import find_task

TASKS: list[str] = ["binary", "multiclass", "regression"]
CONFIGS = [
    RecordConfig(),
    RecordConfig(id="", time=""),
    RecordConfig(key="shop", ignore=["note"]),
    RecordConfig(kind=KindConfig(field="kind"), positive="yes", negative="no"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_names = st.sampled_from(["id", "time", "label", "shop", "kind", "note", "a", "b"])
_lines = st.one_of(
    st.binary(max_size=60),
    json_values.map(orjson.dumps),
    st.dictionaries(_names, json_values, max_size=6).map(orjson.dumps),
    st.dictionaries(
        _names, st.sampled_from(["yes", "label", "example", 1, True, 1e9, "2013-01-01"]), max_size=8
    ).map(orjson.dumps),
)


def decode(fields: object, task: str = "binary", *, is_label: bool = False, **config: Any) -> Record:
    line = fields if isinstance(fields, bytes) else orjson.dumps(fields)
    return Decoder(RecordConfig(**config), find_task(task).labels).decode(line, "in", 7, is_label=is_label)


@pytest.mark.parametrize("task", TASKS)
def test_without_an_id_only_an_unsupervised_task_does_without_a_label(task: str) -> None:
    record = decode({"time": 1, "a": 2.0}, task, id="")
    if task == "anomaly":
        assert (record.id, record.label, record.features) == ("in:7", None, {"a": 2.0})  # type: ignore[union-attr]
    else:
        assert reason(record).startswith("field 'label': expected ")


def reason(record: Record) -> str:
    assert isinstance(record, Unreadable)
    return record.reason


@given(_lines, st.sampled_from(CONFIGS), st.sampled_from(TASKS), st.booleans())
@example(b"1e400", CONFIGS[0], "binary", False)
@example(b'{"id":1,"time":1e400}', CONFIGS[0], "regression", True)
@example(b"[" * 100_000, CONFIGS[0], "binary", False)
@settings(max_examples=150)
def test_every_line_is_an_example_a_label_or_unreadable(
    line: bytes, config: RecordConfig, task: str, is_label: bool
) -> None:
    record = Decoder(config, find_task(task).labels).decode(line, "in", 3, is_label=is_label)
    assert isinstance(record, Example | Label | Unreadable)
    assert (record.source, record.position, record.raw) == ("in", 3, line)
    if isinstance(record, Unreadable):
        assert record.reason
        assert len(record.reason) < 400
    else:
        assert math.isfinite(record.time)
        assert record.id


_features = st.dictionaries(
    st.text(min_size=1).filter(lambda name: name not in {"id", "time", "label"}),
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    max_size=5,
)


@given(_features, st.text(min_size=1), st.floats(-9e10, 9e10), st.none() | st.booleans())
@settings(max_examples=80)
def test_a_well_formed_example_comes_back_as_it_was_written(
    features: dict[str, Any], name: str, time: float, label: bool | None
) -> None:
    features = {k: v for k, v in features.items() if not isinstance(v, float) or math.isfinite(v)}
    record = decode({"id": name, "time": time, **features, "label": label})
    assert isinstance(record, Example)
    assert (record.id, record.time, record.label) == (name, time, label)
    assert record.features == features


@given(st.text(min_size=1), st.integers(0, 10**10), st.booleans())
@settings(max_examples=30)
def test_a_well_formed_label_comes_back_as_it_was_written(name: str, time: int, value: bool) -> None:
    record = decode({"id": name, "time": time, "label": value}, is_label=True)
    assert isinstance(record, Label)
    assert (record.id, record.time, record.value) == (name, time, value)


@pytest.mark.parametrize(
    ("fields", "task", "config", "words"),
    [
        ({"id": 1, "time": "soon"}, "binary", {}, ("time", "event time", "'soon'")),
        ({"id": 1}, "binary", {}, ("time", "event time", "None")),
        ({"time": 1}, "binary", {}, ("id", "text or a whole number", "None")),
        ({"id": 1.5, "time": 1}, "binary", {}, ("id", "text or a whole number", "1.5")),
        ({"id": True, "time": 1}, "binary", {}, ("id", "text or a whole number", "True")),
        ({"id": "", "time": 1}, "binary", {}, ("id", "text or a whole number", "''")),
        ({"id": 1, "time": 1, "label": 3}, "binary", {}, ("label", "positive (True)", "3")),
        ({"id": 1, "time": 1, "label": "x"}, "regression", {}, ("label", "a finite number", "'x'")),
        ({"id": 1, "time": 1, "label": [1]}, "multiclass", {}, ("label", "a class", "[1]")),
        ({"id": 1, "time": 1}, "binary", {"key": "shop"}, ("shop", "text or a whole number", "None")),
        ({"id": 1, "time": 1}, "binary", {"kind": {"field": "k"}}, ("k", "'example' or 'label'", "None")),
        ({"time": 1}, "binary", {"id": ""}, ("label", "positive (True)", "None")),
    ],
)
def test_a_reason_names_the_field_what_was_expected_and_what_came(
    fields: dict[str, Any], task: str, config: dict[str, Any], words: tuple[str, str, str]
) -> None:
    field, expected, got = words
    said = reason(decode(fields, task, **config))
    assert said.startswith(f"field {field!r}: expected ")
    assert expected in said
    assert said.endswith(f"got {got}")


@pytest.mark.parametrize(("line", "kind"), [(b"[]", "list"), (b"3", "int"), (b"null", "NoneType")])
def test_json_that_is_no_object_says_what_it_is(line: bytes, kind: str) -> None:
    assert reason(decode(line)) == f"expected a JSON object, got {kind}"


@given(st.text(min_size=200))
@settings(max_examples=10)
def test_a_reason_stays_short_however_long_the_value(text: str) -> None:
    assert len(reason(decode({"id": 1, "time": text}))) < 250


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2013-01-01T00:00:00Z", 1356998400.0),
        ("2013-01-01T00:00:00", 1356998400.0),
        ("2013-01-01", 1356998400.0),
        ("2013-01-01T02:00:00+02:00", 1356998400.0),
        ("2013-01-01 00:00:00.250", 1356998400.25),
        (1356998400, 1356998400.0),
        (1356998400.5, 1356998400.5),
        (1356998400000, 1356998400.0),
        (1356998400000000, 1356998400.0),
        (1356998400000000000, 1356998400.0),
        (1.3569984e18, 1356998400.0),
        ("1356998400", 1356998400.0),
        ("1356998400000", 1356998400.0),
        ("1356998400000000", 1356998400.0),
        ("1356998400000000000", 1356998400.0),
        ("1712010120159", 1712010120.159),
        (299_999_999_999, 299_999_999_999.0),
        (300_000_000_000, 300_000_000.0),
        (300_000_000_000_000, 300_000_000.0),
        (300_000_000_000_000_000, 300_000_000.0),
        (253_402_300_799, 253_402_300_799.0),
        (253_402_300_799_000, 253_402_300_799.0),
        ("9999-12-31T23:59:59-12:00", 253_402_343_999.0),
        (-1, -1.0),
        (0, 0.0),
        (10**300, 1e291),
        ("yesterday", None),
        ("20130101", 1356998400.0),
        ("135699840", None),
        ("20130101103000", None),
        (-(2**63), None),
        ("2013-02-30", None),
        ("", None),
        (True, None),
        (None, None),
        ([], None),
        (math.nan, None),
        (math.inf, None),
        (-math.inf, None),
        (10**400, None),
    ],
)
def test_event_times_are_seconds_since_1970(written: object, seconds: float | None) -> None:
    found = event_time(written)
    assert found == (seconds if seconds is None else pytest.approx(seconds))


@given(st.integers(300_000_000, 250_000_000_000), st.sampled_from([1, 10**3, 10**6, 10**9]))
@settings(max_examples=60)
def test_the_unit_of_a_number_follows_from_its_size(seconds: int, per_second: int) -> None:
    assert event_time(seconds * per_second) == seconds
    assert event_time(float(seconds * per_second)) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("config", "written", "seconds"),
    [
        ({"time_unit": "s"}, 1356998400000, 1356998400000.0),
        ({"time_unit": "ms"}, 1500, 1.5),
        ({"time_unit": "us"}, 1_500_000, 1.5),
        ({"time_unit": "ns"}, 1_500_000_000, 1.5),
        ({"time_unit": "ns"}, -(2**63), None),
        ({"time_unit": "ms"}, "1356998400000", 1356998400.0),
        ({"time_unit": "ms"}, "2013-01-01", 1356998400.0),
        ({"time_unit": "ms"}, True, None),
        ({"time_format": "%d.%m.%Y %H:%M"}, "01.01.2013 00:00", 1356998400.0),
        ({"time_format": "%d.%m.%Y %H:%M"}, "2013-01-01", None),
        ({"time_format": "%d.%m.%Y %H:%M %z"}, "01.01.2013 02:00 +0200", 1356998400.0),
        ({"time_format": "%Y%m%d"}, 20130101, 1356998400.0),
        ({"time_format": "%Y%m%d"}, 1356998400.5, None),
        ({"time_format": "%d.%m.%Y"}, None, None),
    ],
)
def test_a_configuration_names_the_unit_or_the_format(
    config: dict[str, Any], written: object, seconds: float | None
) -> None:
    assert time_reader(RecordConfig(**config))(written) == seconds
    record = decode({"id": 1, "time": written}, **config)
    assert (record.time if isinstance(record, Example) else None) == seconds


def test_a_refused_time_is_told_what_was_expected() -> None:
    assert reason(decode({"id": 1, "time": "x"}, time_unit="ms")) == (
        "field 'time': expected an event time (ISO 8601, or a number of ms since 1970), got 'x'"
    )
    assert "as record.time_format has it ('%d.%m.%Y')" in reason(
        decode({"id": 1, "time": "2013-01-01"}, time_format="%d.%m.%Y")
    )


@pytest.mark.parametrize("form", ["%H:%M", "d.m.Y", "%Q", "%d.%m.", ""])
def test_a_format_that_names_no_day_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match=r"format .*such as '%d\.%m\.%Y %H:%M'"):
        RecordConfig(time_format=form)
    with pytest.raises(ValueError, match="got both"):
        RecordConfig(time_format="%Y%m%d", time_unit="s")


@given(st.datetimes(timezones=st.just(UTC)))
@settings(max_examples=60)
def test_every_iso_moment_is_read_as_the_same_moment(moment: datetime) -> None:
    assert event_time(moment.isoformat()) == moment.timestamp()
    assert event_time(moment.replace(tzinfo=None).isoformat()) == moment.timestamp()


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just([1]))
@settings(max_examples=150)
def test_nothing_that_can_come_as_a_time_raises(value: object) -> None:
    found = event_time(value)
    assert found is None or math.isfinite(found)


@pytest.mark.parametrize(
    ("task", "config", "value", "label"),
    [
        ("binary", {}, True, True),
        ("binary", {}, False, False),
        ("binary", {}, 1, True),
        ("binary", {}, 0, False),
        ("binary", {}, 1.0, True),
        ("binary", {}, "1", True),
        ("binary", {}, "0", False),
        ("binary", {}, "true", None),
        ("binary", {"positive": "1", "negative": "-1"}, 1, True),
        ("binary", {"positive": "1", "negative": "-1"}, -1.0, False),
        ("binary", {}, None, None),
        ("binary", {"positive": "spam", "negative": "ham"}, "spam", True),
        ("binary", {"positive": "spam", "negative": "ham"}, "ham", False),
        ("binary", {"positive": "spam", "negative": "ham"}, True, None),
        ("binary", {"positive": 1, "negative": 2}, 2, False),
        ("multiclass", {}, "cat", "cat"),
        ("multiclass", {}, 3, 3),
        ("multiclass", {}, False, 0),
        ("multiclass", {}, "3", 3),
        ("multiclass", {}, 3.0, 3),
        ("multiclass", {}, "-3", -3),
        ("multiclass", {}, "03", "03"),
        ("multiclass", {}, "3.0", "3.0"),
        ("multiclass", {}, "", ""),
        ("multiclass", {}, "9" * 19, "9" * 19),
        ("multiclass", {}, 1.5, None),
        ("multiclass", {}, ["cat"], None),
        ("regression", {}, 3, 3),
        ("regression", {}, -0.5, -0.5),
        ("regression", {}, True, None),
        ("regression", {}, "3", None),
        ("regression", {}, math.nan, None),
        ("regression", {}, -math.inf, None),
        ("regression", {}, 10**400, None),
    ],
)
def test_a_label_is_what_the_task_learns_or_none(
    task: str, config: dict[str, Any], value: object, label: object
) -> None:
    found = find_task(task).labels.reader(RecordConfig(**config))(value)
    assert found == label
    assert type(found) is type(label)


def test_the_kind_field_tells_examples_from_labels_and_is_no_feature() -> None:
    kind = {"field": "kind", "example": "x", "label": "y"}
    seen = decode({"id": 1, "time": 1, "kind": "x", "a": 2}, kind=kind)
    assert isinstance(seen, Example)
    assert seen.features == {"a": 2}
    truth = decode({"id": 1, "time": 1, "kind": "y", "label": True}, kind=kind)
    assert isinstance(truth, Label)
    lacking = decode({"id": 1, "time": 1, "kind": "y"}, kind=kind)
    assert "field 'label'" in reason(lacking)
    assert "field 'kind'" in reason(decode({"id": 1, "time": 1, "kind": "z"}, kind=kind))


def test_the_kind_field_counts_more_than_the_stream_a_record_came_in() -> None:
    record = decode({"id": 1, "time": 1, "kind": "example"}, kind={"field": "kind"}, is_label=True)
    assert isinstance(record, Example)


def test_without_an_id_the_place_is_the_id_and_a_label_must_be_there() -> None:
    record = decode({"time": 1, "label": True, "a": 2}, id="")
    assert isinstance(record, Example)
    assert (record.id, record.label) == ("in:7", True)


def test_without_a_time_every_record_has_time_zero() -> None:
    record = decode({"id": 1, "a": 2, "time": "soon"}, time="")
    assert isinstance(record, Example)
    assert record.time == 0.0
    assert record.features == {"a": 2, "time": "soon"}


def test_fields_with_a_meaning_and_ignored_ones_are_no_features() -> None:
    fields = {"id": 1, "time": 1, "shop": "x", "note": "y", "label": True, "a": 2}
    record = decode(fields, key="shop", ignore=["note"])
    assert isinstance(record, Example)
    assert record.features == {"a": 2}


@pytest.mark.parametrize(
    ("value", "name"),
    [("a", "a"), (7, "7"), (-1, "-1"), (2**63, str(2**63)), ("", None), (1.0, None), (True, None)],
)
def test_only_text_and_whole_numbers_are_ids(value: object, name: str | None) -> None:
    assert identifier(value) == name


def test_classes_that_are_equal_are_refused() -> None:
    with pytest.raises(ValueError, match="they must differ"):
        RecordConfig(positive=1, negative=True)


def test_what_cannot_be_shown_is_named_by_its_type() -> None:
    assert shown(10**5000) == "a int that cannot be shown"


def test_a_class_in_several_writings_is_one_to_a_model() -> None:
    written = [1, "1", True, 1.0]
    read = [decode({"id": 1, "time": 1, "label": label}, "multiclass") for label in written]
    assert [record.label for record in read if isinstance(record, Example)] == [1] * 4
    assert {type(record.label) for record in read if isinstance(record, Example)} == {int}
