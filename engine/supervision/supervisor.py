"""Evidence in, findings out: when to suspect, when to roll back, when a suspicion ends. Calls nothing.

A suspicion is open from its finding `suspect` until a change, a `clear` or an `accept`. While it is
open, shadows are compared with the champion on every labelled event.

- rollback, mask, reset: a trial decided for a shadow, on at least `min_events`, by more than `tolerance`,
  outside the cool-down
- clear: a window passed during all of which the shadows were learning too, and over it the champion was
  no worse than the best of them; or a window passed and there is no shadow to compare with
- accept: `patience` windows failed in a row and no shadow proved better: the world changed
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.supervision.config import SupervisionConfig
from engine.supervision.decisions import ProposedDecision
from engine.supervision.loss_trend import Closed, LossTrend
from engine.supervision.suspicion import PairedLosses, Suspicion
from engine.windows import Status

_SPREAD, _LARGEST_SPREAD = 0.01, 0.25
"""Bounds of what the square of a difference is expected to be."""


@dataclass(slots=True)
class SupervisorState:
    """All that the supervisor remembers.

    Attributes:
        suspicion: The open one, if any.
        tainted: Whether the champion has learned from a window that failed and was not cleared since.
        failed_in_row: Windows that failed since the last that did not.
        changed_at: Labelled events learned when the last change was made; -1 before any.
        scale: The champion's mean loss so far; for regression what a difference of 1 means.
        scaled: Events behind `scale`.
        pinned: Whether a person has said that nothing changes what serves.
        trend: How the losses of whole windows have gone.
    """

    suspicion: Suspicion | None = None
    tainted: bool = False
    failed_in_row: int = 0
    changed_at: int = -1
    scale: float = 0.0
    scaled: int = 0
    pinned: bool = False
    told: frozenset[str] = frozenset()
    held: bool = False
    trend: LossTrend = field(default_factory=LossTrend)


class Supervisor:
    """The rules, over a state that a snapshot keeps."""

    def __init__(self, config: SupervisionConfig, *, bounded_loss: bool) -> None:
        self._config = config
        self._bounded = bounded_loss
        self.state = SupervisorState()

    @property
    def suspecting(self) -> bool:
        """Whether a suspicion is open."""
        return self.state.suspicion is not None

    def on_loss(self, loss: float) -> None:
        """Takes the champion's loss on an event, which sets the scale of differences."""
        state = self.state
        state.scaled += 1
        state.scale += (loss - state.scale) / state.scaled

    @property
    def scale(self) -> float:
        """What a difference in loss counts in: without a bound of its own, three times the usual error."""
        return 1.0 if self._bounded else 3.0 * self.state.scale or 1.0

    def may_change(self, learned: int) -> bool:
        """Whether the last change is long enough ago for another.

        Args:
            learned: Labelled events learned by now.
        """
        changed_at = self.state.changed_at
        return changed_at < 0 or learned - changed_at >= self._config.cooldown

    @property
    def hands_off(self) -> bool:
        """Whether nobody but a person may change what serves."""
        return self.state.pinned or not self._config.automatic

    def permit(self, finding: ProposedDecision | None) -> ProposedDecision | None:
        """What becomes of a change that was found: when only a person may make it, an alert, once."""
        if finding is None or not self.hands_off:
            return finding
        if finding.shadow in self.state.told:
            return None
        self.state.told |= {finding.shadow}
        why = "what serves is pinned" if self.state.pinned else "supervision.automatic is off"
        reason = f"{finding.reason}; nothing was changed: {why}"
        return ProposedDecision("alert", reason, finding.shadow, finding.evidence)

    def on_loss_drift(self) -> ProposedDecision | None:
        """The champion's loss has risen."""
        if self.suspecting or self.state.held or not self._config.on_loss_drift:
            return None
        return ProposedDecision("suspect", "the champion's loss has risen (ADWIN)", "", {})

    @property
    def shadows_learn(self) -> bool:
        """Whether shadows are alive and learn: the last window judged during the suspicion did not fail."""
        return self.state.suspicion is not None and self.state.suspicion.learning

    def begin(self, candidates: int) -> Suspicion:
        """Opens a suspicion, with no shadow yet.

        Args:
            candidates: How many shadows it could be compared with, all counted: they share the error rate.
        """
        self.state.suspicion = Suspicion(self._config.alpha, candidates, self._spread())
        return self.state.suspicion

    def _spread(self) -> float:
        """What the square of a difference is expected to be: of losses that are rarely large, little."""
        if not self._bounded or not self.state.scaled:
            return _LARGEST_SPREAD
        return min(max(self.state.scale, _SPREAD), _LARGEST_SPREAD)

    def compare(
        self, sequence: int, champion: float, shadows: Mapping[str, float], learned: int
    ) -> ProposedDecision | None:
        """Takes the losses of champion and shadows on one labelled event.

        Args:
            sequence: The prediction's sequence number.
            champion: The loss of what the champion put out.
            shadows: The same of each shadow, by name.
            learned: Labelled events learned so far.

        Returns:
            What to do, when a shadow has proved better.
        """
        suspicion = self.state.suspicion
        if suspicion is None:
            return None
        suspicion.add(sequence, champion, shadows, self.scale)
        name = suspicion.winner(self._config.min_events, self._config.tolerance)
        if name is None or not self.may_change(learned):
            return None
        trial = suspicion.trials[name]
        reason = (
            f"{name} is better on the same {trial.events} events: loss {trial.shadow / trial.events:.4f} "
            f"against the champion's {trial.champion / trial.events:.4f}"
        )
        return ProposedDecision(suspicion.actions[name], reason, name, trial.numbers())

    def changed(self, learned: int) -> None:
        """A change was carried out."""
        self._end(self.state)
        self.state.changed_at = learned

    def on_verdict(self, status: Status, reason: str) -> ProposedDecision | None:
        """Takes the verdict of the window before the one that just closed."""
        state = self.state
        if status == "unjudged" or state.held:
            return None
        if status == "fail":
            if state.suspicion is None and not self._config.on_fail:
                return None
            state.tainted = True
            state.failed_in_row += 1
            if state.suspicion is None:
                return ProposedDecision("suspect", reason, "", {})
            state.suspicion.learn(learning=False)
            return self._accepted(state, reason)
        state.failed_in_row = 0
        if state.suspicion is None:
            return (
                ProposedDecision("suspect", reason, "", {})
                if status == "warn" and self._config.on_warn
                else None
            )
        state.suspicion.learn(learning=True)
        return self._cleared(state, state.suspicion)

    def on_labels(self, *, failed: bool, reason: str) -> ProposedDecision | None:
        """Takes whether the labels of the judged window fail: then losses on them are no evidence."""
        state = self.state
        if failed and not state.held and self._config.on_label_fail == "hold":
            self._end(state)
            state.held = True
            return ProposedDecision("hold", f"the labels fail: {reason}", "", {})
        if not failed and state.held:
            state.held = False
            return ProposedDecision("release", "the labels do not fail any more", "", {})
        return None

    def on_window(
        self, window: int, labelled: int, loss: float | None, baseline: float | None
    ) -> ProposedDecision | None:
        """Takes the mean losses of a window that has closed: is what is served worse than it was?"""
        if loss is None or baseline is None or labelled < self._config.min_events:
            return None
        closed = Closed(window, labelled, loss, baseline)
        trend, config = self.state.trend, self._config
        finding = trend.rise(closed, bounded=self._bounded) if config.on_loss_rise else None
        fallen = trend.fall(closed, config.tolerance)
        finding = finding or (fallen if config.on_baseline else None)
        return None if self.suspecting or self.state.held else finding

    def has_risen(self, window: int) -> bool:
        """Whether the loss had risen in a window whose verdict is in; asked once."""
        risen = window in self.state.trend.risen
        self.state.trend.risen.discard(window)
        return risen

    def _accepted(self, state: SupervisorState, reason: str) -> ProposedDecision | None:
        if state.failed_in_row < self._config.patience:
            return None
        self._end(state)
        state.trend.usual = None
        text = f"{self._config.patience} windows in a row failed and no shadow was better; the last: {reason}"
        return ProposedDecision("accept", text, "", {"failed_windows": float(self._config.patience)})

    def _cleared(self, state: SupervisorState, suspicion: Suspicion) -> ProposedDecision | None:
        if not suspicion.trials:
            self._end(state)
            return ProposedDecision(
                "clear", "a window passed, and there was no shadow to compare with", "", {}
            )
        best = suspicion.best_before() if suspicion.previous_throughout else None
        if best is None or best[1].events < self._config.min_events:
            return None
        name, tally = best
        if tally.champion > tally.shadow * (1.0 + self._config.tolerance):
            return None
        self._end(state)
        champion, shadow = tally.champion / tally.events, tally.shadow / tally.events
        reason = (
            f"the champion is no worse than {name} on the same {tally.events} events: loss {champion:.4f} "
            f"against {shadow:.4f}"
        )
        evidence = {"events": float(tally.events), "champion_loss": champion, "shadow_loss": shadow}
        return ProposedDecision("clear", reason, name, evidence)

    def _end(self, state: SupervisorState) -> None:
        state.suspicion = None
        state.told = frozenset()
        state.tainted = False
        state.failed_in_row = 0

    def next_window(self, sequence: int) -> None:
        """A window has closed; predictions from number `sequence` on belong to the next."""
        if self.state.suspicion is not None:
            self.state.suspicion.next_window(sequence)

    def losses(self) -> dict[str, PairedLosses]:
        """The losses of champion and each shadow on the same events of the open window; for reports."""
        suspicion = self.state.suspicion
        return {} if suspicion is None else {n: t for n, t in suspicion.tallies.items() if t.events}
