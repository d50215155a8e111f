"""An open suspicion: who is compared with the champion, and what was found so far. Calls nothing."""

import math
from collections.abc import Mapping

from msgspec import Struct

from engine.supervision.decisions import Action
from engine.supervision.evidence import Trial, threshold

_MUCH_LESS = 0.25
"""Share of another's weight below which a shadow does not win."""


class PairedLosses(Struct, forbid_unknown_fields=True):
    """Losses of champion and shadow, or challenger, summed over the same events of one window.

    Attributes:
        events: How many.
        champion: The sum of the champion's losses.
        shadow: The sum of the other's.
        champion_judged: The same, each loss up to a limit, so that no single event decides.
        shadow_judged: The same of the other's.
    """

    events: int = 0
    champion: float = 0.0
    shadow: float = 0.0
    champion_judged: float = 0.0
    shadow_judged: float = 0.0

    def add(self, champion: float, shadow: float, most: float) -> None:
        """Adds one event.

        Args:
            champion: Its loss; infinite when it put out nothing.
            shadow: The same of the other.
            most: As much as a loss beyond counts for what judges; and what a null output is taken to lose, or
                what the other has lost if that is more.
        """
        self.events += 1
        self.champion += champion if champion < math.inf else max(most, shadow if shadow < math.inf else 0.0)
        self.shadow += shadow if shadow < math.inf else max(most, champion if champion < math.inf else 0.0)
        self.champion_judged += min(champion, most)
        self.shadow_judged += min(shadow, most)

    def means(self) -> tuple[float, float] | tuple[None, None]:
        """The mean losses of champion and shadow; `None` without events."""
        return (self.champion / self.events, self.shadow / self.events) if self.events else (None, None)


class Suspicion(Struct, forbid_unknown_fields=True):
    """An open suspicion.

    Attributes:
        alpha: The error rate of all its trials together.
        candidates: Among how many shadows it is shared: all that could have been chosen.
        spread: The square that the difference of two losses is expected to have.
        actions: What is done when a shadow proves better, by its name.
        trials: The running trial of each shadow.
        losses: The losses of each shadow's comparison in the open window.
        previous: The same of the window before; empty when there was none.
        learning: Whether vetted shadows learn: the last judged window did not fail.
        jumped: Whether they began or ceased to learn, and so changed abruptly, in this window.
        strange: Whether an example of the open window was unlike all that passed.
        strange_before: The same of the window before.
        throughout: Whether they learned during the whole open window.
        previous_throughout: The same for the window before.
    """

    alpha: float
    candidates: int
    spread: float = 0.25
    actions: dict[str, Action] = {}
    trials: dict[str, Trial] = {}
    losses: dict[str, PairedLosses] = {}
    previous: dict[str, PairedLosses] = {}
    learning: bool = False
    jumped: bool = False
    strange: bool = False
    strange_before: bool = False
    throughout: bool = False
    previous_throughout: bool = False

    def join(self, name: str, action: Action, instead_of: str = "") -> None:
        """Another shadow is compared, in place of one that ends, if any."""
        before = self.leave(instead_of)
        self.actions[name] = action
        self.trials[name] = self._trial(1 if before is None else before.number + 1, 0)
        self.losses[name] = PairedLosses()

    def leave(self, name: str) -> Trial | None:
        """One is compared no more; returns the trial that it was in, if any."""
        for known in (self.actions, self.losses, self.previous):
            known.pop(name, None)
        return self.trials.pop(name, None)

    def learn(self, *, learning: bool) -> None:
        """The vetted shadows learn from now on, or no longer."""
        self.jumped = self.jumped or learning != self.learning
        self.learning = learning
        self.throughout = self.throughout and learning

    def next_window(self, sequence: int) -> None:
        """A window has closed and its predecessor's verdict is in.

        Trials in which the shadow is behind end, and so does every trial of shadows that have jumped (those
        without a broken column learn throughout); the new ones count the predictions from number `sequence`
        on.
        """
        for name, trial in self.trials.items():
            jumped = self.jumped and self.actions[name] != "mask"
            if jumped or trial.shadow >= trial.champion:
                self.trials[name] = self._trial(trial.number + 1, sequence)
        self.previous, self.losses = self.losses, {name: PairedLosses() for name in self.trials}
        self.previous_throughout = self.throughout
        self.strange, self.strange_before = False, self.strange
        self.throughout = self.learning
        self.jumped = False

    def _trial(self, number: int, since: int) -> Trial:
        return Trial(threshold(self.alpha, self.candidates, number), number, since, spread=self.spread)

    def add(self, sequence: int, champion: float, shadows: Mapping[str, float], scale: float) -> None:
        """Takes the losses on one labelled event; differences beyond `scale` count as much."""
        for name, loss in shadows.items():
            trial = self.trials.get(name)
            if trial is not None and sequence >= trial.since:
                self.losses[name].add(champion, loss, scale)
                trial.add(min(champion, scale), min(loss, scale), scale)

    def winner(self, min_events: int, tolerance: float, weights: Mapping[str, float]) -> str | None:
        """The shadow that has proved better, by the strongest evidence.

        Args:
            min_events: How many events that takes.
            tolerance: The share by which it must be better.
            weights: Of those that serve together: one that has proved better, but has much less than another,
                does not win.
        """
        proved = [name for name, trial in self.trials.items() if trial.proves(min_events, tolerance)]
        enough = max(weights.values(), default=0.0) * _MUCH_LESS
        proved = [name for name in proved if weights.get(name, enough) >= enough]
        return max(
            proved, key=lambda name: (weights.get(name, 0.0), self.trials[name].log_capital), default=None
        )

    def best_before(self) -> tuple[str, PairedLosses] | None:
        """The shadow that lost least in the window before, if any was compared."""
        compared = {name: paired for name, paired in self.previous.items() if paired.events}
        return min(compared.items(), key=lambda pair: pair[1].shadow_judged / pair[1].events, default=None)
