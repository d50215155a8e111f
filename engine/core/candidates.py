"""The models themselves: the champion, the ladder of vetted checkpoints, the shadows under a suspicion.

A checkpoint is bytes, so that nothing learned later can change it; a shadow is a model restored from one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.models.operations import TaskOps
from engine.models.serialization import dump, load
from engine.records.events import Outcome, Output
from engine.records.values import Features, visible
from engine.registry.retention import most_crowded
from engine.registry.versions import Learned
from engine.supervision.decisions import Action

MODEL = "model"
"""The kind under which models are saved."""

_MOST_PAST = 3
"""Replaced champions that are kept: a concept may come back."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The champion as it was.

    Attributes:
        name: Such as `m0.w12`.
        window: The window at whose end it was taken (or in which, for a model that was replaced).
        sequence: Predictions made by then: only later ones can be compared fairly.
        outcomes: Outcomes known by then: it has learned none after these.
        records: Records that had come in by then.
        positions: Of each source, where the last of them began.
        learned: What it has learned from.
        scores: Progressive scores of what was served until then.
        parent: The checkpoint that its model came from.
        saved: The model.
        without: Features that it did without.
    """

    name: str
    window: int
    sequence: int
    outcomes: int
    records: int
    positions: Mapping[str, int]
    learned: Learned
    scores: Mapping[str, float]
    parent: str
    saved: bytes
    without: frozenset[str] = frozenset()


@dataclass(slots=True)
class Shadow:
    """A model that is compared with the champion under a suspicion.

    Attributes:
        name: Unique among those alive.
        action: What is done when it proves better: `rollback` for a vetted checkpoint come alive, `mask` for
            one that does without the broken columns, `reset` for a model that began with the suspicion.
        parent: The checkpoint that it came from; "" when it began untrained.
        sequence: It may be compared on predictions from this number on.
        model: The live model.
        outcomes: It has seen every outcome before this one that it may learn.
        without: Features that it does without.
        learned: What it has learned from.
        before: Its state at the start of each window it learns from that has no verdict yet.
    """

    name: str
    action: Action
    parent: str
    sequence: int
    model: Any
    outcomes: int
    without: frozenset[str] = frozenset()
    learned: Learned = field(default_factory=Learned)
    before: dict[int, tuple[int, Learned, bytes]] = field(default_factory=dict)

    @property
    def vetted(self) -> bool:
        """Whether it never learns from a window that failed."""
        return self.action == "rollback"


@dataclass(slots=True)
class CandidatesState:
    """All models of one key: what a snapshot keeps.

    Attributes:
        champion: The live model that serves.
        name: Its name, `m` and the number of changes before it.
        without: Features that it does without.
        learned: What it has learned from.
        changes: How often what serves was changed.
        parent: The checkpoint that it came from.
        ladder: Vetted checkpoints, oldest first.
        unvetted: Checkpoints that wait for a verdict, by window.
        past: The last champions that were replaced.
        shadows: Those alive, by name.
    """

    champion: Any
    name: str = "m0"
    without: frozenset[str] = frozenset()
    learned: Learned = field(default_factory=Learned)
    changes: int = 0
    parent: str = ""
    ladder: list[Checkpoint] = field(default_factory=list)
    unvetted: dict[int, Checkpoint] = field(default_factory=dict)
    past: list[Checkpoint] = field(default_factory=list)
    shadows: dict[str, Shadow] = field(default_factory=dict)


class Candidates:
    """Keeps, revives, trains and swaps the models."""

    def __init__(self, champion: Any, ops: TaskOps, allow: Iterable[str], max_checkpoints: int) -> None:
        self.state = CandidatesState(champion)
        self._ops = ops
        self._allow = tuple(allow)
        self._max_checkpoints = max_checkpoints

    def vet(self, window: int) -> Checkpoint | None:
        """The checkpoint of this window has passed: it joins the ladder, which is thinned."""
        checkpoint = self.state.unvetted.pop(window, None)
        if checkpoint is not None:
            self.state.ladder = thin([*self.state.ladder, checkpoint], self._max_checkpoints)
        return checkpoint

    def known(self) -> list[Checkpoint]:
        """Every checkpoint that can come alive: the vetted ones, and the last that were replaced."""
        return [*self.state.ladder, *self.state.past]

    def alive(self, checkpoint: Checkpoint, action: Action = "rollback") -> Shadow:
        """A checkpoint come alive."""
        model = load(checkpoint.saved, MODEL, self._allow)
        name, learned = checkpoint.name, checkpoint.learned.copy()
        sequence, outcomes = checkpoint.sequence, checkpoint.outcomes
        return Shadow(name, action, name, sequence, model, outcomes, checkpoint.without, learned)

    def wake(self, checkpoint: Checkpoint) -> None:
        """Brings one checkpoint to life, unless it is alive."""
        if checkpoint.name not in self.state.shadows:
            self.state.shadows[checkpoint.name] = self.alive(checkpoint)

    def predict(self, features: Features) -> Output | None:
        """What the champion says; it may raise anything."""
        return self._ops.predict(self.state.champion, visible(features, self.state.without))

    def predict_with(self, shadows: Iterable[Shadow], features: Features) -> dict[str, Output | None]:
        """What these shadows say. One that raises says nothing: it cannot win, and stops nothing."""
        outputs: dict[str, Output | None] = {}
        for shadow in shadows:
            try:
                outputs[shadow.name] = self._ops.predict(shadow.model, visible(features, shadow.without))
            except Exception:  # noqa: BLE001 - a model may raise anything
                outputs[shadow.name] = None
        return outputs

    def learn(self, model: Any, outcome: Outcome, without: frozenset[str] = frozenset()) -> str | None:
        """Trains a model on one outcome; returns what it raised, if anything, and raises nothing."""
        try:
            self._ops.learn(model, visible(outcome.example.features, without), outcome.label)
        except Exception as error:  # noqa: BLE001 - a model may raise anything, and the stream goes on
            return f"{type(error).__name__}: {error}"
        return None

    def learn_shadows(self, outcome: Outcome, *, vetted: bool) -> None:
        """Every shadow learns one outcome; vetted ones only when they may."""
        for shadow in self.state.shadows.values():
            if vetted or not shadow.vetted:
                self.learn_late(shadow, outcome)

    def learn_late(self, shadow: Shadow, outcome: Outcome) -> None:
        """A shadow learns an outcome, unless it has."""
        if outcome.order >= shadow.outcomes:
            shadow.outcomes = outcome.order + 1
            if self.learn(shadow.model, outcome, shadow.without) is None:
                shadow.learned.add(outcome.example.time)

    def _vetted(self) -> list[Shadow]:
        return [shadow for shadow in self.state.shadows.values() if shadow.vetted]

    def catch_up(self, outcomes: Iterable[Outcome]) -> None:
        """Every vetted shadow learns these outcomes of a closed window, as far as it has not yet."""
        rows = list(outcomes)
        for shadow in self._vetted():
            for outcome in rows:
                self.learn_late(shadow, outcome)

    def keep_before(self, window: int) -> None:
        """The shadows are about to learn from a window without a verdict: keeps what they are now."""
        for shadow in self._vetted():
            shadow.before[window] = (shadow.outcomes, shadow.learned.copy(), dump(shadow.model, MODEL))

    def forget_before(self, window: int) -> None:
        """A window has passed: what the shadows were before it is no longer needed."""
        for shadow in self._vetted():
            shadow.before.pop(window, None)

    def unlearn(self, window: int, overlap: int = 0) -> None:
        """A window has failed: every shadow that has learned from it goes back to before it.

        Some of it may have been learned up to `overlap` windows earlier.
        """
        for shadow in self._vetted():
            learned = [kept for kept in shadow.before if window - overlap <= kept <= window]
            if learned:
                shadow.outcomes, shadow.learned, saved = shadow.before[min(learned)]
                shadow.model = load(saved, MODEL, self._allow)
            shadow.before.clear()

    def take_over(self, shadow_name: str, replaced: Checkpoint) -> str:
        """The shadow becomes the champion; returns the new champion's name."""
        shadow = self.state.shadows[shadow_name]
        return self.install(shadow.model, shadow.parent, replaced, shadow.learned, shadow.without)

    def install(
        self,
        model: Any,
        parent: str,
        replaced: Checkpoint,
        learned: Learned,
        without: frozenset[str] = frozenset(),
    ) -> str:
        """Another model becomes the champion; returns its name."""
        state = self.state
        state.champion, state.learned, state.without = model, learned, without
        state.past = [*state.past, replaced][-_MOST_PAST:]
        state.changes += 1
        state.name = f"m{state.changes}"
        state.parent = parent
        state.unvetted.clear()
        state.shadows.clear()
        return state.name

    def unmask(self) -> None:
        """The features that models did without can be trusted again."""
        state = self.state
        state.without = frozenset()
        state.ladder = [replace(kept, without=frozenset()) for kept in state.ladder]
        state.past = [replace(kept, without=frozenset()) for kept in state.past]
        state.unvetted = {
            window: replace(kept, without=frozenset()) for window, kept in state.unvetted.items()
        }

    def dismiss(self) -> None:
        """The suspicion is over: the shadows end."""
        self.state.shadows.clear()


def thin(ladder: list[Checkpoint], most: int) -> list[Checkpoint]:
    """At most so many checkpoints (one more was added), oldest first, further apart the older they are.

    >>> ladder = []
    >>> for window in range(20):
    ...     ladder = thin([*ladder, Checkpoint("", window, 0, 0, 0, {}, Learned(), {}, "", b"")], 5)
    >>> [checkpoint.window for checkpoint in ladder]
    [0, 8, 15, 18, 19]
    """
    if len(ladder) <= most:
        return ladder
    drop = most_crowded([checkpoint.window for checkpoint in ladder])
    return ladder[:drop] + ladder[drop + 1 :]
