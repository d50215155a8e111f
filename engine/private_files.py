"""Files that nobody but their owner may write: made without following links, and replaced as a whole.

What a process reads back later (models, snapshots, a recovery store, commands) is as trustworthy as the
rights on it. A file is made under a random name that must not be there yet (`O_EXCL`), so that a link which
somebody has put in its place leads nowhere, and takes its own name when its content is on disk.
"""

import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from engine.errors import OutputError

PRIVATE = 0o600
"""The mode of a file that only its owner reads."""

SHARED = 0o666
"""The mode of a file that others may read; what the umask takes away is left out."""

_ENDING = ".partial"

_LEFT_BEHIND = 3600.0
"""Seconds after which a partial file is what a killed process has left behind."""

PARTIAL = f".*.{'[0-9a-f]' * 16}{_ENDING}"
"""The pattern of the files that `replacing` begins with."""

_looked_through: set[Path] = set()
"""Folders in which this process has removed such files."""


def private_folder(folder: Path) -> None:
    """Makes a folder that only its owner may enter, with those above it; or checks the one that is there.

    Raises:
        OutputError: It belongs to somebody else, or others may write to it.
        OSError: The disk refuses.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    check_private(folder)


def check_private(path: Path, found: os.stat_result | None = None) -> None:
    """Refuses a file or folder that somebody else could have written.

    Args:
        path: Where it is.
        found: What is known of it, when it is open already.

    Raises:
        OutputError: It belongs to neither this user nor root, or others may write to it.
        OSError: It is not there, or cannot be looked at.
    """
    found = path.stat() if found is None else found
    if found.st_uid not in {os.geteuid(), 0}:
        raise OutputError(
            f"{path}: expected it to belong to this user (id {os.geteuid()}), it belongs to user id "
            f"{found.st_uid}, who could have put anything in it; use another place, or `chown` it"
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OutputError(
            f"{path}: expected that only its owner may write to it, its mode is "
            f"{stat.filemode(found.st_mode)}; look at what is in it, then `chmod -R go-w` it"
        )


def write_whole(target: Path, content: bytes, mode: int = PRIVATE) -> None:
    """Writes a file, or replaces one: it is there completely or not at all, also after a power cut.

    Raises:
        OSError: The disk refuses.
    """
    with replacing(target, mode) as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    sync_folder(target.parent)


@contextmanager
def replacing(target: Path, mode: int = PRIVATE) -> Iterator[BinaryIO]:
    """A stream whose content takes the place of a file at the end of the block, unless that fails.

    It is not forced to disk: after a power cut the file may be the one before, or empty.

    Raises:
        OSError: The disk refuses.
    """
    _remove_left_behind(target.parent)
    name = os.fsencode(target.name)[:100].decode(errors="ignore")  # a name has 255 bytes at most
    partial = target.with_name(f".{name}.{secrets.token_hex(8)}{_ENDING}")
    try:
        with open(open_new(partial, mode), "wb") as stream:
            yield stream
        partial.replace(target)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def open_new(path: Path, mode: int = PRIVATE) -> int:
    """A descriptor, for writing, of a file that must not be there yet, nor a link.

    Raises:
        OSError: It is there, or the disk refuses.
    """
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)


def open_appending(path: Path, mode: int = PRIVATE) -> int:
    """A descriptor that writes at the end of a file, which is made when it is not there; links are refused.

    Raises:
        OSError: It is a link or a pipe that nobody reads, or the disk refuses.
    """
    # O_NONBLOCK means nothing to a file; a pipe without a reader would block for ever.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    return os.open(path, flags, mode)


def open_private(path: Path) -> int:
    """A descriptor, for reading, of a file that nobody else could have written.

    Raises:
        OutputError: It is a link, a pipe or anything else that is no file, or somebody else's.
        OSError: It is not there, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise OutputError(
            f"{path}: expected a file, it is a link; look where it leads, and remove it"
        ) from None
    try:
        _check_file(path, os.fstat(handle))
    except BaseException:
        os.close(handle)
        raise
    return handle


def _check_file(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = stat.filemode(found.st_mode)
        raise OutputError(f"{path}: expected a file, it is something else ({kind}); remove it")
    check_private(path, found)


def open_changing(path: Path, mode: int = PRIVATE) -> int:
    """A descriptor that reads and writes a file, which is made when it is not there; links are refused.

    Raises:
        OSError: It is a link, or the disk refuses.
    """
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)


def why_refused(error: OSError) -> str:
    """What the disk said, for a message: also of a link where there must be none."""
    if error.errno == errno.ELOOP:
        return "it is a link, and links are not followed here; remove it"
    return f"{error.strerror or error}; see to space and rights"


def sync_folder(folder: Path) -> None:
    """Puts on disk which files are in a folder: the content alone does not survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_left_behind(folder: Path) -> None:
    """Removes what killed processes have left in a folder; a process that still writes is not disturbed.

    Once for each folder: to look through thousands of reports takes longer than to write one.
    """
    if folder in _looked_through:
        return
    _looked_through.add(folder)
    old = time.time() - _LEFT_BEHIND
    with suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if not (entry.name.startswith(".") and entry.name.endswith(_ENDING)):
                continue
            with suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < old:
                    Path(entry.path).unlink()
