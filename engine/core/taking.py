"""Takes in one record: an example is checked and predicted, a label finds its prediction.

Examples and labels of the same id may come in any order, more than once, or not at all:

- a label before its example waits for it, at most `labels.early_wait`
- a prediction waits for its label, at most `labels.wait`; then it is an outcome without a label, or with
  the one that stands for none (`labels.expired_label`)
- a label for a prediction that has had its outcome is a correction: learned or rejected
- a second example with the same id is rejected, as long as the first waits or is remembered
"""

from engine.contract.check import Fault, rejection
from engine.core.closing import close_due
from engine.core.detecting import detect_in_served
from engine.core.parts import Parts
from engine.core.settling import settle
from engine.core.waiting import EarlyLabel, PendingPrediction, ResolvedPrediction
from engine.events import Event
from engine.monitoring.worker.evaluator import WindowEvaluator
from engine.records.events import ContractViolation, DeadLetter, Output, Prediction
from engine.records.shape import misshapen
from engine.records.values import Example, Features, Label, Record, Target, Unreadable, shown


def take(parts: Parts, judge: WindowEvaluator, record: Record, events: list[Event]) -> None:
    """Takes one record in; appends what came of it."""
    parts.counts.records += 1
    wrong = misshapen(record, parts.labels)
    if wrong is not None:
        return _reject(parts, record, wrong, events)
    if record.source:
        parts.progress.positions[record.source] = record.position
    if isinstance(record, Example):
        _example(parts, judge, record, events)
    elif isinstance(record, Label):
        # The truth is worth having late: no limit is set to a label's time.
        _tick(parts, judge, record.time, events)
        _label(parts, judge, record, events)
    return None


def _reject(parts: Parts, record: Record, reason: str, events: list[Event]) -> None:
    parts.counts.rejected += 1
    # Whatever a program hands in that is no record comes from nowhere.
    where = (
        (record.source, record.position, record.raw)
        if isinstance(record, Example | Label | Unreadable)
        else ("", -1, b"")
    )
    events.append(DeadLetter("rejected", reason, *where, parts.key))


def _example(parts: Parts, judge: WindowEvaluator, example: Example, events: list[Event]) -> None:
    features, faults = parts.contract.check(example.features)
    breach = rejection(faults) if faults else None
    if breach is not None:
        return _reject(parts, example, breach, events)
    if not parts.limits_time:
        _tick(parts, judge, example.time, events)
    elif not _on_time(parts, judge, example, faults, events):
        return None
    again = _again(parts, example.id)
    if again is not None:
        return _reject(parts, example, again, events)
    try:
        output = parts.candidates.predict(features)
        prediction, probability, score = parts.ops.serve(output)
    except Exception as error:  # noqa: BLE001 - a model may raise anything, and the stream goes on
        reason = f"the model cannot predict this: {type(error).__name__}: {error}"
        return _reject(parts, example, reason, events)
    if faults:
        _let_through(parts, example, faults, events)
    held = _hold(parts, example, features, output)
    if parts.tally.on:
        number = probability if isinstance(probability, float) else score
        parts.tally.add(features, prediction, number)
    if parts.detectors.see_served:
        detect_in_served(parts, held, events)
    events.append(
        Prediction(
            example.id,
            example.time,
            prediction,
            probability,
            held.model,
            held.sequence,
            parts.key,
            score,
        )
    )
    return _join(parts, judge, held, example, events)


def _again(parts: Parts, name: str) -> str | None:
    """What is wrong with an example whose id has been seen already."""
    if name in parts.waiting.held:
        return f"id {shown(name)}: a prediction with this id waits already"
    if name in parts.settled.held:
        return f"id {shown(name)}: an example with this id has come before"
    return None


def _on_time(
    parts: Parts, judge: WindowEvaluator, example: Example, faults: list[Fault], events: list[Event]
) -> bool:
    """Event time goes on; whether the example may too, with what is wrong with its own time noted.

    One that is turned away for being ahead counts for the stream's time all the same: when all are, it is
    the stream that has moved.
    """
    reason = parts.time_breach(example.time)
    _tick(parts, judge, example.time, events)
    if reason is None:
        return True
    if parts.config.contract.policy == "reject":
        _reject(parts, example, reason, events)
        return False
    faults.append(Fault("warn", reason))
    return True


def _let_through(parts: Parts, example: Example, faults: list[Fault], events: list[Event]) -> None:
    """Tells what was wrong with an example that goes on."""
    parts.counts.warned += 1
    where = example.source, example.position, parts.key
    events += [
        ContractViolation(example.id, fault.policy, fault.reason, *where)
        for fault in faults
        if fault.policy != "reject"
    ]


