"""A version: a saved model, what it learned from, where it comes from, why it was kept.

A version's name is made of its model and its place in the stream (`m0.w12`: model m0 as it was at the
end of window 12), never of a clock or a random number, so that a replay after a crash names and writes
the same versions again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import Struct

from engine.rows import Reason, Role, VersionRow


class Learned(Struct, forbid_unknown_fields=True):
    """What a model has learned from: how many labelled events, and their event times.

    Attributes:
        events: How many.
        first: The earliest event time among them, seconds since 1970; `None` before any.
        last: The latest.
    """

    events: int = 0
    first: float | None = None
    last: float | None = None

    def add(self, time: float) -> None:
        """It has learned one more."""
        self.events += 1
        if self.first is None or time < self.first:
            self.first = time
        if self.last is None or time > self.last:
            self.last = time

    def copy(self) -> "Learned":
        """What it is now."""
        return Learned(self.events, self.first, self.last)


@dataclass(frozen=True, slots=True)
class Version:
    """A saved model.

    Attributes:
        key: The model key.
        name: Unique within its run and key.
        parent: The version its model began from; "" for a model that began untrained.
        role: What it did: serve, compete, or serve with others under a suspicion.
        reason: Why it was kept.
        window: The window at whose end, or in which, it was saved.
        records: Records that its key had taken in by then: its place in the stream.
        positions: Of each source, where the last of them began: an offset in bytes, or whatever it counts in.
        learned: What it has learned from.
        time: Event time at which it was saved.
        scores: Progressive scores of what was served until then.
        approved_by: The verdict on the window that approved it; "" without one.
        targets: Versions that could take over at that moment.
        digest: SHA-256 of `saved`.
        saved: The model as `engine.models.serialization` writes it.
    """

    key: str
    name: str
    parent: str
    role: Role
    reason: Reason
    window: int
    records: int
    positions: Mapping[str, int]
    learned: Learned
    time: float
    scores: Mapping[str, float]
    approved_by: str
    targets: tuple[str, ...]
    digest: str
    saved: bytes

    @property
    def size(self) -> int:
        """Bytes of `saved`. From version to version, it shows whether the model keeps growing."""
        return len(self.saved)

    def row(self) -> VersionRow:
        """All of it but the model itself."""
        return VersionRow(
            key=self.key,
            name=self.name,
            parent=self.parent,
            role=self.role,
            reason=self.reason,
            window=self.window,
            records=self.records,
            positions=dict(self.positions),
            learned=self.learned.events,
            learned_from=self.learned.first,
            learned_to=self.learned.last,
            time=self.time,
            scores=dict(self.scores),
            approved_by=self.approved_by,
            targets=self.targets,
            size=self.size,
            sha256=self.digest,
        )


@dataclass(frozen=True, slots=True)
class Start:
    """A version that an engine begins from, instead of an untrained model.

    Attributes:
        name: What it is called.
        saved: The model.
        learned: What it has learned from.
    """

    name: str
    saved: bytes
    learned: Learned
