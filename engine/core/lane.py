"""The seam of the native lane: it takes plain records over from the engine, and gives its state back.

The lane (the optional crate `riverkeeper_native`) takes lines of JSON in stream order, as long as nothing
special comes of them. Whatever could be special is looked at before anything changes, and such a record is
taken by the engine as ever. So it makes no difference to what is written, or to the state, which of the two
takes a record; `benchmarks.lanes` and `tests/engine/core/test_lane.py` hold that.

While the lane has the state, the engine's components are behind: `Lane.give_back` brings them up to date.
"""

from collections.abc import Callable, Iterator, MutableSequence, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import asdict

from engine.alerts.policy import AlertPolicy
from engine.config import EngineConfig
from engine.core.admission import Admission
from engine.core.label_join import LabelJoin
from engine.core.loss_detector import AdwinOfLoss
from engine.core.model_pool import ModelPool
from engine.core.rate_watch import RateWatch
from engine.core.serving import Serving
from engine.core.state import Progress
from engine.core.waiting import PendingPrediction, ResolvedPrediction
from engine.core.window_review import WindowReview
from engine.evaluation.progressive_scores import Scores
from engine.evaluation.window_sums import Totals, WindowSums
from engine.models.native.compiled import crate_version
from engine.monitoring.tables import feature_of
from engine.records.events import Outcome, PredictionLines
from engine.records.values import Example, Features, Target
from engine.registry.versions import Learned
from engine.supervision.challenger_trials import ChallengerTrials
from engine.supervision.decisions import ProposedDecision
from engine.supervision.supervisor import Supervisor
from engine.supervision.triggers.loss_drift import LossDrifts
from engine.tasks.binary import BINARY
from engine.tasks.registry import find_task

native: Any = None  # it is optional: the engine does the same without it
with suppress(ImportError):
    native = import_module("riverkeeper_native")
    MutableSequence.register(native.Rows)

_DIVISORS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}

_WHILE_NOT_PLAIN = 64
"""Records that the engine takes before it is looked at again whether the lane can go on."""

_FEW_PLAIN, _LONGEST_REST = 16, 255
"""Special records with fewer plain ones before them are frequent: then the engine takes more and more records
before the lane goes on, at most so many. To change hands costs as much as some ten records."""

Sources = Sequence[tuple[str, bool]]
"""Where lines come from: the name, and whether it is the stream of labels."""


class Parts(NamedTuple):
    """The components whose state changes hands."""

    admission: Admission
    labels: LabelJoin
    serving: Serving
    review: WindowReview
    pool: ModelPool
    supervisor: Supervisor
    scores: Scores
    rates: RateWatch
    alerts: AlertPolicy
    trials: ChallengerTrials
    progress: Callable[[], Progress]


class Asked(NamedTuple):
    """What a model of Python's has given for the record that the lane leaves to the engine, if it was asked.

    Attributes:
        output: Its output.
        predicting: What it raised when it was to predict.
        learning: What it raised when it was to learn.
    """

    output: Any
    predicting: BaseException | None
    learning: BaseException | None


_NOT_ASKED = Asked(None, None, None)


class Taken(NamedTuple):
    """How far the lane has come.

    Attributes:
        at: The first record that it has not taken.
        lines: The predictions.
        asked: What the model has given for the record at `at`, which the engine must take if there is one.
        proposal: What the last record has brought about, which the engine must act on, with its event time.
    """

    at: int
    lines: PredictionLines
    asked: Asked
    proposal: tuple[ProposedDecision, float] | None


def why_not(config: EngineConfig, parts: Parts) -> str | None:  # noqa: PLR0911 - one reason each
    """Why engines of this configuration have no lane, in words; `None` when they have one."""
    if crate_version() is None:
        return "riverkeeper_native is not installed, or is for another version"
    if find_task(config.model.task) is not BINARY:
        return f"the task is {config.model.task}, and the lane knows {BINARY.name} alone"
    if config.challengers:
        return "there are challengers"
    if config.window.seconds is not None:
        return "windows are cut by event time"
    if config.monitoring.detectors:
        return "there are detectors"
    if config.business or config.scores.last is not None or config.scores.fading is not None:
        return "there are business metrics, rolling or fading scores"
    if config.record.time_format is not None:
        return "event times have a format of their own"
    if any(counter._updates for counter in _counters(parts.scores)):
        return "a metric is updated event by event"
    if not {type(trigger) for trigger in parts.supervisor._loss_triggers} <= {LossDrifts}:
        return "a trigger of another kind looks at losses"
    return None


