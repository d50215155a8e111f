"""Text from data made fit to be shown: nothing in it steers a terminal, ends a line or turns text around."""

import html
import re
import shlex
from typing import Any

import orjson

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Characters that change the direction of the text around them."""

_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff{_BIDI}]")
_BEYOND_ASCII = re.compile(f"[\x7f-\x9f\u2028\u2029\ufeff{_BIDI}]")


def visible(text: str) -> str:
    r"""Control characters, line ends and changes of direction as Python writes them; the rest as it is.

    >>> visible("a\x1b[2J\n"), visible("caf\u00e9 \u202e"), visible("[red]")
    ('a\\x1b[2J\\n', 'café \\u202e', '[red]')
    """
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def escape(text: str) -> str:
    r"""Text between tags of a page, or in an attribute.

    >>> escape('<b a="1">\x1b')
    '&lt;b a=&quot;1&quot;&gt;\\x1b'
    """
    return html.escape(visible(text))  # noqa: TID251 - the one place


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
