"""The output of a run: lines exactly once, files as a whole, nothing outside the folder."""

import errno
import os
import resource
from contextlib import closing
from pathlib import Path
from queue import Queue

import pytest

from dataflows.connectors.files.blobs import write_blob
from dataflows.connectors.files.sink import BLOBS, BlobPartition, LinesPartition, RunSink
from dataflows.lifecycle.unwritten import unwritten
from engine.errors import OutputError


def test_each_stream_has_the_number_of_its_place_in_sorted_order(tmp_path: Path) -> None:
    sink = RunSink(tmp_path, ["windows", "alerts", "predictions"])
    assert sink.list_parts() == ["alerts", BLOBS, "predictions", "windows"]
    assert [sink.part_fn(name) for name in sink.list_parts()] == [0, 1, 2, 3]
    with pytest.raises(OutputError, match=r"expected one of alerts, .*got stream 'alert'"):
        sink.part_fn("alert")
    with pytest.raises(OutputError, match=r"got stream '\.\./x'"):
        RunSink(tmp_path, ["../x"])


def test_a_new_run_begins_with_empty_files_in_a_folder_it_makes(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "run"
    for _ in range(2):
        with closing(RunSink(folder, ["out"]).build_part("step", "out", None)) as part:
            part.write_batch([b"1\n2\n", b"3\n"])
            assert part.snapshot() == 6
            part.write_batch([b"4\n"])
        assert (folder / "out.jsonl").read_bytes() == b"1\n2\n3\n4\n"


def test_a_resumed_run_cuts_off_what_comes_again(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_bytes(b"1\n2\n3\n")
    with closing(RunSink(tmp_path, ["out"]).build_part("step", "out", 4)) as part:
        assert part.snapshot() == 4
        assert (tmp_path / "out.jsonl").read_bytes() == b"1\n2\n"


@pytest.mark.parametrize("there", [b"1\n2", None])
def test_output_that_somebody_removed_stops_the_run_and_is_left_alone(
    there: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    if there is not None:
        path.write_bytes(there)
    with pytest.raises(OutputError, match=r"out\.jsonl: expected at least the 4 bytes .* got [03]; put"):
        RunSink(tmp_path, ["out"]).build_part("step", "out", 4)
    assert (path.read_bytes() if path.exists() else None) == there


def test_a_disk_that_refuses_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").mkdir()
    with pytest.raises(OutputError, match=r"out\.jsonl: cannot be written: Is a directory"):
        LinesPartition(tmp_path / "out.jsonl", 0)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match=r"file/run: cannot be written: Not a directory"):
        RunSink(tmp_path / "file" / "run", ["out"]).build_part("step", "out", None)


def test_items_of_the_wrong_kind_are_refused(tmp_path: Path) -> None:
    with (
        closing(LinesPartition(tmp_path / "out.jsonl", 0)) as lines,
        pytest.raises(OutputError, match="expected bytes, got tuple"),
    ):
        lines.write_batch([("name", b"")])
    with pytest.raises(OutputError, match=r"expected \(path, bytes\), got bytes"):
        BlobPartition(tmp_path, set()).write_batch([b""])


def test_a_blob_replaces_what_was_there_and_leaves_nothing_else(tmp_path: Path) -> None:
    part = RunSink(tmp_path, ["out"]).build_part("step", BLOBS, None)
    (tmp_path / "reports").mkdir()
    left = tmp_path / "reports" / ".1.html.0123456789abcdef.partial"
    left.write_bytes(b"half of one, by a run that was killed")
    os.utime(left, (0, 0))
    part.write_batch([("reports/1.html", b"old"), ("reports/1.html", b"new"), ("2.bin", b"")])
    part.write_batch([("reports/1.html", b"new")])
    assert part.snapshot() == 0
    assert {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*.*")} == {
        "reports/1.html": b"new",
        "2.bin": b"",
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [(name, "expected a relative path inside") for name in ("/etc/x", "../x", "a/../../x", "", ".", "a\0b")]
    + [(name, "through a link") for name in ("link/x", "link/new/x")],
)
def test_a_blob_stays_in_the_folder(name: str, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (tmp_path / "outside").mkdir()
    (folder / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(OutputError, match=message):
        write_blob(folder, name, b"content")
    assert list((tmp_path / "outside").iterdir()) == []
    assert [path.name for path in folder.iterdir()] == ["link"]


def test_a_blob_without_content_is_removed_once_or_twice(tmp_path: Path) -> None:
    sink = RunSink(tmp_path, ["out"]).build_part("step", BLOBS, None)
    sink.write_batch(
        [("a/1.bin", b"1"), ("a/2.bin", b"2"), ("a/1.bin", None), ("a/1.bin", None), ("b", None)]
    )
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["2.bin"]
    with pytest.raises(OutputError, match="expected a relative path inside"):
        sink.write_batch([("../x", None)])
    sink.write_batch([("a", None)])
    assert (tmp_path / "a").is_dir(), "no file of a run's was ever there"


@pytest.mark.parametrize("name", ["out.jsonl", "./out.jsonl"])
def test_a_blob_is_never_a_streams_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is the file of a stream"):
        RunSink(tmp_path, ["out"]).build_part("step", BLOBS, None).write_batch([(name, b"")])


def test_a_blob_where_a_folder_is_says_so(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OutputError, match="a: cannot be written: Is a directory"):
        write_blob(tmp_path, "a", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["a"], "no half of a file is left"


def test_one_file_that_cannot_be_written_stops_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "reports" / "a.json").mkdir(parents=True)
    long = f"reports/{'x' * 300}.json"
    sink = RunSink(tmp_path, ["out"]).build_part("step", BLOBS, None)
    for _ in range(2):  # the second time is a replay
        sink.write_batch([("reports/a.json", b"1"), (long, b"2"), ("reports/c.json", b"3")])
    assert (tmp_path / "reports/c.json").read_bytes() == b"3"
    found = unwritten(tmp_path)
    assert [one.name for one in found] == ["reports/a.json", long]
    assert found[1].error.endswith("cannot be written: File name too long")
    assert "a.json: cannot be written: Is a directory; the run goes on without this file" in caplog.text
    sink.write_batch([("reports/a.json", None), (long, None)])  # removed as too old


def test_a_full_disk_ends_a_run_in_one_line_and_it_goes_on_when_there_is_space(tmp_path: Path) -> None:
    path, before = tmp_path / "out.jsonl", resource.getrlimit(resource.RLIMIT_FSIZE)
    part = LinesPartition(path, 0)
    part.write_batch([b"1\n"])
    length = part.snapshot()
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(OutputError, match=r"out\.jsonl: cannot be written: File too large; see to space"):
            part.write_batch([b"2" * 10_000 + b"\n"])
        part.close()  # what it raised here would abort the process: Bytewax is failing already
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with closing(LinesPartition(path, length)) as part:
        part.write_batch([b"2\n"])
    assert path.read_bytes() == b"1\n2\n"


MUCH = b"x" * (1 << 20) + b"\n"
"""A line of a megabyte; of twenty some go to the disk before there is a snapshot."""


def test_much_goes_to_the_disk_before_the_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: Queue[int] = Queue()
    with closing(LinesPartition(tmp_path / "a.jsonl", 0)) as part:
        monkeypatch.setattr(os, "fsync", lambda handle: synced.put(os.fstat(handle).st_size))
        for _ in range(20):
            part.write_batch([MUCH])
        assert synced.get(timeout=60) > 0  # by a thread, whenever it has its turn
        assert part.snapshot() == 20 * len(MUCH)
    assert synced.queue[-1] == 20 * len(MUCH)


def test_what_the_disk_refuses_early_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system tells of it once: the next call succeeds, though nothing more is on disk."""
    with closing(LinesPartition(tmp_path / "a.jsonl", 0)) as part:
        refusals = [OSError(errno.EIO, "Input/output error")]

        def fsync(_: int) -> None:
            if refusals:
                raise refusals.pop()

        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(OutputError, match=r"a\.jsonl: cannot be written"):  # noqa: PT012 - by either
            for _ in range(10):
                part.write_batch([MUCH])
            part.snapshot()
    assert refusals == []
