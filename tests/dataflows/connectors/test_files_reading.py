"""Reading lines and rows: what becomes a record, what an error, and what stops the run."""

import gc
import gzip
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

from dataflows.connectors.batch import Batch, RawRecord, Source
from dataflows.connectors.files.config import InputConfig, LabelsConfig
from dataflows.connectors.files.csv_cells import CellValues, cell_reader
from dataflows.connectors.files.csv_config import CsvConfig
from dataflows.connectors.files.lines import split_lines
from dataflows.connectors.files.source import FileSource, Snapshot
from dataflows.lifecycle.progress import Reading
from engine.errors import InputError
from tests.support.sources import fields_in


def batches(config: InputConfig, folder: Path, state: Snapshot | None = None) -> list[Batch]:
    found: list[Batch] = []
    with closing(FileSource(config, folder).open(state)) as reader:
        while (taken := reader.take()) is not None:
            found += taken
    return found


def records(folder: Path, name: str, content: bytes, **settings: object) -> list[RawRecord]:
    (folder / name).write_bytes(content)
    found = batches(InputConfig.model_validate({"path": name, **settings}), folder)
    return [line for batch in found for line in batch.records()]


def after(config: InputConfig, folder: Path, count: int) -> Snapshot:
    """The snapshot after `count` batches."""
    with closing(FileSource(config, folder).open(None)) as reader:
        for _ in range(count):
            reader.take()
        return reader.snapshot()


def test_cells_become_values_and_rows_keep_their_bytes(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbfid, n ,b,t\r\n007,1.50,True,"x ""y"",\r\nz"\r\n\r\n,1e3,False,12'
    first, second = records(tmp_path, "x.csv", content)
    assert first.content == {"id": "007", "n": 1.5, "b": True, "t": 'x "y",\r\nz'}
    assert second.content == {"id": None, "n": 1000.0, "b": False, "t": 12}
    assert first.raw == b'007,1.50,True,"x ""y"",\r\nz"'
    assert (second.raw, second.offset) == (b",1e3,False,12", content.index(b",1e3"))


def test_text_columns_stay_text_and_empty_is_still_missing(tmp_path: Path) -> None:
    rows = records(tmp_path, "x.csv", b"zip,n\n12,12\n,3\ntrue,4\n", csv={"text_columns": ["zip"]})
    assert [fields_in(row)["zip"] for row in rows] == ["12", None, "true"]
    assert fields_in(rows[0])["n"] == 12


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (b"1,2", "expected 3 cells as in the header, got 2"),
        (b'1,"2\n2",3,4', "expected 3 cells as in the header, got 4"),
        (b'1,"2"2,3', "a quote or carriage return inside a cell"),
        (b'5" pipe,2,3"', "a quote or carriage return inside a cell"),
        (b"1,2\r3,4", "a quote or carriage return inside a cell"),
        (b"1,\xff,3", "not UTF-8: byte 0xff at 2"),
        (b'1,"\n\xff",3', "not UTF-8: byte 0xff at 4"),
    ],
)
def test_a_bad_row_is_passed_on_as_it_came_and_the_next_is_read(
    row: bytes, error: str, tmp_path: Path
) -> None:
    bad, good = records(tmp_path, "x.csv", b"a,b,c\n" + row + b"\r\n4,5,6\n")
    assert bad.error is not None
    assert bad.error.startswith(error)
    assert (bad.content, bad.raw, bad.offset) == (row, row, 6)
    assert (good.content, good.error) == ({"a": 4, "b": 5, "c": 6}, None)


ROW = b"3," + b"x" * 197 + b"\n"


@pytest.mark.parametrize("rows", [5, 10_000])
def test_a_stray_quote_costs_its_own_line_only(rows: int, tmp_path: Path) -> None:
    bad, *good = records(tmp_path, "x.csv", b'a,b\n"1,2\n' + ROW * rows)
    assert (bad.content, bad.error) == (b'"1,2', "a quote is opened and not closed within 1048576 bytes")
    assert [row.raw for row in good if not row.error] == [ROW[:-1]] * rows


@pytest.mark.parametrize(("size", "together"), [(1 << 20, True), ((1 << 20) + 1, False)])
def test_two_quotes_pair_only_within_a_mebibyte(size: int, together: bool, tmp_path: Path) -> None:
    filled = b'1,"2\n' + ROW * 5000
    last = b"x" * (size - len(filled) - 1) + b'"'
    found = records(tmp_path, "x.csv", b"a,b\n" + filled + last + b"\n7,8\n")
    assert len(found) == (2 if together else 5003)
    assert [row.raw for row in found if row.error] == ([] if together else [b'1,"2', last])


def test_a_row_never_goes_on_over_an_endless_line(tmp_path: Path) -> None:
    found = records(tmp_path, "x.csv", b'a,b\n1,"2\n' + b"x" * (17 << 20) + b'\n3"\n')
    assert [row.raw[:4] for row in found if row.error] == [b'1,"2', b"xxxx", b'3"']


