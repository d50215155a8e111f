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

from engine.supervision.config import SupervisionConfig
from engine.supervision.evidence import Trial, threshold
from engine.supervision.values import Finding
from engine.windows import Status


@dataclass(slots=True)
class Tally:
    """Losses of champion and shadow, or challenger, summed over the same events of one window."""

    events: int = 0
    champion: float = 0.0
    shadow: float = 0.0

    def add(self, champion: float, shadow: float) -> None:
        """Adds one event."""
        self.events += 1
        self.champion += champion
        self.shadow += shadow

    def means(self) -> tuple[float, float] | tuple[None, None]:
        """The mean losses of champion and shadow; `None` without events."""
        return (self.champion / self.events, self.shadow / self.events) if self.events else (None, None)


@dataclass(slots=True)
class Suspicion:
    """An open suspicion.

    Attributes:
        trials: The running trial of each shadow.
        tallies: The losses of each shadow's comparison in the open window.
        previous: The same of the window before; empty when there was none.
        learning: Whether the shadows learn: the last judged window did not fail.
        jumped: Whether they began or ceased to learn, and so changed at a stroke, in this window.
        throughout: Whether they learned during the whole open window.
        previous_throughout: The same for the window before.
    """

    trials: dict[str, Trial] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    previous: dict[str, Tally] = field(default_factory=dict)
    learning: bool = False
    jumped: bool = False
    throughout: bool = False
    previous_throughout: bool = False

    def learn(self, *, learning: bool) -> None:
        """The shadows learn from now on, or no longer."""
        self.jumped = self.jumped or learning != self.learning
        self.learning = learning
        self.throughout = self.throughout and learning


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
        pinned: Whether a person has said that nothing changes what serves.
    """

    suspicion: Suspicion | None = None
    tainted: bool = False
    failed_in_row: int = 0
    changed_at: int = -1
    scale: float = 0.0
    scaled: int = 0
    pinned: bool = False


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

    @property
    def scale(self) -> float:
        """What a difference in loss counts in: without a bound of its own, three times the usual error."""
        return 1.0 if self._bounded else 3.0 * self.state.scale or 1.0

    def may_change(self, learned: int) -> bool:
        """Whether there may be a change: nothing is pinned, and the last one is long enough ago.

        Args:
            learned: Labelled events learned by now.
        """
        changed_at = self.state.changed_at
        return not self.state.pinned and (changed_at < 0 or learned - changed_at >= self._config.cooldown)

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
        names = tuple(shadows)
        trials = {name: self._trial(len(names), 1, 0) for name in names}
        self.state.suspicion = Suspicion(trials, {name: Tally() for name in names})

    def _trial(self, shadows: int, number: int, since: int) -> Trial:
        return Trial(threshold(self._config.alpha, shadows, number), number, since)

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
        if suspicion is None:
            return None
        scale = self.scale
        decided: tuple[str, Trial] | None = None
        for name, loss in shadows.items():
            trial = suspicion.trials[name]
            if sequence < trial.since:
                continue
            suspicion.tallies[name].add(champion, loss)
            trial.add(champion, loss, scale)
            if trial.proves(self._config.min_events, self._config.tolerance) and (
                decided is None or trial.log_capital > decided[1].log_capital
            ):
                decided = (name, trial)
        if decided is None or not self.may_change(learned):
            return None
        name, trial = decided
        reason = (
            f"{name} is better on the same {trial.events} events: loss {trial.shadow / trial.events:.4f} "
            f"against the champion's {trial.champion / trial.events:.4f}"
        )
        return Finding("rollback", reason, name, trial.numbers())

    def changed(self, learned: int) -> None:
        """A rollback was carried out."""
        self._end(self.state)
        self.state.changed_at = learned

    def on_verdict(self, status: Status, reason: str) -> Finding | None:
        """Takes the verdict of the window before the one that just closed."""
        state = self.state
        if status == "unjudged":
            return None
        if status == "fail":
            if state.suspicion is None and not self._config.on_fail:
                return None
            state.tainted = True
            state.failed_in_row += 1
            if state.suspicion is None:
                return Finding("suspect", reason, "", {})
            state.suspicion.learn(learning=False)
            return self._accepted(state, reason)
        state.failed_in_row = 0
        if state.suspicion is None:
            return Finding("suspect", reason, "", {}) if status == "warn" and self._config.on_warn else None
        state.suspicion.learn(learning=True)
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
        name, tally = min(
            suspicion.previous.items(), key=lambda i: i[1].shadow / i[1].events if i[1].events else math.inf
        )
        if tally.events < self._config.min_events:
            return None
        if tally.champion > tally.shadow * (1.0 + self._config.tolerance):
            return None
        self._end(state)
        champion, shadow = tally.champion / tally.events, tally.shadow / tally.events
        reason = (
            f"the champion is no worse than {name} on the same {tally.events} events: loss {champion:.4f} "
            f"against {shadow:.4f}"
        )
        evidence = {"events": float(tally.events), "champion_loss": champion, "shadow_loss": shadow}
        return Finding("clear", reason, name, evidence)

    def _end(self, state: SupervisorState) -> None:
        state.suspicion = None
        state.tainted = False
        state.failed_in_row = 0

    def next_window(self, sequence: int) -> None:
        """A window has closed and its predecessor's verdict is in.

        Trials in which the shadow is behind end, and so does every trial of shadows that have jumped; the
        new ones count the predictions from number `sequence` on.
        """
        suspicion = self.state.suspicion
        if suspicion is None:
            return
        for name, trial in suspicion.trials.items():
            if suspicion.jumped or trial.shadow >= trial.champion:
                suspicion.trials[name] = self._trial(len(suspicion.trials), trial.number + 1, sequence)
        suspicion.previous, suspicion.tallies = (
            suspicion.tallies,
            {name: Tally() for name in suspicion.trials},
        )
        suspicion.previous_throughout = suspicion.throughout
        suspicion.throughout = suspicion.learning
        suspicion.jumped = False

    def losses(self) -> tuple[int, float, dict[str, float]] | None:
        """Events compared in the open window, the champion's mean loss and each shadow's; for reports."""
        suspicion = self.state.suspicion
        tallies = {} if suspicion is None else {n: t for n, t in suspicion.tallies.items() if t.events}
        if not tallies:
            return None
        longest = max(tallies.values(), key=lambda tally: tally.events)
        return (
            longest.events,
            longest.champion / longest.events,
            {n: t.shadow / t.events for n, t in tallies.items()},
        )
