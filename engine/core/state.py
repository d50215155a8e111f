"""What a snapshot of an engine holds: the state of each component."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from msgspec import Struct

from engine.alerts.policy import AlertPolicyState
from engine.core.actions import ActionsState
from engine.core.admission import AdmissionState
from engine.core.label_join import LabelJoinState
from engine.core.model_pool import ModelPoolState
from engine.core.rate_watch import RateWatchState
from engine.core.serving import ServingState
from engine.core.window_review import WindowReviewState
from engine.evaluation.progressive_scores import ScoresState
from engine.monitoring.detectors.detectors import DetectorsState
from engine.supervision.challenger_trials import ChallengerTrialsState
from engine.supervision.supervisor import SupervisorState


class Progress(Struct, forbid_unknown_fields=True):
    """How far an engine has come.

    Attributes:
        outcomes: Predictions whose fate is known.
        finished: Records received when the end of the input was last reported; -1 before.
        commands: Ids of the commands carried out.
    """

    outcomes: int = 0
    finished: int = -1
    commands: list[str] = []


class EngineState(Struct, frozen=True, forbid_unknown_fields=True):
    """A snapshot of an engine: the state of every component, and nothing of the configuration.

    Attributes:
        key: The model key.
        model: What it must agree on with the configuration that it is restored under, as JSON.
        progress: How far it has come.
        admission: Records received, and event time.
        labels: Predictions, labels and ids that are remembered.
        serving: Predictions made.
        review: Windows, and the verdict that is awaited.
        pool: The models.
        supervisor: Evidence so far.
        trials: Challengers' trials.
        actions: Decisions so far.
        alerts: Open problems.
        scores: Progressive scores.
        detectors: Drift detectors.
        rates: Counts of the open span of records.
    """

    key: str
    model: str
    progress: Progress
    admission: AdmissionState
    labels: LabelJoinState
    serving: ServingState
    review: WindowReviewState
    pool: ModelPoolState
    supervisor: SupervisorState
    trials: ChallengerTrialsState
    actions: ActionsState
    alerts: AlertPolicyState
    scores: ScoresState
    detectors: DetectorsState
    rates: RateWatchState


def outputs_of(state: EngineState) -> Iterator[Any]:
    """All outputs of models that an engine's state keeps."""
    for _, waiting in state.labels.pending:
        yield waiting.output
        yield from (waiting.shadows or {}).values()
    windows = state.review.windows
    outcomes = [windows.learnable, *(one.sample for one in windows.open.values())]
    for outcome in chain(*outcomes, *((*one.sample, *one.learnable) for one in windows.closed)):
        yield outcome.output
