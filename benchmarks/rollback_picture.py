"""The demo's rollback as a picture: the loss of what was served, and of the same model left alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import ceil

from dataflows.demo.run import FAULT
from dataflows.escape import in_html
from engine.rows import DecisionRow

_WIDTH, _HEIGHT = 960, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 20, 78, 34
_FLOOR = _HEIGHT - _BOTTOM
_MEAN = 7
"""Days that are averaged: a single one is mostly weather."""
_STYLE = """
text { font: 13px sans-serif; fill: #333 }
.small { font-size: 12px; fill: #666 }
.grid { stroke: #e4e4e4 }
.fault { fill: #f6e3d3 }
.alone { stroke: #c26a2d; stroke-width: 2; fill: none }
.served { stroke: #2f6db3; stroke-width: 2.5; fill: none }
.mark { stroke: #2f6db3; stroke-dasharray: 3 3 }
"""


@dataclass(slots=True)
class Losses:
    """Sums over the same labelled events."""

    events: int = 0
    alone: float = 0.0
    served: float = 0.0

    def add(self, alone: float, served: float, *, label: bool) -> None:
        """Adds one event: both probabilities of the positive class."""
        self.events += 1
        self.alone += (alone - label) ** 2
        self.served += (served - label) ** 2


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a day and a loss lie in the picture.

    Attributes:
        first: The first day.
        last: The last day.
        low: The lowest loss.
        high: The highest.
    """

    first: float
    last: float
    low: float
    high: float

    def x(self, day: float) -> float:
        """From the left."""
        return _LEFT + (day - self.first) / (self.last - self.first) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, loss: float) -> float:
        """From the top."""
        return _TOP + (self.high - loss) / (self.high - self.low) * (_FLOOR - _TOP)

    def line(self, kind: str, values: Mapping[int, float]) -> str:
        """A line through the values of days."""
        path = "L".join(f"{self.x(day):.1f} {self.y(value):.1f}" for day, value in values.items())
        return f'<path class="{kind}" d="M{path}"/>'


def picture(days: Mapping[int, Losses], decisions: Sequence[DecisionRow]) -> str:
    """An SVG.

    Args:
        days: By day, counted from 1970.
        decisions: Of the run; changes of the model are marked.
    """
    shown = sorted(days)[_MEAN - 1 :]
    served = {day: _mean(days, day, "served") for day in shown}
    alone = {day: _mean(days, day, "alone") for day in shown}
    values = [*served.values(), *alone.values()]
    scale = Scale(shown[0], shown[-1], min(values) * 0.92, max(values) * 1.02)
    title = f"mean loss of {_MEAN} days (halved Brier score; lower is better)"
    parts = [
        *_fault(scale),
        *_grid(scale),
        *_months(scale),
        *_marks(decisions, scale),
        scale.line("alone", alone),
        scale.line("served", served),
        f'<path class="served" d="M{_LEFT} 20h28"/>' + _text(_LEFT + 36, 25, "served by Riverkeeper"),
        f'<path class="alone" d="M{_LEFT + 200} 20h28"/>'
        + _text(_LEFT + 236, 25, "the same model left alone"),
        _text(_WIDTH - _RIGHT, 25, title, "small", "end"),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"><style>{_STYLE}</style>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>{"".join(parts)}</svg>\n'
    )


def _mean(days: Mapping[int, Losses], day: int, kind: str) -> float:
    """The mean of the days up to this one, each flight counted once."""
    found = [days[one] for one in range(day - _MEAN + 1, day + 1) if one in days]
    return float(sum(getattr(one, kind) for one in found) / sum(one.events for one in found))


def _fault(scale: Scale) -> list[str]:
    begin, end = scale.x(_day(FAULT.start)), scale.x(_day(FAULT.end))
    size = f'width="{end - begin:.1f}" height="{_FLOOR - _TOP}"'
    return [
        f'<rect class="fault" x="{begin:.1f}" y="{_TOP}" {size}/>',
        _text(begin + 5, _TOP + 16, "hours are spoilt", "small"),
    ]


def _grid(scale: Scale) -> list[str]:
    """Lines at round losses."""
    found = []
    for hundredth in range(ceil(scale.low * 100), int(scale.high * 100) + 1):
        if hundredth % 5 == 0:
            y = scale.y(hundredth / 100)
            found.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}"/>')
            found.append(_text(_LEFT - 8, y + 4, f"{hundredth / 100:.2f}", "small", "end"))
    return found


def _months(scale: Scale) -> list[str]:
    firsts = [date(2013, month, 1) for month in range(1, 13)]
    return [
        _text(scale.x(_day(first)), _HEIGHT - 12, f"{first:%b %Y}", "small", "middle")
        for first in firsts
        if scale.first <= _day(first) <= scale.last - 5
    ]


def _marks(decisions: Sequence[DecisionRow], scale: Scale) -> list[str]:
    """Where another model took over, and which."""
    found = []
    changes = [decision for decision in decisions if decision.model != decision.previous]
    for number, decision in enumerate(changes):
        x, top = scale.x(decision.time / 86_400), _TOP - 22 + 16 * (number % 2)
        found.append(f'<path class="mark" d="M{x:.1f} {top + 5}V{_FLOOR}"/>')
        what = f"{decision.action} to {decision.shadow or decision.model}, {day_of(decision.time)}"
        right = x > _WIDTH * 0.75
        found.append(_text(x + 3 if right else x - 3, top, what, "small", "end" if right else "start"))
    return found


def day_of(time: float) -> str:
    """A day as people write it."""
    return f"{datetime.fromtimestamp(time, UTC):%d %B}".lstrip("0")


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _text(x: float, y: float, content: str, kind: str = "", anchor: str = "start") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{shown}>{in_html(content)}</text>'
