"""A version as the log knows it, and how people name one."""

from dataclasses import dataclass
from typing import Any

from engine.registry.audit_entry import Draft, Entry


@dataclass(frozen=True, slots=True)
class Kept:
    """A version in the registry.

    Attributes:
        entry: What the log says of it.
        row: The entry's body: see `Version.row`, and `config_sha256`, `code`, `libraries` of its run.
        here: Whether its bytes are there.
    """

    entry: Entry
    row: dict[str, Any]
    here: bool

    @property
    def place(self) -> str:
        """Its full name: run, key and name."""
        return f"{self.entry.run}/{self.entry.key}/{self.entry.name}"

    @property
    def lineage(self) -> tuple[str, str]:
        """Its run and key."""
        return self.entry.run, self.entry.key


def parsed(reference: str) -> tuple[str | None, str | None, str]:
    """Run, key and name of a version as people write it; `None` for what is left out.

    >>> parsed("m0.w1"), parsed("demo-1/m0.w1"), parsed("demo-1/a/b/m0.w1")
    ((None, None, 'm0.w1'), ('demo-1', None, 'm0.w1'), ('demo-1', 'a/b', 'm0.w1'))
    """
    run, _, rest = reference.partition("/")
    if not rest:
        return None, None, run
    key, _, name = rest.rpartition("/")
    return run, key or None, name


def removal(entry: Entry) -> Draft:
    """Says that the bytes of a version were removed."""
    body = {"sha256": entry.body["sha256"]}
    return Draft(entry.run, entry.key, "removed", entry.name, entry.time, "", body)
