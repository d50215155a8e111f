"""What a mistyped name may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 10


def meant(name: str, known: Iterable[str]) -> str:
    """The nearest name and the names there are, as the end of a message.

    >>> meant("r11", ["r1", "r2"]), meant("x", ["r1"]), meant("x", [])
    ("did you mean 'r1'? There are: r1, r2", 'there are: r1', 'there is none')
    """
    names = list(dict.fromkeys(known))
    if not names:
        return "there is none"
    close = get_close_matches(name, names, 1)
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    there = f"{', '.join(names[:_MOST])}{more}"
    return f"did you mean {close[0]!r}? There are: {there}" if close else f"there are: {there}"
