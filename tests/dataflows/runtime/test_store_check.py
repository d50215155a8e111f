"""A recovery store that somebody else has written to is refused, before Bytewax unpickles anything of it."""

import os
import pickle
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dataflows.runtime.recovery_store import make_store
from dataflows.runtime.sealed import Seals, place
from dataflows.runtime.store_check import bytes_of, check_store
from engine.errors import OutputError
from engine.seal import closed

SECRET = b"sixteen bytes at"
ENGINE = "riverkeeper.engine"


def put(part: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(part)) as database, database:
        database.execute(statement, values)


def plant(part: Path, content: bytes | None, key: str = "a") -> None:
    """A row as Bytewax writes one."""
    statement = (
        "INSERT OR REPLACE INTO snaps (step_id, state_key, snap_epoch, ser_change) VALUES (?, ?, 1, ?)"
    )
    put(part, statement, ENGINE, key, content)


@pytest.fixture(params=[None, SECRET], ids=["no key", "key"])
def secret(request: pytest.FixtureRequest) -> bytes | None:
    found: bytes | None = request.param
    return found


@pytest.fixture
def store(tmp_path: Path, secret: bytes | None) -> Path:
    """A store of two parts with the rows of two keys."""
    folder = tmp_path / "store"
    make_store(folder, 2, "test-1")
    seals = Seals(ENGINE, secret)
    for part, key in enumerate("ab"):
        plant(
            folder / f"part-{part}.sqlite3", pickle.dumps(seals.closed(key, b"state of " + key.encode())), key
        )
    check_store(folder, secret)
    return folder


class Runs:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._trace),)


def test_a_planted_pickle_is_refused_and_runs_nothing(
    store: Path, secret: bytes | None, tmp_path: Path
) -> None:
    pickle.loads(pickle.dumps(Runs(tmp_path / "works")))  # noqa: S301 - our own
    assert (tmp_path / "works").exists()
    good = pickle.dumps(Seals(ENGINE, secret).closed("a", b"x"))
    for planted in (
        pickle.dumps(Runs(tmp_path / "trace")),
        pickle.dumps(Runs(tmp_path / "trace"), 0),
        good[:-1] + pickle.dumps(Runs(tmp_path / "trace"))[2:],
        good + b".",
        pickle.dumps("text"),
        pickle.dumps([b"bytes"]),
        pickle.dumps(bytearray(b"bytes")),
        pickle.dumps(b"x", 2),
        b"",
        None,
    ):
        plant(store / "part-0.sqlite3", planted)
        with pytest.raises(
            OutputError, match=r"part-0\.sqlite3: its row 'riverkeeper.engine/a' holds .* else"
        ):
            check_store(store, secret)
    assert not (tmp_path / "trace").exists()


def test_a_row_of_another_key_or_step_is_refused(store: Path, secret: bytes | None) -> None:
    for sealed in (
        Seals(ENGINE, secret).closed("b", b"x"),
        Seals("riverkeeper.run", secret).closed("a", b"x"),
    ):
        plant(store / "part-0.sqlite3", pickle.dumps(sealed))
        with pytest.raises(OutputError, match=r"its row riverkeeper.engine/a: holds what was written for"):
            check_store(store, secret)


def test_only_with_a_key_is_a_forged_row_found_and_without_one_it_is_data(
    store: Path, secret: bytes | None
) -> None:
    plant(store / "part-0.sqlite3", pickle.dumps(closed(b"forged", place(ENGINE, "a"), None)))
    if secret is None:
        check_store(store, secret)
    else:
        with pytest.raises(OutputError, match="sealed without a key, and RIVERKEEPER_KEY is set"):
            check_store(store, secret)
        with pytest.raises(OutputError, match="sealed with a key; set RIVERKEEPER_KEY"):
            check_store(store, None)


STATEMENTS = {
    "trigger": "CREATE TRIGGER t BEFORE INSERT ON snaps BEGIN DELETE FROM snaps; END",
    "view": "CREATE VIEW v AS SELECT * FROM snaps",
    "table": "CREATE TABLE more (x)",
    "index": "CREATE INDEX i ON snaps (snap_epoch)",
    "column": "ALTER TABLE snaps ADD COLUMN more TEXT",
    "no table": "DROP TABLE exs",
    "schema": "PRAGMA user_version = 4",
    "workers": "INSERT INTO exs (ex_num, worker_count, resume_epoch) VALUES (1, 1000000000000, 1)",
    "epoch": "INSERT INTO exs (ex_num, worker_count, resume_epoch) VALUES (1, 1, -1)",
    "part": "UPDATE parts SET part_index = 1, part_count = 3",
    "parts": "DELETE FROM parts",
}


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_what_bytewax_would_not_write_is_refused(tmp_path: Path, statement: str) -> None:
    make_store(tmp_path / "store", 1, "test-1")
    put(tmp_path / "store/part-0.sqlite3", statement)
    with pytest.raises(OutputError, match=r"part-0\.sqlite3: .*begin anew with another folder$"):
        check_store(tmp_path / "store", None)


def _link(part: Path) -> None:
    part.rename(part.with_name("elsewhere"))
    part.symlink_to("elsewhere")


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "link": (_link, "expected a file, and no link"),
    "mode": (lambda part: part.chmod(0o666), "only its owner may write"),
    "folder": (lambda part: part.parent.chmod(0o777), "only its owner may write"),
    "no database": (lambda part: part.write_bytes(b"none" * 999), "file is not a database"),
    "another name": (lambda part: part.with_name("x.sqlite3").write_bytes(part.read_bytes()), "one part of"),
    "beside it": (lambda part: part.with_name(f"{part.name}-wal").symlink_to("x"), "expected a file, and no"),
}


@pytest.mark.parametrize("what", FILES)
def test_files_that_others_could_have_put_there_are_refused(tmp_path: Path, what: str) -> None:
    make_store(tmp_path / "store", 1, "test-1")
    change, said = FILES[what]
    change(tmp_path / "store/part-0.sqlite3")
    with pytest.raises(OutputError, match=said):
        check_store(tmp_path / "store", None)


def test_a_store_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir(mode=0o755)
    make_store(tmp_path / "store", 2, "test-1")
    assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "store").iterdir()} == {0o600}


@pytest.mark.parametrize("size", [0, 1, 3, 4, 255, 256, 65_535, 65_536, 70_000])
def test_bytes_of_any_length_are_found_in_what_pickle_writes(size: int) -> None:
    content = bytes(size)
    assert bytes(bytes_of(pickle.dumps(content)) or b"") == content
    assert bytes_of(pickle.dumps(content)[:-1]) is None
    assert bytes_of(pickle.dumps(content + b"x")[:-3] + b"\x94.") is None


def test_a_damaged_file_whose_names_are_no_text_is_one_clear_error(store: Path, secret: bytes | None) -> None:
    part = store / "part-0.sqlite3"
    with closing(sqlite3.connect(part)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
    content = part.read_bytes().replace(b"CREATE TABLE exs", b"CREATE TABL  exs")
    part.write_bytes(content.replace(b"tableexsexs", b"tableex\xffexs"))
    with pytest.raises(OutputError, match="does not go on from it"):
        check_store(store, secret)
