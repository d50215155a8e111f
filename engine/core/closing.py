"""What happens when a window closes.

A report takes up to seconds, so it is computed while the stream goes on, and its verdict is applied at a
fixed point: when the *next* window closes. Inline or in the background, the same things happen in the
same order:

1. the window that closed is summed up, and what was counted since the last one has its first verdict
2. the verdict of the window before it is waited for, joined with its business metrics, reported and applied
3. a checkpoint of the champion is taken, unless it has learned from a window that failed
4. the window is given to the judge
"""

from dataclasses import replace

from engine.core.business import amounts, with_business
from engine.core.deciding import carry_out, checkpoint, version
from engine.core.parts import Judging, Parts
from engine.core.suspecting import begin_again, broken_columns, follow_failing
from engine.events import Event, Report, WindowScores
from engine.monitoring.tables import feature_of, tabulate
from engine.monitoring.types import EvaluationJob, Verdict
from engine.monitoring.verdicts import summary, worst
from engine.monitoring.worker.evaluator import WindowEvaluator
from engine.supervision.decisions import ProposedDecision
from engine.windows import Status, Window


def close_due(parts: Parts, judge: WindowEvaluator, events: list[Event]) -> None:
    """Closes the windows that event time is over for."""
    while parts.windows.due(parts.clock.now):
        close_window(parts, judge, parts.clock.time, events)


def close_window(parts: Parts, judge: WindowEvaluator, time: float, events: list[Event]) -> None:
    """Closes the oldest open window at this event time."""
    progress = parts.progress
    window = parts.windows.close()
    scores = _sum_up(parts, window)
    looked = parts.tally.close(parts.key, window.index, time, parts.counts.rejected, parts.counts.warned)
    if looked is not None:
        events.append(looked)
    judging = progress.judging
    if judging is not None:
        judging = replace(judging, verdict=_verdict(parts, judging, judge))
        report = _report(parts, judging)
        parts.alerting.hear(report)
        if not judging.reported:
            events.append(report)
        _apply(parts, judging, window, time, events)
        if parts.config.window.reference == "previous":
            _refer_to(parts, judging)
    _after_verdict(parts, scores, window, time, events)
    if (
        not parts.supervisor.state.tainted
        and not parts.supervisor.state.held
        and parts.counts.learned >= parts.config.supervision.min_events
    ):
        saved = replace(checkpoint(parts, f"w{window.index}"), window=window.index)
        parts.candidates.state.unvetted[window.index] = saved
    parts.tally.begin()
    job = EvaluationJob(
        parts.key,
        window.index,
        tabulate(window.sample, parts.ops.serve),
        progress.reference,
        progress.reference_name,
        full=looked is not None and looked.status == "fail",
        business=amounts(scores.business),
    )
    verdict: Verdict | None = None
    if parts.config.monitoring.reports:
        judge.submit(job)
    else:
        unseen = Verdict(window.index, "pass", "reports are switched off", (), {}, b"")
        verdict = with_business(unseen, scores.business, parts.config.business)
    progress.judging = Judging(window, job, scores, parts.candidates.state.name, verdict)


def _after_verdict(
    parts: Parts, scores: WindowScores, window: Window, time: float, events: list[Event]
) -> None:
    """What follows from the window itself: its losses, and the end of comparisons with replaced models."""
    high = parts.supervisor.state.trend.high
    finding = parts.supervisor.on_window(window.index, scores.labelled, scores.loss, scores.baseline_loss)
    if finding is not None:
        carry_out(parts, finding, time, events)
    if high and not parts.supervisor.state.trend.high:
        begin_again(parts, window.learnable)
    for name in parts.challengers.over(window.index):
        parts.contest.leave(name)
    parts.supervisor.next_window(parts.counts.predicted)


def _sum_up(parts: Parts, window: Window) -> WindowScores:
    sums = parts.scores.close_window(window.slot)
    loss, baseline_loss, last_label_loss = sums.totals.means()
    return WindowScores(
        window.outcomes,
        window.late,
        sums.totals.scored,
        loss,
        baseline_loss,
        last_label_loss,
        sums.calibration.error(),
        sums.business,
        parts.supervisor.losses(),
        parts.contest.next_window(parts.counts.predicted),
    )


def report_early(parts: Parts, judge: WindowEvaluator) -> Report | None:
    """At the end of the input: the report that is still awaited. Its verdict is applied later, if ever."""
    judging = parts.progress.judging
    if judging is None or judging.reported:
        return None
    judging = replace(judging, verdict=_verdict(parts, judging, judge), reported=True)
    parts.progress.judging = judging
    return _report(parts, judging)


