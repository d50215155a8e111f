"""What holds for files in any case: nothing lost, nothing twice, whatever the batches and the stops."""

import csv
import gzip
import io
import pickle
import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import orjson
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataflows.connectors.batch import RawRecord
from dataflows.connectors.files.config import InputConfig, LabelsConfig
from dataflows.connectors.files.csv_cells import cell_reader
from dataflows.connectors.files.csv_config import CsvConfig
from dataflows.connectors.files.lines import split_lines
from dataflows.connectors.files.sink import LinesPartition
from dataflows.connectors.files.source import FileSource, Snapshot
from dataflows.connectors.registry import FORMATS
from tests.support.sources import fields_in

quick = settings(deadline=None, max_examples=60)
Packing = Literal["", ".gz", ".zst"]
packings = st.sampled_from(["", ".gz", ".zst"])
pieces = st.sampled_from(
    [
        *(
            b"a",
            b"1",
            b",",
            b'"',
            b'""',
            b"\r",
            b"\n",
            b"\r\n",
            b"\n\n",
            b"\xff",
            b"\xef\xbb\xbf",
            "é".encode(),
        ),
        *(b'{"time":1}\n', b'{"time":2}\n', b'{"time":"x"}\n', b'1,"x\ny",2\n', b"3,4,5\n"),
    ]
)
contents = st.lists(pieces, max_size=40).map(b"".join)


