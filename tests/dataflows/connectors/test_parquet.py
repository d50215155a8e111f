"""Parquet as input: where it may lie, what cannot be read, and what is said when a library is missing."""

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec  # type: ignore[import-untyped]
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from dataflows.connectors.base import batches
from dataflows.connectors.batch import RawRecord
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.source import FileSource
from dataflows.connectors.registry import FORMATS
from engine.errors import ConfigError, InputError
from tests.support.sources import fields_in


def records(folder: Path, path: str | list[str], **settings: Any) -> list[RawRecord]:
    config = InputConfig.model_validate({"path": path, **settings})
    source = FileSource(config, folder, FORMATS)
    return [record for batch in batches(source) for record in batch.records()]


def write(place: Any, columns: dict[str, Any]) -> None:
    pq.write_table(pa.table(columns), place)


@pytest.fixture
def bucket() -> Iterator[str]:
    """A folder in fsspec's memory, which stands for object storage."""
    url = f"memory://b-{uuid4().hex[:8]}"
    yield url
    fsspec.filesystem("memory").rm(url, recursive=True)


def put(url: str, content: bytes | dict[str, Any]) -> None:
    with fsspec.open(url, "wb") as out:
        if isinstance(content, bytes):
            out.write(content)
        else:
            write(out, content)


def test_values_are_those_of_json(tmp_path: Path) -> None:
    write(
        tmp_path / "x.parquet",
        {
            "at": pa.array([datetime(2013, 1, 1, 5, microsecond=7)], pa.timestamp("ns")),
            "price": pa.array([Decimal("1.50")]),
            "tags": pa.array([["a", None]]),
            "where": pa.array([{"x": 1, "when": datetime(2013, 1, 1)}]),
            "nothing": pa.nulls(1),
            "half": pa.array([float("nan")], pa.float32()),
        },
    )
    (record,) = records(tmp_path, "x.parquet")
    fields = fields_in(record)
    assert str(fields.pop("half")) == "nan"
    assert fields == {
        "at": "2013-01-01T05:00:00.000007",
        "price": 1.5,
        "tags": ["a", None],
        "where": {"x": 1, "when": "2013-01-01T00:00:00"},
        "nothing": None,
    }
    assert record.raw.startswith(b'{"at":"2013-01-01T05:00:00.000007","price":1.5,')


def test_one_file_many_or_a_folder_and_other_formats_beside_them(tmp_path: Path) -> None:
    for name, numbers in (("a", [0, 1]), ("b", [2])):
        write(tmp_path / f"{name}.parquet", {"time": numbers})
    (tmp_path / "c.csv").write_bytes(b"time\n3\n")
    (tmp_path / "late.jsonl").write_bytes(b'{"time":1.5}\n')
    times = [0, 1, 2, 3]
    assert [fields_in(record)["time"] for record in records(tmp_path, ["*.parquet", "c.csv"])] == times
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.parquet").rename(tmp_path / "folder" / "part-0.parquet")
    (tmp_path / "folder" / "_SUCCESS").touch()
    merged = records(tmp_path, "folder", labels="late.jsonl")
    assert [(fields_in(record)["time"], record.is_label) for record in merged] == [
        (0, False),
        (1, False),
        (1.5, True),
    ]


def test_files_are_read_where_a_url_says(tmp_path: Path, bucket: str) -> None:
    put(f"{bucket}/t/1.parquet", {"time": [0, 1]})
    put(f"{bucket}/t/2.parquet", {"time": [2]})
    put(f"{bucket}/rows.csv", b"time\n3\n")
    put(f"{bucket}/lines.jsonl", b'{"time":4}\n{"time":5}\n')
    given = [f"{bucket}/t", f"{bucket}/rows.csv", f"{bucket}/l*.jsonl"]
    found = records(tmp_path, given, batch=1)
    assert [fields_in(record)["time"] for record in found] == [0, 1, 2, 3, 4, 5]
    assert [record.offset for record in found] == [0, 1, 0, 5, 0, 11]
    assert found[0].source == f"{bucket}/t/1.parquet"


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("memory://none.csv", InputError, r"none\.csv: cannot be read"),
        ("memory://none/*.csv", InputError, "no file fits"),
        ("nowhere://x.csv", ConfigError, "nowhere://x.csv: cannot be read: Protocol not known"),
    ],
)
def test_a_url_that_leads_nowhere_is_told(
    path: str, error: type[Exception], said: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=said):
        records(tmp_path, path)


def test_a_url_cannot_be_followed(tmp_path: Path, bucket: str) -> None:
    put(f"{bucket}/x.jsonl", b"")
    with pytest.raises(InputError, match=r"input\.follow: expected a file on a local disk"):
        records(tmp_path, f"{bucket}/x.jsonl", follow=True)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([b"x"]), "binary"),
        (pa.array([timedelta(seconds=1)]), r"duration\[us\]"),
        (pa.array([[b"x"]]), "list<"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "map<"),
    ],
)
def test_a_column_that_json_has_nothing_for_is_named(column: Any, kind: str, tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", {"id": [1], "odd": column})
    with pytest.raises(InputError, match=rf"x\.parquet: column 'odd': expected booleans, .*, got {kind}"):
        records(tmp_path, "x.parquet")


def test_what_is_no_parquet_file_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"id,time\n")
    with pytest.raises(InputError, match=r"x\.parquet: not a Parquet file that can be read"):
        records(tmp_path, "x.parquet")
    (tmp_path / "x.parquet.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(InputError, match=r"x\.parquet\.gz: expected a Parquet file, .* inside gzip; unpack"):
        records(tmp_path, "x.parquet.gz")


def test_a_file_with_fewer_rows_than_the_snapshot_stops_the_run(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", {"time": [1]})
    source = FileSource(InputConfig(path="x.parquet"), tmp_path, FORMATS)
    with pytest.raises(InputError, match=r"expected at least 5 rows .*, got 1; put the old file back"):
        source.open({"examples": (0, "x.parquet", 5, (5, 0, b""))})


def test_other_rows_under_the_name_stop_the_run_and_more_rows_do_not(tmp_path: Path) -> None:
    rows = [i * i for i in range(50)]
    write(tmp_path / "x.parquet", {"time": rows})
    source = FileSource(InputConfig(path="x.parquet", batch=30), tmp_path, FORMATS)
    with closing(source.open(None)) as reader:
        reader.take()
        state = reader.snapshot()
    write(tmp_path / "x.parquet", {"time": [*rows, 1, 2]})
    with closing(source.open(state)) as reader:
        assert [len(batch) for batch in reader.take() or ()] == [22]
    write(tmp_path / "x.parquet", {"time": [0, *rows, 1, 2]})
    with pytest.raises(
        InputError, match=r"x\.parquet: expected the same records before row 30 .* got others"
    ):
        source.open(state)


def test_progress_ends_at_the_total(tmp_path: Path) -> None:
    write(tmp_path / "x.parquet", {"time": list(range(10_000))})
    reader = FileSource(InputConfig(path="x.parquet"), tmp_path, FORMATS).open(None)
    done = []
    while reader.take() is not None:
        done.append(reader.reading().done)
    assert done == sorted(done)
    assert 0 < done[-1] <= reader.reading().total == (tmp_path / "x.parquet").stat().st_size
    reader.close()


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "x.parquet", {"time": [1]})
    monkeypatch.delitem(sys.modules, "dataflows.connectors.parquet.rows", raising=False)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(
        ConfigError,
        match=r"Parquet needs pyarrow, which is not installed: pip install 'riverkeeper\[parquet\]'",
    ):
        records(tmp_path, "x.parquet")
