"""Charts as SVG text, without a script. Everything that comes from data is escaped here."""

import math
from collections.abc import Callable, Mapping, Sequence

from dataflows.escape import in_html

WIDTH = 1000
LEFT, RIGHT = 150, 14
"""Room for names on the left, and for the last label on the right."""

_TICKS = 6


def places(count: int) -> list[float]:
    """The middle of each of so many steps along a chart."""
    step = (WIDTH - LEFT - RIGHT) / max(count, 1)
    return [LEFT + step * (number + 0.5) for number in range(count)]


def chart(height: float, parts: Sequence[str], label: str) -> str:
    """A drawing of these parts; `label` says to a screen reader what it is."""
    return (
        f'<div class="chart"><svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" '
        f'aria-label="{in_html(label)}">'
        f"{''.join(parts)}</svg></div>"
    )


def text(x: float, y: float, content: str, kind: str = "") -> str:
    """Text at a place; `kind` is its CSS class."""
    shown = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{shown}>{in_html(content)}</text>'


def axis(y: float, names: Sequence[str]) -> list[str]:
    """Names under a chart, as many as have room."""
    xs = places(len(names))
    step = max(1, -(-len(names) // _TICKS))
    return [text(xs[i], y, names[i], "tick middle") for i in range(0, len(names), step)]


def timeline(
    series: Mapping[str, Sequence[float | None]], marks: Mapping[int, str], top: float, height: float
) -> list[str]:
    """Lines over the same steps, on one scale, with a mark at some of them.

    Args:
        series: Values by name; the name is the line's CSS class too, as far as it has one.
        marks: What to write at which step.
        top: Where it begins.
        height: Its height.
    """
    values = [value for line in series.values() for value in line if value is not None]
    if not values:
        return [text(LEFT, top + height / 2, "no labelled outcomes", "tick")]
    low, high = min(0.0, *values), max(values)
    spread = (high - low) or 1.0
    xs = places(max(len(line) for line in series.values()))

    def y(value: float) -> float:
        return top + height * (1 - (value - low) / spread)

    parts = []
    for value in _levels(low, high):
        parts.append(f'<path class="grid" d="M{LEFT} {y(value):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(text(LEFT - 8, y(value) + 4, f"{value:.3g}", "tick end"))
    for place, name in marks.items():
        parts.append(f'<path class="mark" d="M{xs[place]:.1f} {top:.1f}V{top + height:.1f}"/>')
        parts.append(text(xs[place], top - 6, name, "middle number"))
    for number, line in enumerate(series.values()):
        parts.append(f'<path class="line l{min(number, 7)}" d="{_path(line, xs, y)}"/>')
    return parts


def _levels(low: float, high: float) -> list[float]:
    """Round numbers from the lowest to the highest, some five of them.

    >>> _levels(0.0, 0.854), _levels(-3.0, 12.0)
    ([0.0, 0.2, 0.4, 0.6, 0.8], [0.0, 5.0, 10.0])
    """
    rough = (high - low) / 4 or 1.0
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= rough * 0.9)
    first = math.ceil(low / step)
    return [round(number * step, 12) for number in range(first, math.floor(high / step) + 1)]


def _path(line: Sequence[float | None], xs: Sequence[float], y: Callable[[float], float]) -> str:
    """Through all values; a gap where there is none, and a dot where one stands alone."""
    steps: list[str] = []
    for number, value in enumerate(line):
        if value is None:
            continue
        begins = number == 0 or line[number - 1] is None
        steps.append(f"{'M' if begins else 'L'}{xs[number]:.1f} {y(value):.1f}")
        ends = number + 1 == len(line) or line[number + 1] is None
        if begins and ends:
            steps.append("h.1")
    return "".join(steps)


def strip(statuses: Sequence[str], top: float, name: str, titles: Sequence[str]) -> list[str]:
    """One bar a step: the worse the status, the higher and the darker it is."""
    heights = {"pass": 6, "unjudged": 10, "warn": 14, "fail": 22}
    step = (WIDTH - LEFT - RIGHT) / max(len(statuses), 1)
    parts = [text(LEFT - 8, top + 20, name, "end name")]
    for number, status in enumerate(statuses):
        if status:
            height = heights[status]
            place = f'x="{LEFT + step * number:.1f}" y="{top + 22 - height:.1f}"'
            size = f'width="{max(step - 0.6, 0.6):.1f}" height="{height}"'
            title = f"<title>{in_html(titles[number])}</title>"
            parts.append(f'<rect class="{status}" {place} {size}>{title}</rect>')
    return parts


def heat(
    rows: Mapping[str, Sequence[tuple[float, str] | None]], top: float, titles: Sequence[str] | None
) -> list[str]:
    """A row of cells for each column: how far its value is from its limit.

    Args:
        rows: By column: value over limit and status, or nothing.
        top: Where it begins.
        titles: What each step is, told when one points at a cell; nothing where there are too many.
    """
    parts = []
    for line, (name, cells) in enumerate(rows.items()):
        y = top + line * 16
        parts.append(text(LEFT - 8, y + 11, _short(name), "end name"))
        step = (WIDTH - LEFT - RIGHT) / max(len(cells), 1)
        for number, cell in enumerate(cells):
            if cell is None:
                continue
            ratio, status = cell
            kind = status if status in {"warn", "fail"} else f"h{min(int(max(ratio, 0.0) * 4), 3)}"
            title = (
                ""
                if titles is None
                else (f"<title>{in_html(name)}, {in_html(titles[number])}: {ratio:.2f} of its limit</title>")
            )
            parts.append(
                f'<rect class="{kind}" x="{LEFT + step * number:.1f}" y="{y:.0f}" '
                f'width="{max(step - 0.4, 0.4):.1f}" height="14"' + (f">{title}</rect>" if title else "/>")
            )
    return parts


def _short(name: str) -> str:
    return name if len(name) <= 22 else f"{name[:21]}…"
