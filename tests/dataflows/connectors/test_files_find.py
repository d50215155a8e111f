"""Which files a configuration means, and what is said when it means none that can be read."""

import gzip
import os
from pathlib import Path

import pytest
import zstandard

from dataflows.connectors.files.config import InputConfig, LabelsConfig
from dataflows.connectors.files.find import InputFile, find_files, total_size
from dataflows.connectors.files.source import FileSource
from engine.errors import InputError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"a,b\n1,2\n")


SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}


def found(given: str | list[str], base: Path, form: str = "auto") -> list[InputFile]:
    return find_files(given, base, SUFFIXES, form)


def names(given: str | list[str], base: Path) -> list[str]:
    return [file.name for file in found(given, base)]


def test_a_list_keeps_its_order_and_globs_and_folders_are_sorted(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "z.csv",
        "in/b.csv",
        "in/a.jsonl",
        "in/_SUCCESS",
        "in/.c.csv",
        "in/notes.txt",
        "g2.csv",
        "g1.csv",
    )
    assert names(["z.csv", "in/", "g*.csv"], tmp_path) == [
        "z.csv",
        "in/a.jsonl",
        "in/b.csv",
        "g1.csv",
        "g2.csv",
    ]
    assert total_size(found("in", tmp_path)) == 16
    touch(tmp_path, *(f"many/{number}.csv" for number in range(100, 200)))
    assert names("many", tmp_path) == [f"many/{number}.csv" for number in range(100, 200)]


def test_names_are_as_given_wherever_the_config_lies(tmp_path: Path) -> None:
    touch(tmp_path, "x.csv")
    assert names("x.csv", tmp_path) == ["x.csv"]
    assert names(str(tmp_path / "*.csv"), tmp_path / "elsewhere") == [str(tmp_path / "x.csv")]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path) -> None:
    touch(tmp_path, "data[1].csv", "data1.csv")
    assert names("data[1].csv", tmp_path) == ["data[1].csv"]


def test_the_format_can_be_set_and_is_otherwise_in_the_name(tmp_path: Path) -> None:
    touch(tmp_path, "x.dat", "y.NDJSON", "z.json", "c.CSV")
    assert found("x.dat", tmp_path, "csv")[0].format == "csv"
    assert [found(name, tmp_path)[0].format for name in ("y.NDJSON", "z.json", "c.CSV")] == [
        "jsonl",
        "jsonl",
        "csv",
    ]
    with pytest.raises(InputError, match=r"x\.dat.*'\.dat'; set format"):
        found("x.dat", tmp_path)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("none.csv", r"none\.csv: cannot be read: No such file.*relative to the config file"),
        ("none*.csv", r"none\*\.csv: no file fits"),
        ("empty", r"empty: expected files ending in \.csv.*got 1 other files"),
        ([], r"expected at least one path"),
        (["x.csv", "x*.csv"], r"x\.csv: named twice"),
        ("pipe.csv", r"pipe\.csv: expected a file, got a pipe"),
        ("n" * 5000, r"File name too long"),
        ("nosuffix", r"got 'no suffix'"),
    ],
)
def test_what_cannot_be_read_is_said_at_once(given: str | list[str], message: str, tmp_path: Path) -> None:
    touch(tmp_path, "x.csv", "empty/notes.txt")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match=message):
        FileSource(InputConfig(path=given), tmp_path)
    with pytest.raises(InputError, match=message):
        FileSource(
            InputConfig(path=str(tmp_path / "empty/../x.csv"), labels=LabelsConfig(path=given)), tmp_path
        )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", gzip.compress(b"a", mtime=0), "the first bytes say gzip; .* ending in .gz"),
        ("x.csv", zstandard.compress(b"a"), "say zstd; .* ending in .zst"),
        ("x.csv.gz", b"a,b\n", "name says gzip, the first bytes say plain; .* without .gz or .zst"),
        ("x.csv.gz", b"", "name says gzip, the first bytes say plain"),
        ("x.csv.zst", gzip.compress(b"a", mtime=0), "name says zstd, the first bytes say gzip"),
    ],
)
def test_a_name_that_lies_about_packing_is_refused(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        found(name, tmp_path)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"a;b;c\n1;2;3\n", "separated by ',', got 'a;b;c'"),
        (b"a,b,a\n", "got 'a' twice"),
        (b'a,"b\n', "header line cannot be read: a quote is opened"),
        (b"a,\xff\n", "header line cannot be read: not UTF-8: byte 0xff at 2"),
        (b"a,b\r1,2\r", "header line cannot be read: a quote or carriage return"),
    ],
)
def test_a_header_that_names_no_columns_is_refused_at_once(
    header: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_bytes(header)
    with pytest.raises(InputError, match=message):
        FileSource(InputConfig(path="x.csv"), tmp_path)
