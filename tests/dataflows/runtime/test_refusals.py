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


def test_processes_that_cannot_be_connected_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def panics(*_: object, **__: object) -> None:
        raise RuntimeError(
            "(src/run.rs:274:10) error building timely communication pipeline\nCaused by => Exception: "
            "failed to initialize networking: Name or service not known"
        )

    monkeypatch.setattr(runner, "cli_main", panics)
    flow = load_config(write_flow(tmp_path, rows=0, extra="reports = false"))
    with pytest.raises(RunError, match=r"^--addresses: .* cannot be connected: Name or service not known$"):
        runner.run_flow(flow, None, PlainConsole(file=StringIO()))


@pytest.mark.parametrize("address", ["a", "a:", "a:0", "a:65536", "a:x", "a:²"])
def test_an_address_has_a_port_that_there_can_be(address: str) -> None:
    with pytest.raises(ConfigError, match="expected host:port for each process"):
        member(f"{address},b:1", 0)