def _counters(scores: Scores) -> tuple[Any, Any, Any]:
    return scores._served, scores._last_labels, scores._baselines


class Lane:
    """Takes plain records natively.

    Args:
        config: Of the engine.
        key: The model key.
        parts: The engine's components.

    Attributes:
        most: Records that the lane takes at once; for tests.
        taken: Records that it has taken.
    """

    def __init__(self, config: EngineConfig, key: str, parts: Parts) -> None:
        self._config, self._parts = config, parts
        self.most: int | None = None
        self.taken = 0
        self._native: Any = native.Lane(_given(config, key, parts))
        self._bins: object = None
        self._spell = self._rest = self._plain_before = 0
        self._looks: list[tuple[str, Any]] = []
        labels = parts.labels
        for waiting, held, resolved in (
            (labels._pending, self._native.pending, False),
            (labels._resolved, self._native.resolved, True),
        ):
            self._native.adopt(waiting.entries, resolved)
            waiting.entries = held
        parts.review.windows.hold_in(self._native.rows)

    @property
    def holds(self) -> bool:
        """Whether the lane has the state."""
        return bool(self._native.holds)

    def plain(self) -> bool:
        """Whether the engine is in a state that the lane can go on from."""
        parts = self._parts
        supervisor, pool, review = parts.supervisor, parts.pool, parts.review
        if supervisor.suspecting or supervisor.labels_on_hold or supervisor.joint.mixture is not None:
            return False
        if pool.champion.masked or parts.alerts.pending or not self._compares_plainly():
            return False
        columns = review.input_guard.state.columns if review.guards else {}
        return all(type(name) is str for name in (*columns, *review.first_look._bins))

    def _compares_plainly(self) -> bool:
        """Whether there is no other model than the champion, or the guarded shadow alone, both compiled."""
        pool = self._parts.pool
        if self._parts.trials.alive:
            return False
        if not pool.compares:
            return True
        guarded, running = pool.shadows.guarded, pool.champion.running
        if guarded is None or len(pool.shadows.alive) > 1 or pool.challengers.alive:
            return False
        return bool(guarded.live.running.native and running.native and not guarded.live.masked)

    def take_over(self) -> None:
        """The lane has the state from now on."""
        if self.holds:
            return
        parts = self._parts
        parts.scores._score_block()
        champion, guard = parts.pool.champion, parts.review.input_guard.state
        self._native.begin(
            {
                "counts": self._counts(),
                "began": parts.rates.state.began.records,
                "prior": _prior(parts.scores),
                "sums": _sums(parts.scores, parts.review.windows.index),
                "champion": champion.name,
                "champion_json": msgspec.json.encode(champion.name),
                "predict": champion.running.predict,
                "learn": champion.running.learn,
                "compiled": champion.running.native,
                "window": self._window(),
                **_drift(parts.supervisor),
                "early": parts.labels._early.entries,
                "guarded": self._guarded(),
                "guard_columns": [*guard.columns.items()] if parts.review.guards else [],
                "guard_block": guard.block,
                "guard_seen": guard.seen,
                "bins": self._changed_bins(),
            }
        )

    def run(
        self, lines: list[bytes], offsets: Sequence[int], start: int, sources: Sources, origins: bytes
    ) -> Taken:
        """Takes lines from number `start` on, as long as they are plain."""
        stop = len(lines) if self.most is None else min(len(lines), start + self.most)
        at, text, count, why = self._native.run(lines, offsets, start, stop, sources, origins)
        self.taken += at - start
        asked = _asked(why)
        proposal = why if why is not None and len(why) == 2 else None
        self._plain_before += at - start
        if at < stop and proposal is None:
            # Where special records are frequent, the engine takes some of those between them too.
            frequent = self._plain_before < _FEW_PLAIN
            self._spell = min(2 * self._spell + 1, _LONGEST_REST) if frequent else 0
            self._rest = self._spell if self.most is None else 0
            self._plain_before = 0
        return Taken(at, PredictionLines(text, count), asked, proposal)

    def give_back(self) -> None:
        """The engine's components are up to date again."""
        found = self._native.end()
        if found is None:
            return
        parts, counts = self._parts, found["counts"]
        self._give_counts(counts, found["positions"])
        self._give_window(found)
        self._give_scores(found)
        guard = parts.review.input_guard.state
        if found["guard_fresh"]:
            guard.block = []
        guard.block += found["guard_block"]
        guard.seen = found["guard_seen"]
        if parts.review.guards:
            for column, each in zip(guard.columns.values(), found["guard_columns"], strict=True):
                column.last, column.run, column.drifted = each
        self._give_looks(found["looked"], found["looks"])
        self._give_guarded(found["guarded"])

    @contextmanager
    def asked(self, given: Asked) -> Iterator[None]:
        """Meanwhile the champion gives what it has given already, and is not asked twice."""
        if given is _NOT_ASKED:
            yield
            return
        running = self._parts.pool.champion.running
        predict, learn = running.predict, running.learn

        def predict_again(_: Features) -> Any:
            if given.predicting is not None:
                raise given.predicting
            return given.output

        def learn_again(features: Features, label: Target | None) -> None:
            if given.learning is not None:
                raise given.learning
            learn(features, label)

        running.predict, running.learn = predict_again, learn_again
        try:
            yield
        finally:
            running.predict, running.learn = predict, learn

    def rest(self, left: int) -> int:
        """Of so many records, how many the engine takes before the lane is asked again; 0 when it goes on."""
        if self.holds:
            return 0
        if self._rest:
            rest, self._rest = min(self._rest, left), 0
            return rest
        if not self.plain():
            return min(left, _WHILE_NOT_PLAIN)
        self.take_over()
        return 0

    def _guarded(self) -> dict[str, Any] | None:
        parts = self._parts
        shadow, advantage = parts.pool.shadows.guarded, parts.supervisor.guarded.state
        if shadow is None:
            return None
        return {
            "name": shadow.name,
            "model": shadow.live.running.native,
            "learn": self._shadow_learns,
            "outcomes": shadow.outcomes,
            "learned": asdict(shadow.live.learned),
            "advantage": None if advantage is None else asdict(advantage),
        }

    def _shadow_learns(self, outcome: Outcome, learned: dict[str, Any]) -> dict[str, Any]:
        """The guarded shadow learns what its compiled model does not take; what it has learned from then."""
        shadow = self._parts.pool.shadows.guarded
        assert shadow is not None  # noqa: S101 - the lane was given one
        shadow.live.learned = Learned(**learned)
        shadow.live.learn(outcome)
        return asdict(shadow.live.learned)

    def _give_guarded(self, found: tuple[int, dict[str, Any], dict[str, Any] | None] | None) -> None:
        shadow, advantage = self._parts.pool.shadows.guarded, self._parts.supervisor.guarded.state
        if found is None or shadow is None:
            return
        shadow.outcomes, learned, compared = found
        shadow.live.learned = Learned(**learned)
        if compared is not None and advantage is not None:
            for name, value in compared.items():
                setattr(advantage, name, value)

    def _counts(self) -> dict[str, Any]:
        parts = self._parts
        admitted, joined, rates = parts.admission.counts, parts.labels.counts, parts.rates.state
        learned, usual = parts.pool.champion.learned, parts.supervisor._state.usual.now
        return {
            "records": admitted.records,
            "due": rates.due,
            "start": rates.start,
            "times": [*parts.admission.clock.state()],
            "inline": joined.inline,
            "matched": joined.matched,
            "expired": joined.expired,
            "predicted": parts.serving.state.predicted,
            "not_ready": parts.serving.state.not_ready,
            "outcomes": parts.progress().outcomes,
            "learned": parts.pool.learned,
            "learned_events": learned.events,
            "learned_first": learned.first,
            "learned_last": learned.last,
            "usual_events": usual.events,
            "usual_mean": usual.mean,
            "last_label": parts.scores.last_label,
        }

    def _give_counts(self, counts: dict[str, Any], positions: list[tuple[str, int]]) -> None:
        parts = self._parts
        admitted, joined, rates = parts.admission.counts, parts.labels.counts, parts.rates.state
        learned, usual = parts.pool.champion.learned, parts.supervisor._state.usual.now
        admitted.records = counts["records"]
        admitted.positions.update(positions)
        parts.admission.clock.restore(tuple(counts["times"]))
        rates.due, rates.start = counts["due"], counts["start"]
        joined.inline, joined.matched = counts["inline"], counts["matched"]
        joined.expired = counts["expired"]
        parts.serving.state.predicted, parts.serving.state.not_ready = (
            counts["predicted"],
            counts["not_ready"],
        )
        parts.progress().outcomes = counts["outcomes"]
        parts.pool.learned = counts["learned"]
        learned.events = counts["learned_events"]
        learned.first, learned.last = counts["learned_first"], counts["learned_last"]
        usual.events, usual.mean = counts["usual_events"], counts["usual_mean"]
        parts.scores.last_label = counts["last_label"]

    def _window(self) -> dict[str, Any]:
        windows = self._parts.review.windows
        opened = windows.opened(windows.index)
        size, seen, following = self._config.window.sample, 0, 0
        if opened is not None:
            size, seen, following = opened.reservoir.offered()
        return {
            "index": windows.index,
            "outcomes": 0 if opened is None else opened.outcomes,
            "end": 0.0 if opened is None else opened.end,
            "size": size,
            "seen": seen,
            "next": following,
            "reservoir": None if opened is None else opened.reservoir,
            "windows": windows,
            "learnable": windows.learnable_since,
        }

    def _give_window(self, found: dict[str, Any]) -> None:
        windows = self._parts.review.windows
        opened = windows.opened(windows.index)
        if opened is not None:
            opened.outcomes, opened.end = found["window_outcomes"], found["window_end"]
            opened.reservoir.go_on(found["seen"], found["draws"])

    def _give_scores(self, found: dict[str, Any]) -> None:
        scores, sums, prior = self._parts.scores, found["sums"], found["prior"]
        added = found["added"]
        for counter, name in zip(_counters(scores), ("served", "last_labels", "baselines"), strict=True):
            _add_cells(counter, *added[name])
        if added["served"][0]:
            losses = Totals(sums["scored"], sums["loss"], sums["baseline_loss"], sums["last_label_loss"])
            window = scores._open.setdefault(self._parts.review.windows.index, scores._fresh())
            window.totals = losses
            calibration = window.calibration
            calibration.events, calibration.predicted = sums["events"], sums["predicted"]
            calibration.observed = sums["observed"]
        baseline: Any = scores._baseline
        baseline.labels, baseline.squares = prior["labels"], prior["squares"]
        baseline.counts = dict(prior["counts"])
        baseline.majority = "" if prior["majority"] is None else prior["majority"]

    def _changed_bins(self) -> list[tuple[str, Any]] | None:
        """The bins of the first look, when they are others than the lane has."""
        look = self._parts.review.first_look
        # Without counts (before the first window has closed) nothing is counted but rows.
        bins = look._bins if look._counted else {}
        if bins is self._bins:
            return None
        self._bins = bins
        self._looks = [*bins.items()]
        return [(feature_of(name), each) for name, each in self._looks]

    def _give_looks(self, looked: int, found: list[tuple[list[int], int, int]]) -> None:
        look = self._parts.review.first_look
        look._rows += looked
        for (name, _), (places, missing, strange) in zip(self._looks, found, strict=True):
            counted = look._counted[name]
            counted.places = [before + more for before, more in zip(counted.places, places, strict=True)]
            counted.missing += missing
            counted.strange += strange


