"""All models of one key: the champion that serves, shadows, challengers, and checkpoints to go back to."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from msgspec import Struct

from engine.config import EngineConfig
from engine.core.challengers import Challenger, Challengers, ChallengersState
from engine.core.checkpoints import Checkpoints, CheckpointsState
from engine.core.live_model import (
    MODEL,
    Checkpoint,
    LiveModel,
    LiveModelState,
    Moment,
    restored,
    revived,
)
from engine.core.shadows import Shadow, Shadows, ShadowState
from engine.errors import ConfigError
from engine.models.operations import TaskOps, configured_ops, make_model
from engine.models.running import RunningModel
from engine.models.serialization import dump, load
from engine.records.events import Outcome, Output, Strange
from engine.records.values import Features
from engine.registry.versions import Start
from engine.supervision.decisions import Action


class ModelPoolState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        champion: The model that serves.
        changes: How often another model took over.
        reported: The champion that an alert was last about for raising while it learned.
        learned: Labelled events that the champion has trained on, whoever it was.
        not_learned: Events on which it raised.
        checkpoints: What it could go back to.
        shadows: Those alive.
        challengers: Those alive, and those that began.
    """

    champion: LiveModelState
    changes: int
    reported: str
    learned: int
    not_learned: int
    checkpoints: CheckpointsState
    shadows: list[ShadowState]
    challengers: ChallengersState


