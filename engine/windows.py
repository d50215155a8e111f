"""Windows: which outcomes are judged together, and the bounded sample of them that a report sees.

Windows are tumbling, over outcomes (predictions whose fate is known), by count or by event time. Beside the
sample the last closed windows' outcomes that train are kept, so that a shadow can be scored on them and catch
up.
"""

import math
from collections import deque
from collections.abc import Callable, MutableSequence, Sequence
from random import Random
from typing import Generic, Literal, Self, TypeVar

from msgspec import Struct
from pydantic import Field, model_validator

from engine.records.config import Section
from engine.records.events import Outcome

Status = Literal["pass", "warn", "fail", "unjudged"]
"""A window's verdict; `unjudged` means that it could not be judged (the reason is with it)."""


class WindowConfig(Section):
    """How outcomes are cut into windows."""

    count: int = Field(default=1000, ge=2, description="Outcomes in a window.")
    seconds: float | None = Field(
        default=None,
        gt=0,
        description="Cut by event time instead, and not by count: so many seconds in a window. Windows of "
        "86400 begin at midnight, UTC. One without an outcome is left out.",
    )
    lateness: float = Field(
        default=0.0,
        ge=0,
        description="By event time: how many seconds longer a window stays open for outcomes that come late. "
        "Later ones are counted, and go into the oldest window that is open.",
    )
    sample: int = Field(
        default=1000, ge=2, description="Most rows of a window that a report sees, drawn evenly at random."
    )
    reference: Literal["first_passed", "last_passed", "previous", "pinned"] = Field(
        default="first_passed",
        description="What a window's features and labels are compared with: the first window that passed, "
        "the last that did, the one before it whatever its verdict, or pinned rows (input.reference names "
        "their file). Without any, the first that passed. Outputs are compared with those of the last "
        "window that did not fail.",
    )

    @model_validator(mode="after")
    def _late_by_time(self) -> Self:
        if self.lateness and self.seconds is None:
            raise ValueError("no lateness without seconds: windows by count take outcomes as they come")
        return self


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """A closed window.

    Attributes:
        index: Its number, from 0.
        slot: The window's place among those that are open; see `Windows.place`.
        start: By count, event time of its first outcome, seconds since 1970; by time, where it begins.
        end: By count, event time of its last one; by time, where it ends.
        outcomes: How many there were.
        late: Those of them that belong to a window that had closed.
        sample: At most `WindowConfig.sample` of its outcomes.
        learnable: What models learned from between the close of the window before it and its own, in the
            order in which it became known. With lateness these are not quite the outcomes of the window.
    """

    index: int
    slot: int
    start: float
    end: float
    outcomes: int
    late: int
    sample: Sequence[Outcome]
    learnable: Sequence[Outcome]


Row = TypeVar("Row")


class DrawsState(Struct, frozen=True, forbid_unknown_fields=True):
    """How far a reservoir's draws have come.

    Attributes:
        size: Rows kept at most.
        seen: Rows offered.
        next: Number of the next row that is kept.
        weight: The algorithm's W.
        random: The generator's state, of the Mersenne Twister in `random.Random`.
    """

    size: int
    seen: int
    next: int
    weight: float
    random: tuple[int, ...]


class Reservoir(Generic[Row]):
    """An even random sample of a stream, of bounded size.

    Algorithm L (Li 1994, "Reservoir-sampling algorithms of time complexity O(n(1+log(N/n)))"): it draws how
    many rows to pass over, so most rows cost a comparison. Seeded by its name, so that the same outcomes in
    the same order give the same sample in every run.

    >>> reservoir: Reservoir[int] = Reservoir(2, "main/0")
    >>> for number in range(100): reservoir.add(number)
    >>> len(reservoir.rows)
    2
    """

    def __init__(self, size: int, seed: str, rows: MutableSequence[Row] | None = None) -> None:
        self.rows: MutableSequence[Row] = [] if rows is None else rows
        self._size = size
        self._seen = 0
        self._next = 0
        self._weight = 1.0
        self._random = Random(seed)  # noqa: S311 - a sample, not a secret

    def add(self, row: Row) -> None:
        """Offers one row."""
        self._seen += 1
        if self._seen <= self._size:
            self.rows.append(row)
            if self._seen == self._size:
                self._next = self._size
                self._pass_over()
        elif self._seen == self._next:
            self.rows[int(self._random.random() * self._size)] = row
            self._pass_over()

    def draws(self) -> DrawsState:
        """How far the draws have come."""
        _, words, _ = self._random.getstate()
        return DrawsState(self._size, self._seen, self._next, self._weight, words)

    @classmethod
    def restored(cls, rows: list[Row], draws: DrawsState) -> Self:
        """Goes on from these rows and draws, with the size that it had.

        Raises:
            ValueError: They do not fit each other.
        """
        if not (draws.size > 0 and len(rows) == min(draws.size, draws.seen) and 0 < draws.weight <= 1):
            raise ValueError(f"a sample of {len(rows)} rows out of {draws.seen}, with weight {draws.weight}")
        made = cls(draws.size, "")
        made.rows = rows
        made._seen, made._next, made._weight = draws.seen, draws.next, draws.weight
        made._random.setstate((3, draws.random, None))
        return made

    def offered(self) -> tuple[int, int]:
        """How many rows were offered, and the number of the next one that is kept."""
        return self._seen, self._next

    def go_on(self, seen: int, draws: tuple[int, float, Sequence[int]] | None) -> None:
        """So many rows were offered by now, and the draws have come that far, unless there were none.

        Args:
            seen: Rows offered.
            draws: `next`, `weight` and `random` of `DrawsState`.
        """
        self._seen = seen
        if draws is not None:
            self._next, self._weight, words = draws
            self._random.setstate((3, tuple(words), None))

    def _pass_over(self) -> None:
        """Draws which row is the next to be kept."""
        draw = self._random.random
        # 1 - x: the logarithm of 0 is none.
        self._weight *= math.exp(math.log(1.0 - draw()) / self._size)
        rest = math.log1p(-self._weight) if self._weight < 1.0 else -math.inf
        self._next += 1 + int(math.log(1.0 - draw()) / rest)