def _asked(why: Any) -> Asked:
    """What the model has given, where the lane says so."""
    if why is None or len(why) != len(Asked._fields) or all(each is None for each in why):
        return _NOT_ASKED
    return Asked(*why)


def _drift(supervisor: Supervisor) -> dict[str, Any]:
    for trigger in supervisor._loss_triggers:
        if isinstance(trigger, LossDrifts) and isinstance(trigger._detector, AdwinOfLoss):
            return {"detector": trigger._detector.detector, "on_loss": trigger.on_loss}
    return {"detector": None, "on_loss": None}


def _prior(scores: Scores) -> dict[str, Any]:
    baseline: Any = scores._baseline
    return {
        "labels": baseline.labels,
        "counts": [*baseline.counts.items()],
        "squares": baseline.squares,
        "majority": baseline.majority if baseline.labels else None,
    }


def _sums(scores: Scores, slot: int) -> dict[str, Any]:
    sums = scores._open.get(slot) or WindowSums()
    totals, calibration = sums.totals, sums.calibration
    return {
        "scored": totals.scored,
        "loss": totals.loss,
        "baseline_loss": totals.baseline_loss,
        "last_label_loss": totals.last_label_loss,
        "events": calibration.events,
        "predicted": calibration.predicted,
        "observed": calibration.observed,
    }


