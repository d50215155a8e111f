"""Commands to a running flow, by files in its run folder.

    control.jsonl           what people want, a line each, appended by the command line
    control.done.jsonl      what was done, where in the stream, appended by the engines
    control.refused.jsonl   which lines of the first are no commands, and why, appended by the engines

An engine looks for commands before every batch. Where it carried one out is written down, so that a replay
after a crash does it at the same record again; without that line it is carried out where the replay stands.

No line stops a flow: one that cannot be read is left out, by every process and at every start, so the others
are counted alike. A file that somebody else could have written is not read until that is mended.
"""

import getpass
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import uuid4

import msgspec
from msgspec import Meta, Struct

from dataflows.escape import visible
from dataflows.lifecycle.growing_file import GrowingFile, Line, append_row
from engine.errors import InputError, OutputError
from engine.records.values import shown
from engine.supervision.decisions import Command, Order

log = logging.getLogger("riverkeeper.commands")

WANTED, DONE, REFUSED = "control.jsonl", "control.done.jsonl", "control.refused.jsonl"
FILES = (WANTED, DONE, REFUSED)
EVERY_KEY = "*"

MOST_COMMANDS = 10_000
"""Commands to one run that are carried out: every snapshot of every key names those that it has seen."""

MOST_BYTES = 1 << 27
"""Bytes of the commands' file that are looked at, so that reading it at a start takes less than a second."""

LONGEST = 1 << 16
"""Bytes of a command's line."""

_LONGEST_DONE = 1 << 24
"""Bytes of a line about what was done: it has the model key, which may be as long as a record."""

MOST_REFUSED = 100
"""Lines that are answered and warned about; a file of a million lines of anything must not fill the disk."""

_LONGEST_WAIT = 10.0
_LOOK_AGAIN = 0.1

_UNREADABLE = msgspec.DecodeError, UnicodeDecodeError, RecursionError
_Row = TypeVar("_Row", bound=Struct)
_Name = Annotated[str, Meta(max_length=200)]


