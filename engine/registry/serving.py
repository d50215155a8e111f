"""Who served at a moment, why, and what it had learned from."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.registry.audit_entry import Entry
from engine.rows import DecisionRow, VersionRow

FIRST = "m0"
"""What serves from the beginning of a run."""


@dataclass(frozen=True, slots=True)
class Served:
    """What served in a run and key at an event time.

    Attributes:
        model: Such as `m1`.
        since: The decision that put it in charge; `None` of what served from the beginning.
        until: The decision that replaced it, if one did.
        version: Its last version up to that time: what it had learned from by then.
    """

    model: str
    since: Entry | None
    until: Entry | None
    version: VersionRow | None


def served_at(entries: Sequence[Entry], time: float) -> Served:
    """What served at this event time, by the decisions and versions of one run and key."""
    changes = [entry for entry in decisions(entries) if entry.read(DecisionRow).changes]
    before = [entry for entry in changes if (entry.time or 0.0) <= time]
    after = changes[len(before) :]
    since = before[-1] if before else None
    model = since.read(DecisionRow).model if since else FIRST
    own = [
        row
        for entry in entries
        if entry.kind == "version"
        and entry.name.startswith(f"{model}.")
        and (entry.time or 0.0) <= time
        and (row := entry.read(VersionRow)).role == "champion"
    ]
    newest = max(own, key=lambda row: row.records, default=None)
    return Served(model, since, after[0] if after else None, newest)


def decisions(entries: Sequence[Entry]) -> list[Entry]:
    """The decisions in their order, each as it was taken last."""
    last = {int(entry.name.partition("/")[0]): entry for entry in entries if entry.kind == "decision"}
    return [last[number] for number in sorted(last)]
