"""The alert policy: each problem is reported once, until it changes, lasts or ends.

A model key has at most one open problem of each kind. An alert is due when a problem begins, when it grows
worse, when checks fail that did not before, when it still lasts after the cool-down, and when it ends. A
problem that returns within the cool-down ends only after it has stayed away for a cool-down, so that alerts
do not flap.

A report and the decisions that follow from it are one alert, with the decisions as what was done.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from msgspec import Struct, structs

from engine.alerts.config import AlertsConfig
from engine.alerts.sentences import sentence
from engine.events import Alert, Decision, Rates, Report
from engine.monitoring.rates import reason_words
from engine.monitoring.types import Check
from engine.monitoring.verdicts import words
from engine.rows import AlertKind, AlertState, Severity
from engine.supervision.decisions import SERVING

_MOST_CHECKS = 20
_MOST_REASONS = 3
_ORDER = {"info": 0, "warn": 1, "fail": 2}

RATES: Mapping[str, AlertKind] = {
    "rejected": "rejected",
    "unmatched": "unmatched",
    "expired": "expired",
    "not learned": "not_learned",
    "null outputs": "null_outputs",
}
"""The kind of problem that a rate is, by the name of its check."""


class Problem(Struct, frozen=True, forbid_unknown_fields=True):
    """An open problem.

    Attributes:
        severity: The worst severity reported since it began, or since it was last reported as lasting.
        subject: Names of the checks reported so far.
        since: Event time at which it began.
        windows: Windows that it has lasted for.
        notified: Event time of its last alert; `None` when there was none.
        flapping: Whether it returned within the cool-down.
        quiet: Event time since which a flapping problem has stayed away.
    """

    severity: Severity
    subject: frozenset[str]
    since: float
    windows: int
    notified: float | None
    flapping: bool = False
    quiet: float | None = None


class AlertPolicyState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        open: The open problems.
        ended: Event time at which the last problem of a kind ended.
        early: Ids of alerts that were reported at the end of an input.
    """

    open: dict[AlertKind, Problem] = {}
    ended: dict[AlertKind, float] = {}
    early: tuple[str, ...] = ()