def test_memory_does_not_grow_with_a_line() -> None:
    left = [b"x" * (1 << 12)] * (1 << 12)
    tracemalloc.start()
    (part,) = split_lines(lambda _: left.pop() if left else b"", 0, block=1 << 12, longest=1 << 14)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert part.end == 1 << 24
    assert peak < 1 << 18


def test_cells_remembered_are_few() -> None:
    values = CellValues(cell_reader(CsvConfig()))
    assert [values[str(number)] for number in range(50_000)] == list(range(50_000))
    assert len(values) <= 1 << 14


@pytest.mark.parametrize("cell", [str(2**63), str(-(2**63) - 1), "1" * 5000])
def test_whole_numbers_that_would_lose_digits_stay_text(cell: str) -> None:
    assert cell_reader(CsvConfig())(cell) == cell


def test_zstd_frames_that_hold_no_data_are_passed_over(tmp_path: Path) -> None:
    index = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"index"
    packed = index + zstandard.compress(b"1\n") + index + zstandard.compress(b"") + zstandard.compress(b"2\n")
    assert [row.content for row in records(tmp_path, "x.jsonl.zst", packed)] == [b"1", b"2"]


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.jsonl.gz", "x.csv.zst"])
def test_an_endless_line_is_one_error_and_only_its_beginning_is_kept(name: str, tmp_path: Path) -> None:
    head = b"a,b\n" if "csv" in name else b"{}\n"
    content = head + b"x" * (17 << 20) + b"\n1,2\n"
    packed = {".gz": gzip.compress(content, 1), ".zst": zstandard.compress(content)}
    rows = records(tmp_path, name, packed.get(Path(name).suffix, content))
    assert (rows[-2].content, rows[-2].offset) == (b"x" * (1 << 16), len(head))
    assert rows[-2].error == f"expected a line of at most {1 << 24} bytes, got {17 << 20}; " + (
        "only its beginning is kept"
    )
    assert rows[-1].offset == len(content) - 4


def test_empty_files_have_no_records(tmp_path: Path) -> None:
    (tmp_path / "e.csv").write_bytes(b"")
    (tmp_path / "f.jsonl").write_bytes(b"\n\r\n  \n")
    (tmp_path / "g.csv").write_bytes(b"\na,b")
    (tmp_path / "h.csv").write_bytes(b"\n\n a ,b\n1,2")
    (batch,) = batches(InputConfig(path=["e.csv", "f.jsonl", "g.csv", "h.csv"]), tmp_path)
    assert batch == Batch([{"a": 1, "b": 2}], [8], (Source("h.csv"),), raws=[b"1,2"])


def test_a_batch_may_span_files(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"1\n2\n3\n")
    (tmp_path / "b.jsonl").write_bytes(b"4\n")
    found = batches(InputConfig(path=["a.jsonl", "b.jsonl"], batch=2), tmp_path)
    assert [[(line.source, line.offset, line.content) for line in batch.records()] for batch in found] == [
        [("a.jsonl", 0, b"1"), ("a.jsonl", 2, b"2")],
        [("a.jsonl", 4, b"3"), ("b.jsonl", 0, b"4")],
    ]


def test_labels_are_marked_and_each_record_has_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").write_bytes(b'{"time":1}\n{"time":"1970-01-01T00:00:03Z"}\n')
    (tmp_path / "l.csv").write_bytes(b"time\n2\n4\nnever\n5,6\n")
    (batch,) = batches(InputConfig(path="e.jsonl", labels=LabelsConfig(path="l.csv")), tmp_path)
    assert batch.sources == (Source("e.jsonl"), Source("l.csv", is_label=True))
    assert [line.is_label for line in batch.records()] == [False, True, False, True, True, True]
    assert batch.raws[1::2] == [b"2", b"4", b"5,6"]
    assert batch.raws[0] == b'{"time":1}'
    assert batch.errors == {5: "expected 1 cells as in the header, got 2"}
    assert [line.source for line in batch.records()][:2] == ["e.jsonl", "l.csv"]


DATA = b"".join(b'{"n":%d}\n' % number for number in range(200_000))


@pytest.mark.parametrize(
    ("name", "packed", "kind"),
    [
        ("x.jsonl.gz", gzip.compress(DATA, 1, mtime=0), "gzip"),
        ("x.jsonl.zst", zstandard.ZstdCompressor(write_checksum=True).compress(DATA), "zstd"),
    ],
)
def test_packed_data_that_is_cut_off_or_damaged_stops_the_run(
    name: str, packed: bytes, kind: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=rf"{name}: the {kind} data is cut off after \d+ unpacked bytes"):
        records(tmp_path, name, packed[:-9])
    broken = packed[: len(packed) // 2] + b"\xff" * 99 + packed[len(packed) // 2 + 99 :]
    with pytest.raises(InputError, match=rf"{name}: the {kind} data is damaged"):
        records(tmp_path, name, broken)
    with pytest.raises(InputError, match=rf"{name}: the {kind} data is damaged"):
        records(tmp_path, name, packed + b"more")


def test_progress_ends_at_the_total_whether_resumed_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(DATA))
    (tmp_path / "b.jsonl.zst").write_bytes(zstandard.compress(DATA))
    config = InputConfig(path="*.jsonl.*", batch=30_000)
    for state, left in ((None, 400_000), (after(config, tmp_path, 3), 310_000)):
        seen: list[Reading] = []
        with closing(FileSource(config, tmp_path).open(state)) as reader:
            while reader.take() is not None:
                seen.append(reader.reading())
        assert [at.done for at in seen] == sorted(at.done for at in seen)
        total = sum(path.stat().st_size for path in tmp_path.iterdir())
        assert seen[-1][:3] == (left, total, total)


