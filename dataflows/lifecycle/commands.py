"""Commands to a running flow, by two files in its run folder.

    control.jsonl           what people want, a line each, appended by the command line
    control.done.jsonl      what was done, where in the stream, appended by the engines

An engine looks for commands before every batch. Where it carried one out is written down, so that a replay
after a crash does it at the same record again; without that line it is carried out where the replay stands.
"""

import getpass
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import orjson

from engine.errors import InputError, OutputError
from engine.supervision.decisions import Command, Order

WANTED, DONE = "control.jsonl", "control.done.jsonl"
FILES = (WANTED, DONE)
EVERY_KEY = "*"
_LONGEST_WAIT = 10.0
_LOOK_AGAIN = 0.1


@dataclass(frozen=True, slots=True)
class Wanted:
    """A command, which model key it is for (`EVERY_KEY`: all), and where it was carried out, if it was."""

    command: Command
    key: str
    records: Mapping[str, int]


class Control:
    """What an engine's process knows of the commands; it reads the files again only when they have grown."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._size = -1
        self._wanted: list[Wanted] = []

    def commands(self, key: str, records: int, known: int, *, late: bool) -> list[tuple[int, Command]]:
        """What is to be done for a model key, with the count of records at which, in order.

        Args:
            key: The model key.
            records: Records that its engine has taken in.
            known: Number of commands that the caller has seen before; they are left out.
            late: Whether the key is new: earlier commands are not meant for it.
        """
        return [
            (max(wanted.records.get(key, records), records), wanted.command)
            for wanted in self._read()[known:]
            if key in wanted.records or wanted.key == key or (wanted.key == EVERY_KEY and not late)
        ]

    def __len__(self) -> int:
        return len(self._read())

    def done(self, key: str, records: int, command: Command, outcome: Mapping[str, Any]) -> None:
        """Writes down what came of a command, unless a replay does it again.

        Raises:
            OutputError: When it cannot be written.
        """
        if any(key in wanted.records and wanted.command.id == command.id for wanted in self._read()):
            return
        row = {"id": command.id, "key": key, "records": records, **outcome}
        _append(self._folder / DONE, row)
        self._size = -1

    def _read(self) -> list[Wanted]:
        try:
            size = (self._folder / WANTED).stat().st_size
        except OSError:
            return []
        if size != self._size:
            where: dict[str, dict[str, int]] = {}
            for row in _rows(self._folder / DONE):
                where.setdefault(row["id"], {})[row["key"]] = row["records"]
            self._wanted = [
                Wanted(
                    Command(row["id"], row["order"], row["target"], row["who"], row["why"]),
                    row["key"],
                    where.get(row["id"], {}),
                )
                for row in _rows(self._folder / WANTED)
                if row["order"] in get_args(Order)
            ]
            self._size = size
        return self._wanted


def new_command(order: Order, target: str, who: str, why: str) -> Command:
    """A command with an id of its own; its author is the user who is logged in, unless another is given."""
    return Command(uuid4().hex, order, target, who or getpass.getuser(), why)


def send(run: Path, command: Command, key: str) -> list[dict[str, Any]]:
    """Writes a command and waits until an engine has carried it out.

    Returns:
        What was done, by model key; nothing when nobody did within ten seconds: the flow does not run, or no
        record comes. It will be carried out when it goes on.

    Raises:
        InputError: When this is not the folder of a run.
        OutputError: When it cannot be written to.
    """
    if not any(run.glob("*.jsonl")):
        raise InputError(f"{run}: expected the folder of a run, with predictions.jsonl in it; there is none")
    _append(run / WANTED, asdict(command) | {"key": key, "time": time.time()})
    until = time.monotonic() + _LONGEST_WAIT
    while time.monotonic() < until:
        time.sleep(_LOOK_AGAIN)
        found = [row for row in _rows(run / DONE) if row["id"] == command.id]
        if found:
            return found
    return []


def _rows(path: Path) -> list[dict[str, Any]]:
    """The complete lines of a file; none when it is not there.

    Raises:
        InputError: When a line is not JSON.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    lines = content.split(b"\n")[:-1]
    try:
        return [orjson.loads(line) for line in lines if line]
    except orjson.JSONDecodeError as error:
        raise InputError(f"{path}: expected a command on each line, as JSON: {error}; remove it") from error


def _append(path: Path, row: Mapping[str, Any]) -> None:
    """Appends one line in one write, so that lines of several processes do not mix; it is on disk after."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, orjson.dumps(row) + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
