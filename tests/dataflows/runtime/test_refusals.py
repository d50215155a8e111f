"""What the system refuses to Bytewax, or a cluster cannot be, is told as a mistake that can be mended."""

from io import StringIO
from pathlib import Path

import pytest

from dataflows.config import load_config
from dataflows.console import PlainConsole
from dataflows.runtime import runner
from dataflows.runtime.run_setup import member
from engine.errors import ConfigError, RunError
from tests.support.flows import write_flow


@pytest.mark.parametrize(
    ("panic", "told"),
    [
        (
            "(src/run.rs:167:13) called `Result::unwrap()` on an `Err` value: SqliteFailure(Error { code: "
            'DiskFull, extended_code: 13 }, Some("database or disk is full"))',
            "--recovery: its files cannot be used: database or disk is full",
        ),
        (
            "(src/run.rs:274:10) error building timely communication pipeline\nCaused by => Exception: "
            "failed to initialize networking: Name or service not known",
            "--addresses: the processes cannot be connected: Name or service not known",
        ),
    ],
)
def test_what_bytewax_panics_of_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, panic: str, told: str
) -> None:
    def panics(*_: object, **__: object) -> None:
        raise RuntimeError(panic)

    monkeypatch.setattr(runner, "cli_main", panics)
    flow = load_config(write_flow(tmp_path, rows=0, extra="reports = false"))
    with pytest.raises(RunError) as found:
        runner.run_flow(flow, None, PlainConsole(file=StringIO()))
    assert str(found.value) == told


@pytest.mark.parametrize("address", ["a", "a:", "a:0", "a:65536", "a:x", "a:²"])
def test_an_address_has_a_port_that_there_can_be(address: str) -> None:
    with pytest.raises(ConfigError, match="expected host:port for each process"):
        member(f"{address},b:1", 0)