def test_a_plain_file_that_has_grown_is_read_on(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_bytes(b"1\n2")
    config = InputConfig(path="x.jsonl")
    state = after(config, tmp_path, 1)
    assert batches(config, tmp_path, state) == []
    file.write_bytes(b"1\n2\n3\n")
    (batch,) = batches(config, tmp_path, state)
    assert (batch.contents, batch.offsets) == ([b"3"], [4])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"a.jsonl": b""}, "a.jsonl: expected the same records before byte 4 .* got others"),
        ({"a.jsonl": b"1\n2"}, "a.jsonl: expected the same records before byte 4 .* got others"),
        ({"a.jsonl": b"1\n2345\n"}, "a.jsonl: expected the same records before byte 4 .* got others"),
        ({"a.jsonl": b"1\n4\n3\n5\n6\n"}, "got others: .* Put the old one back"),
        ({"0.jsonl": b"", "a.jsonl": b"1\n2\n3\n"}, "expected a.jsonl as file 1 of the list.*got 0.jsonl"),
        ({"b.jsonl": b"1\n2\n3\n"}, "got b.jsonl; put the files back"),
    ],
)
def test_files_that_are_not_those_of_the_snapshot_stop_the_run(
    changed: dict[str, bytes], message: str, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"1\n2\n3\n")
    config = InputConfig(path="*.jsonl", batch=2)
    state = after(config, tmp_path, 1)
    (tmp_path / "a.jsonl").unlink()
    for name, content in changed.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        batches(config, tmp_path, state)


@pytest.mark.parametrize("name", ["x.jsonl.gz", "x.jsonl.zst", "x.csv", "x.csv.gz"])
def test_another_file_of_that_name_is_not_read_on_and_one_that_has_grown_is(
    name: str, tmp_path: Path
) -> None:
    packers: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstandard.compress}
    pack = packers.get(Path(name).suffix, bytes)
    first = b"time,x\n" if ".csv" in name else b""
    rows = [b"%d,%d" % (i, i * i % 7) for i in range(100)]
    lines = [b"%s\n" % (row if first else b"[%s]" % row) for row in rows]
    config = InputConfig(path=name, batch=30)
    (tmp_path / name).write_bytes(pack(first + b"".join(lines[:70])))
    state = after(config, tmp_path, 2)
    (tmp_path / name).write_bytes(pack(first + b"".join(lines[:70])) + pack(b"".join(lines[70:])))
    assert [len(batch) for batch in batches(config, tmp_path, state)] == [30, 10]
    changed = [first + b"".join(lines).replace(b"50,", b"05,")]
    if first:
        changed.append(b"time,y\n" + b"".join(lines))
    for content in changed:
        (tmp_path / name).write_bytes(pack(content))
        with pytest.raises(InputError, match=f"{name}: expected the same records before byte .* got others"):
            batches(config, tmp_path, state)


def test_a_list_that_has_become_shorter_stops_the_run(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(b"1\n")
    state = after(InputConfig(path=["a.jsonl", "b.jsonl"], batch=1), tmp_path, 2)
    with pytest.raises(InputError, match=r"expected b\.jsonl as file 2 of the list.*got no such file"):
        batches(InputConfig(path="a.jsonl"), tmp_path, state)


def test_a_stream_that_was_not_there_before_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"1\n")
    (tmp_path / "l.jsonl").write_bytes(b"1\n")
    state = after(InputConfig(path="a.jsonl"), tmp_path, 1)
    with pytest.raises(InputError, match="was reading examples, now it is examples and labels"):
        batches(InputConfig(path="a.jsonl", labels=LabelsConfig(path="l.jsonl")), tmp_path, state)


def test_a_file_that_vanished_before_its_turn_stops_the_run(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(b"1\n")
    source = FileSource(InputConfig(path="*.jsonl", batch=1), tmp_path)
    with closing(source.open(None)) as reader:
        reader.take()
        (tmp_path / "b.jsonl").unlink()
        with pytest.raises(InputError, match=r"b\.jsonl: cannot be opened: No such file"):
            reader.take()


def test_a_run_that_an_input_error_ends_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(b"1\n2\n" + b"x" * 99_999)[:-5])
    reader = FileSource(InputConfig(path="x.jsonl.gz", batch=1), tmp_path).open(None)
    assert [[batch.contents for batch in reader.take() or ()] for _ in range(2)] == [[[b"1"]], [[b"2"]]]
    with pytest.raises(InputError, match="is cut off"):
        reader.take()
    del reader
    gc.collect()  # an open file would warn here, which is an error
