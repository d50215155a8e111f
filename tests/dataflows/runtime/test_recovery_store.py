"""The recovery store is put right before a run goes on with it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dataflows.runtime import recovery_store
from engine.errors import OutputError

Rows = dict[str, list[tuple[object, ...]]]


def written(folder: Path, parts: list[Rows]) -> Path:
    """A store with such rows in its parts."""
    recovery_store.make_store(folder, len(parts), "test-1")
    for number, tables in enumerate(parts):
        with closing(sqlite3.connect(folder / f"part-{number}.sqlite3")) as database, database:
            columns = {
                "exs": "ex_num, worker_count, resume_epoch",
                "fronts": "ex_num, worker_index, worker_frontier",
                "snaps": "step_id, state_key, snap_epoch",
            }
            for table, rows in tables.items():
                for row in rows:
                    database.execute(f"INSERT INTO {table} ({columns[table]}) VALUES (?, ?, ?)", row)  # noqa: S608
    return folder


def kept(folder: Path) -> list[tuple[str, int]]:
    """The snapshots in all parts: key, epoch."""
    found: list[tuple[str, int]] = []
    for part in folder.glob("part-*.sqlite3"):
        with closing(sqlite3.connect(part)) as database:
            found += database.execute("SELECT state_key, snap_epoch FROM snaps")
    return sorted(found)


def test_snapshots_of_an_epoch_that_is_not_whole_are_removed(tmp_path: Path) -> None:
    snaps: list[tuple[object, ...]] = [("engine", key, epoch) for key in "ab" for epoch in (4, 5, 6)]
    made = written(tmp_path, [{"exs": [(0, 1, 1)], "fronts": [(0, 0, 6)], "snaps": snaps}])
    recovery_store.forget_unfinished(made)
    assert kept(made) == [("a", 4), ("a", 5), ("b", 4), ("b", 5)]


def test_the_slowest_worker_of_the_last_start_says_what_is_whole(tmp_path: Path) -> None:
    parts: list[Rows] = [
        {"exs": [(0, 1, 1)], "fronts": [(0, 0, 30), (1, 1, 9)], "snaps": [("engine", "a", 7)]},
        {"exs": [(1, 2, 5)], "fronts": [(1, 0, 8)], "snaps": [("engine", "b", 8), ("engine", "c", 9)]},
    ]
    made = written(tmp_path, parts)
    recovery_store.forget_unfinished(made)
    assert kept(made) == [("a", 7)]


def test_a_worker_that_has_said_nothing_is_where_it_was_started(tmp_path: Path) -> None:
    rows: Rows = {"exs": [(3, 2, 5)], "fronts": [(3, 0, 8)], "snaps": [("e", "a", 4), ("e", "a", 5)]}
    made = written(tmp_path, [rows])
    recovery_store.forget_unfinished(made)
    assert kept(made) == [("a", 4)]


def test_in_a_store_that_was_never_started_nothing_is_whole(tmp_path: Path) -> None:
    made = written(tmp_path, [{"snaps": [("e", "a", 1)]}])
    recovery_store.forget_unfinished(made)
    assert kept(made) == []


def test_a_store_that_was_half_made_is_made_anew(tmp_path: Path) -> None:
    assert not recovery_store.exists(tmp_path)
    (tmp_path / "unfinished").touch()
    (tmp_path / "part-0.sqlite3").write_bytes(b"")
    assert not recovery_store.exists(tmp_path)
    recovery_store.make_store(tmp_path, 2, "test-1")
    assert recovery_store.exists(tmp_path)
    recovery_store.wait_for_store(tmp_path)
    recovery_store.forget_unfinished(tmp_path)


def test_what_is_no_store_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "part-0.sqlite3").write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(OutputError, match=r"--recovery .*part-0\.sqlite3: cannot be used: "):
        recovery_store.forget_unfinished(tmp_path)
