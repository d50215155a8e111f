"""Where a run has seen the head of the log: kept in the run's folder, outside the registry.

A chain of seals does not show that entries are missing at its end. Whoever cuts them off must change these
files too; those that are sealed with a key can only be removed, or replaced by older ones.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from engine.errors import RegistryError, SnapshotError
from engine.packing import pack, unpack
from engine.private_files import write_whole
from engine.registry.audit_entry import Head
from engine.registry.log import Log
from engine.seal import closed, load_key, opened

FILE = "registry-head"

_KIND = "head of a registry"

_MOST = 1 << 16
"""Bytes of such a file."""


class Noted(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the file.

    Attributes:
        log: Of which log: its place relative to the run's folder, or the database.
        head: Its last entry.
    """

    log: str
    head: Head


@dataclass(frozen=True, slots=True)
class Anchor:
    """The file of one run.

    Attributes:
        folder: The run's folder.
        log: Of which log; see `Noted`.
    """

    folder: Path
    log: str

    def write(self, head: Head) -> None:
        """Notes the head, in place of an earlier one.

        Raises:
            RegistryError: The disk refuses.
        """
        content = closed(pack(Noted(self.log, head), _KIND), _KIND, load_key(os.environ))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(self.folder / FILE, content)
        except OSError as error:
            raise RegistryError(f"{self.folder / FILE}: cannot be written: {error.strerror}") from error


def anchor_of(log: Log, folder: Path) -> Anchor:
    """The anchor of a log in a run's folder."""
    file = log.file
    return Anchor(folder, log.place if file is None else os.path.relpath(file.resolve(), folder.resolve()))


def missing(log: Log, runs: Path) -> Iterator[str]:
    """What run folders below `runs` say was in a log, and is not; and files there that cannot be trusted."""
    for path in sorted(runs.glob(f"*/{FILE}")):
        try:
            noted = _read(path)
            if noted.log == anchor_of(log, path.parent).log:
                log.check_head(noted.head)
        except (SnapshotError, RegistryError) as error:
            yield f"{path}: {error}"
        except OSError as error:
            yield f"{path}: cannot be read: {error.strerror}"


def _read(path: Path) -> Noted:
    with path.open("rb") as stream:
        content = stream.read(_MOST)
    return unpack(opened(content, load_key(os.environ), _KIND)[1], _KIND, Noted)