def _add_cells(
    counter: Any, scored: int, pairs: list[tuple[bool, bool, int]], bins: list[tuple[bool, int, int]]
) -> None:
    counter.counts.scored += scored
    for label, top, count in pairs:
        counter._pairs[label, top] = counter._pairs.get((label, top), 0) + count
    for label, place, count in bins:
        counter._bins[label, place] = counter._bins.get((label, place), 0) + count


def _given(config: EngineConfig, key: str, parts: Parts) -> dict[str, Any]:
    """The configuration as the lane takes it."""
    record, labels = config.record, config.labels
    kind = record.kind
    contract = parts.admission.contract
    extra = contract._extra
    return {
        "classes": (Example, Outcome, PendingPrediction, ResolvedPrediction),
        "id": record.id,
        "time": record.time,
        "label": record.label,
        "kind": None if kind is None else (kind.field, kind.example, kind.label),
        "key": record.key,
        "dropped": [*record.not_features()],
        "accepted": [
            (
                name,
                _accepted(
                    (contract._bounds[name], contract._texts[name], contract._booleans[name]), field.required
                ),
            )
            for name, field in config.contract.fields.items()
        ],
        "extra": None if config.contract.extra == "ignore" else _accepted(extra, required=False),
        "divisor": _DIVISORS.get(record.time_unit),
        "read_label": find_task(config.model.task).labels.reader(record),
        "counters": [
            (counter._of_pairs, counter._of_bins, [*counter._edges]) for counter in _counters(parts.scores)
        ],
        "settings": {
            "key": msgspec.json.encode(key),
            "longest": record.max_bytes,
            "needs_label": record.id is None and find_task(config.model.task).labels.required,
            "max_ahead": config.contract.max_ahead,
            "max_behind": config.contract.max_behind,
            "guards": parts.review.guards,
            "looks": parts.review.first_look.on,
            "expires": labels.expired_label is None,
            "wait": labels.wait,
            "max_waiting": labels.max_waiting,
            "early_wait": labels.early_wait,
            "remember": labels.remember,
            "max_remembered": labels.max_remembered,
            "remembers": record.id is not None and labels.max_remembered > 0,
            "corrects": labels.corrections == "learn",
            "window": config.window.count,
            "rates_step": parts.rates._step,
            "rates_records": config.monitoring.rates.records,
            "rates_seconds": config.monitoring.rates.seconds,
        },
    }


def _accepted(
    given: tuple[tuple[float, float], frozenset[str] | None, bool], required: bool
) -> tuple[float, float, list[str] | None, bool, bool]:
    (low, high), texts, booleans = given
    return float(low), float(high), None if texts is None else [*texts], booleans, required
