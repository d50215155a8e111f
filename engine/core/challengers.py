"""Challengers: other models that predict and learn on the stream's events all the time, but do not serve."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from engine.errors import ConfigError
from engine.models.config import ChallengerConfig, ModelConfig
from engine.models.operations import TaskOps, make_model, task_ops
from engine.records.events import Outcome, Output
from engine.records.values import Features, visible
from engine.registry.versions import Learned


@dataclass(slots=True)
class Challenger:
    """One of them.

    Attributes:
        model: The live model.
        share: Of the examples, those that it takes part in.
        retired: Whether it has served: then it is not in the configuration.
        complained: Whether it was reported for raising while it learned.
        until: The window at whose close it leaves; `None` when it stays.
        without: Features that it does without.
        learned: What it has learned from.
    """

    model: Any
    share: float
    retired: bool = False
    complained: bool = False
    until: int | None = None
    without: frozenset[str] = frozenset()
    learned: Learned = field(default_factory=Learned)

    def seen(self, features: Features) -> Features:
        """The features as it sees them."""
        return visible(features, self.without)


@dataclass(slots=True)
class ChallengersState:
    """What a snapshot keeps.

    Attributes:
        alive: The challengers by name.
        begun: Every name of the configuration that ever was one; one that was promoted does not begin again.
    """

    alive: dict[str, Challenger] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)


class Challengers:
    """All challengers of one model key.

    Args:
        configs: Those of the configuration, by name.
        champion: The champion's configuration: its task is theirs.
        ops: The champion's operations.

    Attributes:
        state: What a snapshot keeps.

    Raises:
        ConfigError: When one puts out something else than the champion: they could not change places.
        ModelError: When one cannot be built.
    """

    def __init__(self, configs: Mapping[str, ChallengerConfig], champion: ModelConfig, ops: TaskOps) -> None:
        self._ops = ops
        self.state = ChallengersState()
        for name, config in configs.items():
            where = f"challengers.{name}.model"
            model = make_model(champion.model_copy(update={"model": config.model}), where)
            if task_ops(champion.task, model) != ops:
                raise ConfigError(
                    f"{where}: expected what the champion puts out too (a probability, or a class alone), so "
                    f"that they can change places; got a {type(model).__name__}"
                )
            self.state.alive[name] = Challenger(model, config.share)
            self.state.begun.append(name)

    def predict(self, sequence: int, features: Features) -> dict[str, Output | None]:
        """What those say that take part in the prediction of this number; `None` of one that raises."""
        outputs: dict[str, Output | None] = {}
        for name, challenger in self.state.alive.items():
            if takes_part(name, sequence, challenger.share):
                try:
                    outputs[name] = self._ops.predict(challenger.model, challenger.seen(features))
                except Exception:  # noqa: BLE001 - a model may raise anything
                    outputs[name] = None
        return outputs

    def learn(self, outcome: Outcome) -> list[tuple[str, str]]:
        """Those that took part learn; returns which raised for the first time, and what."""
        raised = []
        for name, challenger in self.state.alive.items():
            if takes_part(name, outcome.sequence, challenger.share):
                try:
                    seen = challenger.seen(outcome.example.features)
                    self._ops.learn(challenger.model, seen, outcome.label)
                    challenger.learned.add(outcome.example.time)
                except Exception as error:  # noqa: BLE001 - a model may raise anything
                    if not challenger.complained:
                        challenger.complained = True
                        raised.append((name, f"{type(error).__name__}: {error}"))
        return raised

    def take_over(self, name: str, champion: str, replaced: Challenger) -> Challenger:
        """One becomes the champion; returns it. What it replaces takes its place, for good if that is."""
        promoted = self.state.alive.pop(name)
        replaced.share = promoted.share
        if promoted.until is None:
            replaced.until = None
        self.state.alive[champion] = replaced
        return promoted

    def join(self, name: str, replaced: Challenger) -> None:
        """A model that was replaced goes on as a challenger."""
        self.state.alive[name] = replaced

    def unmask(self) -> None:
        """The features that models did without can be trusted again."""
        for challenger in self.state.alive.values():
            challenger.without = frozenset()

    def over(self, window: int) -> list[str]:
        """Those that leave at the close of this window."""
        gone = [
            name for name, one in self.state.alive.items() if one.until is not None and one.until <= window
        ]
        for name in gone:
            del self.state.alive[name]
        return gone

    def restore(self, state: ChallengersState, seen: Iterable[Outcome]) -> None:
        """Goes on from a snapshot. Who is new in the configuration learns what is still at hand first."""
        configured, rows = self.state.alive, list(seen)
        alive = {
            name: challenger
            for name, challenger in state.alive.items()
            if challenger.retired or name in configured
        }
        for name, challenger in configured.items():
            if name in alive:
                alive[name].share = challenger.share
            elif name not in state.begun:
                self._warm(challenger, rows)
                alive[name] = challenger
        self.state = ChallengersState(alive, list(dict.fromkeys([*state.begun, *configured])))

    def _warm(self, challenger: Challenger, rows: Iterable[Outcome]) -> None:
        for outcome in rows:
            try:
                self._ops.learn(challenger.model, challenger.seen(outcome.example.features), outcome.label)
                challenger.learned.add(outcome.example.time)
            except Exception:  # noqa: BLE001, S112 - it is told when it happens on the stream
                continue


def takes_part(name: str, sequence: int, share: float) -> bool:
    """Whether a challenger takes part in a prediction: an even choice, the same in every run.

    >>> sum(takes_part("tree", sequence, 0.1) for sequence in range(10_000))
    976
    """
    return share >= 1.0 or crc32(f"{name}/{sequence}".encode()) < share * 2**32
