"""Challengers against the champion: is one better, on the same labelled events? Calls nothing.

Challengers are compared all the time, not only under a suspicion, so the error rate alpha is that of the
whole run: half of it is for those that there are in the beginning, in equal parts; of the rest challenger j
that joins later has a j (j + 1)-th part. Of its part trial k of a challenger gets a k (k + 1)-th; see
`engine.supervision.evidence`. So all of them add up to alpha at most, however many come and go.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from engine.supervision.config import SupervisionConfig
from engine.supervision.decisions import ProposedDecision
from engine.supervision.evidence import Trial, threshold
from engine.supervision.findings import better
from engine.supervision.suspicion import PairedLosses


class ChallengerTrial(Struct, forbid_unknown_fields=True):
    """A challenger's standing.

    Attributes:
        parts: Its part of alpha is one of so many.
        trial: The bet that it is better, since it last fell behind.
        window: Losses on the same events in the open window.
        run: The same since it began, against every champion.
    """

    parts: float
    trial: Trial
    window: PairedLosses = field(default_factory=PairedLosses)
    run: PairedLosses = field(default_factory=PairedLosses)


class ChallengerTrialsState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        alive: The standing of each challenger, by its name.
        joined: How many have joined after those in the beginning.
    """

    alive: dict[str, ChallengerTrial] = {}
    joined: int = 0


class ChallengerTrials:
    """The rules.

    Args:
        config: How much evidence it takes.
        names: The challengers in the beginning, compared on all predictions.
    """

    def __init__(self, config: SupervisionConfig, names: Iterable[str] = ()) -> None:
        self._config = config
        first = list(names)
        alive = {name: self._contender(2.0 * len(first), 0) for name in first}
        self._state = ChallengerTrialsState(alive)

    @property
    def alive(self) -> dict[str, ChallengerTrial]:
        """The standing of each challenger, by its name."""
        return self._state.alive

    def run_losses(self) -> dict[str, PairedLosses]:
        """Losses of champion and challenger on the same events since it began, by challenger."""
        return {name: replace(trial.run) for name, trial in self.alive.items()}

    def enter(self, names: Iterable[str], sequence: int) -> None:
        """New challengers, compared on predictions from number `sequence` on; known ones stay as they are."""
        state = self._state
        for name in names:
            if name not in state.alive:
                state.joined += 1
                state.alive[name] = self._contender(2.0 * state.joined * (state.joined + 1), sequence)

    def leave(self, name: str) -> None:
        """A challenger is one no more."""
        self.alive.pop(name, None)

    def compare(
        self, sequence: int, champion: float, losses: Mapping[str, float], scale: float, since: int = 0
    ) -> ProposedDecision | None:
        """Takes the losses of champion and challengers on one labelled event.

        Args:
            sequence: The prediction's sequence number.
            champion: The champion's loss.
            losses: That of each challenger that took part, by name.
            scale: Differences beyond count as this much.
            since: Predictions made since that one: a trial must cover more than is not known yet.

        Returns:
            A promotion, when one has proved better.
        """
        best: tuple[str, Trial] | None = None
        for name, loss in losses.items():
            contender = self.alive.get(name)
            if contender is None or sequence < contender.trial.since:
                continue
            contender.window.add(champion, loss, scale)
            contender.run.add(champion, loss, scale)
            trial = contender.trial
            trial.add(min(champion, scale), min(loss, scale), scale)
            if trial.proves(max(self._config.trial_events, since), self._config.tolerance) and (
                best is None or trial.log_capital > best[1].log_capital
            ):
                best = (name, trial)
        return None if best is None else better("promotion", *best)

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
        contender.trial = self._trial(contender.parts, contender.trial.number + 1, sequence)

    def _contender(self, parts: float, since: int) -> ChallengerTrial:
        return ChallengerTrial(parts, self._trial(parts, 1, since))

    def _trial(self, parts: float, number: int, since: int) -> Trial:
        return Trial(threshold(self._config.alpha, parts, number), number, since)

    def state(self) -> ChallengerTrialsState:
        """What a snapshot keeps."""
        return self._state

    def restore(self, state: ChallengerTrialsState, alive: Iterable[str], sequence: int) -> None:
        """Goes on from a snapshot's state, with the challengers that there are now.

        Args:
            state: What a snapshot kept.
            alive: The challengers.
            sequence: New ones are compared on predictions from this number on.
        """
        names = list(alive)
        known = {name: trial for name, trial in state.alive.items() if name in names}
        self._state = ChallengerTrialsState(known, state.joined)
        self.enter(names, sequence)