class WantedRow(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of `control.jsonl`: a command, which model key it is for (`EVERY_KEY`: all), and its time.

    `who` is what the writer of the line claims.
    """

    id: Annotated[str, Meta(min_length=1, max_length=100)]
    order: Order
    target: Annotated[str, Meta(max_length=1000)]
    who: _Name
    why: Annotated[str, Meta(max_length=2000)]
    key: str
    time: float


class DoneRow(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of `control.done.jsonl`: at which record of a key a command was carried out, and its outcome.

    `who` is as the decision has it; `None` in lines from before that was kept.
    """

    id: str
    key: str
    records: Annotated[int, Meta(ge=0, le=2**53)]
    action: str = ""
    reason: str = ""
    model: str = ""
    who: str | None = None


class RefusedRow(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of `control.refused.jsonl`: the byte where a line that is no command begins, and why."""

    at: int
    id: str
    refused: str


class _HasId(Struct):
    id: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A command, which model key it is for, and who claims it; its `who` has the owner of the file too."""

    command: Command
    key: str
    claimed: str


class Control:
    """What an engine's process knows of the commands; it reads the files again only when they have grown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._wanted_file = GrowingFile(folder / WANTED, LONGEST, MOST_BYTES)
        self._done_file = GrowingFile(folder / DONE, _LONGEST_DONE)
        self._wanted: dict[str, Wanted] = {}
        self._done: dict[tuple[str, str], DoneRow] = {}
        self._refused: set[RefusedRow] = set()
        self._warned: set[str] = set()

    def commands(self, key: str, records: int, known: int, *, late: bool) -> list[tuple[int, Command]]:
        """What is to be done for a model key, with the count of records at which, in order, as of `look`.

        Args:
            key: The model key.
            records: Records that its engine has taken in.
            known: Number of commands that the caller has seen before; they are left out.
            late: Whether the key is new: earlier commands are not meant for it.
        """
        found: list[tuple[int, Command]] = []
        at = records  # what was carried out later in the stream is not followed by anything earlier
        for wanted in islice(self._wanted.values(), known, None):
            command = wanted.command
            done = self._done.get((command.id, key))
            if done is not None:
                who = wanted.claimed if done.who is None else done.who
                at = max(at, done.records)
                found.append((at, replace(command, who=who)))
            elif wanted.key == key or (wanted.key == EVERY_KEY and not late):
                found.append((at, command))
        return found

    def look(self) -> int:
        """How many commands there are, with those that have come since the last look."""
        self._read()
        return len(self._wanted)

    def done(self, key: str, records: int, command: Command, outcome: Mapping[str, str]) -> None:
        """Writes down what came of a command, unless a replay does it again.

        Raises:
            OutputError: When it cannot be written.
        """
        if (command.id, key) in self._done:
            return
        row = DoneRow(command.id, key, records, **outcome, who=command.who)
        append_row(self._folder / DONE, row)
        self._done[command.id, key] = row

    def _read(self) -> None:
        """Takes what is new. What was done is read first: a replay has to know it, or to wait for it."""
        if not self._wanted_file.has_grown():
            return
        try:
            for line in self._done_file.lines():
                self._take_done(line)
            for line in self._wanted_file.lines():
                self._take_wanted(line)
        except (OSError, OutputError) as error:
            self._warn(f"{error}; commands are not carried out until then")
        if self._wanted_file.is_full:
            self._warn(f"{self._wanted_file.path}: what is beyond byte {MOST_BYTES} of it is not looked at")

    def _take_done(self, line: Line) -> None:
        try:
            row = _decoded(line, DoneRow, _LONGEST_DONE)
        except ValueError as error:
            self._warn(
                f"{self._done_file.path}, byte {line.at}: {error}; the line is left out, and a replay "
                f"carries out its command where it stands"
            )
        else:
            self._done.setdefault((row.id, row.key), row)

    def _take_wanted(self, line: Line) -> None:
        try:
            row = _decoded(line, WantedRow, LONGEST)
        except ValueError as error:
            self._refuse(RefusedRow(line.at, _id_of(line), str(error)))
            return
        if row.id in self._wanted:
            return
        if len(self._wanted) >= MOST_COMMANDS:
            many = f"expected at most {MOST_COMMANDS} commands in a run, this is one more; begin a new run"
            self._refuse(RefusedRow(line.at, row.id, many))
            return
        who = f"{row.who} (uid {self._wanted_file.owner})"
        command = Command(row.id, row.order, row.target, who, row.why)
        self._wanted[row.id] = Wanted(command, row.key, row.who)

    def _refuse(self, row: RefusedRow) -> None:
        """Warns, and answers whoever has written the line, once for all processes and starts."""
        if not self._refused:
            with suppress(OSError, OutputError):
                self._refused.update(_refused(self._folder))
        if row in self._refused or len(self._refused) >= MOST_REFUSED:
            return
        self._refused.add(row)
        self._warn(f"{self._wanted_file.path}, byte {row.at}: {row.refused}; the line is left out")
        try:
            append_row(self._folder / REFUSED, row)
        except OutputError as error:
            self._warn(str(error))

    def _warn(self, text: str) -> None:
        if text not in self._warned and len(self._warned) < MOST_REFUSED:
            self._warned.add(text)
            log.warning("%s", text)


def new_command(order: Order, target: str, who: str, why: str) -> Command:
    """A command with an id of its own; its author is the user who is logged in, unless another is given."""
    return Command(uuid4().hex, order, target, who or getpass.getuser(), why)


def send(run: Path, command: Command, key: str) -> list[DoneRow]:
    """Writes a command and waits until an engine has carried it out.

    Returns:
        What was done, by model key; nothing when nobody did within ten seconds: the flow does not run, or no
        record comes. It will be carried out when it goes on.

    Raises:
        InputError: When this is not the folder of a run, or the flow refuses the command.
        OutputError: When it cannot be written to, or somebody else could have.
    """
    if not any(run.glob("*.jsonl")):
        raise InputError(f"{run}: expected the folder of a run, with predictions.jsonl in it; there is none")
    row = WantedRow(command.id, command.order, command.target, command.who, command.why, key, time.time())
    try:
        line = msgspec.json.encode(row)
        _decoded(Line(0, line if len(line) <= LONGEST else None), WantedRow, LONGEST)
    except ValueError as error:
        raise InputError(f"{run}: {error}; nothing was sent") from error
    append_row(run / WANTED, row)
    answers = GrowingFile(run / DONE, _LONGEST_DONE)
    until = time.monotonic() + _LONGEST_WAIT
    while time.monotonic() < until:
        time.sleep(_LOOK_AGAIN)
        if found := _answers(run, answers, command.id):
            return found
    return []


def _answers(run: Path, file: GrowingFile, name: str) -> list[DoneRow]:
    """What was done about a command, as far as it is new.

    Raises:
        InputError: When it was refused.
        OutputError: When somebody else could have written the answer.
    """
    try:
        found = list(_readable(file, DoneRow, _LONGEST_DONE))
        refused = _refused(run)
    except OSError as error:
        raise OutputError(f"{run}: the answer cannot be read: {error.strerror}") from error
    for row in refused:
        if row.id == name:
            raise InputError(f"{run}: the flow refuses the command: {row.refused}")
    return [row for row in found if row.id == name]


def _refused(run: Path) -> list[RefusedRow]:
    return list(_readable(GrowingFile(run / REFUSED, LONGEST, MOST_REFUSED * LONGEST), RefusedRow, LONGEST))


def _readable(file: GrowingFile, kind: type[_Row], longest: int) -> list[_Row]:
    """The new rows of a file, without lines that are none."""
    found = []
    for line in file.lines():
        try:
            found.append(_decoded(line, kind, longest))
        except ValueError:
            continue
    return found


def _decoded(line: Line, kind: type[_Row], longest: int) -> _Row:
    """A line as a row.

    Raises:
        ValueError: It is not one; says what was expected and what came.
    """
    if line.content is None:
        raise ValueError(f"expected a line of at most {longest} bytes, got a longer one")
    try:
        return msgspec.json.decode(line.content, type=kind)
    except _UNREADABLE as error:
        got = shown(line.content[:100])
        raise ValueError(f"expected a JSON object with {_names(kind)}: {_cut(error)}; got {got}") from None


def _names(kind: type[Struct]) -> str:
    return ", ".join(kind.__struct_fields__)


def _cut(error: Exception) -> str:
    """What is wrong with a line, in which the line itself may have a say."""
    return visible(str(error))[:200]


def _id_of(line: Line) -> str:
    """The id of a line that is no command, so that whoever waits for it gets an answer."""
    try:
        found = msgspec.json.decode(line.content or b"", type=_HasId).id
    except _UNREADABLE:
        return ""
    return found if len(found) <= 100 else ""
