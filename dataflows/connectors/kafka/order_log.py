"""The order in which records of several partitions went, on disk until a snapshot lies behind it.

Event time decides the order, but not alone: a record that came too late to be waited for goes later than its
time says, and a replay, which has all records at hand, would put it where it belongs. Then a killed run would
come to other predictions than those it has written. So what goes next is written down before it goes.

    order-start.json        where the run began and the topics' ids, written before the first record goes
    order-<batch>.jsonl     the names of the partitions, then a line for each batch from that number on:
                            [[partition, records], ...]

Lines survive a killed process. They are not forced to disk one by one: should the machine itself fail, what
follows the last snapshot may be replayed in another order.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import msgspec
import orjson

from dataflows.connectors.files.blobs import write_blob
from dataflows.escape import visible
from engine.errors import InputError, OutputError
from engine.private_files import SHARED, open_new

START = "order-start.json"
FILES = ("order-*.json", "order-*.jsonl")
_KEPT = 8
"""Files behind the newest snapshot: Bytewax may resume from an older one, by a snapshot or two."""

Place = tuple[str, int, int]
"""Topic, partition, offset."""

Runs = list[tuple[int, int]]
"""Partition numbers, each with how many of its records went."""

_Start = tuple[list[Place], dict[str, str]]
_DAMAGED = msgspec.DecodeError, ValueError


class Journal:
    """Written by the one reader of a run, in the run's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: BinaryIO | None = None
        self._named = 0

    def start(self) -> tuple[list[Place], dict[str, str]] | None:
        """Where the run began, if it has, and the ids of its topics.

        Raises:
            InputError: What says so is damaged.
        """
        path = self._folder / START
        try:
            start: _Start = msgspec.json.decode(path.read_bytes(), type=_Start)
        except FileNotFoundError:
            return None
        except _DAMAGED as error:
            raise InputError(
                f"{path}: expected where the run began in its topics, got {visible(str(error))}; put the "
                f"file back, or start a new run"
            ) from error
        return start

    def begin(self, places: list[Place], ids: dict[str, str]) -> None:
        """Writes down where the run begins, and the ids of its topics.

        Raises:
            OutputError: When it cannot be written.
        """
        write_blob(self._folder, START, orjson.dumps([places, ids]))

    def append(self, batch: int, partitions: Iterable[int], names: Sequence[str]) -> None:
        """Writes down whose records a batch holds, before it goes.

        Args:
            batch: Its number.
            partitions: The number of the partition of each record.
            names: The names of all partitions, by number; they grow only.

        Raises:
            OutputError: When it cannot be written.
        """
        if len(names) != self._named:
            self.close()
        runs = [[partition, sum(1 for _ in same)] for partition, same in groupby(partitions)]
        try:
            if self._file is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                path = self._folder / f"order-{batch:015d}.jsonl"
                path.unlink(missing_ok=True)  # of a run that was killed after its last snapshot
                self._file = os.fdopen(open_new(path, SHARED), "wb", buffering=0)
                self._file.write(orjson.dumps(names, None, orjson.OPT_APPEND_NEWLINE))
                self._named = len(names)
            self._file.write(orjson.dumps(runs, None, orjson.OPT_APPEND_NEWLINE))
        except OSError as error:
            raise OutputError(f"{self._folder}: the order of records cannot be written: {error}") from error

    def since(self, batch: int, names: Sequence[str]) -> Iterator[Runs]:
        """What went from a batch on, a value for each batch, in the partitions' present numbers.

        Raises:
            InputError: A file is damaged.
        """
        for path in sorted(self._folder.glob("order-*.jsonl")):
            # A line that was cut off never went.
            head, *lines = path.read_bytes().split(b"\n")[:-1] or [b"[]"]
            try:
                known = msgspec.json.decode(head, type=list[str])
                for number, line in enumerate(lines, int(path.stem.removeprefix("order-"))):
                    if number == batch:
                        runs = msgspec.json.decode(line, type=Runs)
                        yield [(names.index(known[partition]), records) for partition, records in runs]
                        batch += 1
            except (*_DAMAGED, IndexError) as error:
                raise InputError(
                    f"{path}: expected the order of records, got {visible(str(error))}; put the file back, "
                    f"or remove it: then late records may go in another order than before"
                ) from error

    def cut(self) -> None:
        """A snapshot is taken: what follows goes to a new file, and the oldest is removed."""
        self.close()
        for old in sorted(self._folder.glob("order-*.jsonl"))[:-_KEPT]:
            old.unlink(missing_ok=True)

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