class AlertPolicy:
    """Turns reports and decisions into alerts.

    Args:
        config: Which problems are reported.

    Attributes:
        pending: Reports, rates and decisions that `due` has not looked at yet.
        state: What a snapshot keeps.
    """

    def __init__(self, config: AlertsConfig) -> None:
        self._config = config
        self.pending: list[Report | Rates | Decision] = []
        self.state = AlertPolicyState()

    def add(self, event: Report | Rates | Decision) -> None:
        """Takes a report, rates or a decision, for the next call of `due`."""
        self.pending.append(event)

    def due(self) -> list[Alert]:
        """The alerts for everything added since the last call."""
        pending, self.pending = self.pending, []
        found = [alert for one in pending if isinstance(one, Rates) for alert in self._rated(one)]
        found += [alert for report, after in _groups(pending) for alert in self._group(report, after)]
        early = self.state.early
        if not early:
            return found
        self.state.early = tuple(name for name in early if name not in {alert.id for alert in found})
        due = [_rest_of(alert) if alert.id in early else alert for alert in found]
        return [alert for alert in due if alert is not None]

    def due_early(self, report: Report | Rates) -> list[Alert]:
        """At the end of the input: the alerts for what is added again, or goes on, if input follows.

        They are not reported twice, and what follows is as if they had not been reported early.
        """
        trial = AlertPolicy(self._config)
        trial.state = structs.replace(self.state, open=dict(self.state.open), ended=dict(self.state.ended))
        trial.add(report)
        alerts = trial.due()
        self.state.early += tuple(alert.id for alert in alerts)
        return alerts

    def _group(self, report: Report | None, decisions: Sequence[Decision]) -> Iterator[Alert]:
        """The alerts of a report and the decisions after it, or of decisions that follow from none."""
        alerts = [] if report is None else list(self._judged(report))
        if not alerts:
            for decision in decisions:
                yield from self._decided(decision, alone=report is None)
            return
        done = tuple(text for decision in decisions if (text := self._folded(decision)))
        yield replace(alerts[0], done=done)
        yield from alerts[1:]

    def _rated(self, rates: Rates) -> Iterator[Alert]:
        """Alerts for rates; one that too few records tell of stays as it is."""
        for check in rates.checks:
            bad = check.status == "fail" or (check.status == "warn" and self._config.level == "warn")
            severity: Severity | None = ("fail" if check.status == "fail" else "warn") if bad else None
            kind = RATES[check.name]
            found = self._turn(kind, severity, {check.name}, rates.end, rates.start)
            if found is not None:
                yield _of_rate(rates, check, kind, *found)

    def _judged(self, report: Report) -> Iterator[Alert]:
        """Alerts for a report: on its verdict, and on whether there is one."""
        status = report.verdict.status
        unjudged: Severity | None = "warn" if status == "unjudged" else None
        missing = self._turn("judging", unjudged, set(), report.end, report.start)
        if status != "unjudged":
            bad = status == "fail" or (status == "warn" and self._config.level == "warn")
            severity: Severity | None = ("fail" if status == "fail" else "warn") if bad else None
            names = {f"{check.name} {check.column}" for check in _not_passed(report)}
            found = self._turn("window", severity, names, report.end, report.start)
            if found is not None:
                yield _of_window(report, "window", *found)
        if missing is not None:
            yield _of_window(report, "judging", *missing)

    def _decided(self, decision: Decision, *, alone: bool) -> Iterator[Alert]:
        """A decision with an alert of its own; a suspicion that a known problem brought needs none."""
        action, time = decision.action, decision.time
        found: tuple[Problem, AlertState] | None = None
        kind: AlertKind = "champion"
        if action == "suspect":
            if alone and self._config.level == "warn":
                found = self._turn("champion", "warn", {decision.reason}, time, time)
            else:
                self._suspected(decision, notified=None)
        elif action == "clear":
            known = self.state.open.get("champion")
            if known is not None and known.notified is None:
                del self.state.open["champion"]
            else:
                found = self._turn("champion", None, set(), time, time)
        elif action in SERVING | {"accept", "release"}:
            known = self.state.open.pop("champion", None)
            kind = "champion" if action == "accept" else "serving"
            since = time if known is None else known.since
            found = Problem("fail" if action == "hold" else "info", frozenset(), since, 0, time), "done"
        elif action == "alert" and not decision.who:
            kind, found = "model", (Problem("fail", frozenset(), time, 0, time), "done")
        if found is not None:
            yield _of_decision(decision, kind, *found)

    def _folded(self, decision: Decision) -> str:
        """What a decision adds to the alert of the report that it follows from."""
        if decision.action == "suspect":
            self._suspected(decision, notified=decision.time)
        elif decision.action in SERVING | {"clear", "accept"}:
            self.state.open.pop("champion", None)
        return sentence(decision)

    def _suspected(self, decision: Decision, notified: float | None) -> None:
        reason = frozenset({decision.reason})
        self.state.open["champion"] = Problem("warn", reason, decision.time, 0, notified)

    def _turn(
        self, kind: AlertKind, severity: Severity | None, subject: set[str], time: float, since: float
    ) -> tuple[Problem, AlertState] | None:
        """A problem goes on, or (without a severity) stays away; returns it when an alert is due."""
        known = self.state.open.get(kind)
        if severity is None:
            return None if known is None else self._away(kind, known, time)
        if known is None:
            back = kind in self.state.ended and not self._over(self.state.ended[kind], time)
            found = Problem(severity, frozenset(subject), since, 1, time, flapping=back)
            self.state.open[kind] = found
            return found, "opened"
        found = structs.replace(known, windows=known.windows + 1, quiet=None)
        state: AlertState | None = None
        if known.notified is None or self._over(known.notified, time):
            state = "lasting"
            found = structs.replace(found, severity=severity, subject=frozenset(subject))
        elif _ORDER[severity] > _ORDER[known.severity]:
            state = "worse"
        elif not known.subject >= subject:
            state = "changed"
        if state is not None:
            worst = max(severity, found.severity, key=_ORDER.__getitem__)
            found = structs.replace(found, severity=worst, subject=found.subject | subject, notified=time)
        self.state.open[kind] = found
        # The alert has the severity of now, which may be lower than that of the last one.
        return None if state is None else (structs.replace(found, severity=severity), state)

    def _away(self, kind: AlertKind, known: Problem, time: float) -> tuple[Problem, AlertState] | None:
        quiet = time if known.quiet is None else known.quiet
        if known.flapping and not self._over(quiet, time):
            self.state.open[kind] = structs.replace(known, quiet=quiet)
            return None
        del self.state.open[kind]
        self.state.ended[kind] = time
        return structs.replace(known, severity="info"), "recovered"

    def _over(self, since: float, time: float) -> bool:
        """Whether a cool-down has passed; event time may have jumped ahead by mistake and returned."""
        return abs(time - since) >= self._config.cool_down


