"""Text from data, for each place where it goes."""

import html
import shlex
from collections.abc import Callable

import orjson
import pytest

from dataflows.escape import as_json, in_html, in_label, in_markdown, in_slack, typed, visible

HOSTILE = [
    "",
    "</script><script>alert(1)</script>",
    "<!-- ]]> &lt;",
    "\"onerror='alert(1)' x=\"",
    "javascript:alert(1)",
    "<!channel> <@U1> <https://evil.example|x> @here @all",
    "https://evil.example [x](y) ![x](y) *b* _i_ ~s~ `c` ``` :smile: $x$ #tag ~town",
    "a\nb\r\nc\u2028d\u2029e\x85f\x0bg",
    "\x1b[2J\x1b]8;;http://evil.example\x07\x9b2J\x7f\x00",
    "\u202eabc\u2066\ufeff",
    "\ud800",
    "$(rm -rf /) `id` ; & | '",
]


@pytest.mark.parametrize("escaped", [visible, in_html, in_slack, in_markdown, in_label])
@pytest.mark.parametrize("text", HOSTILE)
def test_text_stays_one_line_of_valid_unicode_that_steers_nothing(
    text: str, escaped: Callable[[str], str]
) -> None:
    found = escaped(text)
    assert found.isprintable()
    assert found.encode().decode() == found
    assert len((found or "x").splitlines()) == 1


@pytest.mark.parametrize(
    ("escaped", "never"), [(in_html, "<>\"'"), (in_slack, "<>"), (in_markdown, "<>&@"), (in_label, "\n")]
)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_character_that_begins_something_is_left(
    text: str, escaped: Callable[[str], str], never: str
) -> None:
    assert not set(never) & set(escaped(text))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_read_is_what_was_written(text: str) -> None:
    assert html.unescape(in_html(text)) == html.unescape(in_slack(text)) == visible(text)
    code = in_markdown(text)
    assert code[0] == code[-1] == "`"
    assert "`" not in code[1:-1]
    assert len(code) > 2
    assert shlex.split(typed("status", text)) == ["riverkeeper", "status", visible(text)]
    if "\ud800" not in text:
        assert orjson.loads(as_json(text)) == text
