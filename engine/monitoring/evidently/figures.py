"""What a light page shows, written as the JSON that Evidently's page draws from, without Plotly objects."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.monitoring.cells import Values
from engine.monitoring.columns import Column
from engine.monitoring.evidently.results import STATUSES

_BARS = 20
_MOST_CATEGORIES = 20
_COLOURS = {"current": "#ed0400", "reference": "#4d4d4d"}
"""Evidently's own."""

_HALF, _FULL = 1, 2


def counters(title: str, values: Mapping[str, object], name: str) -> dict[str, Any]:
    """A row of numbers with their names."""
    shown = [{"value": str(value), "label": label} for label, value in values.items()]
    return _widget("counter", title, _FULL, name, {"counters": shown})


def distribution(title: str, column: Column, name: str) -> dict[str, Any]:
    """A column in the window and in the reference, as bars of percent of the values."""
    sides = {"current": column.current, "reference": column.reference}
    places, heights = _bars(sides) if column.numeric else _categories(sides)
    data = [
        {"type": "bar", "name": side, "x": places, "y": found, "marker": {"color": _COLOURS[side]}}
        for side, found in heights.items()
        if sides[side].present
    ]
    layout = {"barmode": "group", "yaxis": {"title": {"text": "percent"}}, "margin": {"t": 20}}
    if not column.numeric:
        layout["xaxis"] = {"type": "category"}  # names such as "0.001" would be drawn where the number is
    return _widget("big_graph", title, _HALF, name, {"data": data, "layout": layout})


def tests(statuses: Sequence[str], titles: Sequence[str], texts: Sequence[str], name: str) -> list[Any]:
    """What a page shows of tests: how many there are of each status, and each.

    Args:
        statuses: The status of each.
        titles: The name of each.
        texts: What each found.
        name: What the ids of the parts begin with.
    """
    counted = [{"value": str(statuses.count(status)), "label": status} for status in STATUSES]
    each = [
        {"title": title, "description": text, "state": status.lower(), "groups": []}
        for status, title, text in zip(statuses, titles, texts, strict=True)
    ]
    return [
        _widget("counter", "", _FULL, f"{name}-counts", {"counters": counted, "v2_test": True}),
        _widget("test_suite", "", _FULL, name, {"v2_test": True, "tests": each}),
    ]


def _widget(kind: str, title: str, size: int, name: str, params: dict[str, Any]) -> dict[str, Any]:
    """A part of a page, as Evidently writes it."""
    empty: dict[str, list[Any]] = {
        "insights": [],
        "additionalGraphs": [],
        "alerts": [],
        "tabs": [],
        "widgets": [],
    }
    return {"type": kind, "title": title, "size": size, "id": name, "params": params} | empty


def _bars(sides: Mapping[str, Values]) -> tuple[list[Any], dict[str, list[float]]]:
    values = {side: np.array(found.measured) for side, found in sides.items()}
    every = np.concatenate([*values.values()])
    low, high = float(every.min()), float(every.max())
    width = (high - low) / _BARS
    heights = {}
    for side, found in values.items():
        bars = np.minimum(((found - low) / width).astype(int), _BARS - 1)
        counts = np.bincount(bars, minlength=_BARS).tolist()
        heights[side] = [_percent(count, len(found)) for count in counts]
    return [float(f"{low + (bar + 0.5) * width:.4g}") for bar in range(_BARS)], heights


def _categories(sides: Mapping[str, Values]) -> tuple[list[Any], dict[str, list[float]]]:
    counts = {side: found.counts for side, found in sides.items()}
    both = counts["current"] + counts["reference"]
    # The most frequent first, by name where they are as frequent: a sort leaves equal ones in their order.
    names = sorted(sorted(both), key=both.__getitem__, reverse=True)[:_MOST_CATEGORIES]
    heights = {
        side: [_percent(found[name], found.total()) for name in names] for side, found in counts.items()
    }
    return [str(name)[:40] for name in names], heights


def _percent(count: int, total: int) -> float:
    return round(100 * count / total, 2) if total else 0.0
