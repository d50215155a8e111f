"""Files that a command writes for the user: never over one that is there."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from engine.errors import OutputError
from engine.private_files import SHARED, open_new


def refuse_existing(paths: Iterable[Path]) -> None:
    """Raises what `write_new` would raise in the end, before work is done for it.

    Raises:
        OutputError: One of them is there already.
    """
    for path in paths:
        if path.exists():
            raise OutputError(
                f"{path} is there already; nothing was written. Choose another name or remove it"
            )


def write_new(contents: Mapping[Path, bytes]) -> None:
    """Writes files that are not there yet, all of them or none.

    Raises:
        OutputError: One of them is there already, or cannot be written.
    """
    refuse_existing(contents)
    for path, content in contents.items():
        try:
            with os.fdopen(open_new(path, SHARED), "wb") as out:
                out.write(content)
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be written: {error.strerror}; choose a folder that can be written to"
            ) from error


def make_folder(folder: Path) -> None:
    """Makes a folder, unless it is there.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{folder}: expected a folder that can be written to: {error.strerror}. Choose another"
        ) from error
