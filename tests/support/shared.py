"""Servers that all processes of a test run share: whoever needs one first starts it.

The run's folder holds a file for each, with what its users have to know and how to stop it.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

Facts = dict[str, str]


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """The temporary folder that all processes of this test run have in common."""
    own = factory.getbasetemp()
    return own.parent if own.name.startswith("popen-") else own


def shared(folder: Path, name: str, start: Callable[[], Facts]) -> Facts:
    """What is known of a server, which is started if it is not there yet.

    Args:
        folder: The run's folder.
        name: The server's name.
        start: Starts it. Of its answer `pid` and `signal` say how to stop it, `data` which folder goes then.
    """
    file = folder / f"{name}.server"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            file.write_text(json.dumps(start()))
        facts: Facts = json.loads(file.read_text())
        return facts


def stop_all(folder: Path) -> None:
    """Stops what was started in this run."""
    for file in folder.glob("*.server"):
        facts: Facts = json.loads(file.read_text())
        with suppress(ProcessLookupError):
            os.kill(int(facts["pid"]), int(facts["signal"]))
        shutil.rmtree(facts["data"], ignore_errors=True)
        file.unlink()
