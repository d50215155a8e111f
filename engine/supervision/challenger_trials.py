"""Challengers against the champion: is one better, on the same labelled events? Calls nothing.

Challengers are compared all the time, not only under a suspicion, so the error rate alpha is that of the
whole run: trial k of each of n challengers gets alpha / (n k (k + 1)); see `engine.supervision.evidence`.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from engine.supervision.config import SupervisionConfig
from engine.supervision.decisions import ProposedDecision, loss_text
from engine.supervision.evidence import Trial, threshold
from engine.supervision.suspicion import PairedLosses


class ChallengerTrial(Struct, forbid_unknown_fields=True):
    """A challenger's standing.

    Attributes:
        trial: The bet that it is better, since it last fell behind.
        window: Losses on the same events in the open window.
        run: The same since it began, against every champion.
    """

    trial: Trial
    window: PairedLosses = field(default_factory=PairedLosses)
    run: PairedLosses = field(default_factory=PairedLosses)


class ChallengerTrials:
    """The rules.

    Args:
        config: How much evidence it takes.

    Attributes:
        alive: The trials by challenger. Only this class changes it.
    """

    def __init__(self, config: SupervisionConfig) -> None:
        self._config = config
        self.alive: dict[str, ChallengerTrial] = {}

    def run_losses(self) -> dict[str, PairedLosses]:
        """Losses of champion and challenger on the same events since it began, by challenger."""
        return {name: replace(trial.run) for name, trial in self.alive.items()}

    def enter(self, names: Iterable[str], sequence: int) -> None:
        """New challengers, compared on predictions from number `sequence` on; known ones stay as they are."""
        new = [name for name in names if name not in self.alive]
        for name in new:
            self.alive[name] = ChallengerTrial(self._trial(len(self.alive) + len(new), 1, sequence))

    def leave(self, name: str) -> None:
        """A challenger is one no more."""
        self.alive.pop(name, None)

    def compare(
        self, sequence: int, champion: float, losses: Mapping[str, float], scale: float
    ) -> ProposedDecision | None:
        """Takes the losses of champion and challengers on one labelled event.

        Args:
            sequence: The prediction's sequence number.
            champion: The champion's loss.
            losses: That of each challenger that took part, by name.
            scale: Differences beyond count as this much.

        Returns:
            A promotion, when one has proved better.
        """
        best: tuple[str, Trial] | None = None
        for name, loss in losses.items():
            contender = self.alive.get(name)
            if contender is None or sequence < contender.trial.since:
                continue
            contender.window.add(champion, loss)
            contender.run.add(champion, loss)
            trial = contender.trial
            trial.add(champion, loss, scale)
            if trial.proves(self._config.trial_events, self._config.tolerance) and (
                best is None or trial.log_capital > best[1].log_capital
            ):
                best = (name, trial)
        if best is None:
            return None
        name, trial = best
        reason = (
            f"{name} is better on the same {trial.events} events: loss "
            f"{loss_text(trial.shadow / trial.events)} against the champion's "
            f"{loss_text(trial.champion / trial.events)}"
        )
        return ProposedDecision("promotion", reason, name, trial.numbers())

    def next_window(self, sequence: int) -> dict[str, PairedLosses]:
        """A window has closed; returns its losses by challenger. Trials in which one is behind begin anew."""
        losses = {name: contender.window for name, contender in self.alive.items()}
        for contender in self.alive.values():
            contender.window = PairedLosses()
            if contender.trial.shadow >= contender.trial.champion:
                self._again(contender, sequence)
        return losses

    def changed(self, sequence: int) -> None:
        """Another champion serves from prediction number `sequence` on: every trial begins anew."""
        for contender in self.alive.values():
            self._again(contender, sequence)

    def again(self, name: str, sequence: int) -> None:
        """The trial of one begins anew with prediction number `sequence`."""
        self._again(self.alive[name], sequence)

    def _again(self, contender: ChallengerTrial, sequence: int) -> None:
        contender.trial = self._trial(len(self.alive), contender.trial.number + 1, sequence)

    def _trial(self, contenders: int, number: int, since: int) -> Trial:
        return Trial(threshold(self._config.alpha, contenders, number), number, since)

    def state(self) -> dict[str, ChallengerTrial]:
        """What a snapshot keeps."""
        return self.alive

    def restore(self, state: dict[str, ChallengerTrial], alive: Iterable[str], sequence: int) -> None:
        """Goes on from a snapshot's state, with the challengers that there are now.

        Args:
            state: The trials by challenger.
            alive: The challengers.
            sequence: New ones are compared on predictions from this number on.
        """
        names = list(alive)
        self.alive = {name: trial for name, trial in state.items() if name in names}
        self.enter(names, sequence)
