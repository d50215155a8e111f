"""Gives detectors what is served, and its loss when the label is there; what they find becomes events."""

from collections.abc import Iterable

from engine.core.parts import Parts
from engine.core.waiting import PendingPrediction
from engine.events import Event
from engine.monitoring.detectors.detectors import Drift
from engine.monitoring.detectors.watch import Found
from engine.records.values import Target


def detect_in_served(parts: Parts, held: PendingPrediction, events: list[Event]) -> None:
    """Looks at a prediction that has just been served, and at its features."""
    found = parts.detectors.served(held.example.features, parts.ops.serve(held.output))
    _tell(parts, held, held.example.time, found, events)


def detect_in_loss(  # noqa: PLR0913 - the parts, the prediction, its fate, and where to write what comes of it
    parts: Parts, held: PendingPrediction, label: Target, loss: float, events: list[Event], *, time: float
) -> None:
    """Looks at the loss of what was served, on its first label."""
    found = parts.detectors.loss(loss, lambda: parts.ops.serve(held.output)[0] != label)
    _tell(parts, held, time, found, events)


def _tell(
    parts: Parts,
    held: PendingPrediction,
    time: float,
    found: Iterable[tuple[str, Found]],
    events: list[Event],
) -> None:
    state = parts.detectors.state
    for name, each in found:
        where = state.number, time, held.sequence, parts.windows.index
        what = each.kind, each.values, each.before, each.after
        events.append(Drift(parts.key, *where, name, *what))
        state.number += 1
