"""Text from data, made fit for where it goes: it steers no terminal, runs in no page and calls no channel.

There is a function for each destination, and no other place escapes: `visible` and `visible_lines` for
terminals and logs, `in_html`, `in_slack`, `in_markdown` for Mattermost, `in_label` for Prometheus,
`in_json` and `as_json`, and `typed` for a shell.
"""

import html
import re
import shlex
from typing import Any

import orjson

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Characters that change the direction of the text around them."""

_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff{_BIDI}]")
_BEYOND_ASCII = re.compile(f"[\x7f-\x9f\u2028\u2029\ufeff{_BIDI}]")

_LIKE = str.maketrans({"<": "‹", ">": "›", "&": "＆", "`": "ˋ", "@": "＠"})  # noqa: RUF001
"""What chats take for the beginning of a link, mention or escape, or for the end of code, by its like."""


def visible(text: str) -> str:
    r"""Control characters, line ends and changes of direction as Python writes them; the rest as it is.

    >>> visible("a\x1b[2J\n"), visible("caf\u00e9 \u202e"), visible("[red]")
    ('a\\x1b[2J\\n', 'café \\u202e', '[red]')
    """
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def visible_lines(text: str) -> str:
    r"""The same, of text in several lines, which stay lines.

    >>> visible_lines("a\x1b[2J\nb")
    'a\\x1b[2J\nb'
    """
    return "\n".join(map(visible, text.split("\n")))


def in_html(text: str) -> str:
    r"""Text between tags of a page, or in an attribute.

    >>> in_html('<b a="1">\x1b')
    '&lt;b a=&quot;1&quot;&gt;\\x1b'
    """
    return html.escape(visible(text))  # noqa: TID251 - the one place


def in_slack(text: str) -> str:
    r"""Text in a `plain_text` object of Slack, which draws no formatting, link or mention.

    Slack takes three characters for its own wherever they stand.

    >>> in_slack("<!channel> & *all*\n")
    '&lt;!channel&gt; &amp; *all*\\n'
    """
    return visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def in_markdown(text: str) -> str:
    r"""Text as a code span of Markdown, in which Mattermost and Slack draw no formatting, link or mention.

    Both look for some characters before they look for code. No escape of theirs means the same to both, so
    these are replaced by what looks like them.

    >>> in_markdown("a_b *c* :d: [e](f)\n")
    '`a_b *c* :d: [e](f)\\n`'
    """
    shown = visible(text).translate(_LIKE) or " "
    return f"`{shown}`"


def in_label(text: str) -> str:
    r"""The value of a Prometheus label: one line of valid Unicode; its client escapes quotes itself.

    >>> in_label("a\ud800\n")
    'a\\ud800\\n'
    """
    return visible(text)


def as_json(value: Any) -> bytes:
    r"""JSON on one line that a terminal shows safely, and that is read back as the same value.

    >>> as_json("\x9b2J \x7f")
    b'"\\u009b2J \\u007f"'
    """
    return in_json(orjson.dumps(value).decode()).encode()


def in_json(text: str) -> str:
    """A JSON or TOML string literal, in which JSON leaves some control characters as they are."""
    return _BEYOND_ASCII.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def typed(*words: object, key: str = "main") -> str:
    """A command to type, its words in quotes where a shell needs them; `--key` where it is needed.

    >>> typed("reports", "my runs/demo", 18), typed("explain", "runs/demo", 3, "--html", key="r1")
    ("riverkeeper reports 'my runs/demo' 18", 'riverkeeper explain runs/demo 3 --html --key r1')
    """
    of_key = [] if key == "main" else ["--key", key]
    return visible(shlex.join(["riverkeeper", *map(str, words), *of_key]))
