"""What a file is, guessed from its rows: every role that is wrong here would be a run that fails or lies."""

import gzip
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflows.guess.dialect import Dialect, guess_dialect
from dataflows.guess.flow import FlowGuess, guess_flow
from dataflows.guess.times import is_named
from engine.errors import InputError

COUNT = 200


def table(
    folder: Path, *columns: Iterable[Any], mark: str = ",", name: str = "in.csv", encoding: str = "utf-8"
) -> Path:
    """A CSV file; each column begins with its name."""
    rows = (mark.join(map(str, row)) for row in zip(*columns, strict=True))
    (folder / name).write_bytes(("\n".join(rows) + "\n").encode(encoding))
    return folder / name


def column(name: str, make: Callable[[int], object]) -> list[object]:
    return [name, *map(make, range(COUNT))]


ID = column("id", lambda at: f"a{at}")
X = column("x", lambda at: at % 7 / 4)
LABEL = column("label", lambda at: "yes" if at % 3 == 0 else "no")


def roles(guess: FlowGuess) -> tuple[Any, ...]:
    return guess.id, guess.time and (guess.time.name, guess.time.format), guess.label, guess.task


def test_a_german_export_is_read_as_it_is_meant(tmp_path: Path) -> None:
    number = random.Random(1)  # noqa: S311 - test data
    sales = column("Umsatz", lambda at: f"{at % 9 + 1}.{number.randrange(100, 1000)},{at % 10}5")
    path = table(
        tmp_path,
        column("Kunden-Nr", lambda at: 10_000 + at),
        column("Datum", lambda at: f"{at // 20 + 1:02d}.03.2024 {at % 20:02d}:30"),
        column("PLZ", lambda at: ["01067", "80331", "10115"][at % 3]),
        sales,
        column("Größe", lambda at: f"0,{at % 90 + 10}"),
        column("gekündigt", lambda at: "ja" if at % 4 == 0 else "nein"),
        mark=";",
        encoding="cp1252",
    )
    guess = guess_flow(path)
    assert guess.sample.dialect == Dialect(";", "cp1252", ",", ".")
    assert roles(guess) == ("Kunden-Nr", ("Datum", "%d.%m.%Y %H:%M"), "gekündigt", "binary")
    assert (guess.positive, guess.negative) == ("ja", "nein")
    assert guess.text_columns == ("PLZ",)
    assert guess.features == ["PLZ", "Umsatz", "Größe"]
    assert all(value > 1000 for value in guess.sample.columns[3].values)


def test_a_table_with_tabs_and_words_for_no_value(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        column("uuid", lambda at: f"{at * 7919:012x}"),
        column("temp", lambda at: "NULL" if at % 5 == 0 else at / 4),
        column("pressure", lambda at: "?" if at % 9 == 0 else at),
        column("price", lambda at: at % 83 / 10),
        mark="\t",
        name="in.tsv",
    )
    guess = guess_flow(path)
    assert roles(guess) == ("uuid", None, "price", "regression")
    assert guess.sample.csv().missing[-1] == "?"
    assert guess.sample.csv().delimiter is None, "tabs go without saying in .tsv"
    assert not guess.text_columns


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "cp1252"])
def test_encodings_are_told_by_their_bytes(tmp_path: Path, encoding: str) -> None:
    path = table(tmp_path, ID, column("Größe", lambda at: at % 5), LABEL, encoding=encoding)
    guess = guess_flow(path)
    assert guess.features == ["Größe"]
    assert roles(guess) == ("id", None, "label", "binary")


def test_json_lines_and_their_packed_form(tmp_path: Path) -> None:
    rows = [
        {
            "event_id": f"e{at}",
            "ts": 1_700_000_000_000 + at,
            "user": {"a": 1},
            "amount": at % 9,
            "fraud": at % 17 == 0,
        }
        for at in range(COUNT)
    ]
    text = b"\n".join(map(orjson.dumps, rows))
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(text))
    guess = guess_flow(tmp_path / "in.jsonl.gz")
    assert roles(guess) == ("event_id", ("ts", None), "fraud", "binary")
    assert guess.ignore == (("user", "holds lists or objects"),)


def test_parquet(tmp_path: Path) -> None:
    columns = {
        "id": list(range(COUNT)),
        "x": [at / 3 for at in range(COUNT)],
        "species": ["ab"[at % 2] for at in range(COUNT)],
    }
    pq.write_table(pa.table(columns), tmp_path / "in.parquet")
    assert roles(guess_flow(tmp_path / "in.parquet")) == ("id", None, "species", "binary")


def test_without_an_id_and_a_label_anomalies_are_detected(tmp_path: Path) -> None:
    path = table(tmp_path, X, column("y", lambda at: at % 5 / 3))
    found = guess_flow(path, label="")
    assert roles(found) == (None, None, None, "anomaly")
    assert roles(guess_flow(path)) == (None, None, "y", "regression")


