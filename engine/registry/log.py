"""The audit log in a database: one table, to which entries are only ever added. All SQL is here.

SQLite by default, in WAL mode: readers and the writer do not wait for each other, and what was written is
there after a power cut. PostgreSQL for a cluster. Writers take turns, so that the chain has no forks.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from engine.errors import RegistryError
from engine.names import bounded
from engine.registry.audit_entry import Draft, Entry, Head, Kind, faults, is_sealed, sealed
from engine.requirements import needing

with needing("the registry", "registry"):
    from sqlalchemy import (
        Column,
        Connection,
        Engine,
        Float,
        Integer,
        MetaData,
        String,
        Table,
        Text,
        UniqueConstraint,
        create_engine,
        event,
        func,
        insert,
        select,
        text,
        tuple_,
    )
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

_BUSY = 30.0
"""Seconds that a writer waits for another."""

_PAGE = 1000
"""Entries that are asked for at once."""

_LOCK = 7_245_129
"""The seed of the numbers by which run names are locked."""

_KEEPALIVE = {"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}
"""By default a server takes a machine for alive two hours after it has gone."""

_HOLDER = """
SELECT application_name, backend_start AT TIME ZONE 'UTC' FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1
AND (classid::bigint << 32) | objid::bigint = hashtextextended(:name, :seed)
"""

_MOST_TEXT = 1 << 26
"""Characters of an entry's body that are read."""

_MOST = 500
"""Bytes of a run, key or name: PostgreSQL's index takes 2,704 of all of them. The body has them in full."""

_Item = TypeVar("_Item")

Place = tuple[str, str, str, str]
"""Run, key, kind and name of an entry: there is one of each, but of those without a name."""

