"""Files of a run that could not be written, each for its own name; the run goes on without them."""

from pathlib import Path

import msgspec

from engine.errors import OutputError

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
    """The files of a run that could not be written, each once, in order."""
    try:
        content = (run / FILE).read_bytes()
    except OSError:
        return []
    rows = msgspec.json.Decoder(Unwritten).decode_lines(content[: content.rfind(b"\n") + 1])
    return list({row.name: row for row in rows}.values())


def note(run: Path, found: Unwritten) -> None:
    """Writes down that a file could not be written; a replay may do so again.

    Raises:
        OutputError: When that cannot be written either.
    """
    path = run / FILE
    try:
        with path.open("ab") as out:
            out.write(msgspec.json.encode(found) + b"\n")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}; see to space and rights") from error
