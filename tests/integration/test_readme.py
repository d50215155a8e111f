"""Every block of the README is run: what it says is printed is printed."""

import csv
import io
import re
import shlex
from contextlib import redirect_stdout
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, OutputChecker
from pathlib import Path

import pytest
from river.datasets import Phishing

from tests.support.forks import running

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```\n", re.S | re.M)
CHECKER = OutputChecker()

PROGRAMS = re.findall(r"```python\n(.*?)```\n\nprints\n\n```\n(.*?)```", README, re.S)
SESSIONS = re.findall(r"```console\n(.*?)```", README, re.S)

KNOWN = ("pip install ", "make ", "python -m bytewax.run ")
"""Commands that other tests, or CI itself, run."""


def same(expected: str, got: str) -> bool:
    return CHECKER.check_output(expected, got, ELLIPSIS | NORMALIZE_WHITESPACE)


def test_no_block_is_of_a_kind_that_is_not_run() -> None:
    kinds = [kind for kind, _ in BLOCK.findall(README)]
    assert kinds.count("python") == len(PROGRAMS) == 2
    assert kinds.count("") == len(PROGRAMS), "what programs print"
    assert set(kinds) == {"python", "console", ""}
    indented = [line.strip() for line in README.splitlines() if line.startswith("    ")]
    in_blocks = [line.strip() for _, text in BLOCK.findall(README) for line in text.splitlines()]
    assert all(line.startswith(KNOWN) for line in indented if line not in in_blocks)


@pytest.mark.parametrize(("program", "printed"), PROGRAMS)
def test_a_program_prints_what_is_said(program: str, printed: str) -> None:
    out = io.StringIO()
    with redirect_stdout(out):
        exec(program, {"__name__": "readme"})  # noqa: S102 - our own
    assert out.getvalue() == printed


def test_commands_print_what_is_said(tmp_path: Path) -> None:
    rows = [
        {"id": number, **features, "phishing": "yes" if label else "no"}
        for number, (features, label) in enumerate(Phishing())
    ]
    with (tmp_path / "sites.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    for command, expected in re.findall(
        r"^\$ riverkeeper (.*)\n((?:(?!\$ ).*\n)*)", "\n".join(SESSIONS), re.M
    ):
        with running(*shlex.split(command), cwd=tmp_path) as fork:
            shown, wrong = fork.communicate(120)
        assert (fork.returncode, wrong) == (0, ""), command
        assert same(expected, shown), f"$ riverkeeper {command}\n{shown}"