def _rest_of(alert: Alert) -> Alert | None:
    """The rest of an alert that was reported at the end of an input: what was done since."""
    return replace(alert, id=f"{alert.id}/done", state="changed") if alert.done else None


def _groups(events: Iterable[Report | Rates | Decision]) -> list[tuple[Report | None, list[Decision]]]:
    """Each report with the decisions after it; those before the first follow from none."""
    groups: list[tuple[Report | None, list[Decision]]] = [(None, [])]
    for event in events:
        if isinstance(event, Report):
            groups.append((event, []))
        elif isinstance(event, Decision):
            groups[-1][1].append(event)
    return groups


def _not_passed(report: Report) -> list[Check]:
    """The worst first."""
    found = [check for check in report.verdict.checks if check.status != "pass"]
    return sorted(found, key=lambda check: check.status != "fail")


def _of_window(report: Report, kind: AlertKind, problem: Problem, state: AlertState) -> Alert:
    checks = [] if state == "recovered" else _not_passed(report)[:_MOST_CHECKS]
    scores = report.scores
    losses = {"loss": scores.loss, "baseline_loss": scores.baseline_loss} | {
        f"business.{name}": worth.mean for name, worth in scores.business.items()
    }
    return Alert(
        id=f"{report.key}/{kind}/{report.window}",
        key=report.key,
        kind=kind,
        state=state,
        severity=problem.severity,
        time=report.end,
        since=problem.since,
        window=report.window,
        windows=problem.windows,
        model=report.model,
        what=_words(report, kind, problem, state),
        columns=tuple(dict.fromkeys(check.column for check in checks if check.column)),
        checks=tuple(checks),
        evidence={name: value for name, value in losses.items() if value is not None},
        done=(),
    )


def _of_rate(rates: Rates, check: Check, kind: AlertKind, problem: Problem, state: AlertState) -> Alert:
    if state == "recovered":
        what = f"{check.name}: back within its limit, after {problem.windows} spans of records above it"
    else:
        reasons = [reason_words(one) for one in rates.reasons if one.kind == kind][:_MOST_REASONS]
        what = "; ".join([words(check), *reasons])
    return Alert(
        id=f"{rates.key}/{kind}/{rates.number}",
        key=rates.key,
        kind=kind,
        state=state,
        severity=problem.severity,
        time=rates.end,
        since=problem.since,
        window=rates.window,
        windows=problem.windows,
        model=rates.model,
        what=what,
        columns=(),
        checks=() if state == "recovered" else (check,),
        evidence={"records": float(rates.last - rates.first)},
        done=(),
    )


def _words(report: Report, kind: AlertKind, problem: Problem, state: AlertState) -> str:
    window = f"window {report.window}"
    if state == "recovered":
        verb = (
            "is judged"
            if kind == "judging"
            else "passes"
            if report.verdict.status == "pass"
            else "only warns"
        )
        return f"{window} {verb} again, after {problem.windows} that did not"
    verb = {"fail": "fails", "warn": "warns"}.get(report.verdict.status, "could not be judged")
    return f"{window} {verb}: {report.verdict.reason}"


def _of_decision(decision: Decision, kind: AlertKind, problem: Problem, state: AlertState) -> Alert:
    suspicion = decision.action == "suspect"
    return Alert(
        id=f"{decision.key}/decision/{decision.number}",
        key=decision.key,
        kind=kind,
        state=state,
        severity=problem.severity,
        time=decision.time,
        since=problem.since,
        window=decision.window,
        windows=problem.windows,
        model=decision.model,
        what=decision.reason,
        columns=(),
        checks=(),
        evidence=dict(decision.evidence),
        done=() if kind == "model" else (sentence(decision),) if suspicion or kind == "serving" else (),
    )
