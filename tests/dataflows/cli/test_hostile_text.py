"""Every command over a run whose keys, features, labels and names are written to harm a terminal: they appear
as they are written, and nothing of them steers it."""

import re
from pathlib import Path
from random import Random

import orjson
import pytest
from typer.main import get_command

from dataflows.cli import main, registry_options
from dataflows.cli.main import app
from dataflows.escape import visible
from dataflows.toml import literal
from tests.support.flows import riverkeeper
from tests.support.typed import Typed

pytestmark = pytest.mark.integration

RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
"""What no command prints: everything that steers a terminal, except the end of a line."""

KEY, FEATURE, LABEL, BUSINESS = (
    f"[/{name}]\x1b[2J\x9b[bold]\u202e{name}<script>" for name in ("key", "feature", "label", "business")
)
FLOW = """
[run]
name = "test"
[input]
path = {path}
[record]
key = "shop"
time_unit = "s"
[model]
task = "multiclass"
model = "naive_bayes.GaussianNB"
[window]
count = 100
[supervision]
min_events = 50
cooldown = 100
guard = false
[monitoring]
reports = false
[business.{business}]
expression = "-features['x'] * features['x']"
fail_below = -100
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two keys, whose business metric fails in the middle, in a folder with its flow."""
    folder = tmp_path_factory.mktemp("[bold]folder")
    random = Random(5)  # noqa: S311 - test data
    data = folder / "in\x1b\u202e.jsonl"
    with data.open("wb") as out:
        for i in range(800):
            x = random.gauss(0, 1)
            row = {
                "id": f"{KEY}{i}",
                "time": i,
                "x": x * (1000 if 300 < i < 400 else 1),
                FEATURE: x,
                "shop": KEY,
            }
            row["label"] = LABEL if x + random.gauss(0, 0.3) > 0 else "other"
            out.write(orjson.dumps(row if i % 3 else row | {"shop": "plain"}) + b"\n")
            if i % 97 == 0:
                out.write(b'{"id": "\xff' + KEY.encode() + b"\n")
    flow = folder / "flow.toml"
    flow.write_text(FLOW.format(path=literal(data.name), business=literal(BUSINESS)), encoding="utf-8")
    done = riverkeeper("run", flow)
    assert done.returncode == 0, done.stderr
    assert not RAW.search(done.stdout + done.stderr)
    assert f"{visible(KEY)}: " in done.stdout
    assert visible(BUSINESS) in done.stdout
    return folder / "runs" / "test"


REGISTRY = ("--registry", "runs/registry")
RUN = "runs/test"

SHOWN: dict[tuple[str, ...], list[str]] = {
    ("check", "flow.toml"): [FEATURE],
    ("contract", "infer", "in\x1b\u202e.jsonl", "--config", "flow.toml"): [],
    ("contract", "infer", "in\x1b\u202e.jsonl", "--out", "c[x].toml"): ["c[x].toml"],
    ("reports", RUN): [KEY, BUSINESS],
    ("reports", RUN, "0", "--key", KEY): [BUSINESS],
    ("reports", RUN, "--html"): ["report.html"],
    ("reports", RUN, "99", "--key", KEY): [],
    ("status", RUN): [KEY],
    ("explain", RUN, "--key", KEY): [KEY, BUSINESS],
    ("explain", RUN, "--key", KEY, "--html"): [],
    ("explain", RUN): [KEY],
    ("ui", RUN, "--no-serve"): [],
    ("suspect", "nowhere[/x]\x1b", "--why", "x"): ["nowhere[/x]\x1b"],
    ("rollback", "nowhere[/x]\x1b", "--why", "x"): ["nowhere[/x]\x1b"],
    ("promote", "nowhere[/x]\x1b", "y", "--why", "x"): ["nowhere[/x]\x1b"],
    ("pin", "nowhere[/x]\x1b", "--why", "x"): ["nowhere[/x]\x1b"],
    ("unpin", "nowhere[/x]\x1b", "--why", "x"): ["nowhere[/x]\x1b"],
    ("save", "nowhere[/x]\x1b", "--why", "x"): ["nowhere[/x]\x1b"],
    ("init", "flow.toml"): [],
    ("run", "n[/x]\x1b.toml"): ["n[/x]\x1b.toml"],
    ("demo", "--folder", "flow.toml"): [],
    ("registry", "list", *REGISTRY): [KEY],
    ("registry", "show", f"test-1/{KEY}/m0.start", *REGISTRY): [KEY],
    ("registry", "show", "[/x]\x1b", *REGISTRY): ["[/x]\x1b"],
    ("registry", "diff", f"test-1/{KEY}/m0.start", "test-1/plain/m0.start", *REGISTRY): [KEY],
    ("registry", "audit", *REGISTRY): [KEY],
    ("registry", "audit", "--json", *REGISTRY): [],
    ("registry", "verify", *REGISTRY): [],
    ("registry", "who", "--at", "1970-01-01T00:05", *REGISTRY): [KEY],
    ("registry", "who", "--at", "1970", "--key", "[/x]\x1b", *REGISTRY): ["[/x]\x1b", KEY],
    ("registry", "gc", "--dry-run", *REGISTRY): [],
    ("registry", "export", f"test-1/{KEY}/m0.start", "m[x].zip", *REGISTRY): ["m[x].zip"],
    ("registry", "import", "m[x].zip", *REGISTRY): [KEY],
    ("registry", "evaluate", f"test-1/{KEY}/m0.start", "--data", "flow.toml", *REGISTRY): [],
    ("registry", "rebuild", "[/x]\x1b", *REGISTRY): ["[/x]\x1b"],
    ("registry", "push", "x", "--to", "[/x]\x1b", "--model", "x", *REGISTRY): [],
}
"""Commands, and text from data that each prints."""


@pytest.mark.parametrize("command", SHOWN, ids=" ".join)
def test_text_appears_as_it_is_written_and_steers_nothing(
    typed: Typed, run: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(run.parents[1])
    for one in (main.console, registry_options.console):  # where a name is folded depends on the terminal
        monkeypatch.setattr(one, "width", 1000)
    status, printed = typed(*command)
    assert status in {0, 2}
    assert not RAW.search(printed)
    assert all(visible(text) in printed for text in SHOWN[command])
    assert "Traceback" not in printed


def test_no_command_is_left_out() -> None:
    found: set[tuple[str, ...]] = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        found |= {(name, inner) for inner in getattr(command, "commands", {})} or {(name,)}
    assert found <= {command[:length] for command in SHOWN for length in (1, 2)}
