"""What the system refuses to Bytewax, or a cluster cannot be, is told as a mistake that can be mended."""

import socket
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


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1:2101", "a:2101", "0.0.0.0:2101", "[::]:2101", ":2101", "localhost.a:2101", "0177.0.0.1:2101"],
)
def test_an_address_beyond_this_machine_needs_trust(address: str) -> None:
    refusal = r"got \S+: whoever reaches that port can run code as this user.* --trust-network"
    with pytest.raises(ConfigError, match=refusal):
        member(f"127.0.0.1:1,{address}", 0)
    assert member(f"127.0.0.1:1,{address}", 0, trust_network=True).addresses[1] == address


@pytest.mark.parametrize("address", ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"])
def test_an_address_of_this_machine_needs_none(address: str) -> None:
    assert member(address, 0).addresses == (address,)


def test_the_name_localhost_must_mean_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
    with pytest.raises(ConfigError, match="--trust-network"):
        member("localhost:1", 0)
