"""No line of the commands' files stops a flow, and none changes what becomes of the others."""

import logging
import os
from pathlib import Path
from typing import Any

import msgspec
import orjson
import pytest

from dataflows.lifecycle import commands
from dataflows.lifecycle.commands import DONE, REFUSED, WANTED, Control, DoneRow, new_command, send
from dataflows.lifecycle.growing_file import append_row
from dataflows.lifecycle.unwritten import Unwritten, note, unwritten
from dataflows.run_reader import read_rows
from engine.errors import InputError, OutputError
from engine.rows import PredictionRow
from engine.supervision.decisions import Command

UID = os.getuid()


def line(name: str, **changed: Any) -> bytes:
    row = {"id": name, "order": "pin", "target": "", "who": "ada", "why": "so", "key": "*", "time": 1}
    return orjson.dumps(row | changed) + b"\n"


BAD = {
    "not JSON": (b"pin it\n", "invalid character"),
    "another type": (b"[1, 2]\n", "Expected `object`, got `array`"),
    "a field missing": (b'{"id": "x"}\n', "missing required field `order`"),
    "a field too many": (line("x", extra=1), "unknown field `extra`"),
    "an unknown order": (line("x", order="fly"), "Invalid enum value 'fly'"),
    "a number as key": (line("x", key=7), "Expected `str`, got `int`"),
    "null": (line("x", who=None), "Expected `str`, got `null`"),
    "no id": (line(""), "length >= 1"),
    "a long why": (line("x", why="y" * 3000), "length <= 2000"),
    "not UTF-8": (b'{"id": "\xff"}\n', "can't decode byte 0xff"),
    "null bytes": (b"\0\0\0\n", r"got b'\x00\x00\x00'"),
    "deep": (b'{"id":' * 30_000 + b"\n", "at most 65536 bytes"),
    "huge": (b"x" * 1_000_000 + b"\n", "at most 65536 bytes"),
    "half a pair": (line("x").replace(b'"so"', b'"\\ud800"'), "surrogate"),
    "what steers a terminal": (b'{"id":"x","\\u001b[2J":1}\n', r"unknown field `\x1b[2J`"),
}


def asked(control: Control, known: int = 0) -> list[str]:
    control.look()
    return [command.id for _, command in control.commands("main", 0, known, late=False)]


@pytest.mark.parametrize("kind", BAD)
def test_a_line_that_is_no_command_is_left_out_and_answered_once(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad, why = BAD[kind]
    (tmp_path / WANTED).write_bytes(line("a") + bad + line("b"))
    with caplog.at_level(logging.WARNING):
        control = Control(tmp_path)
        assert asked(control) == ["a", "b"]
    (warning,) = caplog.messages
    assert warning.startswith(f"{tmp_path / WANTED}, byte {len(line('a'))}: expected ")
    assert why in warning
    assert warning.isprintable()
    assert len(warning) < 700
    refused = orjson.loads((tmp_path / REFUSED).read_bytes())
    assert refused["at"] == len(line("a"))
    assert refused["refused"] in warning
    # The next start counts alike, and says nothing again.
    caplog.clear()
    assert asked(Control(tmp_path)) == ["a", "b"]
    assert caplog.messages == []
    assert (tmp_path / REFUSED).read_bytes().count(b"\n") == 1


def test_a_line_counts_when_it_is_complete_and_what_follows_a_torn_one_is_a_line(tmp_path: Path) -> None:
    control = Control(tmp_path)
    assert asked(control) == []
    torn = line("b")[:20]
    (tmp_path / WANTED).write_bytes(line("a") + torn)
    (tmp_path / WANTED).chmod(0o600)
    assert asked(control) == ["a"]
    append_row(tmp_path / WANTED, commands.WantedRow("c", "pin", "", "ada", "so", "*", 1.0))
    assert asked(control) == ["a", "c"]
    assert asked(control, 1) == ["c"]
    with (tmp_path / WANTED).open("ab") as file:
        file.write(line("d")[:30])
        file.flush()
        assert asked(control) == ["a", "c"]
        file.write(line("d")[30:] + line("a", why="again"))
    assert asked(control) == ["a", "c", "d"]
    assert asked(Control(tmp_path)) == ["a", "c", "d"]


def test_a_file_that_is_replaced_by_another_loses_no_place(tmp_path: Path) -> None:
    (tmp_path / WANTED).write_bytes(line("a") + line("b"))
    control = Control(tmp_path)
    assert asked(control) == ["a", "b"]
    (tmp_path / "new").write_bytes(line("b") + line("c"))
    (tmp_path / WANTED).unlink()
    assert asked(control) == ["a", "b"]
    (tmp_path / "new").rename(tmp_path / WANTED)
    assert asked(control, 2) == ["c"]


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_bytes(line("x"))
    path.symlink_to(target)


def writable(path: Path) -> None:
    path.write_bytes(line("x"))
    path.chmod(0o620)


@pytest.mark.parametrize("name", [WANTED, DONE])
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (fifo, "expected a file"),
        (Path.mkdir, "expected a file"),
        (link, "a link"),
        (writable, "only its owner"),
    ],
)
def test_a_file_that_others_could_have_made_is_not_read_and_stops_nothing(
    name: str, make: Any, why: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make(tmp_path / name)
    if name == DONE:
        (tmp_path / WANTED).write_bytes(line("a"))
    control = Control(tmp_path)
    assert asked(control) == asked(control) == []
    (warning,) = caplog.messages
    assert str(tmp_path / name) in warning
    assert why in warning
    with pytest.raises(OutputError, match=why):
        send(tmp_path, new_command("pin", "", "ada", "so"), "*")
    if (tmp_path / name).is_dir():
        (tmp_path / name).rmdir()
    else:
        (tmp_path / name).unlink()
    (tmp_path / WANTED).unlink(missing_ok=True)
    (tmp_path / WANTED).write_bytes(line("a"))
    assert asked(control) == ["a"], "once it is mended, they are carried out"


def test_a_decision_says_whose_the_file_is_besides_who_claims_it(tmp_path: Path) -> None:
    (tmp_path / WANTED).write_bytes(line("a", who="root (uid 0)"))
    control = Control(tmp_path)
    control.look()
    ((_, command),) = control.commands("main", 3, 0, late=False)
    assert command.who == f"root (uid 0) (uid {UID})"
    control.done("main", 3, command, {"action": "pin", "reason": "so", "model": "m0"})
    (tmp_path / WANTED).write_bytes(line("a", who="someone else"))
    again = Control(tmp_path)
    again.look()
    assert again.commands("main", 0, 0, late=False) == [(3, command)], "a replay says the same"


def test_a_bad_line_about_what_was_done_changes_nothing_about_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / WANTED).write_bytes(line("a") + line("b"))
    control = Control(tmp_path)
    control.look()
    for records, (_, command) in enumerate(control.commands("main", 0, 0, late=False), 5):
        control.done("main", records, command, {})
        control.done("main", 99, command, {})
    first, second = (tmp_path / DONE).read_bytes().splitlines(keepends=True)
    (tmp_path / DONE).write_bytes(first.replace(b'"records":5', b'"records":"5"') + b"\0\n" + second)
    again = Control(tmp_path)
    again.look()
    assert [(at, one.id) for at, one in again.commands("main", 1, 0, late=False)] == [(1, "a"), (6, "b")]
    assert len(caplog.messages) == 2
    assert "Expected `int`, got `str` - at `$.records`" in caplog.messages[0]


