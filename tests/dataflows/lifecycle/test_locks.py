"""One run at a time; who has a lock is told, and nobody who is dead has one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from dataflows.lifecycle.locks import FILE, Holder, Locks, this_process
from engine.errors import OutputError

_HOLDING = """
import fcntl, sys
it = open(sys.argv[1], 'a')
fcntl.flock(it, fcntl.LOCK_EX)
print(flush=True)
input()
"""


def write_holder(file: Path, holder: Holder) -> None:
    file.write_bytes(msgspec.json.encode(holder))


def dead() -> int:
    """The id of a process that has ended."""
    with subprocess.Popen(["true"]) as process:  # noqa: S607
        return process.pid


def test_a_second_one_is_told_who_has_it_and_gets_it_afterwards(tmp_path: Path) -> None:
    with Locks() as first, Locks() as second:
        first.take_folder(tmp_path / "run", "runs/x")
        first.take_folder(tmp_path / "run", "runs/x")
        who = rf"^runs/x is in use by process {os.getpid()} on \S+ since [\d :-]+ UTC \(.*\); wait until"
        with pytest.raises(OutputError, match=who):
            second.take_folder(tmp_path / "run", "runs/x")
        second.take_folder(tmp_path / "other", "runs/other")
    with Locks() as third:
        third.take_folder(tmp_path / "run", "runs/x")


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    file = tmp_path / FILE
    command = [sys.executable, "-IS", "-c", _HOLDING, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout is not None
        process.stdout.readline()
        write_holder(file, msgspec.structs.replace(this_process(), process=process.pid))
        with Locks() as locks, pytest.raises(OutputError, match=f"in use by process {process.pid} "):
            locks.take(file, "it")
        process.send_signal(signal.SIGKILL)
    with Locks() as locks:
        locks.take(file, "it")
        assert msgspec.json.decode(file.read_bytes(), type=Holder).process == os.getpid()


def test_child_processes_hold_it_too_and_are_waited_for_when_their_parent_has_died(tmp_path: Path) -> None:
    file = tmp_path / FILE
    with Locks() as locks:
        locks.take(file, "it")
        child = subprocess.Popen(["sleep", "0.3"], pass_fds=locks.handles)  # noqa: S607
    with child, Locks() as locks:
        with pytest.raises(OutputError, match="in use"):
            locks.take(file, "it")
        write_holder(file, msgspec.structs.replace(this_process(), process=dead()))
        locks.take(file, "it")
        assert child.wait(0) == 0, "it has ended by then"


def test_a_folder_that_is_moved_stays_locked_and_the_new_one_is_locked_besides(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with Locks() as locks, Locks() as other:
        locks.take_folder(folder, "run")
        folder.rename(tmp_path / "run.1")
        locks.take_folder(folder, "run")
        for held in (folder, tmp_path / "run.1"):
            with pytest.raises(OutputError, match="in use"):
                other.take_folder(held, "run")


def test_where_no_lock_can_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Locks() as locks:
        with pytest.raises(OutputError, match="runs/x: the folder cannot be made: Not a directory"):
            locks.take_folder(tmp_path / "file" / "x", "runs/x")
        (tmp_path / FILE).mkdir()
        with pytest.raises(OutputError, match=r"runs/x: cannot be locked: .*: Is a directory; see to"):
            locks.take_folder(tmp_path, "runs/x")


@pytest.mark.parametrize("holder", [Holder(os.getpid(), this_process().host, 0.0, "riverkeeper run"), None])
def test_what_an_earlier_holder_has_left_does_not_matter(tmp_path: Path, holder: Holder | None) -> None:
    file = tmp_path / FILE
    file.write_bytes(b"{" if holder is None else msgspec.json.encode(holder))
    with Locks() as locks:
        locks.take(file, "it")
