"""What the documents say is what the program says."""

from pathlib import Path

from dataflows.example import example_text

ROOT = Path(__file__).parents[2]


def test_the_configuration_page_is_what_init_writes() -> None:
    page = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert page.split("```toml\n")[1].removesuffix("```\n") == example_text()


def test_links_in_the_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")]:
        for part in page.read_text(encoding="utf-8").split("](")[1:]:
            target = part.split(")")[0]
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page}: {target}"
