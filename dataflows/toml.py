"""TOML as people read it: the standard library reads it, but does not write it."""

import re
import textwrap
from typing import Any

import orjson

from dataflows.escape import in_json, visible

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """A key as TOML writes it: in quotes where it needs them.

    >>> key("wind_speed"), key("wind speed"), key("")
    ('wind_speed', '"wind speed"', '""')
    """
    return name if _BARE.fullmatch(name) else literal(name)


def literal(value: Any) -> str:
    """A value as TOML writes it; what has no value (there is no null in TOML) is left open.

    >>> literal(["a", True, 0.5]), literal(None)
    ('["a", true, 0.5]', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(literal(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key(name)} = {literal(item)}" for name, item in value.items()) + "}"
    if isinstance(value, str):
        # TOML's strings are JSON's, but for one control character that JSON does not escape.
        return in_json(orjson.dumps(value).decode())
    return repr(value)


def comment(text: str) -> list[str]:
    r"""Lines of comment, as many as it takes; what cannot be printed is escaped.

    >>> comment("a line\nand \0")
    ['# a line and \\x00']
    """
    return textwrap.wrap(visible(" ".join(text.split())), 98, initial_indent="# ", subsequent_indent="# ")
