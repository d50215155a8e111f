"""Checkpoints of the champion: vetted ones, those without a verdict yet, and replaced champions."""

from msgspec import Struct
from msgspec.structs import replace

from engine.core.live_model import Checkpoint
from engine.registry.retention import most_crowded

_MOST_REPLACED = 3
"""Replaced champions that are kept: a concept may come back."""


class CheckpointsState(Struct, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        ladder: Vetted checkpoints, oldest first.
        unvetted: Checkpoints without a verdict yet, by window.
        replaced: The last champions that were replaced.
    """

    ladder: list[Checkpoint] = []
    unvetted: dict[int, Checkpoint] = {}
    replaced: list[Checkpoint] = []


class Checkpoints:
    """Keeps checkpoints.

    Args:
        most: Vetted checkpoints kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._state = CheckpointsState()

    @property
    def ladder(self) -> list[Checkpoint]:
        """The vetted checkpoints, oldest first."""
        return self._state.ladder

    @property
    def newest(self) -> Checkpoint | None:
        """The newest vetted checkpoint."""
        return self._state.ladder[-1] if self._state.ladder else None

    @property
    def replaced(self) -> list[Checkpoint]:
        """The last champions that were replaced, oldest first."""
        return self._state.replaced

    def known(self) -> list[Checkpoint]:
        """Every checkpoint that can be revived: the vetted ones, then the replaced champions."""
        return [*self._state.ladder, *self._state.replaced]

    def add(self, checkpoint: Checkpoint) -> None:
        """A checkpoint at the end of a window, which has no verdict yet."""
        self._state.unvetted[checkpoint.window] = checkpoint

    def vet(self, window: int) -> Checkpoint | None:
        """The window has passed: its checkpoint joins the ladder, which is thinned."""
        checkpoint = self._state.unvetted.pop(window, None)
        if checkpoint is not None:
            self._state.ladder = thinned([*self._state.ladder, checkpoint], self._most)
        return checkpoint

    def discard_unvetted(self) -> None:
        """A window has failed, or another model serves: what has no verdict is not kept."""
        self._state.unvetted.clear()

    def add_replaced(self, checkpoint: Checkpoint) -> None:
        """A champion as it was when it was replaced."""
        self._state.replaced = [*self._state.replaced, checkpoint][-_MOST_REPLACED:]

    def unmask(self) -> None:
        """Masked features can be trusted again."""
        state = self._state
        state.ladder = [replace(kept, masked=frozenset()) for kept in state.ladder]
        state.replaced = [replace(kept, masked=frozenset()) for kept in state.replaced]
        state.unvetted = {
            window: replace(kept, masked=frozenset()) for window, kept in state.unvetted.items()
        }

    def state(self) -> CheckpointsState:
        """What a snapshot keeps."""
        return self._state

    def restore(self, state: CheckpointsState) -> None:
        """Goes on from a snapshot's state."""
        self._state = state


def thinned(ladder: list[Checkpoint], most: int) -> list[Checkpoint]:
    """At most so many checkpoints (one more was added), oldest first, further apart the older they are."""
    if len(ladder) <= most:
        return ladder
    drop = most_crowded([checkpoint.window for checkpoint in ladder])
    return ladder[:drop] + ladder[drop + 1 :]