def _hold(parts: Parts, example: Example, features: Features, output: Output | None) -> PendingPrediction:
    """The prediction as it waits, without what only the record needed."""
    models, counts = parts.candidates.state, parts.counts
    sequence = counts.predicted
    counts.predicted += 1
    if output is None:
        counts.not_ready += 1
    shadows = parts.candidates.predict_with(models.shadows.values(), features) if models.shadows else None
    if parts.challengers.state.alive:
        shadows = (shadows or {}) | parts.challengers.predict(sequence, features)
    kept = Example(example.id, example.time, features)
    return PendingPrediction(
        example.time, sequence, kept, output, models.name, shadows, parts.scores.last_label
    )


def _join(
    parts: Parts, judge: WindowEvaluator, held: PendingPrediction, example: Example, events: list[Event]
) -> None:
    """Gives a fresh prediction the labels that are there already, or lets it wait."""
    counts = parts.counts
    early = parts.early.take(example.id) if parts.early.held else None
    if example.label is not None:
        counts.inline += 1
        _conclude(parts, judge, held, example.label, events, time=example.time, fresh=True)
        if early is not None:
            _label(parts, judge, early.label, events)
    elif early is not None:
        counts.matched += 1
        time = max(example.time, early.label.time)
        _conclude(parts, judge, held, early.label.value, events, time=time, fresh=True)
    else:
        parts.waiting.add(example.id, held)
        if parts.ops.unsupervised:
            parts.counts.at_once += 1
            settle(parts, judge, held, None, events, time=example.time)


def _conclude(  # noqa: PLR0913 - the parts, the prediction, its fate, and where to write what comes of it
    parts: Parts,
    judge: WindowEvaluator,
    held: PendingPrediction,
    label: Target | None,
    events: list[Event],
    *,
    time: float,
    fresh: bool = False,
) -> None:
    """The prediction has its label, or never will; `fresh` when it has only just been made."""
    loss = None
    unsupervised = parts.ops.unsupervised
    parts.counts.at_once += unsupervised and fresh
    if label is not None or not unsupervised:
        loss = settle(parts, judge, held, label, events, time=time, enters=fresh or not unsupervised)
    if parts.remembers:
        kept = held if parts.corrects else None
        held.shadows = None
        parts.settled.add(held.example.id, ResolvedPrediction(time, label, loss, kept))
        parts.settled.expired(parts.clock.now)


def _label(parts: Parts, judge: WindowEvaluator, label: Label, events: list[Event]) -> None:
    held = parts.waiting.take(label.id)
    if held is not None:
        parts.counts.matched += 1
        return _conclude(parts, judge, held, label.value, events, time=label.time)
    settled = parts.settled.get(label.id)
    if settled is not None:
        return _correct(parts, judge, label, settled, events)
    waits = parts.early.get(label.id)
    if waits is not None:
        if not parts.corrects:
            return _unmatched(parts, label, "another label waits for this example already", events)
        parts.early.take(label.id)
        _unmatched(parts, waits.label, "a later label came before its example did", events)
    parts.early.add(label.id, EarlyLabel(label.time, label))
    return None


def _correct(
    parts: Parts, judge: WindowEvaluator, label: Label, settled: ResolvedPrediction, events: list[Event]
) -> None:
    if settled.held is None or settled.label == label.value:  # a label delivered twice is no correction
        fate = "expired without a label" if settled.label is None else "has its label"
        return _unmatched(parts, label, f"its prediction {fate} already", events)
    parts.counts.corrected += 1
    enters = not parts.ops.unsupervised
    held = settled.held
    loss = settle(parts, judge, held, label.value, events, time=label.time, before=settled, enters=enters)
    # It is remembered from its last outcome on, so it goes to the end.
    parts.settled.take(label.id)
    parts.settled.add(label.id, ResolvedPrediction(label.time, label.value, loss, held))
    return None


def _unmatched(parts: Parts, label: Label, why: str, events: list[Event]) -> None:
    parts.counts.unmatched += 1
    reason = f"id {shown(label.id)}: {why}"
    events.append(DeadLetter("unmatched", reason, label.source, label.position, label.raw, parts.key))


def _tick(parts: Parts, judge: WindowEvaluator, time: float, events: list[Event]) -> None:
    """Event time goes on, and what has waited too long is over."""
    clock = parts.clock
    clock.tick(time)
    if parts.windows.by_time:
        close_due(parts, judge, events)
    label = parts.expired_label
    for held in parts.waiting.expired(clock.now):
        parts.counts.expired += 1
        parts.counts.presumed += label is not None
        _conclude(parts, judge, held, label, events, time=clock.time)
    if parts.early.held:
        for early in parts.early.expired(clock.now):
            _unmatched(parts, early.label, "no example with this id came in time, or it is forgotten", events)
