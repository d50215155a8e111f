"""`Durable`: a keeper's state in a host's own keyed store, safe with every record.

A snapshot is too large to write for each record: it grows to megabytes, with the models and with what waits
for labels. So the store holds a snapshot from now and then, and the records since. An engine is
deterministic: from both it comes to the same state.

    durable = Durable(keeper)
    events = durable.process([line], state, key="shop-1")       # `state`: what the host keeps for the key
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any, Protocol

from msgspec import Struct, structs

from engine.core.state import pack, unpack
from engine.errors import SnapshotError
from engine.events import Event
from engine.keeper.keeper import Keeper
from engine.keeper.router import RawRecord, Router
from engine.records.keys import ONE_KEY
from engine.records.values import Example, Label, Record, Unreadable

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
    both safe in one step, else at least once.

    Args:
        keeper: The engines.
        every: Records between two snapshots. Rebuilding takes as many again, at most.
    """

    def __init__(self, keeper: Keeper, every: int = 200) -> None:
        self.keeper, self._every = keeper, every
        self._router = Router(keeper.config)
        self._there: dict[str, bytes] = {}

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
            position: As in `Keeper.process`.
            is_label: As in `Keeper.process`.

        Raises:
            SnapshotError: When the state is damaged or of another model, or a record cannot be kept.
        """
        drained = [*records]
        taken = [
            record for _, record in self._router.route(drained, key, source, position, is_label=is_label)
        ]
        place = self._place(state)
        if self._there.get(key) != place.chain or key not in self.keeper.engines:
            self._rebuild(key, place, state)
        if not taken:
            return []
        logged = pack(LoggedRecords([_stored(record) for record in taken]), _LOGGED)
        self._there.pop(key, None)  # until the engine and the state agree again
        events = self.keeper.process(taken, key=key)
        chain = blake2b(place.chain + logged, digest_size=16).digest()
        if place.since + len(taken) >= self._every:
            self._save(key, place, state, chain)
        else:
            parts = _write(state, f"records.{place.snapshots}", place.logged, _framed(logged))
            moved = structs.replace(
                place, chain=chain, since=place.since + len(taken), logged=place.logged + parts
            )
            state[_PLACE] = pack(moved, _PLACE)
        self._there[key] = chain
        return events

    def forget(self, key: str) -> None:
        """Drops a key's engine from memory; its next record rebuilds it from the host's state."""
        self._there.pop(key, None)
        self.keeper.forget(key)

    def _place(self, state: HostState) -> Place:
        saved = state.get(_PLACE)
        return Place() if saved is None else unpack(saved, _PLACE, Place)

    def _save(self, key: str, before: Place, state: HostState, chain: bytes) -> None:
        """A snapshot, then the place that names it; only then what it replaces is removed."""
        number = before.snapshots + 1
        parts = _write(state, f"snapshot.{number}", 0, self.keeper.snapshot(key))
        state[_PLACE] = pack(Place(chain, number, parts), _PLACE)
        for part in range(before.parts):
            del state[f"snapshot.{before.snapshots}.{part}"]
        for part in range(before.logged):
            del state[f"records.{before.snapshots}.{part}"]

    def _rebuild(self, key: str, place: Place, state: HostState) -> None:
        """The engine as the state has it; what came of its records was given before."""
        self.forget(key)
        if place.parts:
            self.keeper.restore({key: _read(state, f"snapshot.{place.snapshots}", place.parts)})
        if place.logged:
            log = _read(state, f"records.{place.snapshots}", place.logged)
            for frame in _frames(log):
                stored = unpack(frame, _LOGGED, LoggedRecords)
                self.keeper.process([_KINDS[kind](*fields) for kind, fields in stored.records], key=key)


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
