"""Evidence in, findings out: when to suspect, when to roll back, when a suspicion ends. Calls nothing.

A suspicion is open from its finding `suspect` until a `rollback`, a `clear` or an `accept`. While it is
open, shadows are compared with the champion on every labelled event.

- rollback: a trial decided for a shadow, on at least `min_events`, by more than `tolerance`, outside the
  cool-down
- clear: a window passed during all of which the shadows were learning too, and over it the champion was
  no worse than the best of them; or a window passed and there is no shadow to compare with
- accept: `patience` windows failed in a row and no shadow proved better: the world changed
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from engine.supervision.config import SupervisionConfig
from engine.supervision.evidence import Trial, threshold
from engine.supervision.values import Finding

Status = Literal["pass", "warn", "fail", "unjudged"]


@dataclass(slots=True)
class Suspicion:
    """An open suspicion.

    Attributes:
        number: Of the current trial, from 1; one begins with every window.
        since: The current trial counts predictions from this sequence number on. Those made before it
            began came from shadows that had not caught up yet; counting them would compare two moments.
        trials: The current trial of each shadow.
        previous: The trial of each shadow in the window before, empty when there was none.
        learning: Whether the shadows learn: the last judged window did not fail.
        throughout: Whether they learned during the whole current window.
        previous_throughout: The same for the window before.
    """

    number: int = 1
    since: int = 0
    trials: dict[str, Trial] = field(default_factory=dict)
    previous: dict[str, Trial] = field(default_factory=dict)
    learning: bool = False
    throughout: bool = False
    previous_throughout: bool = False


@dataclass(slots=True)
class SupervisorState:
    """All that the supervisor remembers.

    Attributes:
        suspicion: The open one, if any.
        tainted: Whether the champion has learned from a window that failed and was not cleared since.
        failed_in_row: Windows that failed since the last that did not.
        changed_at: Labelled events learned when the last change was made; -1 before any.
        scale: What a loss difference of 1 means, for regression: the mean absolute error so far.
        scaled: Events behind `scale`.
    """

    suspicion: Suspicion | None = None
    tainted: bool = False
    failed_in_row: int = 0
    changed_at: int = -1
    scale: float = 0.0
    scaled: int = 0


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
        """Takes the champion's loss on an event, which sets the scale for losses without a bound."""
        if not self._bounded:
            state = self.state
            state.scaled += 1
            state.scale += (loss - state.scale) / state.scaled

    def on_loss_drift(self) -> Finding | None:
        """The champion's loss has risen."""
        if self.suspecting or not self._config.on_loss_drift:
            return None
        return Finding("suspect", "the champion's loss has risen (ADWIN)", "", {})

    @property
    def shadows_learn(self) -> bool:
        """Whether shadows are alive and learn: the last window judged during the suspicion did not fail."""
        return self.state.suspicion is not None and self.state.suspicion.learning

    def begin(self, shadows: Sequence[str]) -> None:
        """Opens a suspicion with these shadows; they do not learn until a window passes."""
        suspicion = Suspicion()
        self.state.suspicion = suspicion
        self._new_trials(suspicion, shadows)

    def _new_trials(self, suspicion: Suspicion, shadows: Sequence[str]) -> None:
        level = threshold(self._config.alpha, max(1, len(shadows)), suspicion.number)
        suspicion.trials = {name: Trial(level) for name in shadows}

    def compare(
        self, sequence: int, champion: float, shadows: Mapping[str, float], learned: int
    ) -> Finding | None:
        """Takes the losses of champion and shadows on one labelled event.

        Args:
            sequence: The prediction's sequence number.
            champion: The loss of what the champion put out.
            shadows: The same of each shadow, by name.
            learned: Labelled events learned so far.

        Returns:
            A rollback, when a shadow has proved better.
        """
        suspicion = self.state.suspicion
        if suspicion is None or sequence < suspicion.since:
            return None
        # Without a bound of its own, a loss is measured in units of three times the usual error.
        scale = 1.0 if self._bounded else 3.0 * self.state.scale or 1.0
        decided: tuple[str, Trial] | None = None
        for name, loss in shadows.items():
            trial = suspicion.trials[name]
            trial.add(champion, loss, scale)
            if self._better(trial) and (decided is None or trial.log_capital > decided[1].log_capital):
                decided = (name, trial)
        changed_at = self.state.changed_at
        if decided is None or (changed_at >= 0 and learned - changed_at < self._config.cooldown):
            return None
        name, trial = decided
        reason = (
            f"{name} is better on the same {trial.events} events: loss {trial.shadow / trial.events:.4f} "
            f"against the champion's {trial.champion / trial.events:.4f}"
        )
        return Finding("rollback", reason, name, _numbers(trial))

    def _better(self, trial: Trial) -> bool:
        """Whether the shadow is certainly better, for long enough, and by so much that it matters."""
        return (
            trial.decided
            and trial.events >= self._config.min_events
            and trial.champion > trial.shadow * (1.0 + self._config.tolerance)
        )

    def changed(self, learned: int) -> None:
        """A rollback was carried out."""
        self.state.suspicion = None
        self.state.tainted = False
        self.state.failed_in_row = 0
        self.state.changed_at = learned

    def on_verdict(self, status: Status, reason: str) -> Finding | None:
        """Takes the verdict of the window before the one that just closed."""
        state = self.state
        if status == "unjudged":
            return None
        if status == "fail":
            state.tainted = True
            state.failed_in_row += 1
            if state.suspicion is None:
                return Finding("suspect", reason, "", {}) if self._config.on_fail else None
            state.suspicion.learning = state.suspicion.throughout = False
            return self._accepted(state, reason)
        state.failed_in_row = 0
        if state.suspicion is None:
            return Finding("suspect", reason, "", {}) if status == "warn" and self._config.on_warn else None
        state.suspicion.learning = True
        return self._cleared(state, state.suspicion)

    def _accepted(self, state: SupervisorState, reason: str) -> Finding | None:
        if state.failed_in_row < self._config.patience:
            return None
        self._end(state)
        text = f"{self._config.patience} windows in a row failed and no shadow was better; the last: {reason}"
        return Finding("accept", text, "", {"failed_windows": float(self._config.patience)})

    def _cleared(self, state: SupervisorState, suspicion: Suspicion) -> Finding | None:
        if not suspicion.trials:
            self._end(state)
            return Finding("clear", "a window passed, and there was no shadow to compare with", "", {})
        if not suspicion.previous_throughout or not suspicion.previous:
            return None
        name, trial = min(
            suspicion.previous.items(), key=lambda i: i[1].shadow / i[1].events if i[1].events else math.inf
        )
        if trial.events < self._config.min_events:
            return None
        if trial.champion > trial.shadow * (1.0 + self._config.tolerance):
            return None
        self._end(state)
        reason = (
            f"the champion is no worse than {name} on the same {trial.events} events: loss "
            f"{trial.champion / trial.events:.4f} against {trial.shadow / trial.events:.4f}"
        )
        return Finding("clear", reason, name, _numbers(trial))

    def _end(self, state: SupervisorState) -> None:
        state.suspicion = None
        state.tainted = False
        state.failed_in_row = 0

    def next_window(self, sequence: int) -> None:
        """A window has closed and its predecessor's verdict is in: every shadow gets a new trial.

        It counts the predictions from number `sequence` on.
        """
        suspicion = self.state.suspicion
        if suspicion is None:
            return
        suspicion.number += 1
        suspicion.since = sequence
        suspicion.previous = suspicion.trials
        suspicion.previous_throughout = suspicion.throughout
        suspicion.throughout = suspicion.learning
        self._new_trials(suspicion, tuple(suspicion.previous))

    def losses(self) -> tuple[int, float, dict[str, float]] | None:
        """Events compared in the current trial, the champion's mean loss and each shadow's; for reports."""
        suspicion = self.state.suspicion
        if suspicion is None or not suspicion.trials:
            return None
        longest = max(suspicion.trials.values(), key=lambda trial: trial.events)
        if not longest.events:
            return None
        means = {n: t.shadow / t.events for n, t in suspicion.trials.items() if t.events}
        return longest.events, longest.champion / longest.events, means


def _numbers(trial: Trial) -> dict[str, float]:
    return {
        "events": float(trial.events),
        "champion_loss": trial.champion / trial.events,
        "shadow_loss": trial.shadow / trial.events,
        "log_capital": trial.log_capital,
        "log_threshold": trial.threshold,
    }
