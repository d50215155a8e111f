"""The models themselves: the champion, the ladder of vetted checkpoints, the shadows under a suspicion.

A checkpoint is bytes, so that nothing learned later can change it; a shadow is a model restored from one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from engine.models.saving import dump, load
from engine.models.tasks import TaskOps
from engine.records.events import Outcome, Output
from engine.records.values import Features

MODEL = "model"
"""The kind under which models are saved."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The champion as it was.

    Attributes:
        name: Such as `m0.w12`.
        window: The window at whose end it was taken (or in which, for a model that was replaced).
        sequence: Predictions made by then: only later ones can be compared fairly.
        outcomes: Outcomes known by then: it has learned none after these.
        learned: Events that it has learned.
        saved: The model.
    """

    name: str
    window: int
    sequence: int
    outcomes: int
    learned: int
    saved: bytes


@dataclass(slots=True)
class Shadow:
    """A checkpoint come alive.

    Attributes:
        checkpoint: What it came from.
        model: The live model.
        outcomes: It has seen every outcome before this one that it may learn.
        before: Its state at the start of each window it learns from that has no verdict yet.
    """

    checkpoint: Checkpoint
    model: Any
    outcomes: int
    before: dict[int, tuple[int, bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class CandidatesState:
    """All models of one key: what a snapshot keeps."""

    champion: Any
    name: str = "m0"
    changes: int = 0
    parent: str = ""
    ladder: list[Checkpoint] = field(default_factory=list)
    unvetted: dict[int, Checkpoint] = field(default_factory=dict)
    predecessor: Checkpoint | None = None
    shadows: dict[str, Shadow] = field(default_factory=dict)


class Candidates:
    """Keeps, revives, trains and swaps the models."""

    def __init__(
        self, champion: Any, ops: TaskOps, allow: Iterable[str], max_checkpoints: int, max_shadows: int
    ) -> None:
        self.state = CandidatesState(champion)
        self._ops = ops
        self._allow = tuple(allow)
        self._max_checkpoints = max_checkpoints
        self._max_shadows = max_shadows

    def save(self, window: int, sequence: int, outcomes: int, learned: int, suffix: str) -> Checkpoint:
        """The champion as it is now, as a value."""
        state = self.state
        saved = dump(state.champion, MODEL)
        return Checkpoint(f"{state.name}.{suffix}", window, sequence, outcomes, learned, saved)

    def vet(self, window: int) -> Checkpoint | None:
        """The checkpoint of this window has passed: it joins the ladder, which is thinned."""
        checkpoint = self.state.unvetted.pop(window, None)
        if checkpoint is not None:
            self.state.ladder = thin([*self.state.ladder, checkpoint], self._max_checkpoints)
        return checkpoint

    def revive(self) -> list[Shadow]:
        """Brings candidates to life: the newest vetted, the predecessor, then ever older vetted ones."""
        state = self.state
        newest_first = state.ladder[::-1]
        wanted = newest_first[:1]
        if state.predecessor is not None:
            wanted.append(state.predecessor)
        wanted += newest_first[1:]
        for checkpoint in wanted[: self._max_shadows]:
            self.wake(checkpoint)
        return list(state.shadows.values())

    def known(self) -> list[Checkpoint]:
        """Every checkpoint that can come alive: the vetted ones, oldest first, and the predecessor."""
        state = self.state
        return [*state.ladder, *([] if state.predecessor is None else [state.predecessor])]

    def wake(self, checkpoint: Checkpoint) -> None:
        """Brings one checkpoint to life, unless it is alive."""
        if checkpoint.name not in self.state.shadows:
            model = load(checkpoint.saved, MODEL, self._allow)
            self.state.shadows[checkpoint.name] = Shadow(checkpoint, model, checkpoint.outcomes)

    def predict_shadows(self, features: Features) -> dict[str, Output | None]:
        """What each shadow alive says."""
        return self.predict_with(self.state.shadows.values(), features)

    def predict_with(self, shadows: Iterable[Shadow], features: Features) -> dict[str, Output | None]:
        """What these shadows say. One that raises says nothing: it cannot win, and stops nothing."""
        outputs: dict[str, Output | None] = {}
        for shadow in shadows:
            try:
                outputs[shadow.checkpoint.name] = self._ops.predict(shadow.model, features)
            except Exception:  # noqa: BLE001 - a model may raise anything
                outputs[shadow.checkpoint.name] = None
        return outputs

    def learn(self, model: Any, outcome: Outcome) -> str | None:
        """Trains a model on one outcome; returns what it raised, if anything, and raises nothing."""
        try:
            self._ops.learn(model, outcome.example.features, outcome.label)
        except Exception as error:  # noqa: BLE001 - a model may raise anything, and the stream goes on
            return f"{type(error).__name__}: {error}"
        return None

    def learn_shadows(self, outcome: Outcome) -> None:
        """Every shadow learns one outcome."""
        for shadow in self.state.shadows.values():
            self._learn(shadow, outcome)

    def _learn(self, shadow: Shadow, outcome: Outcome) -> None:
        if outcome.order >= shadow.outcomes:
            shadow.outcomes = outcome.order + 1
            self.learn(shadow.model, outcome)

    def catch_up(self, outcomes: Iterable[Outcome]) -> None:
        """Every shadow learns these outcomes of a closed window, as far as it has not yet."""
        rows = list(outcomes)
        for shadow in self.state.shadows.values():
            for outcome in rows:
                self._learn(shadow, outcome)

    def keep_before(self, window: int) -> None:
        """The shadows are about to learn from a window without a verdict: keeps what they are now."""
        for shadow in self.state.shadows.values():
            shadow.before[window] = (shadow.outcomes, dump(shadow.model, MODEL))

    def forget_before(self, window: int) -> None:
        """A window has passed: what the shadows were before it is no longer needed."""
        for shadow in self.state.shadows.values():
            shadow.before.pop(window, None)

    def unlearn(self, window: int, overlap: int = 0) -> None:
        """A window has failed: every shadow that has learned from it goes back to before it.

        Some of it may have been learned up to `overlap` windows earlier.
        """
        for shadow in self.state.shadows.values():
            learned = [kept for kept in shadow.before if window - overlap <= kept <= window]
            if learned:
                shadow.outcomes, saved = shadow.before[min(learned)]
                shadow.model = load(saved, MODEL, self._allow)
            shadow.before.clear()

    def take_over(self, shadow_name: str, replaced: Checkpoint) -> str:
        """The shadow becomes the champion; returns the new champion's name."""
        return self.install(self.state.shadows[shadow_name].model, shadow_name, replaced)

    def install(self, model: Any, parent: str, replaced: Checkpoint) -> str:
        """Another model becomes the champion; returns its name."""
        state = self.state
        state.champion = model
        state.predecessor = replaced
        state.changes += 1
        state.name = f"m{state.changes}"
        state.parent = parent
        state.unvetted.clear()
        state.shadows.clear()
        return state.name

    def dismiss(self) -> None:
        """The suspicion is over: the shadows end."""
        self.state.shadows.clear()


def thin(ladder: list[Checkpoint], most: int) -> list[Checkpoint]:
    """At most so many checkpoints, oldest first, spaced further apart the older they are.

    The one dropped is that whose neighbours are closest for its age; the newest and the oldest stay
    (of two or fewer, the newest).

    >>> ladder = []
    >>> for window in range(20):
    ...     ladder = thin([*ladder, Checkpoint("", window, 0, 0, 0, b"")], 5)
    >>> [checkpoint.window for checkpoint in ladder]
    [0, 8, 15, 18, 19]
    """
    if len(ladder) <= most:
        return ladder
    if most < 3:
        return ladder[-most:]
    now = ladder[-1].window + 1

    def crowding(i: int) -> float:
        return (ladder[i + 1].window - ladder[i - 1].window) / (now - ladder[i].window)

    drop = min(range(1, len(ladder) - 1), key=crowding)
    return ladder[:drop] + ladder[drop + 1 :]
