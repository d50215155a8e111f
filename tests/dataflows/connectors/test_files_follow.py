"""A file that is followed: what is appended becomes records, line by line, until the run is stopped."""

import gzip
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest

from dataflows.config import load_config
from dataflows.connectors.base import batches
from dataflows.connectors.files import source as reading
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.sink import LinesPartition
from dataflows.connectors.files.source import FileSource
from dataflows.lifecycle import shutdown
from dataflows.lifecycle.progress import Reading
from dataflows.runtime.sealed import Seals
from dataflows.runtime.source import BatchPartition, BatchSource
from engine.errors import ConfigError, InputError

ONE_FILE = InputConfig(path="x.jsonl", follow=True, batch=3)


def opened(folder: Path, state: bytes | None = None, progress: list[Reading] | None = None) -> BatchPartition:
    told = None if progress is None else progress.append
    source = BatchSource(FileSource(ONE_FILE, folder), told)
    return source.build_part("step", "files", state)


def offset(part: BatchPartition) -> int:
    """Where the next record stands."""
    stored: dict[str, Any] = Seals.of("step").opened_value(part.snapshot(), "files", Any)
    return int(stored["examples"][2])


def append(folder: Path, content: bytes) -> None:
    with (folder / "x.jsonl").open("ab") as file:
        file.write(content)


def taken(part: BatchPartition) -> list[tuple[bytes, int]]:
    """All records that are there now."""
    found: list[tuple[bytes, int]] = []
    while read := part.next_batch():
        found += [(record.raw, record.offset) for batch in read for record in batch.records()]
    return found


def test_a_line_is_a_record_once_its_end_is_there(tmp_path: Path) -> None:
    append(tmp_path, b"")
    told: list[Reading] = []
    with closing(opened(tmp_path, progress=told)) as part:
        assert taken(part) == []
        append(tmp_path, b"1\n2")
        assert taken(part) == [(b"1", 0)]
        assert taken(part) == []
        assert offset(part) == 2
        append(tmp_path, b"2\r\n\n\n")
        assert taken(part) == [(b"22", 2)]
        append(tmp_path, b"\n3\n4\n5\n6\n")
        assert taken(part) == [(b"3", 9), (b"4", 11), (b"5", 13), (b"6", 15)]
    assert (told[-1].records, told[-1].done, told[-1].total) == (6, 17, 17)


def test_however_the_file_grows_and_wherever_it_is_resumed_the_records_are_the_same(tmp_path: Path) -> None:
    random = Random(5)  # noqa: S311 - test data
    content = b"\xef\xbb\xbf" + b"".join(
        b"%d\n" % random.randrange(10 ** random.randrange(9)) for _ in range(200)
    )
    (tmp_path / "x.jsonl").write_bytes(content)
    whole = [
        (record.raw, record.offset)
        for batch in batches(FileSource(ONE_FILE, tmp_path))
        for record in batch.records()
    ]
    (tmp_path / "x.jsonl").write_bytes(b"")
    part, found, at = opened(tmp_path), [], 0
    while at < len(content):
        step = random.randrange(1, 60)
        append(tmp_path, content[at : at + step])
        at += step
        for _ in range(random.randrange(3)):
            found += [
                (record.raw, record.offset) for batch in part.next_batch() for record in batch.records()
            ]
        if random.random() < 0.2:
            state = part.snapshot()
            part.close()
            part = opened(tmp_path, state)
    found += taken(part)
    part.close()
    assert found == whole


def test_outside_of_a_dataflow_the_file_has_an_end(tmp_path: Path) -> None:
    append(tmp_path, b"1\n2\n")
    source = FileSource(ONE_FILE, tmp_path)
    assert [batch.contents for batch in batches(source)] == [[b"1", b"2"]]


def test_it_ends_when_the_process_is_to_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append(tmp_path, b"1\n")
    with closing(opened(tmp_path)) as part:
        assert taken(part) == [(b"1", 0)]
        monkeypatch.setattr(shutdown, "wanted", lambda: True)
        with pytest.raises(StopIteration):
            part.next_batch()
        assert offset(part) == 2


