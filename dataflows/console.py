"""Where the program prints: text appears as it is written, whatever is in it.

Rich takes `[...]` in a string for markup, which hides names from data or fails. Here a string is only ever
text. What has a style is a `Text`, made by `styled`.
"""

import os
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType  # noqa: TID251 - the one place
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from dataflows.escape import visible, visible_lines

_UNWRAPPED = 1000
"""Columns when the output is a file or a pipe: lines and tables stay whole."""


class PlainConsole(Console):
    """A console that knows no markup, no emoji names and no highlighting, and prints no control character.

    Args:
        options: Those of Rich's `Console`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, "highlight": False} | options)
        if "width" not in options and not self.is_terminal and "COLUMNS" not in os.environ:
            self.width = _UNWRAPPED

    def render_str(self, text: str, *, style: str | Style = "", **options: Any) -> Text:
        """A string as text, as wide as it is shown; also in the cells of a table."""
        justify, overflow = options.get("justify"), options.get("overflow")
        return Text(visible(text), style=style, justify=justify, overflow=overflow)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What is printed in the end: a `Text` that was made elsewhere steers no terminal either."""
        for segment in super().render(renderable, options):
            text = segment.text
            if segment.control is None and not text.isprintable():
                text = visible_lines(text)
            yield Segment(text, segment.style, segment.control)


def styled(*parts: str | tuple[str, str]) -> Text:
    r"""A line whose parts may have a style: text, or text and style.

    >>> styled(("error:", "red"), " a[b]\n").plain
    'error: a[b]\\n'
    """
    found = Text()
    for part in parts:
        text, style = (part, "") if isinstance(part, str) else part
        found.append(visible(text), style or None)
    return found