_meta = MetaData()
_schema = Table("riverkeeper_schema", _meta, Column("version", Integer, nullable=False))
_log = Table(
    "riverkeeper_log",
    _meta,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("run", String, nullable=False),
    Column("key", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("time", Float(53)),
    Column("at", Float(53), nullable=False),
    Column("who", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("seal", String, nullable=False),
    # Of versions: where their bytes are. It is in the text too; here it can be looked for.
    Column("sha256", String, index=True),
    UniqueConstraint("run", "key", "kind", "name"),
)

_FIELDS = [field.name for field in fields(Entry)]

STEPS: list[Callable[[Connection], None]] = [_meta.create_all]
"""Step n makes schema n + 1 of schema n; step 0 begins with an empty database. Only ever added to."""


class _OfThread(threading.local):
    """What a thread has.

    Attributes:
        connection: The one over which all goes that it asks and writes; `None`: each goes over a new one.
    """

    connection: Connection | None = None


class Log:
    """The log at a database URL.

    Args:
        url: As SQLAlchemy has it: `sqlite:////folder/file` or `postgresql+psycopg://host/name`.
        key: With it entries are sealed; see `engine.registry.audit_entry`.
        create: Make the tables, or bring them to the newest schema; else they must be there.

    Raises:
        RegistryError: When the database cannot be reached, or is of a newer or (without `create`) older
            schema.
    """

    def __init__(self, url: str, key: bytes | None = None, *, create: bool = False) -> None:
        self._key = key
        self._engine, self._where = _connect(url)
        self._own = _OfThread()
        with self._writing() if create else self._reading() as connection:
            _migrate(connection, self._where, create=create)

    def append(self, drafts: Sequence[Draft], at: float) -> list[Entry]:
        """Writes those that are not there yet, all or none; returns them.

        What is there under the same run, key, kind and name stays as it is: a replay changes nothing.

        Raises:
            RegistryError: When the database refuses: no space, no rights, no connection.
        """
        entries: list[Entry] = []
        with self._writing() as connection:
            row = connection.execute(
                select(_log.c.number, _log.c.seal).order_by(_log.c.number.desc())
            ).first()
            number, previous = (0, "") if row is None else (row.number, row.seal)
            known = {place_of(row) for row in _there(connection, drafts)}
            for draft in map(_storable, drafts):
                if draft.name and place_of(draft) in known:
                    continue
                known.add(place_of(draft))
                entries.append(sealed(draft, number + 1, at, previous, self._key))
                number, previous = entries[-1].number, entries[-1].seal
            if entries:
                connection.execute(insert(_log), [_row(entry) for entry in entries])
        return entries

    def there(self, drafts: Sequence[Draft]) -> dict[Place, Entry]:
        """What is in the log under the run, key, kind and name of these."""
        with self._reading() as connection:
            return {place_of(row): _entry(row) for row in _there(connection, drafts)}

    def entries_of(self, run: str, keys: Iterable[str], kinds: Sequence[Kind]) -> Iterator[Entry]:
        """Those of some keys of a run, each key's in order."""
        for page in _pages(map(plain, keys)):
            chosen = (_log.c.run == plain(run)) & _log.c.key.in_(page) & _log.c.kind.in_(kinds)
            with self._reading() as connection:
                rows = connection.execute(select(_log).where(chosen).order_by(_log.c.number)).all()
            yield from map(_entry, rows)

    def entries(
        self, *, run: str | None = None, key: str | None = None, kinds: Sequence[Kind] = (), name: str = ""
    ) -> Iterator[Entry]:
        """Those of a run, a key, some kinds and a name, as far as they are given, in order."""
        wanted = select(_log).order_by(_log.c.number)
        for column, value in ((_log.c.run, run), (_log.c.key, key), (_log.c.name, name or None)):
            if value is not None:
                wanted = wanted.where(column == plain(value))
        if kinds:
            wanted = wanted.where(_log.c.kind.in_(kinds))
        after = 0
        while True:
            with self._reading() as connection:
                rows = connection.execute(wanted.where(_log.c.number > after).limit(_PAGE)).all()
            yield from map(_entry, rows)
            if len(rows) < _PAGE:
                return
            after = rows[-1].number

    def with_bytes(self, sha256: str) -> list[Entry]:
        """The versions that have these bytes."""
        with self._reading() as connection:
            return [_entry(row) for row in connection.execute(select(_log).where(_log.c.sha256 == sha256))]

    def is_whole(self, entry: Entry) -> bool:
        """Whether an entry is as it was written, as far as it and the seal before it tell."""
        with self._reading() as connection:
            before = select(_log.c.seal).where(_log.c.number == entry.number - 1)
            previous = connection.execute(before).scalar()
        return is_sealed(entry, previous or "", self._key)

    def checked(self, entry: Entry, what: str) -> Entry:
        """An entry whose content is to be used.

        Args:
            entry: The entry.
            what: Names what it is about in the error.

        Raises:
            RegistryError: When it is not as it was written.
        """
        if not self.is_whole(entry):
            raise RegistryError(
                f"{what}: its entry in the log is not as it was written, or is sealed with another "
                f"key; see 'riverkeeper registry verify'"
            )
        return entry

    def faults(self) -> Iterator[str]:
        """What is wrong with the chain; nothing when all is as it was written."""
        return faults(self.entries(), self._key)

    def head(self) -> Entry | None:
        """The last entry. Its seal, noted elsewhere, shows later whether earlier entries were changed."""
        with self._reading() as connection:
            row = connection.execute(select(_log).order_by(_log.c.number.desc()).limit(1)).first()
        return None if row is None else _entry(row)

    def check_head(self, head: Head) -> None:
        """Checks that the entry that was the last one once is still there.

        Raises:
            RegistryError: It is not.
        """
        with self._reading() as connection:
            found = connection.execute(select(_log.c.seal).where(_log.c.number == head.number)).scalar()
        if found != head.seal:
            raise RegistryError(
                f"registry {self._where}: its entry {head.number} was sealed {head.seal[:24]}..., and now "
                f"{'is not there' if found is None else 'is another'}: entries were cut off or changed, or "
                f"an older log was put back. Put back the log that had it, or begin a new run"
            )

    @property
    def place(self) -> str:
        """Where it is, without a password."""
        return self._where

    @property
    def file(self) -> Path | None:
        """The database's file; `None` for one on a server."""
        url = self._engine.url
        return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None

    @contextmanager
    def held(self, name: str, who: str) -> Iterator[None]:
        """Keeps a name for one process at a time, until the end of the block; for databases on a server.

        The lock is that of a connection. It ends with the process, and when the server finds its machine
        gone: after a minute.

        Args:
            name: The name.
            who: The process, as others are told.

        Raises:
            RegistryError: When another process has the name.
        """
        with self._told(), self._engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            for setting, value in {"application_name": who, **_KEEPALIVE}.items():
                connection.execute(select(func.set_config(setting, value, False)))
            number = func.hashtextextended(name, _LOCK)
            if not connection.execute(select(func.pg_try_advisory_lock(number))).scalar():
                holder = connection.execute(text(_HOLDER), {"name": name, "seed": _LOCK}).first()
                by = (
                    "another process"
                    if holder is None
                    else f"{holder[0]} since {holder[1]:%Y-%m-%d %H:%M} UTC"
                )
                raise RegistryError(
                    f"registry {self._where}: the run name {name!r} is in use by {by}; wait until it has "
                    f"ended or stop it, or choose another"
                )
            try:
                yield
            finally:
                connection.invalidate()  # closed without a word to a server that may be gone

    def close(self) -> None:
        """Ends all connections."""
        self._engine.dispose()

    @contextmanager
    def connected(self) -> Iterator[None]:
        """What this thread asks and writes meanwhile goes over one connection.

        To open SQLite's files and to close them again takes longer than most of what is asked.

        Raises:
            RegistryError: When the database cannot be reached.
        """
        if self._own.connection is not None:
            yield
            return
        with self._told():
            self._own.connection = connection = self._engine.connect()
        try:
            yield
        finally:
            self._own.connection = None
            with self._told():
                connection.close()

    @contextmanager
    def _connection(self, *, writes: bool) -> Iterator[Connection]:
        with self.connected(), self._told():
            assert self._own.connection is not None  # noqa: S101 - it is connected
            yield self._own.connection.execution_options(riverkeeper_writes=writes)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction in which no one else writes; undone when anything in it is raised."""
        with self._connection(writes=True) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7245129)")
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._connection(writes=False) as connection, connection.begin():
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, UnicodeDecodeError) as error:  # the second of a file that is damaged
            cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
            reason = " ".join(str(cause).split())
            raise RegistryError(
                f"registry {self._where}: {reason}. See to space, rights and the connection; nothing of this "
                f"was written."
            ) from error


def _connect(url: str) -> tuple[Engine, str]:
    try:
        parsed: URL = make_url(url)
        where = parsed.render_as_string(hide_password=True)
        if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
            raise RegistryError(f"registry {where}: expected a URL of sqlite or postgresql")
        more: dict[str, Any] = {"poolclass": NullPool}
        if parsed.get_backend_name() == "sqlite":
            more |= {"connect_args": {"timeout": _BUSY}}
        with needing(f"registry {where}", "postgres"):
            made = create_engine(parsed, **more)
    except (ArgumentError, NoSuchModuleError) as error:
        raise RegistryError(f"registry: expected a database URL as SQLAlchemy has it, got {url!r}") from error
    if parsed.get_backend_name() == "sqlite":
        event.listen(made, "connect", _set_up)
        event.listen(made, "begin", _begin)
    return made, where


def _set_up(connection: Any, _record: object) -> None:
    # The driver would begin transactions when it likes; `_begin` does.
    connection.isolation_level = None
    # Refused to read-only users, and while another process does the same: it has, or will have, that mode.
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA trusted_schema=OFF")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("riverkeeper_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(connection: Connection, where: str, *, create: bool) -> None:
    there = connection.dialect.has_table(connection, _schema.name)
    found = connection.execute(select(_schema.c.version)).scalar() if there else 0
    if found is None or found > len(STEPS):
        raise RegistryError(
            f"registry {where}: expected schema {len(STEPS)} or older, got {found}: a newer Riverkeeper "
            f"wrote it; use that one"
        )
    if found == len(STEPS):
        return
    if not create:
        problem = "there is none here" if found == 0 else f"its schema is {found}, this is {len(STEPS)}"
        raise RegistryError(f"registry {where}: {problem}; a run that writes to it sees to that")
    for step in STEPS[found:]:
        step(connection)
    connection.execute(_schema.delete())
    connection.execute(insert(_schema).values(version=len(STEPS)))


def place_of(entry: Draft | Entry) -> Place:
    """Its place, as the database has it."""
    return plain(entry.run), plain(entry.key), entry.kind, plain(entry.name)


def _there(connection: Connection, drafts: Iterable[Draft]) -> Iterator[Any]:
    columns = tuple_(_log.c.run, _log.c.key, _log.c.kind, _log.c.name)
    for page in _pages(place_of(draft) for draft in drafts):
        yield from connection.execute(select(_log).where(columns.in_(page)))


def _pages(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """So many at once as a database takes in one question."""
    left = iter(items)
    while page := [*islice(left, _PAGE)]:
        yield page


def _storable(draft: Draft) -> Draft:
    return Draft(
        plain(draft.run), plain(draft.key), draft.kind, plain(draft.name), draft.time, plain(draft.who),
        draft.body,
    )  # fmt: skip


def plain(text: str) -> str:
    """As databases take it: without NUL, which PostgreSQL refuses, and what is no UTF-8; and not too long."""
    return bounded(text.encode(errors="backslashreplace").decode().replace("\0", "\\x00"), _MOST)


def _row(entry: Entry) -> Mapping[str, Any]:
    sha256 = entry.body.get("sha256") if entry.kind == "version" else None
    return {name: getattr(entry, name) for name in _FIELDS} | {"sha256": sha256}


def _entry(row: Any) -> Entry:
    """The entry in a row; SQLite's columns hold what they are given, whatever they were declared as."""
    values = {name: getattr(row, name) for name in _FIELDS}
    if len(str(values["text"])) > _MOST_TEXT:
        raise RegistryError(f"entry {values['number']} of the log: longer than any that is written")
    try:
        return msgspec.convert(values, Entry)
    except msgspec.ValidationError as error:
        raise RegistryError(
            f"entry {str(values['number'])[:20]} of the log: not as entries are written: {error}"
        ) from error
