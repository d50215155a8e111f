"""The fault benchmark as a picture: what each arm lost under each fault, against the clean stream."""

from collections.abc import Sequence
from typing import Any

from dataflows.escape import escape

ARMS = {
    "none": "no supervision",
    "naive": "switch when a window fails",
    "supervised": "supervised",
    "oracle": "oracle",
}
_COLOURS = {"none": "#8a8f98", "naive": "#d08c3c", "supervised": "#2f6db3", "oracle": "#9cc7a4"}
_LEFT, _WIDTH, _ROW, _BAR = 120, 860, 64, 12


def picture(rows: Sequence[dict[str, Any]]) -> str:
    """An SVG: a group of bars for each fault; all streams, models and seeds together."""
    faults = sorted({row["fault"] for row in rows} - {"none"})
    extra = {fault: _extra([row for row in rows if row["fault"] == fault]) for fault in faults}
    most = max((value for one in extra.values() for value in one.values()), default=0.0) or 1.0
    parts = [
        _text(
            16,
            24,
            "Loss from the fault on, above that of the stream without the fault (100 % = as much again)",
        )
    ]
    parts += [
        f'<rect x="{16 + 215 * number}" y="38" width="12" height="12" fill="{_COLOURS[arm]}"/>'
        + _text(34 + 215 * number, 49, name)
        for number, (arm, name) in enumerate(ARMS.items())
    ]
    for place, fault in enumerate(faults):
        top = 74 + place * _ROW
        parts.append(_text(_LEFT - 10, top + 30, fault, "end"))
        for number, arm in enumerate(ARMS):
            value = extra[fault][arm]
            y, width = top + number * (_BAR + 1), max(value, 0.0) / most * (_WIDTH - _LEFT - 80)
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{_COLOURS[arm]}"/>'
                + _text(_LEFT + width + 6, y + 10, f"{value:+.0%}", size=11)
            )
    height = 80 + len(faults) * _ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif">'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _extra(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """For each arm its loss over that of the clean stream, less 1; the mean over cells."""
    shares: dict[str, list[float]] = {arm: [] for arm in ARMS}
    for row in rows:
        lost = {arm: one["during"] + one["after"] for arm, one in row["losses"].items()}
        for arm in ARMS:
            shares[arm].append(lost[arm] / lost["clean"] - 1.0)
    return {arm: sum(found) / len(found) for arm, found in shares.items()}


def _text(x: float, y: float, content: str, anchor: str = "start", size: int = 13) -> str:
    place = f'x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{size}" fill="#222">{escape(content)}</text>'
