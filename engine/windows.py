"""Windows: which outcomes are judged together, and the bounded sample of them that a report sees.

Windows are tumbling, over outcomes (predictions whose fate is known), by count. Beside the sample the
last closed windows' outcomes that train are kept, so that a shadow can be scored on them and catch up.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from pydantic import Field

from engine.records.config import Section
from engine.records.events import Outcome

Status = Literal["pass", "warn", "fail", "unjudged"]
"""A window's verdict; `unjudged` means that it could not be judged (the reason is with it)."""


class WindowConfig(Section):
    """How outcomes are cut into windows."""

    count: int = Field(default=1000, ge=2, description="Outcomes in a window.")
    sample: int = Field(
        default=1000, ge=2, description="Most rows of a window that a report sees, drawn evenly at random."
    )
    reference: Literal["first_passed", "last_passed"] = Field(
        default="first_passed",
        description="What a window is compared with: the first window that passed, or the last one.",
    )


@dataclass(frozen=True, slots=True)
class Window:
    """A closed window.

    Attributes:
        index: Its number, from 0.
        start: Event time of its first outcome, seconds since 1970.
        end: Event time of its last one.
        sample: At most `WindowConfig.sample` of its outcomes.
        learnable: All its outcomes that models learn from, in the order in which they became known.
    """

    index: int
    start: float
    end: float
    sample: Sequence[Outcome]
    learnable: Sequence[Outcome]


class Reservoir:
    """An even random sample of a stream, of bounded size: algorithm R (Vitter 1985).

    Seeded by its name, so that the same outcomes in the same order give the same sample in every run.

    >>> reservoir = Reservoir(2, "main/0")
    >>> for number in range(100): reservoir.add(number)
    >>> len(reservoir.rows)
    2
    """

    def __init__(self, size: int, seed: str) -> None:
        self.rows: list[Outcome] = []
        self._size = size
        self._seen = 0
        self._random = Random(seed)  # noqa: S311 - a sample, not a secret

    def add(self, row: Outcome) -> None:
        """Offers one row."""
        self._seen += 1
        if len(self.rows) < self._size:
            self.rows.append(row)
            return
        slot = int(self._random.random() * self._seen)
        if slot < self._size:
            self.rows[slot] = row


@dataclass(slots=True)
class _OpenWindow:
    reservoir: Reservoir
    learnable: list[Outcome] = field(default_factory=list)
    outcomes: int = 0
    start: float = 0.0
    end: float = 0.0


class Windows:
    """The open window, and the closed ones still needed.

    Attributes:
        closed: The last two closed windows: the one whose verdict is out, and the one before it.
    """

    def __init__(self, config: WindowConfig, key: str) -> None:
        self._config = config
        self._key = key
        self.closed: deque[Window] = deque(maxlen=2)
        self.index = 0
        self._open = self._fresh()

    def _fresh(self) -> "_OpenWindow":
        return _OpenWindow(Reservoir(self._config.sample, f"{self._key}/{self.index}"))

    @property
    def outcomes(self) -> int:
        """Outcomes in the open window."""
        return self._open.outcomes

    def add(self, outcome: Outcome, *, learnable: bool) -> bool:
        """Puts an outcome into the open window; true when that fills it, and it must be closed."""
        window = self._open
        if window.outcomes == 0:
            window.start = outcome.time
        window.end = outcome.time
        window.outcomes += 1
        window.reservoir.add(outcome)
        if learnable:
            window.learnable.append(outcome)
        return window.outcomes >= self._config.count

    def close(self) -> Window:
        """Closes the open window and opens the next."""
        done = self._open
        window = Window(self.index, done.start, done.end, tuple(done.reservoir.rows), tuple(done.learnable))
        self.closed.append(window)
        self.index += 1
        self._open = self._fresh()
        return window

    def learnable(self) -> list[Outcome]:
        """What models learned in the closed windows that are kept and in the open one, in order."""
        return [outcome for window in self.closed for outcome in window.learnable] + self._open.learnable

    def state(self) -> tuple[Any, ...]:
        """What a snapshot keeps."""
        return self.closed, self.index, self._open

    def restore(self, state: tuple[Any, ...]) -> None:
        """Goes on from a snapshot's state."""
        self.closed, self.index, self._open = state
