"""Which engines of a process are in memory: of many keys those that had records last. Others wait on disk.

A key that waits is a snapshot of its engine: brought back, it does what it would have done (law
5). The file belongs to this process and is useless after it: the recovery store has every key's state. What
comes back from it is sealed with a key that only this process knows.
"""

import atexit
import os
import secrets
import sqlite3
from collections import OrderedDict
from pathlib import Path
from typing import Protocol

from engine.errors import OutputError
from engine.private_files import open_new
from engine.seal import closed, opened

FILES = ("waiting-*.sqlite",)


class Resident(Protocol):
    """Something that can be put to disk."""

    def leave(self) -> None:
        """Gives its state to `KeyCache.put` and lets go of it."""


class KeyCache:
    """Keeps at most `limit` in memory; each is known by a number of its own.

    Args:
        limit: How many; `None` keeps all.
        folder: Where the file for the others is made, on first use.
    """

    def __init__(self, limit: int | None, folder: Path) -> None:
        self._limit, self._folder = limit, folder
        self._here: OrderedDict[int, Resident] = OrderedDict()
        self._file: sqlite3.Connection | None = None
        self._next = 0
        self._seal = secrets.token_bytes(32)

    def number(self) -> int:
        """A new number."""
        self._next += 1
        return self._next

    @property
    def limited(self) -> bool:
        """Whether any may have to leave."""
        return self._limit is not None

    def use(self, number: int, resident: Resident) -> None:
        """One is used now; the one that was not used for longest leaves when there are too many."""
        if self._limit is None:
            return
        self._here[number] = resident
        self._here.move_to_end(number)
        while len(self._here) > self._limit:
            _, oldest = self._here.popitem(last=False)
            oldest.leave()

    def put(self, number: int, state: bytes) -> None:
        """Writes a state to disk.

        Raises:
            OutputError: When the disk refuses.
        """
        try:
            sealed = closed(state, str(number), self._seal)
            self._open().execute("INSERT OR REPLACE INTO waiting VALUES (?, ?)", (number, sealed))
        except (sqlite3.Error, OSError) as error:
            raise OutputError(
                f"{self._folder}: models cannot be put to disk: {error}; see to space"
            ) from error

    def get(self, number: int) -> bytes:
        """Reads a state that was put.

        Raises:
            OutputError: When it cannot be read.
            SnapshotError: When it is not what was put.
        """
        try:
            row = self._open().execute("SELECT state FROM waiting WHERE number = ?", (number,)).fetchone()
        except (sqlite3.Error, OSError) as error:
            raise OutputError(f"{self._folder}: models cannot be brought back from disk: {error}") from error
        return opened(bytes(row[0]), self._seal, str(number))[1]

    def _open(self) -> sqlite3.Connection:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._folder / f"waiting-{os.getpid()}.sqlite"
            path.unlink(missing_ok=True)
            os.close(open_new(path))
            # Autocommit and no journal: this file is not needed after a crash.
            self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = OFF")
            self._file.execute("PRAGMA synchronous = OFF")
            self._file.execute("CREATE TABLE waiting (number INTEGER PRIMARY KEY, state BLOB)")
            atexit.register(path.unlink, missing_ok=True)
        return self._file
