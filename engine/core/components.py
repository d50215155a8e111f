"""The components of an engine, made for each other, and what a snapshot keeps of them."""

from collections.abc import Iterable, Sequence

from engine.alerts.policy import AlertPolicy
from engine.config import EngineConfig
from engine.core.actions import Actions
from engine.core.admission import Admission
from engine.core.comparison import Comparison
from engine.core.label_join import LabelJoin
from engine.core.live_model import Moment
from engine.core.model_pool import ModelPool
from engine.core.rate_watch import Place, RateWatch
from engine.core.serving import Serving
from engine.core.state import EngineState, Progress, outputs_of
from engine.core.window_close import WindowClose
from engine.core.window_review import WindowReview
from engine.core.wiring import make_scores, make_supervisor
from engine.monitoring.detectors.detectors import Detectors
from engine.monitoring.worker.evaluator import WindowEvaluator
from engine.records.events import Counts
from engine.records.values import Example
from engine.registry.versions import Start
from engine.supervision.challenger_trials import ChallengerTrials
from engine.tasks.registry import find_task


class Components:
    """One of each; `Engine` says what they are.

    Args:
        config: What to build.
        key: The model key.
        evaluator: Evaluates windows.
        reference: With `window.reference = "pinned"`: rows that every window is compared with.
        start: The model to begin with, already trained.
        holdout: Labelled rows, not of the stream: a challenger must be no worse on them to be promoted.

    Raises:
        ModelError: As of `Engine`.
        ConfigError: The same.
        SnapshotError: The same.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what an engine is given
        self,
        config: EngineConfig,
        key: str,
        evaluator: WindowEvaluator,
        reference: Iterable[Example],
        start: Start | None,
        holdout: Sequence[Example],
    ) -> None:
        self.config, self.key = config, key
        self.pool = pool = ModelPool(config)
        self.admission = Admission(config, key)
        self.labels = LabelJoin(config, key, unsupervised=pool.ops.unsupervised)
        self.scores = make_scores(config, decides=pool.ops.decides)
        self.detectors = Detectors(config.monitoring.detectors, config.model.task, decides=pool.ops.decides)
        self.review = WindowReview(config, key, pool.ops, evaluator)
        self.supervisor = make_supervisor(config)
        self.trials = ChallengerTrials(config.supervision, pool.challengers.alive)
        self.alerts = AlertPolicy(config.alerts)
        rivals = pool, self.supervisor, self.trials
        shared = self.alerts, self.moment
        self.actions = Actions(config, key, self.labels, self.review, self.scores, *rivals, *shared)
        self.actions.holdout = holdout
        self.window_close = WindowClose(
            config, self.admission, self.review, self.scores, *rivals, self.actions, *shared
        )
        self.serving = Serving(
            key, self.admission, pool, self.supervisor, self.scores, self.review, self.detectors
        )
        self.comparison = Comparison(*rivals)
        self.rates = RateWatch(config.monitoring.rates, key)
        self.progress = Progress()
        if start is not None:
            pool.begin_from(start)
        if config.window.reference == "pinned":
            self.review.pin(reference, self.admission.contract)

    def moment(self, time: float) -> Moment:
        """This place in the stream, at an event time."""
        counts = self.admission.counts
        return Moment(
            time,
            self.review.windows.index,
            counts.records,
            self.serving.state.predicted,
            self.progress.outcomes,
            self.pool.learned,
            dict(counts.positions),
        )

    def place(self) -> Place:
        """This place, as rates state it."""
        return Place(self.admission.clock.now, self.review.windows.index, self.pool.champion.name)

    def counts(self) -> Counts:
        """Where every record went until now."""
        admitted, joined, pool = self.admission.counts, self.labels.counts, self.pool
        return Counts(
            records=admitted.records,
            rejected=admitted.rejected,
            predicted=self.serving.state.predicted,
            inline=joined.inline,
            matched=joined.matched,
            corrected=joined.corrected,
            unmatched=joined.unmatched,
            early=self.labels.early,
            expired=joined.expired,
            presumed=joined.presumed,
            waiting=self.labels.waiting,
            not_ready=self.serving.state.not_ready,
            at_once=joined.at_once,
            unlabelled=joined.unlabelled,
            learned=pool.learned,
            not_learned=pool.not_learned,
            warned=admitted.warned,
        )

    def state(self, model: str) -> EngineState:
        """What a snapshot keeps.

        Args:
            model: What it must agree on with the configuration that it is restored under.
        """
        return EngineState(
            self.key,
            model,
            self.progress,
            self.admission.state(),
            self.labels.state(),
            self.serving.state,
            self.review.state(),
            self.pool.state(),
            self.supervisor.state(),
            self.trials.state(),
            self.actions.state(),
            self.alerts.state,
            self.scores.state(),
            self.detectors.state(),
            self.rates.saved(),
        )

    def restore(self, state: EngineState) -> None:
        """Goes on from a snapshot's state; raises whatever a component does that it does not fit."""
        serve = find_task(self.config.model.task).serve
        for output in outputs_of(state):
            serve(output)  # raises for what is none of the task's
        self.admission.restore(state.admission)
        self.labels.restore(state.labels)
        self.supervisor.restore(state.supervisor)
        self.actions.restore(state.actions)
        self.alerts.state = state.alerts
        self.scores.restore(state.scores, self.config.allowed)
        self.detectors.restore(state.detectors, self.config.allowed)
        self.rates.state = state.rates
        self.progress, self.serving.state = state.progress, state.serving
        self.review.restore(state.review)
        self.pool.restore(state.pool, self.review.windows.learnable())
        self.trials.restore(state.trials, self.pool.challengers.alive, state.serving.predicted)
