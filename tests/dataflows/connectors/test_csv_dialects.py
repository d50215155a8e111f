"""CSV as people have it: marks, encodings, words for no value, and columns that are text."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from dataflows.connectors.base import batches
from dataflows.connectors.batch import RawRecord
from dataflows.connectors.files.config import InputConfig
from dataflows.connectors.files.csv_config import CsvConfig
from dataflows.connectors.registry import open_files
from engine.records.config import RecordConfig


def read(
    folder: Path, content: bytes, name: str = "x.csv", batch: int = 1000, **csv: object
) -> list[RawRecord]:
    (folder / name).write_bytes(content)
    config = InputConfig(csv=CsvConfig.model_validate(csv), batch=batch)
    source = open_files(config, RecordConfig(key="key"), folder, [name])
    return [record for part in batches(source) for record in part.records()]


def test_a_german_file_has_numbers(tmp_path: Path) -> None:
    content = "id;x;ort\n1;1.234,5;Köln\n2;-0,25;\n".encode("cp1252")
    rows = read(tmp_path, content, delimiter=";", decimal=",", thousands=".", encoding="cp1252")
    assert [row.content for row in rows] == [
        {"id": "1", "x": 1234.5, "ort": "Köln"},
        {"id": "2", "x": -0.25, "ort": None},
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_a_byte_order_mark_says_the_encoding(encoding: str, tmp_path: Path) -> None:
    rows = read(tmp_path, "id\tx\n1\té\n2\t3\n".encode(encoding), "x.tsv")
    assert [row.content for row in rows] == [{"id": "1", "x": "é"}, {"id": "2", "x": 3}]


def test_bytes_that_are_no_character_cost_their_row_only(tmp_path: Path) -> None:
    bad, good = read(tmp_path, b"id,x\n1,\x81\n2,\xe9\n", encoding="cp1252")
    assert bad.error is not None
    assert bad.error.startswith("not cp1252: a character cannot be read")
    assert good.content == {"id": "2", "x": "é"}


def test_ids_and_keys_are_text_and_words_for_nothing_are_names_there(tmp_path: Path) -> None:
    rows = read(tmp_path, b"id,key,x\n239e84,NA,239e84\n00123,1.50,NA\n,true,\\N\n")
    assert [row.content for row in rows] == [
        {"id": "239e84", "key": "NA", "x": 2.39e86},
        {"id": "00123", "key": "1.50", "x": None},
        {"id": None, "key": "true", "x": None},
    ]


def test_words_for_nothing_are_configured(tmp_path: Path) -> None:
    (row,) = read(tmp_path, b"id,x,y,z\n1,-,NA,-\n", missing=["-"], text_columns=["z"])
    assert row.content == {"id": "1", "x": None, "y": "NA", "z": None}


def test_a_column_without_a_name_is_called_by_its_place(tmp_path: Path) -> None:
    (row,) = read(tmp_path, b",id\n0,a\n")
    assert row.content == {"column_1": 0, "id": "a"}


@pytest.mark.parametrize(
    "wrong",
    [{"decimal": ",", "thousands": ","}, {"delimiter": '"'}, {"encoding": "klingon"}, {"encoding": "base64"}],
)
def test_marks_that_cannot_be_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        CsvConfig.model_validate(wrong)
