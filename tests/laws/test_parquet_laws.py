"""A table in Parquet is read as the same rows in lines of JSON are, whatever the row groups and the stops."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflows.connectors.base import batches
from dataflows.connectors.batch import RawRecord
from dataflows.connectors.decoding import by_key, decode_records
from dataflows.connectors.files.config import InputConfig, LabelsConfig
from dataflows.connectors.files.source import FileSource
from dataflows.connectors.registry import FORMATS
from engine.records.config import RecordConfig
from engine.records.decode import Decoder
from engine.tasks.registry import find_task
from tests.laws.test_files_laws import read

SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "time": pa.timestamp("us", tz="UTC"),
        "label": pa.bool_(),
        "shop": pa.string(),
        "n": pa.int32(),
        "x": pa.float64(),
        "day": pa.date32(),
        "town": pa.dictionary(pa.int8(), pa.string()),
    }
)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "id": st.integers(0, 2**63 - 1),
    "time": MOMENTS,
    "label": st.booleans(),
    "shop": st.sampled_from("ab"),
    "n": st.integers(-(2**31), 2**31 - 1),
    "x": st.floats(allow_nan=False, allow_infinity=False),
    "day": st.dates(),
    "town": st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
}
ROWS = st.lists(st.fixed_dictionaries({name: st.none() | one for name, one in COLUMNS.items()}), max_size=12)
RECORD = RecordConfig(key="shop")


def write(path: Path, rows: list[dict[str, Any]], group: int) -> None:
    """The rows as a table beside the same rows as lines of JSON."""
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path.with_suffix(".parquet"), row_group_size=group)
    ordered = ({name: row[name] for name in SCHEMA.names} for row in rows)
    lines = (orjson.dumps(row, option=orjson.OPT_UTC_Z) + b"\n" for row in ordered)
    path.with_suffix(".jsonl").write_bytes(b"".join(lines))


def records(folder: Path, suffix: str, labels: bool) -> list[tuple[str, str, Any]]:
    """What the engine of each key is given, without the places."""
    config = InputConfig(
        path=f"e*{suffix}", labels=LabelsConfig(path=f"l{suffix}") if labels else None, batch=4
    )
    decoder = Decoder(RECORD, find_task("binary").labels)
    found = []
    for batch in batches(FileSource(config, folder, FORMATS)):
        for key, part in by_key(batch, "shop").items():
            for record in decode_records(decoder, part.records()):
                content = {
                    name: getattr(record, name)
                    for name in record.__struct_fields__
                    if name not in {"source", "position"}
                }
                found.append((key, type(record).__name__, content))
    return found


@settings(deadline=None, max_examples=60)
@given(ROWS, ROWS, st.none() | ROWS, st.integers(1, 5))
def test_rows_become_the_records_that_lines_become(
    first: list[dict[str, Any]], second: list[dict[str, Any]], labels: list[dict[str, Any]] | None, group: int
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "e1", first, group)
        write(folder / "e2", second, group)
        if labels is not None:
            write(folder / "l", labels, group)
        of_tables = records(folder, ".parquet", labels is not None)
        assert of_tables == records(folder, ".jsonl", labels is not None)
    assert len(of_tables) == len(first) + len(second) + len(labels or [])


@settings(deadline=None, max_examples=60)
@given(ROWS, ROWS, ROWS, st.integers(1, 5), st.integers(1, 7), st.integers())
def test_row_groups_batches_and_stops_change_no_row(  # noqa: PLR0913, PLR0917 - each is one thing that varies
    first: list[dict[str, Any]],
    second: list[dict[str, Any]],
    labels: list[dict[str, Any]],
    group: int,
    batch: int,
    seed: int,
) -> None:
    chance = Random(seed)  # noqa: S311 - test data
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, rows in (("e1", first), ("e2", second), ("l", labels)):
            write(folder / file, rows, group)
        config = InputConfig(path="e*.parquet", labels=LabelsConfig(path="l.parquet"))
        whole = read(config, folder)
        stopped = read(config.model_copy(update={"batch": batch}), folder, lambda: chance.random() < 0.5)
    assert stopped == whole
    assert _numbers(whole, "e1.parquet") == list(range(len(first)))
    assert sorted(_numbers(whole, "l.parquet")) == list(range(len(labels)))  # sorted by time


def _numbers(found: list[RawRecord], source: str) -> list[int]:
    return [record.offset for record in found if record.source == source]
