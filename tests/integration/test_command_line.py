"""What a new user types, rightly and wrongly, and what comes back."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from dataflows.cli.main import app
from tests.support.flows import riverkeeper

pytestmark = pytest.mark.integration

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example") / "mine"
    done = riverkeeper("init", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_what_runs_no_model_does_not_wait_for_river() -> None:
    """A rollback by hand is wanted at once."""
    script = "import dataflows.cli.main, sys; print({'river', 'bytewax', 'evidently'} & {*sys.modules})"
    found = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert found.stdout == "set()\n"


def test_the_example_checks_runs_and_reports(example: Path) -> None:
    checked = riverkeeper("check", example / "flow.toml", fresh=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "1250 records tried: 1250 predicted, 1250 labelled" in checked.stdout
    ran = riverkeeper("run", example / "flow.toml", fresh=True)
    assert ran.returncode == 0, ran.stderr
    assert "all records accounted for" in ran.stdout
    listed = riverkeeper("reports", example / "runs" / "phishing")
    assert listed.returncode == 0
    shown = riverkeeper("reports", example / "runs" / "phishing", "3", "--html")
    assert shown.returncode == 0, shown.stderr
    page = example / "runs" / "phishing" / "reports" / "main-000003.html"
    assert page.stat().st_size > 1_000_000
    assert "window 3" in shown.stdout


def test_a_contract_is_learned_edited_and_used(example: Path, tmp_path: Path) -> None:
    text = (example / "flow.toml").read_text(encoding="utf-8")
    (tmp_path / "phishing.jsonl").write_bytes((example / "phishing.jsonl").read_bytes())
    flow, contract = tmp_path / "flow.toml", tmp_path / "contract.toml"
    flow.write_text(text.replace("[input]", '[input]\ncontract = "contract.toml"'), encoding="utf-8")
    done = riverkeeper("contract", "infer", "phishing.jsonl", "--config", "flow.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    contract.write_text(done.stdout, encoding="utf-8")
    checked = riverkeeper("check", flow)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 rejected, 0 still waiting" in checked.stdout
    edited = done.stdout.replace('"reject"', '"warn"').replace("max = 2\n", "max = 0.5\n")
    contract.write_text(edited, encoding="utf-8")
    ran = riverkeeper("run", flow)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " warned" in ran.stdout
    assert "all records accounted for" in ran.stdout
    written = (tmp_path / "runs" / "phishing" / "contract_violations.jsonl").read_bytes()
    assert b'"reason":"field \'ip_in_url\': expected a number from 0.0 to 0.5, got 1"' in written


def test_init_writes_nothing_over(example: Path) -> None:
    before = (example / "flow.toml").read_bytes()
    again = riverkeeper("init", example)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert (example / "flow.toml").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("count = 250", "count = 'many'"), "window.count: expected a valid integer"),
        (("count = 250", "cuont = 250"), "window.cuont: unknown key"),
        (('task = "binary"', ""), "model.task: required, but missing"),
        (("LogisticRegression", "LogisticRegresion"), "did you mean linear_model.LogisticRegression?"),
        (('"preprocessing.StandardScaler"', '"mine:make"'), "cannot import 'mine'"),
        (("l2 = 0.0", "l3 = 0.0"), "it takes: optimizer, loss, l2"),
        (('path = "phishing.jsonl"', 'path = "fishing.jsonl"'), "fishing.jsonl"),
        (('"ROCAUC"', '"ROC"'), "River has no metric 'ROC'"),
        (("[window]", "[window"), "not TOML"),
    ],
)
def test_a_mistake_is_one_clear_line_and_exit_status_2(
    example: Path, tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    text = (example / "flow.toml").read_text(encoding="utf-8")
    assert change[0] in text
    flow = tmp_path / "flow.toml"
    flow.write_text(text.replace(*change), encoding="utf-8")
    (tmp_path / "phishing.jsonl").write_bytes((example / "phishing.jsonl").read_bytes())
    for command in ("check", "run"):
        done = riverkeeper(command, flow)
        assert done.returncode == 2, (command, done.stdout)
        assert message in done.stderr
        assert "flow.toml" in done.stderr or "fishing.jsonl" in done.stderr, "where the mistake is"
        assert "Traceback" not in done.stderr + done.stdout
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_flow_that_cannot_learn_does_not_pass_the_check(example: Path, tmp_path: Path) -> None:
    text = (example / "flow.toml").read_text(encoding="utf-8")
    flow = tmp_path / "flow.toml"
    flow.write_text(text.replace('label = "phishing"', 'label = "fishing"'), encoding="utf-8")
    (tmp_path / "phishing.jsonl").write_bytes((example / "phishing.jsonl").read_bytes())
    done = riverkeeper("check", flow)
    assert done.returncode == 1
    assert "problem: no label has found its prediction" in done.stdout


def test_a_mistake_in_a_running_flow_is_one_line_too(example: Path, tmp_path: Path) -> None:
    flow = tmp_path / "flow.toml"
    flow.write_text((example / "flow.toml").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "phishing.jsonl").write_bytes((example / "phishing.jsonl").read_bytes())
    assert riverkeeper("run", flow, "--recovery", tmp_path / "store").returncode == 0
    (tmp_path / "phishing.jsonl").unlink()
    (tmp_path / "phishing.jsonl").write_text('{"id": 1}\n')
    done = riverkeeper("run", flow, "--recovery", tmp_path / "store")
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    done = riverkeeper("reports", tmp_path)
    assert done.returncode == 2
    assert "expected the folder of a run" in done.stderr


def test_every_command_is_in_the_readme_and_has_a_help_text() -> None:
    text = README.read_text(encoding="utf-8")
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert {"init", "run", "demo"} < set(commands)
    for name, command in commands.items():
        assert f"riverkeeper {name}" in text
        assert command.help


def test_the_readme_names_the_two_commands() -> None:
    text = README.read_text(encoding="utf-8")
    assert "\n    make demo\n" in text
    assert "\n    make test\n" in text
