"""Serving: an example is predicted, before any model sees its label."""

from collections.abc import Iterable, Iterator

from msgspec import UNSET, Struct, UnsetType

from engine.core.admission import Admission, Admitted
from engine.core.model_pool import ModelPool
from engine.core.waiting import PendingPrediction
from engine.core.window_review import WindowReview
from engine.errors import is_fault
from engine.evaluation.progressive_scores import Scores
from engine.events import Event
from engine.models.auto import raised
from engine.monitoring.detectors.detectors import Detectors, Drift
from engine.monitoring.detectors.watch import Found
from engine.records.events import DeadLetter, Prediction, Strange
from engine.records.values import Example
from engine.supervision.supervisor import Supervisor


class ServingState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        predicted: Predictions made: the sequence number of the next one.
        not_ready: Those served as `None`, before the model could say anything.
    """

    predicted: int = 0
    not_ready: int = 0


class Serving:
    """Predicts examples by the champion and by all that it is compared with.

    Args:
        key: The model key, for events.
        admission: Writes dead letters and contract violations.
        pool: The models.
        supervisor: Says with which weights models serve together while the champion is suspected.
        scores: Knows the label scored last, which is what the baseline of no change predicts.
        review: Counts what is served, for the preliminary verdict.
        detectors: Drift detectors that look at what is served.

    Attributes:
        state: What a snapshot keeps.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what looks at an example before its label is known
        self,
        key: str,
        admission: Admission,
        pool: ModelPool,
        supervisor: Supervisor,
        scores: Scores,
        review: WindowReview,
        detectors: Detectors,
    ) -> None:
        self._key, self._admission, self._pool, self._supervisor = key, admission, pool, supervisor
        self._scores, self._review, self._detectors = scores, review, detectors
        self.state = ServingState()

    def predict(
        self, example: Example, admitted: Admitted, strange: Strange | None, events: list[Event]
    ) -> PendingPrediction | DeadLetter:
        """Serves an example.

        Args:
            example: What is predicted.
            admitted: Its features, and what is wrong with it.
            strange: What the input guard has found in it.
            events: The prediction is appended, after what was found in the example.

        Returns:
            The prediction as it waits for its label; a dead letter when the model cannot predict it.
        """
        pool, review, features, state = self._pool, self._review, admitted.features, self.state
        champion = pool.champion
        try:
            output = champion.predict(features)
            others = pool.compared_outputs(state.predicted, features, strange) if pool.compares else None
            lead: str | UnsetType = UNSET
            share: float | UnsetType = UNSET
            if others is not None and self._supervisor.serves_together:
                others[champion.name] = output
                output, lead, share = self._supervisor.joint.combine(others, output)
            served = prediction, probability, score = pool.ops.serve(output)
        except BaseException as error:  # a model may raise anything, and the stream goes on
            if not is_fault(error):
                raise
            reason = f"the model cannot predict this: {raised(error, features)}"
            return self._admission.reject(example, reason)
        if admitted.faults:
            events += self._admission.violations(example, admitted.faults)
        sequence = state.predicted
        state.predicted = sequence + 1
        state.not_ready += output is None
        name, time = example.id, example.time
        kept = Example(name, time, features)
        last = self._scores.last_label
        pending = PendingPrediction(time, sequence, kept, output, champion.name, others, last, strange)
        if review.first_look.on:
            review.first_look.add(features)
        if self._detectors.see_served:
            found = self._detectors.served(features, served)
            events += self.drifts(sequence, time, found)
        events.append(
            Prediction(
                name, time, prediction, probability, champion.name, sequence, self._key, score, lead, share
            )
        )
        return pending

    def drifts(self, sequence: int, time: float, found: Iterable[tuple[str, Found]]) -> Iterator[Drift]:
        """What detectors have found, as events.

        Args:
            sequence: The number of the prediction at which they found it.
            time: Event time, seconds since 1970.
            found: By the detector's name.
        """
        detectors, window = self._detectors, self._review.windows.index
        for name, each in found:
            where = detectors.number, time, sequence, window
            what = each.kind, each.values, each.before, each.after
            yield Drift(self._key, *where, name, *what)
            detectors.number += 1
