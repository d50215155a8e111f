"""Shadows: models that are compared with the champion while it is suspected.

A *vetted* shadow is a revived checkpoint: it learns only windows that do not fail. Windows without a verdict
are learned on trust, and its state before each of them is kept until the verdict is known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from msgspec import Struct

from engine.core.live_model import MODEL, LiveModel, LiveModelState, restored
from engine.models.operations import TaskOps
from engine.models.serialization import dump, load
from engine.records.events import Outcome, Output, Strange
from engine.records.values import Features, visible
from engine.registry.versions import Learned
from engine.supervision.decisions import Action


@runtime_checkable
class Teaching(Protocol):
    """Outcomes that are held in a way that a shadow can learn without each being made for it."""

    def teach(self, shadow: "Shadow") -> None:
        """As `Shadow.learn` for each."""


class Rewind(Struct, frozen=True, forbid_unknown_fields=True):
    """A shadow's state before a window: what it takes to go back there."""

    outcomes: int
    learned: Learned
    saved: bytes


class ShadowState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps of a shadow; fields as in `Shadow`."""

    live: LiveModelState
    action: Action
    sequence: int
    outcomes: int
    before: dict[int, Rewind]
    guarded: bool = False


@dataclass(slots=True)
class Shadow:
    """One of them.

    Attributes:
        live: Its model.
        action: What is done when it proves better: `rollback` for a revived checkpoint, `mask` for one from
            which the broken features are hidden, `reset` for a model that began with the suspicion.
        sequence: It may be compared on predictions from this number on.
        outcomes: It has seen every outcome before this one that it may learn.
        before: Its state before each window that it learns from and that has no verdict yet.
        guarded: Whether what the input guard finds strange is hidden from it. It learns all the rest.
    """

    live: LiveModel
    action: Action
    sequence: int
    outcomes: int
    before: dict[int, Rewind] = field(default_factory=dict)
    guarded: bool = False

    @property
    def name(self) -> str:
        """Unique among the shadows."""
        return self.live.name

    @property
    def vetted(self) -> bool:
        """Whether it never learns from a window that failed."""
        return self.action == "rollback" and not self.guarded

    def learn(self, outcome: Outcome) -> None:
        """Learns an outcome, unless it has."""
        if outcome.order >= self.outcomes:
            self.outcomes = outcome.order + 1
            strange = outcome.strange if self.guarded else None
            if strange is None:
                self.live.learn(outcome)
            elif strange.learned:
                self.live.learn(outcome, strange.hidden)

    def learn_all(self, outcomes: Iterable[Outcome]) -> None:
        """Learns outcomes one after the other, as far as it has not."""
        if isinstance(outcomes, Teaching):
            outcomes.teach(self)
            return
        for outcome in outcomes:
            self.learn(outcome)

    def predict(self, features: Features, strange: Strange | None) -> Output | None:
        """Its output; `None` when it raises."""
        hidden = self.guarded and strange is not None and strange.hidden
        return self.live.try_predict(visible(features, hidden) if hidden else features)

    def keep(self, window: int) -> None:
        """Keeps its state before a window that it is about to learn from."""
        live = self.live
        self.before[window] = Rewind(self.outcomes, live.learned.copy(), dump(live.model, MODEL))

    def rewind(self, first: int, last: int, allow: tuple[str, ...]) -> None:
        """Goes back to before the first of these windows that it has learned from."""
        learned = [window for window in self.before if first <= window <= last]
        if learned:
            kept = self.before[min(learned)]
            self.outcomes, self.live.learned = kept.outcomes, kept.learned.copy()
            self.live.model = load(kept.saved, MODEL, allow, verb="learn_one")
        self.before.clear()


class Shadows:
    """The shadows of one suspicion, by name.

    Args:
        ops: What the task does with models.
        allow: Modules of the user's own whose classes may be loaded.

    Attributes:
        alive: The shadows by name. Only this class changes it.
    """

    def __init__(self, ops: TaskOps, allow: tuple[str, ...]) -> None:
        self._ops, self._allow = ops, allow
        self.alive: dict[str, Shadow] = {}

    def add(self, shadow: Shadow) -> None:
        """One more, in place of one with its name."""
        self.alive[shadow.name] = shadow

    def remove(self, name: str) -> None:
        """One less."""
        del self.alive[name]

    def clear(self) -> None:
        """The suspicion is over."""
        self.alive.clear()

    def predict(self, features: Features, strange: Strange | None) -> dict[str, Output | None]:
        """The outputs of shadows; `None` of one that raises. A new one that says nothing is left out."""
        outputs: dict[str, Output | None] = {}
        for name, shadow in self.alive.items():
            output = shadow.predict(features, strange)
            if output is not None or not shadow.live.is_new:
                outputs[name] = output
        return outputs

    def learn(self, outcome: Outcome, *, vetted: bool) -> None:
        """Every shadow learns one outcome; vetted ones only when they may."""
        for shadow in self.alive.values():
            if vetted or not shadow.vetted:
                shadow.learn(outcome)

    def catch_up(self, outcomes: Sequence[Outcome]) -> None:
        """Vetted shadows learn these outcomes of a closed window, as far as they have not yet."""
        for shadow in self._vetted():
            shadow.learn_all(outcomes)

    def keep(self, window: int) -> None:
        """Vetted shadows are about to learn from a window without a verdict."""
        for shadow in self._vetted():
            shadow.keep(window)

    def forget(self, window: int) -> None:
        """A window has passed: its rewind point is dropped."""
        for shadow in self._vetted():
            shadow.before.pop(window, None)

    def unlearn(self, window: int, overlap: int) -> None:
        """A window has failed: vetted shadows go back to before it.

        Some of it may have been learned up to `overlap` windows earlier.
        """
        for shadow in self._vetted():
            shadow.rewind(window - overlap, window, self._allow)

    def _vetted(self) -> list[Shadow]:
        return [shadow for shadow in self.alive.values() if shadow.vetted]

    @property
    def guarded(self) -> Shadow | None:
        """The guarded one, if there is one."""
        return next((shadow for shadow in self.alive.values() if shadow.guarded), None)

    def state(self) -> list[ShadowState]:
        """What a snapshot keeps."""
        return [
            ShadowState(one.live.state(), one.action, one.sequence, one.outcomes, one.before, one.guarded)
            for one in self.alive.values()
        ]

    def restore(self, state: Iterable[ShadowState]) -> None:
        """Goes on from a snapshot's state."""
        self.alive = {
            one.live.name: Shadow(
                restored(one.live, self._ops, self._allow),
                one.action,
                one.sequence,
                one.outcomes,
                one.before,
                one.guarded,
            )
            for one in state
        }
