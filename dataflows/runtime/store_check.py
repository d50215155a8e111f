"""The check of a recovery store before Bytewax opens it: all of it is what we could have written.

Bytewax (0.21) opens every `*.sqlite3` of the folder, applies its migrations, reads integers and text from
its tables, and calls `pickle.loads` on `snaps.ser_change`: that is all that it deserializes. So a snapshot
must be the pickle of one `bytes` object, to the byte, and these bytes an envelope (`engine.seal`) for the
row's step and key. Nothing is unpickled here, and one row is in memory at a time.

What this does not see: rows that were removed, and whole stores or rows of an earlier time put back.
"""

import pickle
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path

from dataflows.runtime.sealed import place
from engine.errors import OutputError, SnapshotError
from engine.private_files import check_private
from engine.seal import checked

ENDING = ".sqlite3"
"""Bytewax opens all files of the folder that end so."""

_TABLES: Mapping[str, tuple[str, ...]] = {
    "parts": (
        "created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,",
        "part_index INTEGER PRIMARY KEY NOT NULL CHECK (part_index >= 0),",
        "part_count INTEGER NOT NULL CHECK (part_count > 0),",
        "CHECK (part_index < part_count)",
    ),
    "exs": (
        "created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,",
        "ex_num INTEGER NOT NULL PRIMARY KEY,",
        "worker_count INTEGER NOT NULL CHECK (worker_count > 0),",
        "resume_epoch INTEGER NOT NULL",
    ),
    "fronts": (
        "created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,",
        "ex_num INTEGER NOT NULL,",
        "worker_index INTEGER NOT NULL CHECK (worker_index >= 0),",
        "worker_frontier INTEGER NOT NULL,",
        "PRIMARY KEY (ex_num, worker_index)",
    ),
    "commits": (
        "created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,",
        "part_index INTEGER PRIMARY KEY NOT NULL,",
        "commit_epoch INTEGER NOT NULL",
    ),
    "snaps": (
        "created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,",
        "step_id TEXT NOT NULL,",
        "state_key TEXT NOT NULL,",
        "snap_epoch INTEGER NOT NULL,",
        "ser_change BLOB,",
        "PRIMARY KEY (step_id, state_key, snap_epoch)",
    ),
}
"""The tables as Bytewax's migrations make them."""

_INDEXES = {"sqlite_autoindex_fronts_1": "fronts", "sqlite_autoindex_snaps_1": "snaps"}

_INTEGERS = {
    "parts": ("part_index", "part_count"),
    "exs": ("ex_num", "worker_count", "resume_epoch"),
    "fronts": ("ex_num", "worker_index", "worker_frontier"),
    "commits": ("part_index", "commit_epoch"),
    "snaps": ("snap_epoch",),
}

_COUNTS = ("part_index", "part_count", "worker_count", "worker_index")

_MOST = 1 << 16
"""Workers, and parts: as many are gone through one by one."""

_BUSY = 30.0
"""Seconds to wait for a part that another process is opening."""


def check_store(recovery: Path, key: bytes | None) -> None:
    """Checks the files, the tables and every row of a store.

    Args:
        recovery: The folder.
        key: That the snapshots must be sealed with.

    Raises:
        OutputError: Something is not as Bytewax and we write it, or others could have written it.
    """
    try:
        check_private(recovery)
        found = sorted(path for path in recovery.iterdir() if path.name.startswith("part-"))
        others = [path for path in recovery.iterdir() if path.name.endswith(ENDING) and path not in found]
        for path in (*found, *others):
            with suppress(FileNotFoundError):  # SQLite removes what is beside a part when it is closed
                _check_file(path)
    except OSError as error:
        raise OutputError(f"--recovery {recovery}: cannot be read: {error.strerror}") from error
    parts = [path for path in (*found, *others) if path.name.endswith(ENDING)]
    for path in parts:
        try:
            _check_part(path, len(parts), key)
        except (sqlite3.Error, SnapshotError, UnicodeDecodeError) as error:  # the last: of SQLite's messages
            raise _refused(path, str(error)) from error


def _check_file(path: Path) -> None:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise _refused(path, "expected a file, and no link")
    check_private(path)


