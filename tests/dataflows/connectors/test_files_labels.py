"""Label files: fields of their own, labels that are not sorted, labels without a time."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from dataflows.connectors.batch import RawRecord
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.source import FileSource
from engine.errors import InputError
from engine.records.config import RecordConfig
from engine.records.keys import fields_of

Seen = list[tuple[bool, Any, Any, Any]]


def write(folder: Path, name: str, rows: Sequence[dict[str, Any]]) -> None:
    (folder / name).write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))


def records(
    folder: Path, labels: Any, *, batch: int = 1000, stops: bool = False, **record: Any
) -> list[RawRecord]:
    """All records; with `stops` the input is opened anew from its snapshot after every batch."""
    config = InputConfig.model_validate({"path": "e.jsonl", "labels": labels, "batch": batch})
    source = FileSource(config, folder, record=RecordConfig(**record))
    found: list[RawRecord] = []
    reader = source.open(None)
    while (taken := reader.take()) is not None:
        found += [record for batch in taken for record in batch.records()]
        if stops:
            state = reader.snapshot()
            reader.close()
            reader = source.open(state)
    reader.close()
    return found


def seen(found: list[RawRecord]) -> Seen:
    """Of each record whether it is a label, its id, time and label."""
    rows = [(record.is_label, fields_of(record.content) or {}) for record in found]
    return [(late, row.get("id"), row.get("time"), row.get("label")) for late, row in rows]


EXAMPLES = [{"id": number, "time": 100 * number, "x": 1} for number in range(1, 5)]


@pytest.mark.parametrize("batch", [1, 2, 1000])
def test_labels_that_are_not_sorted_come_by_their_time(tmp_path: Path, batch: int) -> None:
    write(tmp_path, "e.jsonl", EXAMPLES)
    late = [{"id": number, "time": 100 * number + 50, "label": True} for number in (3, 1, 4, 2)]
    write(tmp_path, "l.jsonl", late)
    found = records(tmp_path, "l.jsonl", batch=batch, stops=batch < 1000)
    assert [(late, name) for late, name, _, _ in seen(found)] == [
        (late, name) for name in (1, 2, 3, 4) for late in (False, True)
    ]
    assert [record.offset for record in found if record.is_label] == sorted(
        (record.offset for record in found if record.is_label),
        key=lambda offset: fields_of((tmp_path / "l.jsonl").read_bytes()[offset:].split(b"\n")[0])["time"],  # type: ignore[index]
    )


@pytest.mark.parametrize("batch", [1, 3, 1000])
@pytest.mark.parametrize("labels", ["l.csv", {"path": "l.csv", "time": ""}])
def test_a_label_without_a_time_comes_right_behind_its_example(
    tmp_path: Path, labels: Any, batch: int
) -> None:
    write(tmp_path, "e.jsonl", EXAMPLES)
    (tmp_path / "l.csv").write_bytes(b"id,label\n3,1\n9,0\n1,1\n3,0\n")
    found = records(tmp_path, labels, batch=batch, stops=batch < 1000)
    assert seen(found) == [
        (False, 1, 100, None),
        (True, 1, 100, 1),
        (False, 2, 200, None),
        (False, 3, 300, None),
        (True, 3, 300, 1),
        (True, 3, 300, 0),
        (False, 4, 400, None),
        (True, 9, 400, 0),
    ]
    assert [record.raw for record in found if record.is_label] == [b"1,1", b"3,1", b"3,0", b"9,0"]


def test_records_without_a_time_have_labels_of_their_own_too(tmp_path: Path) -> None:
    write(tmp_path, "e.jsonl", [{"id": 1}, {"id": 2}])
    write(tmp_path, "l.jsonl", [{"id": 2, "label": 5}, {"id": 1, "label": 4}])
    found = records(tmp_path, "l.jsonl", time="")
    assert [(late, name, label) for late, name, _, label in seen(found)] == [
        (False, 1, None),
        (True, 1, 4),
        (False, 2, None),
        (True, 2, 5),
    ]


def test_label_files_may_name_their_fields_otherwise(tmp_path: Path) -> None:
    write(tmp_path, "e.jsonl", EXAMPLES[:2])
    write(
        tmp_path,
        "l.jsonl",
        [{"id": 77, "order": number, "closed": 100 * number + 1, "fraud": True} for number in (1, 2)],
    )
    labels = {"path": "l.jsonl", "id": "order", "time": "closed", "label": "fraud"}
    assert seen(records(tmp_path, labels)) == [
        (False, 1, 100, None),
        (True, 1, 101, True),
        (False, 2, 200, None),
        (True, 2, 201, True),
    ]
    with pytest.raises(InputError, match=r"'ordre' in l\.jsonl, and no .* are id, order, closed"):
        records(tmp_path, labels | {"id": "ordre"})


def test_labels_that_are_appended_between_two_runs_are_joined(tmp_path: Path) -> None:
    write(tmp_path, "e.jsonl", EXAMPLES)
    write(tmp_path, "l.jsonl", [{"id": 2, "label": 1}])
    config = InputConfig.model_validate({"path": "e.jsonl", "labels": "l.jsonl", "batch": 1})
    source = FileSource(config, tmp_path)
    with closing(source.open(None)) as reader:
        reader.take()
        state = reader.snapshot()
    write(tmp_path, "l.jsonl", [{"id": 2, "label": 1}, {"id": 1, "label": 0}, {"id": 3, "label": 1}])
    found = []
    with closing(source.open(state)) as reader:
        while (taken := reader.take()) is not None:
            found += [record for batch in taken for record in batch.records()]
    assert [(late, name) for late, name, _, _ in seen(found)] == [
        (False, 2),
        (True, 2),
        (False, 3),
        (True, 3),
        (False, 4),
        (True, 1),
    ]


def test_labels_of_their_own_need_an_id(tmp_path: Path) -> None:
    write(tmp_path, "e.jsonl", EXAMPLES)
    write(tmp_path, "l.jsonl", [{"label": 1}])
    with pytest.raises(InputError, match=r"joined by id, and record\.id is empty"):
        records(tmp_path, "l.jsonl", id="")
    with pytest.raises(InputError, match=r"record.time is empty; name that field, or write time = \"\""):
        records(tmp_path, {"path": "l.jsonl", "time": "closed"}, time="")
