"""Versions of models that never stand still: what each is, where it comes from, why it was kept.

A version's name is made of its model and its place in the stream (`m0.w12`: model m0 as it was at the
end of window 12), never of a clock or a random number, so that a replay after a crash names and writes
the same versions again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Reason = Literal["passed", "replaced", "end"]


@dataclass(frozen=True, slots=True)
class Version:
    """A saved model.

    Attributes:
        key: The model key.
        name: Unique within its key.
        parent: The version its model began from; "" for a model that began untrained.
        reason: `passed`: its window passed. `replaced`: it served until a change. `end`: the input ended.
        window: The window at whose end, or in which, it was saved.
        learned: Labelled events it has learned.
        time: Event time of the last of them, seconds since 1970.
        scores: Progressive scores of what was served until then.
        digest: SHA-256 of `saved`.
        saved: The model as `engine.models.saving` writes it.
    """

    key: str
    name: str
    parent: str
    reason: Reason
    window: int
    learned: int
    time: float
    scores: Mapping[str, float]
    digest: str
    saved: bytes

    @property
    def size(self) -> int:
        """Bytes of `saved`. From version to version, it shows whether the model keeps growing."""
        return len(self.saved)
