"""A console for which text is text, and steers nothing."""

from io import StringIO

import pytest
from rich.table import Table
from rich.text import Text

from dataflows.console import PlainConsole, styled
from dataflows.escape import as_json, visible


def printed(*parts: object, **options: object) -> str:
    out = StringIO()
    PlainConsole(file=out, **{"width": 80} | options).print(*parts)
    return out.getvalue()


def table(cell: str | Text) -> Table:
    found = Table(title=cell if isinstance(cell, str) else "")
    found.add_column(cell)
    found.add_row(cell)
    return found


@pytest.mark.parametrize(
    "text", ["[c]", "[/x]", "pip install 'riverkeeper[demo]'", ":smile:", "a\\[b]", "\\"]
)
def test_what_looks_like_markup_is_text(text: str) -> None:
    assert printed(text) == f"{text}\n"
    assert printed(styled((text, "bold"), text)) == f"{text}{text}\n"
    assert printed(table(text)).count(text) == 3


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "\x9b2J", "a\rb", "\x07", "\u202eabc", "\u2067", "\ud800", "a\nb", "\x7f"]
)
def test_what_would_steer_a_terminal_is_shown(text: str) -> None:
    shown = text.encode("unicode_escape").decode()
    assert visible(text) == shown
    for part in (text, styled(text), table(text), table(styled(text))):
        found = printed(part)
        assert shown in found
        assert text not in found
    if "\n" not in text:
        assert printed(Text(text)) == f"{visible(Text(text).plain)}\n", "a text made without us, too"


def test_scripts_of_the_world_are_printed_as_they_are() -> None:
    text = "Ключ 鍵 कुंजी مفتاح 🔑 👩\u200d🔧 é"
    assert visible(text) == text
    assert printed(text) == f"{text}\n"


def test_colours_stay_in_a_terminal_and_lines_stay_whole_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    words = "word " * 60
    assert printed(styled(("a", "red")), force_terminal=True, color_system="standard") == "\x1b[31ma\x1b[0m\n"
    out = StringIO()
    PlainConsole(file=out).print(words)
    assert out.getvalue() == f"{words}\n"
    assert printed(words).count("\n") == 4


def test_json_for_a_terminal_is_the_same_value() -> None:
    assert as_json({"a\x9b": "\u202e\x7f é"}) == b'{"a\\u009b":"\\u202e\\u007f \xc3\xa9"}'
