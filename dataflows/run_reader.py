"""Reads the folder of a run: the rows of its streams, each as the struct that it was written from."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from dataflows.lifecycle.status_file import STATUS
from dataflows.suggestion import meant
from engine.errors import InputError
from engine.rows import Row

_R = TypeVar("_R", bound=Row)


def read_rows(run: Path, kind: type[_R]) -> Iterator[_R]:
    """The rows of one output stream, in the order in which they were written.

    A line that is still being written is left out.

    Raises:
        InputError: When this is not the folder of a run, or a line is not such a row.
    """
    path = run / f"{kind.stream}.jsonl"
    if not path.is_file():
        if is_run(run):
            return  # a stream without a line has no file
        raise not_a_run(run)
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise InputError(
                    f"{path}, line {number}: expected a row of {kind.stream}: {error}; the file is damaged "
                    f"or of another version of Riverkeeper: run the flow again"
                ) from error


def is_run(folder: Path) -> bool:
    """Whether this is the folder of a run: it has written something, or has ended without a record."""
    return (folder / STATUS).is_file() or any(folder.glob("*.jsonl"))


def not_a_run(folder: Path) -> InputError:
    """The error for any other folder."""
    return InputError(f"{folder}: expected the folder of a run, with *.jsonl files in it; there are none")


def no_such_key(run: Path, key: str, known: Iterable[str], what: str) -> InputError:
    """The error for a model key of which a run has nothing, with those that it has.

    >>> str(no_such_key(Path("runs/x"), "r11", ["r1", "r2"], "window"))
    "runs/x: no window of model key 'r11' (--key); did you mean 'r1'? There are: r1, r2"
    """
    return InputError(f"{run}: no {what} of model key {key!r} (--key); {meant(key, sorted(known))}")