def test_lines_without_number_are_not_answered_without_number(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / WANTED).write_bytes(b"x\n" * 5000 + line("a"))
    assert asked(Control(tmp_path)) == ["a"]
    assert (tmp_path / REFUSED).read_bytes().count(b"\n") == commands.MOST_REFUSED == len(caplog.messages)


def test_so_many_commands_and_so_many_bytes_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(commands, "MOST_COMMANDS", 2)
    monkeypatch.setattr(commands, "MOST_BYTES", 1000)
    (tmp_path / WANTED).write_bytes(line("a") + line("b") + line("c") + b" " * 1000 + line("d"))
    assert asked(Control(tmp_path)) == ["a", "b"]
    many, long = caplog.messages
    assert "expected at most 2 commands in a run, this is one more" in many
    assert "what is beyond byte 1000 of it is not looked at" in long


def test_who_sends_what_is_refused_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "predictions.jsonl").touch()
    with pytest.raises(InputError, match=r"length <= 2000 - at `\$.why`.*; nothing was sent"):
        send(tmp_path, new_command("pin", "", "ada", "y" * 3000), "*")
    assert not (tmp_path / WANTED).exists()
    monkeypatch.setattr(commands, "_LOOK_AGAIN", 0)
    command = Command("a", "pin", "", "ada", "so")
    row = commands.RefusedRow(0, "a", "expected less")
    (tmp_path / REFUSED).write_bytes(b"x\n" + msgspec.json.encode(row) + b"\n")
    with pytest.raises(InputError, match="the flow refuses the command: expected less"):
        send(tmp_path, command, "*")
    assert (tmp_path / WANTED).stat().st_mode & 0o777 == 0o600


def test_bad_lines_of_notes_are_left_out(tmp_path: Path) -> None:
    note(tmp_path, Unwritten("a", "no"))
    with (tmp_path / "unwritten.jsonl").open("ab") as file:
        file.write(b"\xff\n[]\n" + b"[" * 50_000 + b"\n")
    note(tmp_path, Unwritten("b", "no"))
    assert [found.name for found in unwritten(tmp_path)] == ["a", "b"]
    (tmp_path / "predictions.jsonl").write_bytes(b"\xff\n")
    with pytest.raises(InputError, match=r"predictions\.jsonl, line 1: expected a row of predictions"):
        list(read_rows(tmp_path, PredictionRow))


def test_a_command_is_never_carried_out_before_one_that_came_earlier(tmp_path: Path) -> None:
    (tmp_path / WANTED).write_bytes(line("a") + line("b") + line("c"))
    for name, records in (("a", 500), ("c", 300)):  # `b` was under way when the process was killed
        append_row(tmp_path / DONE, DoneRow(name, "main", records))
    control = Control(tmp_path)
    control.look()
    found = control.commands("main", 400, 0, late=False)
    assert [(at, command.id) for at, command in found] == [(500, "a"), (500, "b"), (500, "c")]