def pack(data: bytes, packing: str) -> bytes:
    """Two members or frames, so that reading must go on over the first one's end."""
    halves = data[: len(data) // 2], data[len(data) // 2 :]
    if packing == ".gz":
        return b"".join(gzip.compress(half) for half in halves)
    return b"".join(zstandard.compress(half) for half in halves) if packing == ".zst" else data


def write(folder: Path, name: str, data: bytes) -> str:
    (folder / name).write_bytes(pack(data, Path(name).suffix))
    return name


def read(config: InputConfig, folder: Path, stops: Callable[[], bool] = lambda: False) -> list[RawRecord]:
    """All records; wherever `stops` says so, by a new process as far as one can tell."""
    records: list[RawRecord] = []
    state: Snapshot | None = None
    while True:
        source = FileSource(config, folder, FORMATS)
        with closing(source.open(state)) as reader:
            stopped = False
            while not stopped:
                if (taken := reader.take()) is None:
                    return records
                (batch,) = taken
                assert 0 < len(batch) <= config.batch
                records += pickle.loads(pickle.dumps(batch)).records()  # noqa: S301
                stopped = stops()
            state = pickle.loads(pickle.dumps(reader.snapshot()))  # noqa: S301


@quick
@given(
    st.lists(contents, min_size=1, max_size=3),
    st.lists(contents, max_size=2),
    packings,
    st.sampled_from(["jsonl", "csv"]),
    st.sampled_from(["jsonl", "csv"]),
    st.integers(1, 7),
    st.randoms(use_true_random=False),
)
def test_batches_and_stops_change_no_record(  # noqa: PLR0913, PLR0917 - each is one thing that varies
    examples: list[bytes],
    labels: list[bytes],
    packing: Packing,
    form: str,
    label_form: str,
    batch: int,
    chance: random.Random,
) -> None:
    heads = {"csv": b"time,b,c\n", "jsonl": b""}
    with TemporaryDirectory() as name:
        folder = Path(name)
        late = [
            write(folder, f"l{i}.{label_form}{packing}", heads[label_form] + x) for i, x in enumerate(labels)
        ]
        config = InputConfig(
            path=[write(folder, f"e{i}.{form}{packing}", heads[form] + x) for i, x in enumerate(examples)],
            labels=LabelsConfig(path=late) if late else None,
        )
        whole = read(config, folder)
        again = read(config.model_copy(update={"batch": batch}), folder, lambda: chance.random() < 0.5)
    assert again == whole


@quick
@given(contents, packings)
def test_json_lines_are_the_lines_of_the_file(data: bytes, packing: Packing) -> None:
    with TemporaryDirectory() as name:
        records = read(InputConfig(path=write(Path(name), f"e.jsonl{packing}", data)), Path(name))
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    assert [record.content for record in records] == [
        line.removesuffix(b"\r") for line in lines if line.strip()
    ]
    for record in records:
        begin = data[record.offset :].removeprefix(b"\xef\xbb\xbf" if record.offset == 0 else b"")
        assert begin.startswith(record.raw)
        assert record.offset == 0 or data[record.offset - 1 : record.offset] == b"\n"


@quick
@given(contents)
def test_every_byte_of_a_table_is_in_one_row(data: bytes) -> None:
    with TemporaryDirectory() as name:
        records = read(InputConfig(path=write(Path(name), "e.csv", b"a,b,c\n" + data)), Path(name))
    raws = b"".join(record.raw for record in records)
    assert raws.translate(None, b"\r\n") == data.translate(None, b"\r\n")
    for record in records:
        assert record.error or list(fields_in(record)) == ["a", "b", "c"]
        assert (b"a,b,c\n" + data)[record.offset :].startswith(record.raw)


@quick
@given(
    st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2)),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_wrote_comes_back(rows: list[list[str]], ends: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=ends, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b"], *rows])
    with TemporaryDirectory() as name:
        path = write(Path(name), "e.csv", out.getvalue().encode())
        records = read(InputConfig(path=path, csv=CsvConfig(text_columns=["a", "b"], missing=[])), Path(name))
    assert [record.error for record in records] == [None] * len(rows)
    assert [list(fields_in(record).values()) for record in records] == [
        [cell or None for cell in row] for row in rows
    ]


@quick
@example(-(2**63))
@example(2**63 - 1)
@given(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans())
def test_a_number_in_a_cell_is_that_number(value: float) -> None:
    cell = orjson.dumps(value).decode()
    assert (cell_reader(CsvConfig())(cell), type(cell_reader(CsvConfig())(cell))) == (value, type(value))
    if type(value) is int and value > 0:
        assert cell_reader(CsvConfig())("0" + cell) == "0" + cell


@quick
@example(b"a\n" + b"b" * 20, 8, 8, 3)
@given(contents, st.integers(8, 12), st.integers(1, 8), st.integers(1, 8))
def test_the_size_of_a_read_changes_no_line(data: bytes, longest: int, block: int, other: int) -> None:
    def split(size: int) -> list[tuple[bytes, int, bool]]:
        parts = list(split_lines(io.BytesIO(data).read, 0, block=size, longest=longest))
        assert not parts or parts[-1].end == len(data)
        return [
            (line, offset, bool(part.error))
            for part in parts
            for line, offset in zip(part.lines, part.offsets, strict=True)
        ]

    # A piece of the last line may be read alone: an empty one after the last newline is not compared.
    first, second = ([line for line in split(size) if line[0]] for size in (block, other))
    assert first == second
    assert all(len(line) <= longest for line, _, _ in first)
    assert any(error for _, _, error in first) == any(len(x) > longest for x in data.split(b"\n"))


@quick
@given(
    st.lists(st.integers(0, 9) | st.none(), max_size=30),
    st.lists(st.integers(0, 9) | st.none(), max_size=30),
    st.integers(1, 5),
)
def test_the_earlier_goes_first_and_on_a_tie_the_example(
    examples: list[int | None], labels: list[int | None], batch: int
) -> None:
    expected: list[tuple[bool, int | None]] = []
    # Labels are sorted; one without a time stays behind the one before it.
    held: list[tuple[int, int | None]] = []
    for time in labels:
        held.append((time if time is not None else held[-1][0] if held else -1, time))
    left, right = examples.copy(), [time for _, time in sorted(held, key=lambda pair: pair[0])]
    while left or right:
        times = [-1 if x is None else x for x in (*left[:1], *right[:1])]
        is_label = not left or (bool(right) and times[1] < times[0])
        expected.append((is_label, (right if is_label else left).pop(0)))
    with TemporaryDirectory() as name:
        for file, times_of in (("e.jsonl", examples), ("l.jsonl", labels)):
            write(Path(name), file, b"".join(b'{"time":%s}\n' % orjson.dumps(t) for t in times_of))
        records = read(
            InputConfig(path="e.jsonl", labels=LabelsConfig(path="l.jsonl"), batch=batch), Path(name)
        )
    assert [(x.is_label, fields_in(x)["time"]) for x in records] == expected
    assert {x.source for x in records if x.is_label} <= {"l.jsonl"}


@quick
@given(st.lists(st.sampled_from(["write", "snapshot", "die", "die with the buffer written"]), max_size=40))
def test_output_is_written_exactly_once(steps: list[str]) -> None:
    with TemporaryDirectory() as name:
        path = Path(name) / "out.jsonl"
        path.write_bytes(b"of another run")
        part = LinesPartition(path, 0)
        done = saved_done = saved = 0
        for step in steps:
            if step == "write":
                part.write_batch([b'{"n":%d}\n' % done])
                done += 1
            elif step == "snapshot":
                saved, saved_done = part.snapshot(), done
                assert path.stat().st_size == saved
            else:
                on_disk = path.read_bytes()
                part.close()
                if step == "die":
                    path.write_bytes(on_disk)
                part, done = LinesPartition(path, saved), saved_done
        part.close()
        assert path.read_bytes() == b"".join(b'{"n":%d}\n' % number for number in range(done))
