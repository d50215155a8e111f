"""A process of ours runs no module that lies in the working directory."""

import subprocess
from pathlib import Path

import pytest

from engine import child_process


def test_what_lies_in_the_working_directory_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "msgspec.py").write_text("raise SystemExit('planted')")
    monkeypatch.chdir(tmp_path)
    command, environment = child_process.command("engine.records.values"), child_process.environment()
    done = subprocess.run(  # noqa: S603 - our own interpreter
        command, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
