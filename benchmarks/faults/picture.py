"""The fault benchmark as a picture: the share of each fault's cost that is recovered, cell by cell."""

from collections.abc import Iterable, Sequence
from statistics import median, quantiles

from benchmarks.faults.shares import Row, counting, share
from dataflows.escape import in_html

_LEFT, _RIGHT, _TOP, _ROW = 150, 40, 92, 40
_WIDTH = 860
_LEAST, _MOST = -0.75, 1.25
"""Shares that are drawn to scale; what is beyond stands at the edge."""

_SERVED, _BEST, _GREY, _INK = "#2f6db3", "#4d9960", "#8a8f98", "#222222"


def picture(rows: Sequence[Row]) -> str:
    """An SVG: a line for each fault, and one for all of them."""
    counted = counting(rows)
    faults = sorted({row["fault"] for row in counted})
    lines = [(fault, [row for row in counted if row["fault"] == fault]) for fault in faults]
    lines.append(("all faults", counted))
    height = _TOP + len(lines) * _ROW + 40
    parts = [
        _text(16, 26, "Share of the loss caused by a fault that supervision recovers", size=16),
        *_legend(),
        *_axis(height - 34),
    ]
    for place, (name, cells) in enumerate(lines):
        parts += _strip(_TOP + place * _ROW + 20, name, cells)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif">'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _strip(y: int, name: str, cells: Sequence[Row]) -> Iterable[str]:
    """A dot for each cell, the middle half of them as a bar, and both medians."""
    yield _text(_LEFT - 12, y + 1, name, "end")
    number = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    yield _text(_LEFT - 12, y + 14, number, "end", size=10, colour=_GREY)
    if not cells:
        return
    shares = [share(row) for row in cells]
    if len(shares) > 1:
        low, _, high = quantiles(shares, n=4, method="inclusive")
        yield _box(_x(low), y - 8, max(_x(high) - _x(low), 1.0), 16, f'fill="{_SERVED}" fill-opacity="0.18"')
    for place, value in enumerate(sorted(shares)):
        # Neighbours are set apart, so that equal values do not hide each other.
        offset = (-5, 0, 5)[place % 3]
        yield f'<circle cx="{_x(value):.1f}" cy="{y + offset}" r="2.6" fill="{_SERVED}" fill-opacity="0.6"/>'
    yield _box(_x(median(shares)) - 1.5, y - 12, 3, 24, f'fill="{_SERVED}"')
    best = _x(median(share(row, "best 2") for row in cells))
    yield _box(best - 1.5, y - 12, 3, 24, f'fill="{_BEST}"')


def _legend() -> Iterable[str]:
    yield f'<circle cx="22" cy="45" r="3" fill="{_SERVED}" fill-opacity="0.6"/>'
    yield _text(32, 49, "a cell", size=12)
    yield _box(88, 38, 22, 13, f'fill="{_SERVED}" fill-opacity="0.18"')
    yield _text(116, 49, "half of the cells", size=12)
    yield _box(228, 37, 3, 15, f'fill="{_SERVED}"')
    yield _text(238, 49, "median, supervised", size=12)
    yield _box(376, 37, 3, 15, f'fill="{_BEST}"')
    yield _text(386, 49, "median, best sequence with two changes in hindsight", size=12)


def _axis(bottom: int) -> Iterable[str]:
    for value, name in ((-0.5, ""), (0.0, "left alone"), (0.5, ""), (1.0, "as without the fault")):
        x = _x(value)
        width = 1.5 if name else 0.75
        line = f'x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{bottom}"'
        yield f'<line {line} stroke="#c8ccd2" stroke-width="{width}"/>'
        yield _text(x, bottom + 18, f"{value:g}", "middle", size=12)
        yield _text(x, _TOP - 12, name, "middle", size=12, colour=_GREY)


def _x(value: float) -> float:
    within = min(max(value, _LEAST), _MOST)
    return _LEFT + (within - _LEAST) / (_MOST - _LEAST) * (_WIDTH - _LEFT - _RIGHT)


def _box(x: float, y: float, width: float, height: float, style: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {style}/>'


def _text(  # noqa: PLR0913 - what a text has
    x: float, y: float, content: str, anchor: str = "start", *, size: int = 13, colour: str = _INK
) -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{size}" fill="{colour}">{in_html(content)}</text>'