def test_it_looks_less_often_the_longer_nothing_has_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(tmp_path, b"1\n")
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    with closing(opened(tmp_path)) as part:
        part.next_batch()
        assert part.next_awake() is None
        part.next_batch()
        soon = part.next_awake()
        now[0] += 3600
        part.next_batch()
        later = part.next_awake()
        assert soon is not None
        assert later is not None
        assert later > soon


def _cut(path: Path) -> None:
    path.write_bytes(b"1\n")


def _cut_and_grow(path: Path) -> None:
    path.write_bytes(b"3\n4\n5\n6\n")


def _replace(path: Path) -> None:
    path.rename(path.with_suffix(".old"))
    path.write_bytes(b"1\n2\n3\n")


BEFORE = "the bytes before 4, which were read, are others now"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_cut, BEFORE),
        (_cut_and_grow, BEFORE),
        (_replace, "another file has taken its place after byte 4"),
    ],
)
def test_a_file_that_does_not_only_grow_stops_the_run(
    change: Callable[[Path], None], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_LOOK", 0.0)
    append(tmp_path, b"1\n2\n")
    part = opened(tmp_path)
    assert len(taken(part)) == 2
    change(tmp_path / "x.jsonl")
    with pytest.raises(
        InputError, match=f"input x.jsonl: expected a file that only grows.* {said}: it was rotated"
    ):
        taken(part)


def test_what_was_rotated_while_nobody_looked_stops_the_run_until_it_is_put_back(tmp_path: Path) -> None:
    append(tmp_path, b"1\n2\n")
    with closing(opened(tmp_path)) as part:
        assert len(taken(part)) == 2
        state = part.snapshot()
    old = (tmp_path / "x.jsonl").rename(tmp_path / "x.jsonl.1")
    append(tmp_path, b"3\n4\n5\n")  # longer than what was read
    with pytest.raises(InputError, match=r"x\.jsonl: expected the same records before byte 4 .* got others"):
        opened(tmp_path, state)
    with old.open("ab") as file:
        file.write((tmp_path / "x.jsonl").read_bytes())
    old.replace(tmp_path / "x.jsonl")
    with closing(opened(tmp_path, state)) as part:
        assert taken(part) == [(b"3", 4), (b"4", 6), (b"5", 8)]


def test_a_file_that_was_only_moved_away_is_followed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_LOOK", 0.0)
    append(tmp_path, b"1\n")
    with closing(opened(tmp_path)) as part:
        assert len(taken(part)) == 1
        moved = (tmp_path / "x.jsonl").rename(tmp_path / "y")
        with moved.open("ab") as file:
            file.write(b"2\n")
        assert taken(part) == [(b"2", 2)]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("x.csv", r"expected a file of JSON lines that is not packed, .*; x\.csv is csv"),
        ("x.jsonl.gz", r"expected a file of JSON lines that is not packed, .*; x\.jsonl\.gz is gzip"),
        (["a.jsonl", "b.jsonl"], "expected one file, .*; got 2"),
    ],
)
def test_what_cannot_be_followed_is_said(path: str | list[str], said: str, tmp_path: Path) -> None:
    for name in ("x.csv", "a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(InputError, match=rf"^input\.follow: {said}"):
        FileSource(InputConfig(path=path, follow=True), tmp_path)


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ('[input]\npath = "x.jsonl"\nlabels = "y.jsonl"\nfollow = true', "input: follow without labels"),
        (
            '[input]\nfollow = true\n[kafka]\nbrokers = "b"\n[kafka.input]\ntopic = "t"',
            "input.follow with input",
        ),
    ],
)
def test_what_makes_no_sense_together_is_said(sections: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "flow.toml"
    model = '[model]\ntask = "binary"\nmodel = "naive_bayes.GaussianNB"\n[run]\nname = "r"\n'
    path.write_text(model + sections, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        load_config(path)


def test_lines_can_be_read_before_any_snapshot(tmp_path: Path) -> None:
    with closing(LinesPartition(tmp_path / "out.jsonl", 0)) as part:
        part.write_batch([b"1\n", b"2\n"])
        assert (tmp_path / "out.jsonl").read_bytes() == b"1\n2\n"
