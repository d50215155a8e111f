"""Tables at any width: nothing is cut off, what was decided is there, and what has no room is named."""

from io import StringIO
from pathlib import Path

import pytest

from dataflows.console import PlainConsole
from dataflows.run_reader import read_rows
from dataflows.views.explain.sentences import headline
from dataflows.views.explain.story import read_story
from dataflows.views.html.page import run_page
from dataflows.views.terminal.run import show_run
from dataflows.views.terminal.status import roles_table
from dataflows.views.terminal.tables import Column, fitted_table
from engine.rows import DecisionRow, ReportRow
from tests.dataflows.views.test_html import Tags, write
from tests.engine.core.test_serialize import decision, report, summary

WIDTHS = [60, 80, 200]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two keys, one of them with a long name, and decisions in the last window."""
    keys = "eu", "Ключ-" + "длинный-" * 9
    found = [report(window, key) for window in range(5) for key in keys]
    made = [decision(number, key) for key in keys for number in (0, 1)]
    return write(tmp_path, *found, *made, *map(summary, keys))


def printed(run: Path, width: int) -> list[str]:
    out = StringIO()
    console = PlainConsole(file=out, width=width)
    show_run(console, run)
    windows = {row.key: row for row in read_rows(run, ReportRow)}
    decisions = {row.key: row for row in read_rows(run, DecisionRow)}
    console.print(roles_table(windows, decisions, {}, width))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", WIDTHS)
def test_what_was_decided_is_readable_at_any_width(run: Path, width: int) -> None:
    lines = printed(run, width)
    assert "…" not in "".join(lines)
    assert max(len(line) for line in lines if ": riverkeeper " not in line) <= width, "commands can be copied"
    (row,) = [line for line in lines if line.split()[:2] == ["eu", "4"]]
    assert "rollback" in row
    assert "decision 1 of eu: " in " ".join(lines)
    assert "m0 → m1: better" in " ".join(" ".join(lines).split())


def test_a_decision_has_one_number_everywhere(run: Path) -> None:
    text = " ".join(printed(run, 200))
    page = Tags(run_page(run)).text
    for number in (0, 1):
        assert f"decision {number} of eu: " in text
        assert f"decision {number}: rollback" in page
        assert headline(read_story(run, number, "eu")).startswith(f"decision {number} of eu: ")
    assert ">0-1</text>" in run_page(run), "the mark in the chart"
    assert "1: rollback" in text, "the status"


def test_columns_give_way_in_their_order_and_numbers_are_never_cut() -> None:
    columns = [
        Column("key", ["a" * 40, "b"], folds=True),
        Column("loss", ["0.123456", "1"], number=True),
        Column("spare", ["x" * 10, ""], spare=1),
        Column("sparer", ["y" * 10, ""], spare=2),
        Column("empty", ["", ""], spare=1),
    ]
    for width, left_out in ((90, []), (50, ["sparer"]), (38, ["spare", "sparer"]), (20, ["spare", "sparer"])):
        out = StringIO()
        PlainConsole(file=out, width=width).print(fitted_table(columns, width))
        text = out.getvalue()
        assert "0.123456" in text
        assert "empty" not in text
        assert text.count("a") - text.count("spare") == 40
        assert max(map(len, text.splitlines())) <= width
        assert ("no room for: " + ", ".join(left_out) in " ".join(text.split())) == bool(left_out)
