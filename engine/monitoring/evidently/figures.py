"""What a light page shows, written as the JSON that Evidently's page draws from, without Plotly objects."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from engine.monitoring.columns import Column
from engine.monitoring.evidently.library import library

_BARS = 20
_MOST_CATEGORIES = 20
_COLOURS = {"current": "#ed0400", "reference": "#4d4d4d"}
"""Evidently's own."""

_HALF, _FULL = 1, 2


def counters(title: str, values: Mapping[str, object], name: str) -> Any:
    """A row of numbers with their names."""
    shown = [{"value": str(value), "label": label} for label, value in values.items()]
    return library().widget.BaseWidgetInfo(
        type="counter", title=title, size=_FULL, id=name, params={"counters": shown}
    )


def distribution(title: str, column: Column, name: str) -> Any:
    """A column in the window and in the reference, as bars of percent of the values."""
    sides = {"current": column.current, "reference": column.reference}
    values = {side: [cell for cell in cells if cell is not None] for side, cells in sides.items()}
    places, heights = _bars(values) if column.numeric else _categories(values)
    data = [
        {"type": "bar", "name": side, "x": places, "y": found, "marker": {"color": _COLOURS[side]}}
        for side, found in heights.items()
        if values[side]
    ]
    layout = {"barmode": "group", "yaxis": {"title": {"text": "percent"}}, "margin": {"t": 20}}
    return library().widget.BaseWidgetInfo(
        type="big_graph", title=title, size=_HALF, id=name, params={"data": data, "layout": layout}
    )


def _bars(values: Mapping[str, list[Any]]) -> tuple[list[Any], dict[str, list[float]]]:
    every = [value for found in values.values() for value in found]
    low, high = min(every), max(every)
    width = (high - low) / _BARS
    heights = {}
    for side, found in values.items():
        counts = [0] * _BARS
        for value in found:
            counts[min(int((value - low) / width), _BARS - 1)] += 1
        heights[side] = [_percent(count, len(found)) for count in counts]
    return [float(f"{low + (bar + 0.5) * width:.4g}") for bar in range(_BARS)], heights


def _categories(values: Mapping[str, list[Any]]) -> tuple[list[Any], dict[str, list[float]]]:
    counts = {side: Counter(found) for side, found in values.items()}
    both = counts["current"] + counts["reference"]
    names = sorted(both, key=lambda name: (-both[name], name))[:_MOST_CATEGORIES]
    heights = {
        side: [_percent(found[name], found.total()) for name in names] for side, found in counts.items()
    }
    return [str(name)[:40] for name in names], heights


def _percent(count: int, total: int) -> float:
    return round(100 * count / total, 2) if total else 0.0