class OpenWindow(Struct):
    """A window that outcomes go into."""

    reservoir: Reservoir[Outcome]
    outcomes: int = 0
    late: int = 0
    start: float = 0.0
    end: float = 0.0


_MOST_EXACT = 2**52
"""Slots up to here are the same as floats."""


class LentWindow(Struct, frozen=True):
    """The one open window.

    Attributes:
        slot: Its slot.
        seconds: Of windows by time.
        lateness: For how many more a window stays open.
        passed: The slot that event time has passed; `None` by count, or before the first.
    """

    slot: int
    seconds: float | None
    lateness: float
    passed: int | None


class OpenWindowState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps of an open window: as in `Window`, with the sample so far and its draws."""

    outcomes: int
    late: int
    start: float
    end: float
    sample: list[Outcome]
    draws: DrawsState


class WindowsState(Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot keeps.

    Attributes:
        closed: The last two closed windows, oldest first.
        index: The number that the next window to close will have.
        open: The open windows by slot.
        learnable: What models have learned since the last close, in order.
        passed: The slot that event time has passed; `None` by count, or before the first.
    """

    closed: list[Window]
    index: int
    open: dict[int, OpenWindowState]
    learnable: list[Outcome]
    passed: int | None


class Windows:
    """The open windows, and the closed ones still needed.

    By count one window is open; by time those that the lateness still keeps open.

    Attributes:
        by_time: Whether windows are cut by event time.
        closed: The last two closed windows: the one whose verdict is out, and the one before it.
        index: The number that the next window to close will have.
    """

    def __init__(self, config: WindowConfig, key: str) -> None:
        self._config = config
        self._key = key
        self.closed: deque[Window] = deque(maxlen=2)
        self.index = 0
        self.by_time = config.seconds is not None
        self._open: dict[int, OpenWindow] = {}
        self._rows: Callable[[], MutableSequence[Outcome]] = list
        self._learnable: MutableSequence[Outcome] = []
        self._passed: int | None = None
        self._leaving: list[Outcome] = []

    def place(self, time: float, now: float) -> int:
        """The slot of the open window that an outcome belongs to, or of the one that it will open.

        By count it is the number of the window. By time it counts windows since 1970, and an outcome that is
        ahead of the stream belongs to the stream's time: that of the third latest record, so two records
        later than it might.

        Args:
            time: The outcome's event time.
            now: The stream's; minus infinity before there is one.
        """
        seconds = self._config.seconds
        if seconds is None:
            return self.index
        slot = math.floor((time if now == -math.inf else min(time, now)) / seconds)
        if self._passed is None or slot > self._passed:
            return slot
        return min(self._open, default=self._passed + 1)

    def add(self, slot: int, outcome: Outcome, *, learnable: bool) -> bool:
        """Puts an outcome into a window; true when the count fills it, and it must be closed."""
        seconds = self._config.seconds
        window = self._open.get(slot)
        if window is None:
            window = self.begin(slot, outcome.time)
        window.end = outcome.time
        window.outcomes += 1
        window.reservoir.add(outcome)
        if learnable:
            self._learnable.append(outcome)
        if seconds is None:
            return window.outcomes >= self._config.count
        window.late += self._passed is not None and outcome.time < (self._passed + 1) * seconds
        return False

    def begin(self, slot: int, time: float) -> OpenWindow:
        """Opens the window of a slot, whose first outcome is of this event time."""
        reservoir = Reservoir(self._config.sample, f"{self._key}/{slot}", self._rows())
        window = self._open[slot] = OpenWindow(reservoir, start=time)
        return window

    def hold_in(self, rows: Callable[[], MutableSequence[Outcome]]) -> None:
        """Outcomes are held in lists made by this function from now on, those at hand too."""
        self._rows = rows
        for window in self._open.values():
            window.reservoir.rows = _moved(window.reservoir.rows, rows())
        self._learnable = _moved(self._learnable, rows())

    @property
    def sampled(self) -> int:
        """Outcomes that the sample of a window has at most."""
        return self._config.sample

    def opened(self, slot: int) -> OpenWindow | None:
        """The open window of a slot."""
        return self._open.get(slot)

    @property
    def lent(self) -> "LentWindow | None":
        """Where outcomes go now, as long as no window closes or opens; `None` when that is not one window.

        By time there is none before the first outcome, and there are two while lateness keeps one open. Slots
        are whole numbers that floats hold exactly.
        """
        seconds = self._config.seconds
        if seconds is None:
            return LentWindow(self.index, None, 0.0, None)
        if len(self._open) != 1:
            return None
        (slot,) = self._open
        if max(abs(slot), abs(self._passed or 0)) > _MOST_EXACT:
            return None
        return LentWindow(slot, seconds, self._config.lateness, self._passed)

    @property
    def learnable_since(self) -> MutableSequence[Outcome]:
        """What models have learned since the last close, in order."""
        return self._learnable

    def due(self, now: float) -> bool:
        """Whether event time is over for the oldest open window, and it must be closed.

        The same holds when the stream goes back by more than a window: a stretch that is replayed gets
        windows of its own.
        """
        seconds, lateness = self._config.seconds, self._config.lateness
        if seconds is None or now == -math.inf:
            return False
        edge = min(self._open, default=self._passed)
        if edge is None:
            return False
        if now < (edge - 1) * seconds - lateness:
            self._passed = None
            return bool(self._open)
        return bool(self._open) and now >= (edge + 1) * seconds + lateness

    @property
    def overlap(self) -> int:
        """How many windows later what models have learned at a close may still belong to."""
        seconds = self._config.seconds
        return 0 if seconds is None else math.ceil(self._config.lateness / seconds)

    def close(self) -> Window:
        """Closes the oldest open window."""
        slot = min(self._open)
        done = self._open.pop(slot)
        seconds = self._config.seconds
        start, end = done.start, done.end
        if seconds is not None:
            start, end = slot * seconds, (slot + 1) * seconds
            self._passed = slot if self._passed is None else max(slot, self._passed)
        window = Window(
            self.index,
            slot,
            start,
            end,
            done.outcomes,
            done.late,
            _closed(done.reservoir.rows),
            _closed(self._learnable),
        )
        self._learnable = self._rows()
        if len(self.closed) == self.closed.maxlen:
            left = self.closed[0].sample, self.closed[0].learnable
            # Rows of the native lane leave in no time.
            self._leaving = [row for rows in left if type(rows) is tuple for row in rows]
        self.closed.append(window)
        self.index += 1
        return window

    def let_go(self, records: int) -> None:
        """Lets go of rows of a window that is no longer needed, twice as many as there were records.

        All at once they would hold up the stream for milliseconds when the next window closes.
        """
        del self._leaving[max(len(self._leaving) - 2 * records, 0) :]

    def learnable_by_window(self) -> list[Sequence[Outcome]]:
        """What models learned in each of the closed windows that are kept, and since then, in order."""
        return [*(window.learnable for window in self.closed), self._learnable]

    def learnable(self) -> list[Outcome]:
        """The same as one list."""
        return [outcome for rows in self.learnable_by_window() for outcome in rows]

    def state(self) -> WindowsState:
        """What a snapshot keeps."""
        open_windows = {
            slot: OpenWindowState(
                one.outcomes, one.late, one.start, one.end, [*one.reservoir.rows], one.reservoir.draws()
            )
            for slot, one in self._open.items()
        }
        return WindowsState(list(self.closed), self.index, open_windows, [*self._learnable], self._passed)

    def restore(self, state: WindowsState) -> None:
        """Goes on from a snapshot's state."""
        self.closed = deque(state.closed, maxlen=2)
        self.index, self._learnable, self._passed = state.index, state.learnable, state.passed
        self._open = {
            slot: OpenWindow(
                Reservoir.restored(one.sample, one.draws),
                one.outcomes,
                one.late,
                one.start,
                one.end,
            )
            for slot, one in state.open.items()
        }


def _moved(rows: MutableSequence[Outcome], into: MutableSequence[Outcome]) -> MutableSequence[Outcome]:
    for row in rows:
        into.append(row)
    return into


def _closed(rows: MutableSequence[Outcome]) -> Sequence[Outcome]:
    """The rows of a window that nothing is added to any more."""
    return tuple(rows) if type(rows) is list else rows
