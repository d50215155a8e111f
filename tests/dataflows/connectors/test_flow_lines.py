"""Lines on their way from a file to an engine."""

import math
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.connectors.base import batches
from dataflows.connectors.batch import Batch, RawRecord, Source
from dataflows.connectors.decoding import by_key, decode_records, time_of
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.source import FileSource
from engine.records.config import RecordConfig
from engine.records.decode import Decoder
from engine.records.keys import NO_KEY, fields_of
from engine.records.values import Example, Unreadable
from engine.tasks.registry import find_task


def test_a_record_of_a_csv_file_keeps_the_bytes_of_its_row(tmp_path: Path) -> None:
    rows = [b'1,1,"a, b"', b"2,soon,c", b"3", b"4,4,\xff"]
    (tmp_path / "d.csv").write_bytes(b"id,time,x\n" + b"\r\n".join(rows) + b"\n")
    decoder = Decoder(RecordConfig(), find_task("binary").labels)
    read = batches(FileSource(InputConfig(path="d.csv"), tmp_path))
    records = [record for batch in read for record in decode_records(decoder, batch.records())]
    assert [record.raw for record in records] == rows
    assert [type(record) for record in records] == [Example, Unreadable, Unreadable, Unreadable]


def test_all_batches_of_a_source_can_be_had_without_a_dataflow_and_left_early(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_bytes(b"{}\n" * 25)
    source = FileSource(InputConfig(path="d.jsonl", batch=10), tmp_path)
    assert [len(batch) for batch in batches(source)] == [10, 10, 5]
    left = batches(source)
    assert len(next(left)) == 10
    left.close()


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b'{"shop":"s","a":1}', "s"),
        (b'{"shop":7,"a":NaN}', "7"),
        (b'{"shop":"s","a":1e999}', "s"),
        (b'{"shop":NaN}', NO_KEY),
        (b'{"a":1}', NO_KEY),
        (b"[]", NO_KEY),
        (b'{"shop":"s"', NO_KEY),
        (b'{"shop":"\xff"}', NO_KEY),
    ],
)
def test_a_record_goes_to_its_key_also_when_a_number_in_it_is_none(line: bytes, key: str) -> None:
    assert [*by_key(Batch([line], [0]), "shop")] == [key]


@pytest.mark.parametrize(
    ("line", "time"),
    [
        (b'{"time":3}', 3.0),
        (b'{"time":3,"a":NaN}', 3.0),
        (b'{"time":NaN}', -math.inf),
        (b'{"time":3', -math.inf),
        (b'{"time":3,"a":"\xff"}', -math.inf),
        (b"[3]", -math.inf),
    ],
)
def test_streams_are_merged_by_the_time_of_every_record_that_has_one(line: bytes, time: float) -> None:
    read = time_of(RecordConfig())
    assert read is not None
    assert read(fields_of(line)) == time


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b'{"shop":"a"}', b'{"shop":"b"}', b'{"shop":3}', b"broken"]),
            st.integers(0, 1),
            st.one_of(st.none(), st.just("cut off")),
        ),
        max_size=20,
    ),
    st.booleans(),
)
def test_parts_of_a_batch_hold_each_record_once_as_it_was(
    rows: list[tuple[bytes, int, str | None]], raw: bool
) -> None:
    batch = Batch(
        [line for line, _, _ in rows],
        [*range(len(rows))],
        (Source("x"), Source("y", is_label=True)),
        bytes(origin for _, origin, _ in rows),
        [line + b" as it came" for line, _, _ in rows] if raw else [],
        {index: error for index, (_, _, error) in enumerate(rows) if error is not None},
    )
    parts = by_key(batch, "shop")
    found = sorted(chain.from_iterable(part.records() for part in parts.values()), key=_offset)
    # Where the key was found by parsing a record, its fields are there in its place.
    assert [*map(_parsed, found)] == [*map(_parsed, batch.records())]
    for part in parts.values():
        offsets = [*map(_offset, part.records())]
        assert offsets == sorted(offsets)


def _parsed(record: RawRecord) -> RawRecord:
    return record._replace(content=fields_of(record.content) or record.content)


def _offset(record: RawRecord) -> int:
    return record.offset
