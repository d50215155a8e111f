"""What the documents say is what the program says."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from msgspec.structs import replace

from dataflows.cli.main import app
from dataflows.commands.init import example_text
from engine.checks.growth import BOUNDED, SAVED
from engine.checks.suite import FIRST, LAWS, MADE, WARNED
from engine.core.serialize import encode
from engine.events import Event
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import check_extras
from engine.monitoring.verdicts import WORDS
from tests.engine.core.test_serialize import (
    alert,
    decision,
    drift,
    letter,
    prediction,
    preliminary,
    rates,
    report,
    summary,
    version,
    violation,
)

ROOT = Path(__file__).parents[2]

EVENTS: tuple[Event, ...] = (
    replace(prediction(), leader="m0.w3", share=0.6),
    letter(b"\xff" * 70_000, message_key=b"k", message_headers=(("sent-by", b"me"),)),
    violation(),
    preliminary(),
    drift(),
    report(),
    rates(),
    decision(),
    version(),
    alert(),
    summary(),
)


def test_the_configuration_page_is_what_init_writes() -> None:
    page = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert page.split("```toml\n")[1].removesuffix("```\n") == example_text()


def test_links_in_the_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]:
        for part in page.read_text(encoding="utf-8").split("](")[1:]:
            target = part.split(")")[0]
            if target.startswith("http"):
                continue
            file, _, anchor = target.partition("#")
            found = page.parent / file if file else page
            assert found.exists(), f"{page}: {target}"
            assert not anchor or anchor in _anchors(found), f"{page}: {target}"


def _anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    lines = page.read_text(encoding="utf-8").splitlines()
    titles = [line.lstrip("#").strip().lower() for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in titles}


def test_every_law_of_the_contract_suite_is_on_the_page_of_models() -> None:
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    for law in (MADE, *FIRST, SAVED, *LAWS, BOUNDED):
        warned = "*warning:* " if law in {*WARNED, BOUNDED} else ""
        assert f"\n| {warned}{law} | " in page


def test_the_model_on_the_page_of_models_passes_the_test_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    model, test = (part.split("```")[0] for part in page.split("```python\n")[1:])
    (tmp_path / "mine.py").write_text(model, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, Any] = {}
    exec(test, names)  # noqa: S102 - our own page
    names["test_my_model_keeps_the_laws"]()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_field_of_every_stream_is_on_the_page_of_what_a_run_writes(event: Event) -> None:
    lines, _ = encode([event])
    [(stream, chunk)] = lines.items()
    page = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {stream}\n")[1].split("\n## ")[0]
    if stream == "reports":
        page = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
        section = page.split("\n## A line of `reports.jsonl`\n")[1].split("| metric |")[0]
    rows = [row.split(" | ")[0] for row in section.splitlines() if row.startswith("| `")]
    assert {name.strip("`| ") for row in rows for name in row.split(",")} == set(orjson.loads(chunk.text))


def test_every_check_is_on_the_page_of_reports() -> None:
    page = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    for name in WORDS:
        assert f"\n| `{name}` | " in page


def test_the_metrics_on_the_page_of_reports_can_be_built() -> None:
    page = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    (example,) = [part.split("```")[0] for part in page.split("```toml\n")[1:] if "extra = [" in part]
    extra = tomllib.loads(example)["monitoring"]["extra"]
    extra[-1]["type"] = "tests.support.own_reports:two"
    check_extras(MonitoringConfig(extra=extra))


def test_every_command_is_documented() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    said = "\n".join(page.read_text(encoding="utf-8") for page in pages)

    def commands(group: typer.Typer, before: str) -> Iterator[str]:
        for command in group.registered_commands:
            assert command.callback is not None
            yield f"{before} {command.name or command.callback.__name__}"
        for sub in group.registered_groups:
            assert sub.typer_instance is not None
            yield from commands(sub.typer_instance, f"{before} {sub.name}")

    found = [*commands(app, "riverkeeper")]
    assert len(found) > 25
    assert [command for command in found if command not in said] == []
