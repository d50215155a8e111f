"""Challengers: other models that predict and learn on the same events all the time, but do not serve."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from zlib import crc32

from msgspec import Struct

from engine.core.live_model import LiveModel, LiveModelState, restored
from engine.errors import ConfigError
from engine.models.config import ChallengerConfig, ModelConfig
from engine.models.operations import TaskOps, make_model, task_ops
from engine.models.running import RunningModel
from engine.records.events import Outcome, Output
from engine.records.values import Features

_OF_USE = 0.1
"""The weight in what is served from which on a replaced champion stays on."""


class ChallengerState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps of a challenger; fields as in `Challenger`."""

    live: LiveModelState
    share: float
    replaced: bool
    reported: bool
    until: int | None


class ChallengersState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        alive: The challengers.
        begun: Every configured name that ever began; one that was promoted does not begin again.
    """

    alive: list[ChallengerState]
    begun: list[str]


@dataclass(slots=True)
class Challenger:
    """One of them.

    Attributes:
        live: Its model.
        share: Of the examples, those that it takes part in.
        replaced: Whether it is a replaced champion: then it is not in the configuration.
        reported: Whether an alert reported that it raises while it learns.
        until: The window at whose close it leaves; `None` when it stays.
    """

    live: LiveModel
    share: float
    replaced: bool = False
    reported: bool = False
    until: int | None = None


class Challengers:
    """All challengers of one model key, by name.

    Args:
        configs: Those of the configuration, by name.
        champion: The champion's configuration: its task is theirs.
        ops: The champion's operations.
        allow: Modules of the user's own whose classes may be loaded.

    Attributes:
        alive: The challengers by name. Only this class changes it.

    Raises:
        ConfigError: When one puts out something else than the champion: they could not change places.
        ModelError: When one cannot be built.
    """

    def __init__(
        self,
        configs: Mapping[str, ChallengerConfig],
        champion: ModelConfig,
        ops: TaskOps,
        allow: tuple[str, ...],
    ) -> None:
        self._ops, self._allow = ops, allow
        self.alive: dict[str, Challenger] = {}
        self._begun: list[str] = []
        for name, config in configs.items():
            where = f"challengers.{name}.model"
            model = make_model(champion.model_copy(update={"model": config.model}), where)
            if task_ops(champion.task, model) != ops:
                raise ConfigError(
                    f"{where}: expected what the champion puts out too (a probability, or a class alone), so "
                    f"that they can change places; got a {type(model).__name__}"
                )
            self.alive[name] = Challenger(LiveModel(name, RunningModel(model, ops)), config.share)
            self._begun.append(name)

    def predict(self, sequence: int, features: Features) -> dict[str, Output | None]:
        """Outputs of those that take part in the prediction of this number; `None` of one that raises.

        A new one that says nothing is left out.
        """
        outputs: dict[str, Output | None] = {}
        for name, one in self.alive.items():
            if takes_part(name, sequence, one.share):
                output = one.live.try_predict(features)
                if output is not None or not one.live.is_new:
                    outputs[name] = output
        return outputs

    def learn(self, outcome: Outcome) -> Iterator[tuple[str, str]]:
        """Those that took part learn; yields who raised for the first time, and what."""
        for name, one in self.alive.items():
            if takes_part(name, outcome.sequence, one.share):
                raised = one.live.learn(outcome)
                if raised is not None and self.note_raised(name):
                    yield name, raised

    def note_raised(self, name: str) -> bool:
        """Notes that one has raised while it learned; returns whether that is news, which is reported."""
        one = self.alive[name]
        reported, one.reported = one.reported, True
        return not reported

    def promote(self, name: str, champion: Challenger) -> LiveModel:
        """One becomes the champion; what it replaces takes its place, for good if it was there for good."""
        promoted = self.alive.pop(name)
        champion.share = promoted.share
        if promoted.until is None:
            champion.until = None
        self.alive[champion.live.name] = champion
        return promoted.live

    def add(self, replaced: Challenger) -> None:
        """A replaced champion goes on as a challenger."""
        self.alive[replaced.live.name] = replaced

    def unmask(self) -> None:
        """Masked features can be trusted again."""
        for one in self.alive.values():
            one.live.masked = frozenset()

    def leave(self, window: int, weights: Mapping[str, float]) -> list[str]:
        """Removes those whose last window closes; returns their names.

        Args:
            window: The window.
            weights: Of those that serve together: one that is still of use stays.
        """
        leaving = [
            name
            for name, one in self.alive.items()
            if one.until is not None and one.until <= window and weights.get(name, 0.0) < _OF_USE
        ]
        for name in leaving:
            del self.alive[name]
        return leaving

    def state(self) -> ChallengersState:
        """What a snapshot keeps."""
        alive = [
            ChallengerState(one.live.state(), one.share, one.replaced, one.reported, one.until)
            for one in self.alive.values()
        ]
        return ChallengersState(alive, self._begun)

    def restore(self, state: ChallengersState, rows: Callable[[], Iterable[Outcome]]) -> None:
        """Goes on from a snapshot's state; one that is new in the configuration learns the rows first."""
        configured = self.alive
        self.alive = {
            one.live.name: Challenger(
                restored(one.live, self._ops, self._allow), one.share, one.replaced, one.reported, one.until
            )
            for one in state.alive
            if one.replaced or one.live.name in configured
        }
        for name, one in configured.items():
            if name in self.alive:
                self.alive[name].share = one.share
            elif name not in state.begun:
                for outcome in rows():
                    one.live.learn(outcome)
                self.alive[name] = one
        self._begun = list(dict.fromkeys([*state.begun, *configured]))


def takes_part(name: str, sequence: int, share: float) -> bool:
    """Whether a challenger takes part in a prediction: an even choice, the same in every run.

    >>> sum(takes_part("tree", sequence, 0.1) for sequence in range(10_000))
    976
    """
    return share >= 1.0 or crc32(f"{name}/{sequence}".encode()) < share * 2**32
