"""The examples whose hosts are installed here: killed in the middle, each gives the predictions of a run.

`make examples` tries all of them, as fresh processes in environments of their own. Here the process kills
itself at a known call, so that it is always the same middle.
"""

import json
import os
import runpy
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from engine import Event, Keeper
from examples.input import write_input
from examples.runner.environments import HERE
from examples.runner.hosts import HOSTS, Row
from examples.runner.trial import answers, compare
from tests.support.flows import riverkeeper
from tests.support.forks import context, start_server

KILLED = -signal.SIGKILL
NEVER = 1_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the input, and the run that predicts it."""
    folder = tmp_path_factory.mktemp("examples")
    write_input(folder, 400)
    assert riverkeeper("run", "flow.toml", cwd=folder).returncode == 0
    return folder


@pytest.fixture
def work(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "work"))


@pytest.fixture
def wanted(made: Path) -> list[Row]:
    return [
        json.loads(line) for line in (made / "runs/reference/predictions.jsonl").read_bytes().splitlines()
    ]


def host(file: Path, work: Path, last: int, *arguments: str) -> Any:
    """Starts an example that is killed after so many calls of a keeper."""
    start_server()
    process = context.Process(target=_run, args=(file, work, last, arguments), daemon=True)
    process.start()
    return process


def _run(file: Path, work: Path, last: int, arguments: Sequence[str]) -> None:
    calls, whole = count(1), Keeper.process

    def process(self: Keeper, records: Any, **options: Any) -> list[Event]:
        events = whole(self, records, **options)
        if next(calls) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return events

    os.chdir(work)
    sys.argv = [str(file), *arguments]
    with patch.object(Keeper, "process", process):
        if file.suffix == ".py":
            runpy.run_path(str(file), run_name="__main__")
        else:
            names: dict[str, Any] = {}
            for cell in json.loads(file.read_text())["cells"]:
                if cell["cell_type"] == "code":
                    exec("".join(cell["source"]), names)  # noqa: S102 - our own notebook


@pytest.mark.parametrize("name", ["plain_loop", "asyncio_tasks", "bytewax_flow", "notebook"])
def test_a_killed_example_goes_on(name: str, work: Path, wanted: list[Row]) -> None:
    (described,) = (host for host in HOSTS if host.name == name)
    for last, status in ((2, KILLED), (NEVER, 0)):
        process = host(HERE / described.example, work, last)
        process.join(60)
        assert process.exitcode == status
    assert compare([*described.rows(work)], wanted)[1] == ""


def test_a_killed_service_goes_on(work: Path, wanted: list[Row]) -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    file, rows = HERE / "fastapi_service.py", []
    asked = (work / "records.jsonl").read_bytes().splitlines()[:300]
    service = host(file, work, 200, str(port))
    for answer in answers(port, asked):
        rows += answer
        if service.exitcode == KILLED:
            service = host(file, work, NEVER, str(port))
    service.kill()
    service.join()
    known = {str(json.loads(line)["id"]) for line in asked}
    assert len(rows) == len(known)
    assert compare(rows, [row for row in wanted if row["id"] in known]) == (0, "")


def test_every_example_is_short_and_has_its_requirements() -> None:
    for described in HOSTS:
        assert len((HERE / described.example).read_text().splitlines()) <= 60 or described.command
        pins = (HERE / "requirements" / f"{described.name}.txt").read_text().splitlines()
        assert pins
        assert all("==" in pin for pin in pins if not pin.startswith("#"))
