"""A version in the registry, and how people refer to one."""

from dataclasses import dataclass

from msgspec.structs import replace

from engine.errors import RegistryError
from engine.registry.audit_entry import Draft, Entry
from engine.registry.log import plain
from engine.rows import VersionRow


@dataclass(frozen=True, slots=True)
class VersionRef:
    """A version in the registry.

    Attributes:
        entry: Its entry in the log.
        row: The entry's body.
        here: Whether its bytes are stored.
    """

    entry: Entry
    row: VersionRow
    here: bool

    @property
    def place(self) -> str:
        """Its full name: run, key and name."""
        return f"{self.entry.run}/{self.entry.key}/{self.entry.name}"

    @property
    def lineage(self) -> tuple[str, str]:
        """Its run and key."""
        return self.entry.run, self.entry.key


def parse_ref(reference: str) -> tuple[str | None, str | None, str]:
    """Run, key and name of a version as people write it; `None` for what is left out.

    >>> parse_ref("m0.w1"), parse_ref("demo-1/m0.w1"), parse_ref("demo-1/a/b/m0.w1")
    ((None, None, 'm0.w1'), ('demo-1', None, 'm0.w1'), ('demo-1', 'a/b', 'm0.w1'))
    """
    run, _, rest = reference.partition("/")
    if not rest:
        return None, None, run
    key, _, name = rest.rpartition("/")
    return run, key or None, name


def row_of(entry: Entry) -> VersionRow:
    """What an entry says of its version, under the name that the log has for it.

    Raises:
        RegistryError: It is no version, or another one than the entry is for.
    """
    row = entry.read(VersionRow)
    if plain(row.name) != entry.name:
        raise RegistryError(
            f"entry {entry.number} of the log: expected version {entry.name}, got {row.name[:80]!r}; see "
            f"'riverkeeper registry verify'"
        )
    return row if row.name == entry.name else replace(row, name=entry.name)


def removal(entry: Entry) -> Draft:
    """The entry for the removal of a version's bytes."""
    body = {"sha256": entry.read(VersionRow).sha256}
    return Draft(entry.run, entry.key, "removed", entry.name, entry.time, "", body)
