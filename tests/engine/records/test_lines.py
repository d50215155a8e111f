"""Lines that are no JSON, lines that are nearly JSON, and lines that are too long."""

import math

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.records.config import RecordConfig
from engine.records.decode import Decoder
from engine.records.parse import parse
from engine.records.values import Example, Unreadable
from engine.tasks.registry import find_task
from tests.engine.records.test_records import decode, json_values, reason

LINES_NOT_JSON = [
    b"",
    b"{",
    b"\xff",
    b'{"a":nan}',
    b'{"a":+NaN}',
    b'{"a":NaN',
    b'{"a":NaN,"b":"\\ud800"}',
    b'{"a":NaN,"b":' + b"[" * 5000 + b"]" * 5000 + b"}",
    b'{"a":' + b"[" * 100_000,
    b'{"a":1}{"a":1}',
    b'\xef\xbb\xbf{"a":1}',
    b'{"a":"\x01"}',
    '{"a":NaN}'.encode("utf-16"),
]


@pytest.mark.parametrize("line", LINES_NOT_JSON)
def test_what_is_not_json_says_so(line: bytes) -> None:
    assert reason(decode(line)).startswith("not JSON: ")


@pytest.mark.parametrize(
    "line", [b"\xff", b'{"a":"b\xffro"}', '{"a":"büro"}'.encode("latin-1"), b"\xed\xa0\x80"]
)
def test_what_is_not_utf8_says_at_which_byte(line: bytes) -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        line.decode()
    assert reason(decode(line)) == f"not JSON: {caught.value}"
    assert f"in position {caught.value.start}" in reason(decode(line))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("NaN", math.nan),
        ("Infinity", math.inf),
        ("-Infinity", -math.inf),
        ("1e999", math.inf),
        ("-1E+400", -math.inf),
        ("9" * 400, math.inf),
    ],
)
def test_numbers_that_are_not_finite_are_read_for_the_contract_to_judge(written: str, value: float) -> None:
    big = "1234567890123456789"
    line = f'{{"id":{big},"time":1,"a":{written},"b":{big},"c":"NaN"}}'.encode()
    record = decode(line)
    assert isinstance(record, Example)
    assert repr(record.features) == repr({"a": value, "b": int(big), "c": "NaN"})
    assert (record.id, record.raw) == (big, line)


@given(json_values.map(orjson.dumps) | st.binary(max_size=60))
@settings(max_examples=100)
def test_what_is_json_is_read_as_orjson_reads_it(line: bytes) -> None:
    try:
        expected = orjson.loads(line)
    except orjson.JSONDecodeError:
        return
    assert parse(line) == expected
    mixed = parse(b'{"nan":NaN,"rest":' + line + b"}")
    assert mixed["rest"] == expected
    assert repr(mixed["rest"]) == repr(expected), "whole numbers stay whole numbers"


@pytest.mark.parametrize("end", [-1, 0, 1])
def test_a_record_that_is_too_long_is_not_even_parsed(end: int) -> None:
    line = orjson.dumps({"id": 1, "time": 1, "a": ""})
    line = line[:-2] + b"x" * (1000 - len(line) + end) + line[-2:]
    assert len(line) == 1000 + end
    record = decode(line, max_bytes=1000)
    if end <= 0:
        assert isinstance(record, Example)
    else:
        assert reason(record) == "expected a record of at most 1000 bytes, got 1001"
        assert record.raw == line
    assert reason(decode(b"{" * 1001, max_bytes=1000)).startswith("expected a record of at most")
    assert isinstance(decode(b'{"id":1,"time":1,"a":"' + b"x" * 900_000 + b'"}'), Example), "the default"
    assert isinstance(decode(b'{"id":1,"time":1,"a":"' + b"x" * 1_000_000 + b'"}'), Unreadable)


@pytest.mark.parametrize("line", [b'{"id":1,"time":1}', b'{"id":1,"time":1,"label":true}', b"{", b"x" * 101])
def test_a_record_keeps_the_bytes_it_was_made_from(line: bytes) -> None:
    decoder = Decoder(RecordConfig(max_bytes=100), find_task("binary").labels)
    assert decoder.decode(line).raw == line
    assert decoder.decode(line, raw=b"1,1,true").raw == b"1,1,true"


@given(
    st.dictionaries(st.sampled_from(["id", "time", "label", "shop", "x"]), json_values, max_size=5),
    st.booleans(),
)
def test_fields_become_the_record_that_their_line_becomes(fields: dict[str, object], label: bool) -> None:
    decoder = Decoder(RecordConfig(key="shop"), find_task("multiclass").labels)
    line = orjson.dumps(fields)
    before = orjson.dumps(given_fields := orjson.loads(line))
    record = decoder.decode_fields(given_fields, "f", 7, b"raw", is_label=label)
    assert record == decoder.decode(line, "f", 7, b"raw", is_label=label)
    assert orjson.dumps(given_fields) == before, "the fields are left as they are"
