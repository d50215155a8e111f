"""The identity of a run: it tells runs of the same name apart, and lasts as long as the run is resumed."""

import os
from pathlib import Path
from uuid import uuid4

from engine.errors import OutputError
from engine.private_files import SHARED, write_whole

FILE = "identity"

STORE = "recovery"
"""The file that says where the run keeps its progress, relative to the run's folder."""


def identity(run: Path) -> str:
    """The run's name and a mark of its own, made when the folder has none.

    Raises:
        OutputError: When it cannot be written.
    """
    path = run / FILE
    try:
        run.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_whole(path, f"{run.name}-{uuid4().hex[:8]}\n".encode(), SHARED)
        return path.read_text("utf-8").strip()
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}; see to space and rights") from error


def known_identity(run: Path) -> str | None:
    """The identity of the run in a folder, if there is one."""
    try:
        return (run / FILE).read_text("utf-8").strip() or None
    except OSError:
        return None


def note_store(run: Path, recovery: Path) -> None:
    """Writes down where the run keeps its progress.

    Raises:
        OutputError: When it cannot be written.
    """
    try:
        write_whole(run / STORE, f"{os.path.relpath(recovery, run)}\n".encode(), SHARED)
    except OSError as error:
        raise OutputError(
            f"{run / STORE}: cannot be written: {error.strerror}; see to space and rights"
        ) from error


def known_store(run: Path) -> Path | None:
    """Where the run in a folder keeps its progress, if it does."""
    try:
        return Path(os.path.normpath(run / (run / STORE).read_text("utf-8").rstrip("\n")))
    except OSError:
        return None
