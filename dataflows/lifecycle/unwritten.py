"""Files of a run that could not be written, each for its own name; the run goes on without them."""

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from engine.errors import OutputError
from engine.private_files import SHARED, open_appending, why_refused

FILE = "unwritten.jsonl"


class Unwritten(msgspec.Struct, frozen=True):
    """A file that could not be written.

    Attributes:
        name: Its path relative to the run's folder.
        error: Why.
    """

    name: str
    error: str


def unwritten(run: Path) -> list[Unwritten]:
    """The files of a run that could not be written, each once, in order; other lines are left out."""
    try:
        content = (run / FILE).read_bytes()
    except OSError:
        return []
    found: dict[str, Unwritten] = {}
    for line in content.split(b"\n")[:-1]:
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            row = msgspec.json.decode(line, type=Unwritten)
            found[row.name] = row
    return list(found.values())


def note(run: Path, found: Unwritten) -> None:
    """Writes down that a file could not be written; a replay may do so again.

    Raises:
        OutputError: When that cannot be written either.
    """
    path = run / FILE
    try:
        with os.fdopen(open_appending(path, SHARED), "ab") as out:
            out.write(msgspec.json.encode(found) + b"\n")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {why_refused(error)}") from error
