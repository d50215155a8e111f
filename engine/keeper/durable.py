"""`Durable`: a keeper's state in a host's own keyed store, safe with every record.

A snapshot is too large to write for each record: it grows to megabytes, with the models and with what waits
for labels. So the store holds a snapshot from now and then, and the records since. An engine is
deterministic: from both it comes to the same state.

    durable = Durable(keeper)
    events = durable.process([line], state, key="shop-1")       # `state`: what the host keeps for the key
"""

import threading
from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Protocol

from msgspec import Struct, structs

from engine.core.call_lock import drained
from engine.errors import SnapshotError, UsageError
from engine.events import Event
from engine.keeper.keeper import Keeper
from engine.keeper.router import RawRecord, Router
from engine.packing import pack, unpack
from engine.records.keys import ONE_KEY
from engine.records.values import Example, Label, Record, Unreadable
from engine.seal import checked_key, closed, opened
from engine.supervision.decisions import Order

_PLACE = "place"
_LOGGED = "records of a host"
_PART = 500_000
"""Bytes of a value: a changelog topic refuses what is larger than 1 MB."""

_KINDS = (Example, Label, Unreadable)


class HostState(Protocol):
    """What a host keeps for one key: names to bytes. A dict is one."""

    def get(self, name: str, /) -> bytes | None:
        """The value of a name; `None` when there is none."""

    def __setitem__(self, name: str, value: bytes, /) -> None:
        """Sets a value."""

    def __delitem__(self, name: str, /) -> None:
        """Removes a name that is there."""


class Place(Struct, forbid_unknown_fields=True):
    """Where a key stands.

    Attributes:
        chain: Digest of all records until now, in order: two states with the same one are the same.
        snapshots: How many snapshots were written; the last one counts.
        parts: Values that it lies in.
        since: Records since.
        logged: Values that they lie in.
    """

    chain: bytes = b""
    snapshots: int = 0
    parts: int = 0
    since: int = 0
    logged: int = 0


class LoggedRecords(Struct, forbid_unknown_fields=True):
    """Records as the store keeps them: each with its kind, as fields in their order."""

    records: list[tuple[int, tuple[Any, ...]]]


