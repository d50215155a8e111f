"""`Registry`: the audit log and the saved models, together.

    log = Log("sqlite:////runs/registry/log.sqlite", create=True)
    registry = Registry(log, Blobs("/runs/registry/models"), time.time)

The bytes of a version are written before its entry: an entry always has its bytes, until an entry `removed`
says otherwise.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import orjson

from engine.errors import RegistryError, RiverkeeperError
from engine.models.serialization import digest, load
from engine.registry.audit_entry import REGISTRY, Draft, Entry, Kind
from engine.registry.blobs import Blobs
from engine.registry.log import Log, place_of
from engine.registry.retention import RetentionIndex, index_of
from engine.registry.version_ref import VersionRef, parse_ref, removal, row_of

MODEL = "model"
"""The kind under which models are saved."""


class Registry:
    """Keeps, finds, checks and gives out versions.

    Args:
        log: The audit log.
        blobs: The saved models.
        clock: Seconds since 1970; the log says when an entry was written.
    """

    def __init__(self, log: Log, blobs: Blobs, clock: Callable[[], float]) -> None:
        self.log = log
        self._blobs = blobs
        self._clock = clock
        self._indexes: dict[tuple[str, str], RetentionIndex] = {}

    def begin(self, name: str, who: str, body: dict[str, Any], mark: str = "") -> str:
        """A run begins; returns what it is called here: the name and a number of its own.

        With the mark of one that has begun it is that one, which was killed before it could say how far it
        was: it goes on.
        """
        begun = [
            entry
            for entry in self.log.entries(kinds=["run"])
            if entry.name == "begin" and entry.run.rpartition("-")[0] == name
        ]
        for entry in begun:
            if mark and entry.body.get("mark") == mark:
                self.go_on(entry.run, who, body)
                return entry.run
        number = 1 + len(begun)
        while True:
            run = f"{name}-{number}"
            if self._write([Draft(run, "", "run", "begin", None, who, {**body, "mark": mark})]):
                return run
            number += 1

    def go_on(self, run: str, who: str, body: dict[str, Any]) -> None:
        """Continues a run; a changed configuration becomes an entry of the log."""
        known = [entry.body for entry in self.log.entries(run=run, kinds=["run"])]
        if not known or {**known[-1], "mark": ""} != {**body, "mark": ""}:
            self._write([Draft(run, "", "run", "", None, who, body)])

    def record(self, drafts: Iterable[tuple[Draft, bytes | None]], keep: int) -> list[Entry]:
        """Writes entries, and the bytes of versions; what is there already stays as it is.

        Of the versions whose windows passed, `keep` stay beside those that are needed; the bytes of others
        go.

        Raises:
            RegistryError: When the storage refuses; then no entry of these is there.
        """
        with self.log.connected():
            return self._record([*drafts], keep)

    def _record(self, items: Sequence[tuple[Draft, bytes | None]], keep: int) -> list[Entry]:
        new: list[Draft] = []
        known = self.log.there([draft for draft, _ in items])
        for draft, saved in items:
            there = known.get(place_of(draft))
            if saved is not None and there is None:
                self._blobs.put(saved)
            if draft.kind == "decision" and there is not None:
                new += self._otherwise(draft)
            elif there is None:
                new.append(draft)
        written = self._write(new)
        self._thin([entry for entry in written if entry.kind == "version"], keep)
        return written

    def versions(self, run: str | None = None, key: str | None = None) -> list[VersionRef]:
        """All versions of a run and key, or of all, in order."""
        entries = list(self.log.entries(run=run, key=key, kinds=["version", "removed"]))
        removed = {(entry.run, entry.key, entry.name) for entry in entries if entry.kind == "removed"}
        return [
            VersionRef(entry, row_of(entry), (entry.run, entry.key, entry.name) not in removed)
            for entry in entries
            if entry.kind == "version"
        ]

    def runs(self) -> list[str]:
        """Their names, in order."""
        return list(dict.fromkeys(entry.run for entry in self.log.entries(kinds=["run"])))

    def find(self, reference: str) -> VersionRef:
        """The version called `name`, `run/name` or `run/key/name`; without a run, of the last that has one.

        Raises:
            RegistryError: When there is none, or several keys have one of this name.
        """
        run, key, name = parse_ref(reference)
        if not name:
            raise RegistryError(f"expected a version: its name, run/name or run/key/name, got {reference!r}")
        found = [
            entry
            for entry in self.log.entries(run=run, key=key, kinds=["version"], name=name)
            if run is not None or entry.run != REGISTRY
        ]
        found = [entry for entry in found if entry.run == found[-1].run]
        if not found:
            names = {entry.name for entry in self.log.entries(run=run, key=key, kinds=["version"])}
            near = "".join(f"; did you mean {close}?" for close in get_close_matches(name, sorted(names), 1))
            raise RegistryError(f"{reference}: no such version{near}; 'riverkeeper registry list' shows them")
        if len(found) > 1:
            several = ", ".join(f"{entry.run}/{entry.key}/{entry.name}" for entry in found)
            raise RegistryError(f"{reference}: several keys have one; name it in full: {several}")
        [entry] = found
        removed = self.log.entries(run=entry.run, key=entry.key, kinds=["removed"], name=entry.name)
        return VersionRef(entry, row_of(entry), not any(removed))

    def read(self, kept: VersionRef) -> bytes:
        """The saved model.

        Raises:
            RegistryError: When its bytes were removed, are not there, or are not what they were, and when the
                entry itself is not.
        """
        if not kept.here:
            raise RegistryError(
                f"{kept.place}: its bytes were removed to save space; 'riverkeeper registry rebuild' builds "
                f"it anew from the stream"
            )
        self.log.checked(kept.entry, kept.place)
        return self._blobs.get(kept.row.sha256, kept.row.size)

    def load(self, kept: VersionRef, allow: Sequence[str], who: str, why: str) -> Any:
        """The model come alive; the log says who loaded it, or why it was refused.

        Raises:
            RegistryError: See `read`.
            SnapshotError: When the bytes are of another version of River, or hold what is not allowed.
        """
        try:
            model = load(self.read(kept), MODEL, allow, verb="learn_one")
        except RiverkeeperError as error:
            self.note("refused", kept, who, {"why": why, "error": str(error)})
            raise
        self.note("load", kept, who, {"why": why})
        return model

    def note(self, kind: Kind, kept: VersionRef, who: str, body: dict[str, Any]) -> None:
        """Writes down what was done with a version."""
        where = kept.entry
        self._write([Draft(REGISTRY, where.key, kind, "", None, who, {"version": kept.place, **body})])

    def add(
        self, run: str, version: dict[str, Any], saved: bytes, who: str, body: dict[str, Any]
    ) -> VersionRef:
        """Takes in a version from elsewhere, as a run of its own.

        Raises:
            RegistryError: When the bytes are not those that the version states, or the storage refuses.
        """
        if digest(saved) != version["sha256"]:
            raise RegistryError(
                f"{version['name']}: damaged: its bytes do not have the SHA-256 that it states"
            )
        key, name = version["key"], version["name"]
        self._blobs.put(saved)
        self._write(
            [
                Draft(run, key, "import", "", None, who, body),
                Draft(run, key, "version", name, version["time"], who, version),
            ]
        )
        return self.find(f"{run}/{key}/{name}")

    def faults(self) -> Iterator[str]:
        """What is wrong: entries that were altered, bytes that are missing or altered."""
        yield from self.log.faults()
        seen = set()
        for kept in self.versions():
            if kept.here and kept.row.sha256 not in seen:
                seen.add(kept.row.sha256)
                try:
                    self._blobs.get(kept.row.sha256, kept.row.size)
                except RegistryError as error:
                    yield f"{kept.place}: {error}"

    def collect(self, keep: int, *, dry: bool = False) -> tuple[list[VersionRef], int]:
        """Removes the bytes of versions that need not stay, and bytes that no version has.

        Args:
            keep: How many of those whose window passed stay in each run and key, beside those needed.
            dry: Only say what would be.

        Returns:
            The versions, and how many bytes were, or would be, freed.
        """
        versions = self.versions()
        removed = [
            kept
            for place in dict.fromkeys(kept.lineage for kept in versions)
            for kept in self._spare(versions, place, keep)
        ]
        if not dry:
            self._write([removal(kept.entry) for kept in removed])
        lost = {id(kept) for kept in removed}
        needed = {kept.row.sha256 for kept in versions if kept.here and id(kept) not in lost}
        freed = 0
        for name in [*self._blobs.names()]:
            if name not in needed:
                freed += self._blobs.size(name)
                if not dry:
                    self._blobs.remove(name)
        return removed, freed

    def _spare(self, versions: Sequence[VersionRef], place: tuple[str, str], keep: int) -> list[VersionRef]:
        there = {kept.entry.name: kept for kept in versions if kept.lineage == place}
        removed = [name for name, kept in there.items() if not kept.here]
        index = index_of([kept.row for kept in there.values()], removed)
        return [there[name] for name in index.spare(keep)]

    def _otherwise(self, draft: Draft) -> list[Draft]:
        """The decision again, when it was another than at first.

        So it is when a run goes on from its last snapshot under another configuration.
        """
        for again in range(1, 100):
            name = draft.name if again == 1 else f"{draft.name}/{again}"
            renamed = replace(draft, name=name)
            there = self.log.there([renamed]).get(place_of(renamed))
            if there is None:
                return [renamed]
            if there.body == orjson.loads(orjson.dumps(draft.body)):
                return []
        return []

    def _thin(self, written: Sequence[Entry], keep: int) -> None:
        fresh = self._index(written)
        for entry in written:
            place = entry.run, entry.key
            index = self._indexes[place]
            if place not in fresh:
                index.add(row_of(entry))
            for name in index.spare(keep):
                [entry_of] = self.log.entries(run=entry.run, key=entry.key, kinds=["version"], name=name)
                self._write([removal(entry_of)])
                self._drop(row_of(entry_of).sha256)

    def _index(self, written: Sequence[Entry]) -> set[tuple[str, str]]:
        """Reads the indexes of lineages that are new here from the log; returns these lineages."""
        keys: dict[str, dict[str, None]] = {}
        for entry in written:
            if (entry.run, entry.key) not in self._indexes:
                keys.setdefault(entry.run, {})[entry.key] = None
        for run, new in keys.items():
            for entry in self.log.entries_of(run, new, ["version", "removed"]):
                index = self._indexes.setdefault((run, entry.key), RetentionIndex())
                if entry.kind == "version":
                    index.add(row_of(entry))
                else:
                    index.remove(entry.name)
        return {(run, key) for run, new in keys.items() for key in new}

    def _drop(self, name: str) -> None:
        """Removes bytes, unless another version has the same."""
        same = self.log.with_bytes(name)
        if all(any(self.log.entries(run=e.run, key=e.key, kinds=["removed"], name=e.name)) for e in same):
            self._blobs.remove(name)

    def _write(self, drafts: Sequence[Draft]) -> list[Entry]:
        return self.log.append(drafts, self._clock())
