"""Whole files as output: each is there completely or not at all."""

import errno
from pathlib import Path, PurePosixPath

from engine.errors import OutputError
from engine.private_files import SHARED, sync_folder, write_whole

_OF_ONE_NAME = frozenset({errno.ENAMETOOLONG, errno.EISDIR, errno.EEXIST, errno.EINVAL, errno.EILSEQ})
"""What a disk answers when it is this one name that it cannot take: others can be written."""


class FileError(OutputError):
    """One file cannot be written, whatever is done about space and rights."""


def write_blob(folder: Path, name: str, content: bytes) -> None:
    """Writes a file under `folder`, replacing one that is there; doing it twice is doing it once.

    The name is a relative path with `/`. On return the content is on disk, not just in the system's memory.

    Raises:
        FileError: The disk refuses this name, and not others.
        OutputError: The name leads out of the folder or names none, or the disk refuses.
    """
    target = _target(folder, name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, content, SHARED)
    except OSError as error:
        if error.errno in _OF_ONE_NAME:
            raise FileError(f"output {target}: cannot be written: {error.strerror}") from error
        raise OutputError(
            f"output {target}: cannot be written: {error.strerror or error}; see to space and rights"
        ) from error


def move_blob(folder: Path, name: str, to: str) -> None:
    """Moves a file under `folder` to another place under it, replacing one that is there.

    Raises:
        OutputError: A name leads out of the folder or names none, or the disk refuses.
    """
    source, target = _target(folder, name), _target(folder, to)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise OutputError(f"output {target}: cannot be written: {error.strerror or error}") from error


def remove_blob(folder: Path, name: str) -> None:
    """Removes a file under `folder`, if it is there and could be written.

    Raises:
        OutputError: The name leads out of the folder or names none, or the disk refuses.
    """
    target = _target(folder, name)
    try:
        target.unlink(missing_ok=True)
    except OSError as error:
        if error.errno in _OF_ONE_NAME:
            return
        raise OutputError(f"output {target}: cannot be removed: {error.strerror or error}") from error


def _target(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name)
    if parts.is_absolute() or not parts.parts or ".." in parts.parts or "\0" in name:
        raise OutputError(f"output {folder}: expected a relative path inside this folder, got {name!r}")
    target = folder.joinpath(*parts.parts)
    try:
        inside = target.parent.resolve().is_relative_to(folder.resolve())
    except OSError as error:
        raise OutputError(f"output {target}: cannot be followed: {error.strerror or error}") from error
    if not inside:
        raise OutputError(f"output {folder}: {name!r} leads out of this folder through a link; remove it")
    return target
