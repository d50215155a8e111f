"""Engines that leave memory and are brought back."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dataflows.runtime.key_cache import KeyCache
from engine.errors import OutputError, SnapshotError


class One:
    """A resident with bytes as its state."""

    def __init__(self, residents: KeyCache, state: bytes) -> None:
        self.residents, self.number, self.state = residents, residents.number(), state
        self.here = True

    def leave(self) -> None:
        self.residents.put(self.number, self.state)
        self.here = False

    def use(self) -> None:
        self.here = True
        self.residents.use(self.number, self)


def test_the_ones_not_used_for_longest_leave(tmp_path: Path) -> None:
    residents = KeyCache(2, tmp_path)
    ones = [One(residents, bytes([number])) for number in range(4)]
    for number in (0, 1, 0, 2, 3, 2):
        ones[number].use()
    assert [one.here for one in ones] == [False, False, True, True]
    assert [residents.get(ones[number].number) for number in (0, 1)] == [b"\0", b"\1"]
    ones[0].state = b"later"
    ones[0].use()
    ones[1].use()
    ones[2].use()
    assert residents.get(ones[0].number) == b"later"
    assert [path.name for path in tmp_path.iterdir()] == [f"waiting-{os.getpid()}.sqlite"]


def test_without_a_limit_nobody_leaves_and_nothing_is_written(tmp_path: Path) -> None:
    residents = KeyCache(None, tmp_path)
    ones = [One(residents, b"") for _ in range(100)]
    for one in ones:
        one.use()
    assert all(one.here for one in ones)
    assert not residents.limited
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="models cannot be put to disk"):
        KeyCache(1, tmp_path / "file" / "run").put(1, b"x")


def test_the_file_is_its_owners_alone_and_a_state_that_was_changed_is_refused(tmp_path: Path) -> None:
    cache = KeyCache(1, tmp_path)
    one, other = cache.number(), cache.number()
    cache.put(one, b"state of one")
    cache.put(other, b"state of the other")
    [path] = tmp_path.glob("waiting-*.sqlite")
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE waiting SET state = (SELECT state FROM waiting WHERE number = ?)", (other,))
    assert cache.get(other) == b"state of the other"
    with pytest.raises(SnapshotError, match="holds what was written for"):
        cache.get(one)
