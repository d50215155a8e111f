"""The components whose state the native lane has while it takes records, and the state of each."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import Struct

from engine.core.admission import AdmissionState
from engine.core.challengers import Challenger
from engine.core.components import Components
from engine.core.event_clock import Clock
from engine.core.input_guard import InputGuardState
from engine.core.label_join import JoinCounts
from engine.core.live_model import LiveModel
from engine.core.loss_detector import AdwinOfLoss
from engine.core.model_pool import ModelPool
from engine.core.rate_watch import RateWatchState
from engine.core.serving import ServingState
from engine.core.shadows import Shadow
from engine.core.state import Progress
from engine.core.waiting import EarlyLabel
from engine.evaluation.progressive_scores import LentScores
from engine.monitoring.detectors.loss_drift import LossDrift
from engine.monitoring.first_look.counter import LentLook
from engine.supervision.decisions import ProposedDecision
from engine.supervision.lent_evidence import LentEvidence
from engine.supervision.triggers.loss_drift import LossDrifts
from engine.supervision.usual_loss import MeanLoss
from engine.tasks.binary import BINARY
from engine.tasks.registry import find_task
from engine.windows import LentWindow, Windows

_MOST_EXACT = 2**52
"""Whole numbers up to here are the same as floats."""

_MOST_CLASSES = 1000
"""Classes of labels; with more of them the engine goes alone."""


class Lent(Struct, frozen=True):
    """What the lane reads when it takes over, and writes when it gives back: the components' own states.

    Attributes:
        admission: Records received, and the last offset by source.
        clock: Event time.
        labels: How labels and predictions met.
        early: Labels that wait for their example.
        serving: Predictions made.
        progress: Outcomes known.
        rates: The open span of records.
        pool: Counts what the champion learns.
        champion: The model that serves.
        names: The names of all models as JSON.
        usual: The champion's usual loss.
        scores: Progressive scores.
        window: The open window.
        windows: What is in it, and what was learned since the last.
        guard: The input guard's columns; `None` when it is off.
        look: The counts for the preliminary verdict.
        detector: Looks at the champion's losses; `None` when that is off.
        on_loss: Takes a loss; returns what it brings about.
        shadows: Those alive.
        challengers: The same.
        vetted_learn: Whether vetted ones learn.
        evidence: How they do beside the champion.
    """

    admission: AdmissionState
    clock: Clock
    labels: JoinCounts
    early: Mapping[str, EarlyLabel]
    serving: ServingState
    progress: Progress
    rates: RateWatchState
    pool: ModelPool
    champion: LiveModel
    names: Mapping[str, bytes]
    usual: MeanLoss
    scores: LentScores
    window: LentWindow
    windows: Windows
    guard: InputGuardState | None
    look: LentLook
    detector: LossDrift | None
    on_loss: Callable[[float], ProposedDecision | None] | None
    shadows: Sequence[Shadow]
    challengers: Sequence[Challenger]
    vetted_learn: bool
    evidence: LentEvidence


def plain(parts: Components) -> LentWindow | None:
    """The open window, if the engine is in a state that the lane can go on from."""
    review = parts.review
    if parts.supervisor.labels_on_hold or parts.alerts.pending:
        return None
    if not _compares_plainly(parts) or not _knows_plain_labels(parts):
        return None
    columns = review.input_guard.state.columns if review.guards else {}
    named = all(type(name) is str for name in (*columns, *review.first_look.columns))
    return review.windows.lent if named else None


def models(parts: Components) -> list[LiveModel]:
    """All that live, the champion first."""
    pool = parts.pool
    shadows, challengers = pool.shadows.alive.values(), pool.challengers.alive.values()
    return [pool.champion, *(one.live for one in shadows), *(one.live for one in challengers)]


def _compares_plainly(parts: Components) -> bool:
    """Whether models can be told apart by name, and what is hidden from each is known to the lane."""
    champion, alive = parts.pool.champion, models(parts)
    hidden = {name for model in alive for name in model.masked}
    one_name_each = len({model.name for model in alive}) == len(alive)
    if not one_name_each or not all(map(_is_utf8, (*hidden, *(model.name for model in alive)))):
        return False
    return champion.running.is_compiled or not champion.masked


def _knows_plain_labels(parts: Components) -> bool:
    """Whether the classes that have come up, or the last value, are such as the lane has."""
    task = find_task(parts.config.model.task)
    if task is BINARY:
        return True
    known = parts.scores.known_labels
    if not task.classes:
        return all(type(label) is float or abs(label) <= _MOST_EXACT for label in known)  # type: ignore[arg-type]  # a number
    return len(known) <= _MOST_CLASSES and all(
        _is_utf8(label) or (type(label) is int and -(2**63) <= label < 2**63) for label in known
    )


def _is_utf8(name: object) -> bool:
    """Whether a name is text, without half a surrogate pair."""
    if type(name) is not str:
        return False
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def lend(parts: Components, window: LentWindow) -> Lent:
    """The components' states, until `take_back`.

    Args:
        parts: The components.
        window: The open window.
    """
    review, pool, supervisor = parts.review, parts.pool, parts.supervisor
    detector, on_loss = _loss_drift(parts)
    return Lent(
        parts.admission.counts,
        parts.admission.clock,
        parts.labels.counts,
        parts.labels.early_entries,
        parts.serving.state,
        parts.progress,
        parts.rates.state,
        pool,
        pool.champion,
        {model.name: msgspec.json.encode(model.name) for model in models(parts)},
        supervisor.usual,
        parts.scores.lend(window.slot),
        window,
        review.windows,
        review.input_guard.state if review.guards else None,
        review.first_look.lend(),
        detector,
        on_loss,
        [*pool.shadows.alive.values()],
        [*pool.challengers.alive.values()],
        supervisor.shadows_learn,
        supervisor.lend(parts.trials.alive),
    )


def take_back(parts: Components, lent: Lent) -> None:
    """The components go on from what was lent; most of it is their own already."""
    parts.scores.take_back(lent.window.slot, lent.scores)
    parts.review.first_look.take_back(lent.look)


def _loss_drift(
    parts: Components,
) -> tuple[LossDrift | None, Callable[[float], ProposedDecision | None] | None]:
    for trigger in parts.supervisor.loss_triggers:
        if isinstance(trigger, LossDrifts) and isinstance(trigger.detector, AdwinOfLoss):
            return trigger.detector.detector, trigger.on_loss
    return None, None