class ModelPool:
    """Predicts, trains and swaps the models of one key.

    Args:
        config: What to build.

    Attributes:
        champion: The model that serves.
        checkpoints: What it could go back to.
        shadows: What it is compared with while it is suspected.
        challengers: What it is compared with all the time.
        ops: What the task does with models.
        learned: Labelled events that the champion has trained on, whoever it was.
        not_learned: Events that it could not train on, or must not.

    Raises:
        ConfigError: When a challenger could not change places with the champion.
        ModelError: When a model cannot be built, or does not fit the task.
    """

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
        self._allow = config.model.allowed
        model = make_model(config.model)
        self.ops: TaskOps = configured_ops(config.model, model)
        self.champion = LiveModel("m0", RunningModel(model, self.ops))
        self.checkpoints = Checkpoints(config.supervision.checkpoints)
        self.shadows = Shadows(self.ops, self._allow)
        self.challengers = Challengers(config.challengers, config.model, self.ops, self._allow)
        self.learned = self.not_learned = 0
        self._changes = 0
        self._reported = ""

    def begin_from(self, start: Start) -> None:
        """The champion is a model that was trained elsewhere.

        Raises:
            ConfigError: When it is of another kind than the one configured.
            SnapshotError: When it cannot be restored.
        """
        model = load(start.saved, MODEL, self._config.allowed)
        expected, found = _kind(self.champion.model), _kind(model)
        if found != expected:
            raise ConfigError(
                f"registry.start {start.name}: expected a model as [model] has it, {expected}; got {found}"
            )
        running = RunningModel(model, self.ops)
        self.champion = LiveModel("m0", running, start.name, learned=start.learned.copy())

    @property
    def compares(self) -> bool:
        """Whether there is any other model than the champion."""
        return bool(self.shadows.alive or self.challengers.alive)

    def compared_outputs(
        self, sequence: int, features: Features, strange: Strange | None
    ) -> dict[str, Output | None] | None:
        """The outputs of shadows and challengers for an example, by name; `None` when there are none."""
        outputs = self.shadows.predict(features, strange) if self.shadows.alive else None
        if self.challengers.alive:
            outputs = (outputs or {}) | self.challengers.predict(sequence, features)
        return outputs

    def losses(self, outputs: Mapping[str, Output | None], label: Any) -> dict[str, float]:
        """The loss of each output on the label; that of a null one is infinite."""
        loss_of = self.ops.loss
        losses = {}
        for name, output in outputs.items():
            loss = math.inf if output is None else loss_of(output, label)
            if loss is not None:
                losses[name] = loss
        return losses

    def count_learned(self, raised: str | None) -> str | None:
        """Counts an outcome that the champion has learned; returns what it raised, the first time only."""
        if raised is None:
            self.learned += 1
            return None
        self.not_learned += 1
        if self._reported == self.champion.name:
            return None
        self._reported = self.champion.name
        return raised

    def skip(self) -> None:
        """Counts an outcome that the champion must not learn."""
        self.not_learned += 1

    def checkpoint(self, suffix: str, at: Moment, scores: Mapping[str, float]) -> Checkpoint:
        """The champion as it is now."""
        champion = self.champion
        return champion.checkpoint(f"{champion.name}.{suffix}", at, scores, champion.parent)

    def revive(self, checkpoint: Checkpoint, action: Action = "rollback") -> Shadow:
        """A checkpoint as a shadow."""
        live = revived(checkpoint, self.ops, self._allow)
        return Shadow(live, action, checkpoint.sequence, checkpoint.outcomes)

    def fresh(self, name: str, since: int) -> Shadow:
        """An untrained model as a shadow, compared on predictions from number `since` on."""
        running = RunningModel(make_model(self._config.model), self.ops)
        return Shadow(LiveModel(name, running), "reset", since, 0)

    def guarded(self, since: int, outcomes: int) -> Shadow:
        """The champion as a shadow that does not see what is strange, compared from prediction `since` on."""
        champion = self.champion
        name = f"{champion.name}.guarded"
        running = RunningModel(load(dump(champion.model, MODEL), MODEL, self._allow), self.ops)
        live = LiveModel(name, running, champion.parent, champion.masked, champion.learned.copy())
        return Shadow(live, "rollback", since, outcomes, guarded=True)

    def retired(self, until: int) -> Challenger:
        """The champion as the challenger that it becomes when it is replaced, up to the end of a window."""
        return Challenger(replace(self.champion, parent=""), 1.0, replaced=True, until=until)

    def take_over(self, shadow: str, replaced: Checkpoint) -> None:
        """A shadow becomes the champion."""
        self.install(self.shadows.alive[shadow].live, replaced)

    def promote(self, name: str, replaced: Checkpoint, until: int) -> None:
        """A challenger becomes the champion, which takes its place under the name that it served under.

        Args:
            name: The challenger.
            replaced: The champion as it is now.
            until: The window at whose close the champion leaves, unless the challenger was there for good.
        """
        promoted = self.challengers.promote(name, self.retired(until))
        self.install(replace(promoted, parent=name), replaced)

    def install(self, model: LiveModel, replaced: Checkpoint) -> None:
        """Another model becomes the champion, under the next name."""
        self._changes += 1
        self.champion = replace(model, name=f"m{self._changes}")
        self.checkpoints.add_replaced(replaced)
        self.checkpoints.discard_unvetted()
        self.shadows.clear()

    def unmask(self) -> None:
        """Masked features can be trusted again, by every model but live shadows."""
        self.champion.masked = frozenset()
        self.checkpoints.unmask()
        self.challengers.unmask()

    def state(self) -> ModelPoolState:
        """What a snapshot keeps.

        Raises:
            SnapshotError: When a model cannot be saved.
        """
        return ModelPoolState(
            self.champion.state(),
            self._changes,
            self._reported,
            self.learned,
            self.not_learned,
            self.checkpoints.state(),
            self.shadows.state(),
            self.challengers.state(),
        )

    def restore(self, state: ModelPoolState, rows: list[Outcome]) -> None:
        """Goes on from a snapshot's state; challengers that are new in the configuration learn the rows.

        Raises:
            SnapshotError: When a model cannot be restored.
        """
        self.champion = restored(state.champion, self.ops, self._allow)
        self._changes, self._reported = state.changes, state.reported
        self.learned, self.not_learned = state.learned, state.not_learned
        self.checkpoints.restore(state.checkpoints)
        self.shadows.restore(state.shadows)
        self.challengers.restore(state.challengers, lambda: rows)


def _kind(model: Any) -> str:
    """What a model is made of, without what it has learned."""
    steps = getattr(model, "steps", None)
    if isinstance(steps, Mapping):
        return " | ".join(map(_kind, steps.values()))
    return type(model).__name__
