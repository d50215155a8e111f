"""An open suspicion: who is compared with the champion, and what was found so far. Calls nothing."""

from collections.abc import Mapping

from msgspec import Struct

from engine.supervision.decisions import Action
from engine.supervision.evidence import Trial, threshold


class PairedLosses(Struct, forbid_unknown_fields=True):
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
    throughout: bool = False
    previous_throughout: bool = False

    def join(self, name: str, action: Action, instead_of: str = "") -> None:
        """Another shadow is compared, in place of one that ends, if any."""
        before = self.trials.pop(instead_of, None)
        for known in (self.actions, self.losses, self.previous):
            known.pop(instead_of, None)
        self.actions[name] = action
        self.trials[name] = self._trial(1 if before is None else before.number + 1, 0)
        self.losses[name] = PairedLosses()

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
        self.throughout = self.learning
        self.jumped = False

    def _trial(self, number: int, since: int) -> Trial:
        return Trial(threshold(self.alpha, self.candidates, number), number, since, spread=self.spread)

    def add(self, sequence: int, champion: float, shadows: Mapping[str, float], scale: float) -> None:
        """Takes the losses on one labelled event; differences beyond `scale` count as much."""
        for name, loss in shadows.items():
            trial = self.trials.get(name)
            if trial is not None and sequence >= trial.since:
                self.losses[name].add(champion, loss)
                trial.add(champion, loss, scale)

    def winner(self, min_events: int, tolerance: float) -> str | None:
        """The shadow that has proved better, by the strongest evidence."""
        best = None
        for name, trial in self.trials.items():
            if trial.proves(min_events, tolerance) and (
                best is None or trial.log_capital > self.trials[best].log_capital
            ):
                best = name
        return best

    def best_before(self) -> tuple[str, PairedLosses] | None:
        """The shadow that lost least in the window before, if any was compared."""
        compared = {name: paired for name, paired in self.previous.items() if paired.events}
        return min(compared.items(), key=lambda pair: pair[1].shadow / pair[1].events, default=None)
