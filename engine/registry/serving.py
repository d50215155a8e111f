"""Who served at a moment, why, and what it had learned from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.registry.audit_entry import Entry

FIRST = "m0"
"""What serves from the beginning of a run."""


@dataclass(frozen=True, slots=True)
class Served:
    """What served in a run and key at an event time.

    Attributes:
        model: Such as `m1`.
        since: The decision that put it in charge; `None` of what served from the beginning.
        until: The decision that replaced it, if one did.
        version: The body of its last version up to that time: what it had learned from by then.
    """

    model: str
    since: Entry | None
    until: Entry | None
    version: dict[str, Any] | None


def served_at(entries: Sequence[Entry], time: float) -> Served:
    """What served at this event time, by the decisions and versions of one run and key."""
    changes = [entry for entry in decisions(entries) if entry.body["model"] != entry.body["previous"]]
    before = [entry for entry in changes if (entry.time or 0.0) <= time]
    after = changes[len(before) :]
    since = before[-1] if before else None
    model = since.body["model"] if since else FIRST
    own = [
        entry.body
        for entry in entries
        if entry.kind == "version"
        and entry.name.startswith(f"{model}.")
        and entry.body["role"] == "champion"
        and (entry.time or 0.0) <= time
    ]
    newest = max(own, key=lambda row: row["records"], default=None)
    return Served(model, since, after[0] if after else None, newest)


def decisions(entries: Sequence[Entry]) -> list[Entry]:
    """The decisions in their order, each as it was taken last."""
    last = {int(entry.name.partition("/")[0]): entry for entry in entries if entry.kind == "decision"}
    return [last[number] for number in sorted(last)]