def _report(parts: Parts, judging: Judging) -> Report:
    verdict = _known(judging)
    window = judging.window
    return Report(
        parts.key,
        window.index,
        window.start,
        window.end,
        judging.model,
        judging.job.reference_name,
        judging.scores,
        verdict,
    )


def _verdict(parts: Parts, judging: Judging, judge: WindowEvaluator) -> Verdict:
    """The verdict, waited for unless it is known already; a judge gives each only once."""
    if judging.verdict is not None:
        return judging.verdict
    found = judge.collect(parts.key, judging.window.index)
    return with_business(found, judging.scores.business, parts.config.business)


def _known(judging: Judging) -> Verdict:
    assert judging.verdict is not None  # noqa: S101 - both callers have just waited for it
    return judging.verdict


def _apply(parts: Parts, judging: Judging, closed: Window, time: float, events: list[Event]) -> None:
    """Applies the verdict on the window before the one that has just closed."""
    verdict = _known(judging)
    judged = judging.window
    candidates, supervisor = parts.candidates, parts.supervisor
    were_learning = supervisor.shadows_learn
    _look_at_columns(parts, verdict, time, events)
    status, reason = _status(parts, verdict), verdict.reason
    if supervisor.has_risen(judged.index) and status in {"pass", "warn"}:
        status, reason = "fail", "; ".join(filter(None, ["the loss had risen", reason]))
    finding = supervisor.on_verdict(status, f"window {judged.index}: {reason}")
    if status == "fail":
        candidates.state.unvetted.clear()
        candidates.unlearn(judged.index, parts.windows.overlap)
    elif status != "unjudged":
        # At its close the champion may have learned what belongs to later windows: those must pass too.
        vetted = candidates.vet(judged.index - parts.windows.overlap)
        if vetted is not None:
            approved_by = f"window {vetted.window}: {verdict.status}"
            events.append(version(parts, vetted, "passed", judged.end, approved_by=approved_by))
    if verdict.status not in {"fail", "unjudged"} and (
        parts.config.window.reference == "last_passed" or parts.progress.reference is None
    ):
        _refer_to(parts, judging)
    if finding is not None:
        carry_out(parts, finding, time, events, checks=verdict.checks)
        if finding.action == "accept" and parts.config.window.reference != "pinned":
            _refer_to(parts, judging)
    elif status == "fail":
        follow_failing(parts, verdict.checks)
    if supervisor.shadows_learn:
        _let_learn(parts, judged, closed, were_learning=were_learning)


def _look_at_columns(parts: Parts, verdict: Verdict, time: float, events: list[Event]) -> None:
    """What the verdict says of the labels, and of features that are kept from the models."""
    if verdict.status == "unjudged":
        return
    failing = [check for check in verdict.checks if check.status == "fail"]
    labels = [check for check in failing if check.column == "label"]
    finding = parts.supervisor.on_labels(failed=bool(labels), reason=summary(labels))
    if finding is not None:
        carry_out(parts, finding, time, events)
    masked = parts.candidates.state.without
    if masked and not masked & broken_columns(failing):
        reason = f"window {verdict.window}: {', '.join(sorted(map(str, masked)))} passed again"
        carry_out(parts, ProposedDecision("unmask", reason, "", {}), time, events)


def _status(parts: Parts, verdict: Verdict) -> Status:
    """The verdict on what the models see: features that are kept from them cannot do any harm."""
    masked = parts.candidates.state.without
    if not masked or verdict.status == "unjudged":
        return verdict.status
    return worst(
        [
            check
            for check in verdict.checks
            if feature_of(check.column) not in masked and check.name != "drifted columns"
        ]
    )


def _refer_to(parts: Parts, judging: Judging) -> None:
    parts.refer_to(judging.job.current, f"window {judging.window.index}")


def _let_learn(parts: Parts, judged: Window, closed: Window, *, were_learning: bool) -> None:
    """The judged window did not fail, so the shadows learn it, and from the open window on they learn live.

    Windows without a verdict are learned on trust; `keep_before` is what takes that back.
    """
    candidates = parts.candidates
    if were_learning:
        candidates.forget_before(judged.index - parts.windows.overlap)
    else:
        begin_again(parts, (*judged.learnable, *closed.learnable))
        candidates.catch_up(judged.learnable)
        candidates.keep_before(closed.index)
        candidates.catch_up(closed.learnable)
    candidates.keep_before(closed.index + 1)