def test_hex_ids_that_look_like_numbers_are_ids(tmp_path: Path) -> None:
    number = random.Random(2)  # noqa: S311 - test data
    path = table(tmp_path, column("hash", lambda _: f"{number.getrandbits(40):010x}"), X, LABEL)
    assert guess_flow(path).id == "hash"


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (("yes", "no"), "binary"),
        (("1", "0"), "binary"),
        (("1.5", "2.5"), "regression"),
        (("red", "green", "blue"), "multiclass"),
        (tuple(str(digit) for digit in range(10)), "multiclass"),
        (tuple(str(quantity) for quantity in range(40)), "regression"),
    ],
)
def test_the_label_tells_the_task(tmp_path: Path, values: tuple[str, ...], task: str) -> None:
    path = table(tmp_path, ID, X, column("label", lambda at: values[at % len(values)]))
    assert guess_flow(path).task == task


@pytest.mark.parametrize(
    ("positive", "negative"),
    [("yes", "no"), (1, 0), ("true", "false"), ("spam", "ham"), (2, 1), ("rare", "often"), ("M", "B")],
)
def test_of_two_classes_one_is_positive(tmp_path: Path, positive: Any, negative: Any) -> None:
    path = table(tmp_path, ID, X, column("label", lambda at: positive if at % 9 == 0 else negative))
    guess = guess_flow(path)
    expected = {"true": 1, "false": 0}
    assert (guess.positive, guess.negative) == (
        expected.get(positive, positive),
        expected.get(negative, negative),
    )


@pytest.mark.parametrize(
    ("write", "form"),
    [
        (lambda at: f"2024-01-{at // 10 + 1:02d}T00:00:{at % 60:02d}Z", None),
        (lambda at: f"{at // 10 + 1:02d}.01.2024", "%d.%m.%Y"),
        (lambda at: f"01/{at // 10 + 1:02d}/2024 10:00", "%m/%d/%Y %H:%M"),
        (lambda at: f"{at // 10 + 1:02d}/01/2024", "%d/%m/%Y"),
        (lambda at: 20240101 + at // 10, "%Y%m%d"),
        (lambda at: 1_700_000_000 + at, None),
        (lambda at: 1_700_000_000_000_000_000 + at, None),
    ],
)
def test_event_times_in_the_forms_that_people_write(tmp_path: Path, write: Any, form: str | None) -> None:
    path = table(tmp_path, ID, column("when", write), X, LABEL)
    found = guess_flow(path).time
    assert found is not None
    assert (found.name, found.format) == ("when", form)


def test_columns_that_teach_nothing_are_left_out_with_why(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        column("", lambda at: at),
        ID,
        column("country", lambda _: "AT"),
        column("note", lambda at: f"text number {at} of many"),
        column("empty", lambda _: ""),
        column("born", lambda at: f"19{at % 90 + 10}-05-17"),
        X,
        LABEL,
    )
    guess = guess_flow(path)
    assert (guess.id, guess.time, guess.features) == ("id", None, ["x"])
    assert dict(guess.ignore) == {
        "column_1": "numbers the rows",
        "country": "is always the same",
        "note": "has another text in nearly every row",
        "empty": "has no values",
        "born": "is another date",
    }


@pytest.mark.parametrize(
    ("content", "label", "message"),
    [
        (b"", None, "expected rows to guess from, got 0 rows"),
        (b"a,b\n", None, "expected rows to guess from, got 0 rows"),
        (bytes(range(256)) * 9, None, "expected a table as text"),
        (b"id,x,label\na,1,0\nb,2,1\n", "labl", "expected a column 'labl': did you mean 'label'"),
        (
            b"id,x,label\na,1,0\nb,2,0\n",
            "label",
            "expected a label that differs from row to row, got 'label'",
        ),
        (b"id,label\na,1\nb,0\n", None, "expected features besides id, time and label"),
    ],
)
def test_what_cannot_be_guessed_from_is_refused(
    tmp_path: Path, content: bytes, label: str | None, message: str
) -> None:
    (tmp_path / "in.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        guess_flow(tmp_path / "in.csv", label)


@given(
    st.sampled_from([(",", ".", ""), (";", ",", ""), (";", ",", "."), ("\t", ".", ","), ("|", ".", "'")]),
    st.lists(st.integers(100, 10**7), min_size=30, max_size=40),
)
def test_the_marks_that_a_file_was_written_with_are_found(
    marks: tuple[str, str, str], hundredths: list[int]
) -> None:
    delimiter, decimal, thousands = marks
    texts = [
        f"{number / 100:,.2f}".translate({ord(","): thousands or None, ord("."): decimal})
        for number in [123_456_789, *hundredths]
    ]
    lines = [f"name{delimiter}amount", *(f"n{at}{delimiter}{text}" for at, text in enumerate(texts))]
    assert guess_dialect("\n".join(lines).encode(), "x.csv") == Dialect(
        delimiter, "utf-8", decimal, thousands
    )


@pytest.mark.parametrize(
    ("name", "named"), [("event_time", True), ("Purchase Date", True), ("lifetime", False), ("tst", False)]
)
def test_names_of_times_are_whole_words(name: str, named: bool) -> None:
    assert is_named(name) is named