class Durable:
    """Keeps a keeper's engines where a host's state says that they stand.

    The engines in memory are a cache: when the host's state is not where a key's engine is (after a restart,
    a rebalance, or a transaction that was rolled back), the engine is rebuilt from the state.

    What a call returns and what it writes into the state belong together: exactly once where the host makes
    both safe in one step, else at least once. It may be called from any thread: calls take turns.

    Args:
        keeper: The engines. From now on only this changes them: what is done to the keeper itself is in no
            state.
        every: Records between two snapshots. Rebuilding takes as many again, at most.
        seal_key: At least 16 bytes that seal every value, for its model key and its name: then only who has
            them can write what is brought back. Without, a hash finds damage alone. Values of an earlier time
            that are put back all together are not found.

    Raises:
        ConfigError: When the key is too short.
    """

    def __init__(self, keeper: Keeper, every: int = 200, *, seal_key: bytes | None = None) -> None:
        self.keeper, self._every = keeper, every
        self._seal = checked_key(seal_key)
        self._router = Router(keeper.config)
        self._there: dict[str, tuple[bytes, int]] = {}
        self._lock = threading.RLock()

    def process(  # noqa: PLR0913 - a record and where it comes from
        self,
        records: Iterable[RawRecord],
        state: HostState,
        *,
        key: str = ONE_KEY,
        source: str = "",
        position: int = -1,
        is_label: bool = False,
    ) -> list[Event]:
        """Takes records of one key, and writes what is needed to come to the same state again.

        Args:
            records: As in `Keeper.process`.
            state: What the host keeps for this key.
            key: The model key.
            source: As in `Keeper.process`.
            position: As in `Keeper.process`. Records up to the last one that the state has accepted from
                this source are passed over, so that a host may give them again.
            is_label: As in `Keeper.process`.

        Raises:
            SnapshotError: When the state is damaged or of another model, or a record cannot be kept.
            UsageError: When the keeper was used by others.
        """
        given = drained(records)
        with self._lock:
            place = self._at(key, state)
            known = self._known(key, source, position)
            routed = self._router.route(given[known:], key, source, position + known, is_label=is_label)
            taken = [record for _, record in routed]
            if not taken:
                return []
            logged = pack(LoggedRecords([_stored(record) for record in taken]), _LOGGED)
            self._there.pop(key, None)  # until the engine and the state agree again
            events = self.keeper.process(taken, key=key)
            chain = _link(place.chain, logged)
            if place.since + len(taken) >= self._every:
                self._save(key, place, state, chain)
            else:
                self._log(key, place, state, chain, logged, len(taken))
            self._there[key] = chain, self._received(key)
            return events

    def command(  # noqa: PLR0913 - what a person says, and where it is kept
        self,
        order: Order,
        target: str = "",
        *,
        state: HostState,
        key: str = ONE_KEY,
        who: str = "",
        why: str = "",
        id: str | None = None,  # noqa: A002 - the command's own word for it
    ) -> list[Event]:
        """Carries out what a person wants, as `Keeper.command`, and writes a snapshot with it.

        Args:
            order: As in `Keeper.command`.
            target: As in `Keeper.command`.
            state: What the host keeps for this key.
            key: The model key.
            who: Who wants it.
            why: Why.
            id: As in `Keeper.command`.
        """
        with self._lock:
            place = self._at(key, state)
            self._there.pop(key, None)
            events = self.keeper.command(order, target, key=key, who=who, why=why, id=id)
            chain = _link(place.chain, f"{order} {target} {id}".encode())
            self._save(key, place, state, chain)
            self._there[key] = chain, self._received(key)
            return events

    def _at(self, key: str, state: HostState) -> Place:
        """Where the state stands; the engine stands there too, then."""
        place = self._place(key, state)
        chain, received = self._there.get(key, (None, 0))
        if key in self.keeper.engines and chain is not None and received != self._received(key):
            raise UsageError(
                f"key {key!r}: its keeper was used beside Durable, which is in no state. Use process() and "
                f"command() of Durable alone; forget({key!r}) goes on from the host's state"
            )
        if chain != place.chain or key not in self.keeper.engines:
            self._rebuild(key, place, state)
        return place

    def _received(self, key: str) -> int:
        """Records that the engine of a key has received."""
        return self.keeper.engines[key].admission.counts.records

    def _known(self, key: str, source: str, position: int) -> int:
        """How many of the records from a position on the state has already."""
        if not source or position < 0:
            return 0
        return max(0, self.keeper.positions(key).get(source, -1) - position + 1)

    def _log(  # noqa: PLR0913, PLR0917 - where a key stands, and what came
        self, key: str, before: Place, state: HostState, chain: bytes, logged: bytes, count: int
    ) -> None:
        """The records, then the place that names them."""
        frame = closed(logged, _what(key, _records(before)), self._seal)
        parts = _write(state, f"records.{before.snapshots}", before.logged, _framed(frame))
        moved = structs.replace(before, chain=chain, since=before.since + count, logged=before.logged + parts)
        state[_PLACE] = closed(pack(moved, _PLACE), _what(key, _PLACE), self._seal)

    def forget(self, key: str) -> None:
        """Drops a key's engine from memory; its next record rebuilds it from the host's state."""
        with self._lock:
            self._there.pop(key, None)
            self.keeper.forget(key)

    def _place(self, key: str, state: HostState) -> Place:
        saved = state.get(_PLACE)
        if saved is None:
            return Place()
        return unpack(opened(saved, self._seal, _what(key, _PLACE))[1], _PLACE, Place)

    def _save(self, key: str, before: Place, state: HostState, chain: bytes) -> None:
        """A snapshot, then the place that names it; only then what it replaces is removed."""
        number = before.snapshots + 1
        sealed = closed(self.keeper.snapshot(key), _what(key, f"snapshot.{number}"), self._seal)
        parts = _write(state, f"snapshot.{number}", 0, sealed)
        state[_PLACE] = closed(pack(Place(chain, number, parts), _PLACE), _what(key, _PLACE), self._seal)
        for part in range(before.parts):
            del state[f"snapshot.{before.snapshots}.{part}"]
        for part in range(before.logged):
            del state[f"records.{before.snapshots}.{part}"]

    def _rebuild(self, key: str, place: Place, state: HostState) -> None:
        """The engine as the state has it; what came of its records was given before."""
        self.forget(key)
        if place.parts:
            name = f"snapshot.{place.snapshots}"
            sealed = _read(state, name, place.parts)
            self.keeper.restore({key: opened(sealed, self._seal, _what(key, name))[1]})
        if place.logged:
            log = _read(state, f"records.{place.snapshots}", place.logged)
            since = 0
            for frame in _frames(log):
                what = _what(key, _records(structs.replace(place, since=since)))
                stored = unpack(opened(frame, self._seal, what)[1], _LOGGED, LoggedRecords)
                since += len(stored.records)
                self.keeper.process([_KINDS[kind](*fields) for kind, fields in stored.records], key=key)


def _what(key: str, name: str) -> str:
    """What a value is for."""
    return f"{key}\0{name}"


def _records(place: Place) -> str:
    """The name of what comes next in the log: by how many records are before it since which snapshot."""
    return f"records.{place.snapshots}.{place.since}"


def _link(chain: bytes, change: bytes) -> bytes:
    return blake2b(chain + change, digest_size=16).digest()


def _stored(record: Record) -> tuple[int, tuple[Any, ...]]:
    return _KINDS.index(type(record)), structs.astuple(record)


def _write(state: HostState, name: str, first: int, data: bytes) -> int:
    """Writes bytes as values of bounded size, numbered from `first`; how many."""
    parts = [data[at : at + _PART] for at in range(0, len(data), _PART)]
    for number, part in enumerate(parts, first):
        state[f"{name}.{number}"] = part
    return len(parts)


def _read(state: HostState, name: str, parts: int) -> bytes:
    found = [state.get(f"{name}.{part}") for part in range(parts)]
    lacking = [part for part, value in enumerate(found) if value is None]
    if lacking:
        raise SnapshotError(
            f"the host's state lacks {name}.{lacking[0]}, which its place names; restore the state as a "
            f"whole, or begin with an empty one"
        )
    return b"".join(value for value in found if value is not None)


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(4) + data


def _frames(log: bytes) -> Iterable[bytes]:
    at = 0
    while at < len(log):
        begin = at + 4
        at = begin + int.from_bytes(log[at:begin])
        yield log[begin:at]
