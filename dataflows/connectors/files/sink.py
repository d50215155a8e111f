"""The Bytewax sink of a run: one file of lines for each output stream, and whole files beside them."""

import logging
import os
import re
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from dataflows.connectors.files.blobs import FileError, remove_blob, write_blob
from dataflows.lifecycle.unwritten import Unwritten, note
from engine.errors import OutputError
from engine.private_files import SHARED, open_changing, sync_folder, why_refused

log = logging.getLogger("riverkeeper.files")

Blob = tuple[str, bytes | None]
"""A path relative to the run's folder, and what the file holds; `None` removes it."""

BLOBS = "blobs"
"""The name of the stream whose values are blobs; that of all others are chunks of complete lines."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_BUFFER = 1 << 20
_EARLY = 1 << 23
"""Bytes that go to the disk ahead of the next snapshot, which would stop the stream for all of them."""


class RunSink(FixedPartitionedSink[bytes | Blob, int]):
    """Writes items `(stream, chunk of complete lines)` to `<folder>/<stream>.jsonl`, each exactly once.

    Items `("blobs", (path, content))` become files of their own, replaced as a whole: repeated by a replay,
    they are the same. Without a content the file is removed.

    A stream is one partition, so one worker of the cluster writes its file; all must share the folder.
    A snapshot is the length of a file; on resume what follows it is cut off and comes again. Without a
    snapshot the files begin empty. Lines are in the file, for others to read, as soon as their batch is
    through; they are on disk with the next snapshot.
    """

    def __init__(self, folder: Path, streams: Sequence[str]) -> None:
        """Names the streams; nothing is opened yet. `blobs` is always there and need not be named.

        Raises:
            OutputError: A name cannot be a file's.
        """
        self._folder = folder
        for name in streams:
            if not _NAME.fullmatch(name):
                raise OutputError(f"output {folder}: expected letters, digits, _ and -, got stream {name!r}")
        # Bytewax numbers partitions in the order of their names, whatever order they are listed in.
        self._parts = sorted({*streams, BLOBS})
        self._index = {name: index for index, name in enumerate(self._parts)}

    def list_parts(self) -> list[str]:
        """The streams."""
        return self._parts

    def part_fn(self, item_key: str) -> int:
        """The stream's number.

        Raises:
            OutputError: There is no such stream.
        """
        try:
            return self._index[item_key]
        except KeyError:
            raise OutputError(
                f"output {self._folder}: expected one of {', '.join(self._parts)}, got stream {item_key!r}"
            ) from None

    def build_part(
        self,
        step_id: str,  # noqa: ARG002
        for_part: str,
        resume_state: int | None,
    ) -> StatefulSinkPartition[bytes | Blob, int]:
        """Opens one stream, cut to the length of its snapshot.

        Raises:
            OutputError: The file is shorter than that, or cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _failed(self._folder, error) from error
        if for_part == BLOBS:
            return BlobPartition(self._folder, {f"{name}.jsonl" for name in self._parts})
        return LinesPartition(self._folder / f"{for_part}.jsonl", resume_state or 0)


class LinesPartition(StatefulSinkPartition[bytes | Blob, int]):
    """One file of lines, from the byte `length` on; what the file has beyond it is cut off.

    A snapshot needs all on disk. Of much a thread sees to that while the stream goes on.
    """

    def __init__(self, path: Path, length: int) -> None:
        self._path = path
        try:
            found = path.lstat().st_size if path.exists() else 0
            if found < length:
                raise OutputError(
                    f"output {path}: expected at least the {length} bytes that the run to be resumed had "
                    f"written, got {found}; put the file back, or start a new run"
                )
            self._file: BinaryIO = os.fdopen(open_changing(path, SHARED), "r+b", buffering=_BUFFER)
        except OSError as error:
            raise _failed(path, error) from error
        try:
            self._file.truncate(length)
            self._length = self._file.seek(length)
            sync_folder(path.parent)
        except OSError as error:
            self._file.close()
            raise _failed(path, error) from error
        self._synced = self._begun = length
        self._early = ThreadPoolExecutor(1, "sync")
        self._syncing: Future[None] | None = None

    def write_batch(self, items: list[bytes | Blob]) -> None:
        """Appends chunks of complete lines; readers of the file see them at once.

        Raises:
            OutputError: The disk refuses.
        """
        try:
            for item in items:
                if not isinstance(item, bytes):
                    raise OutputError(f"output {self._path}: expected bytes, got {type(item).__name__}")
                self._length += self._file.write(item)
            self._file.flush()
            self._sync_early()
        except OSError as error:
            raise _failed(self._path, error) from error

    def _sync_early(self) -> None:
        if self._length - self._begun < _EARLY or (self._syncing is not None and not self._syncing.done()):
            return
        self._wait()
        self._begun = self._length
        self._syncing = self._early.submit(os.fsync, self._file.fileno())

    def _wait(self) -> None:
        """What the disk has refused is told once, so it must not be lost."""
        if self._syncing is not None:
            self._syncing.result()

    def snapshot(self) -> int:
        """The file's length in bytes, all of it on disk.

        Raises:
            OutputError: The disk refuses.
        """
        try:
            self._file.flush()
            self._wait()
            if self._synced != self._length:
                os.fsync(self._file.fileno())
        except OSError as error:
            raise _failed(self._path, error) from error
        self._synced = self._begun = self._length
        return self._length

    def close(self) -> None:
        """Closes the file. What could not be written was raised by `write_batch`.

        Bytewax closes its sinks while it fails; an error raised then would abort the process.
        """
        self._early.shutdown()
        with suppress(OSError):
            self._file.close()


class BlobPartition(StatefulSinkPartition[bytes | Blob, int]):
    """Whole files in the run's folder, never those in `taken`; it has nothing to remember.

    A file that the disk refuses for its name alone is left out, so that one model key does not stop the
    others: its line in `reports.jsonl` is written all the same. It is logged, and `status` shows it.
    """

    def __init__(self, folder: Path, taken: set[str]) -> None:
        self._folder = folder
        self._taken = taken

    def write_batch(self, items: list[bytes | Blob]) -> None:
        """Writes or removes each file.

        Raises:
            OutputError: A path leaves the folder or names a stream's file, or the disk refuses.
        """
        for item in items:
            if not isinstance(item, tuple):
                raise OutputError(f"output {self._folder}: expected (path, bytes), got {type(item).__name__}")
            name, content = item
            if str(PurePosixPath(name)) in self._taken:
                raise OutputError(
                    f"output {self._folder}: {name!r} is the file of a stream; name it otherwise"
                )
            if content is None:
                remove_blob(self._folder, name)
            else:
                self._write(name, content)

    def _write(self, name: str, content: bytes) -> None:
        try:
            write_blob(self._folder, name, content)
        except FileError as error:
            log.warning("%s; the run goes on without this file", error)
            note(self._folder, Unwritten(name, str(error)))

    def snapshot(self) -> int:
        """Nothing: files are written whole, and again by a replay."""
        return 0


def _failed(path: Path, error: OSError) -> OutputError:
    return OutputError(f"output {path}: cannot be written: {why_refused(error)}")