def _check_part(path: Path, count: int, key: bytes | None) -> None:
    with closing(sqlite3.connect(path, timeout=_BUSY)) as database:
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA query_only = ON")
        _check_tables(path, database)
        _check_integers(path, database)
        rows = database.execute("SELECT part_index, part_count FROM parts").fetchmany(2)
        if len(rows) != 1 or path.name != f"part-{rows[0][0]}{ENDING}" or rows[0][1] != count:
            raise _refused(path, f"expected to be one part of {count}, by its number, it says {rows}")
        for step, state_key, change in _rows(database):
            _check_row(path, f"{step}/{state_key}", place(step, state_key), change, key)


def _check_tables(path: Path, database: sqlite3.Connection) -> None:
    found = {}
    for kind, name, table, sql in database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"):
        found[kind, name, table] = None if sql is None else " ".join(sql.split())
    wanted: dict[tuple[str, str, str], str | None] = {
        ("table", name, name): f"CREATE TABLE {name} ( {' '.join(lines)} ) STRICT"
        for name, lines in _TABLES.items()
    }
    wanted |= {("index", name, table): None for name, table in _INDEXES.items()}
    if found != wanted:
        differ = sorted({name for (_, name, _), _ in found.items() ^ wanted.items()})
        raise _refused(path, f"its tables are not those of Bytewax: {', '.join(differ)[:200]}")
    version = database.execute("PRAGMA user_version").fetchone()[0]
    if version != len(_TABLES):
        raise _refused(path, f"expected schema {len(_TABLES)} of Bytewax, got {version}")


def _check_integers(path: Path, database: sqlite3.Connection) -> None:
    for table, columns in _INTEGERS.items():
        for column in columns:
            most = _MOST if column in _COUNTS else 1 << 62
            wrong = database.execute(
                f"SELECT count(*) FROM {table} WHERE typeof({column}) <> 'integer' "  # noqa: S608 - ours
                f"OR {column} < 0 OR {column} > ?",
                (most,),
            ).fetchone()[0]
            if wrong:
                raise _refused(path, f"{table}.{column}: expected whole numbers from 0 to {most}")


def _rows(database: sqlite3.Connection) -> Iterator[tuple[str, str, object]]:
    """Step, key and content; a text that is none comes as what it is."""
    yield from database.execute("SELECT step_id, state_key, ser_change FROM snaps")


def _check_row(path: Path, name: str, what: str, change: object, key: bytes | None) -> None:
    content = bytes_of(change) if isinstance(change, bytes) else None
    if content is None:
        raise _refused(path, f"its row {name!r} holds something else than one sealed bytes object")
    try:
        checked(content, key, what)
    except SnapshotError as error:
        raise _refused(path, f"its row {error}") from error


def bytes_of(pickled: bytes) -> memoryview | None:
    """The content of a pickle that is one `bytes` object as Bytewax's `pickle.dumps` writes it, else `None`.

    Only compared, never loaded.

    >>> bytes(bytes_of(pickle.dumps(b"content")) or b"none")
    b'content'
    >>> bytes_of(pickle.dumps("content")), bytes_of(pickle.dumps(b"content") + b".")
    (None, None)
    """
    view = memoryview(pickled)
    begin = b"\x80" + bytes([pickle.DEFAULT_PROTOCOL])
    if bytes(view[:2]) != begin:
        return None
    at = 2
    if bytes(view[at : at + 1]) == b"\x95":
        if int.from_bytes(view[at + 1 : at + 9], "little") != len(view) - at - 9:
            return None
        at += 9
    width = {b"C": 1, b"B": 4, b"\x8e": 8}.get(bytes(view[at : at + 1]))
    if width is None:
        return None
    begins = at + 1 + width
    ends = begins + int.from_bytes(view[at + 1 : begins], "little")
    return view[begins:ends] if bytes(view[ends:]) == b"\x94." and ends <= len(view) - 2 else None


def _refused(path: Path, why: str) -> OutputError:
    return OutputError(
        f"--recovery {path}: {why}; the run does not go on from it. Put the store back as it was, or begin "
        f"anew with another folder"
    )
