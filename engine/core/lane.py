"""The seam of the native lane: it takes plain records over from the engine, and gives its state back.

The lane (the optional crate `riverkeeper_native`) takes records in stream order, as long as nothing
special comes of them. Whatever could be special is looked at before anything changes, and such a record is
taken by the engine as ever. So it makes no difference to what is written, or to the state, which of the two
takes a record; `benchmarks.lanes` and `tests/engine/core/test_lane.py` hold that.

While the lane has the state, the engine's components are behind: `Lane.give_back` brings them up to date.
"""

from collections.abc import Iterator, MutableSequence, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from typing import Any, NamedTuple

from engine.core.components import Components
from engine.core.lane_plan import make_plan
from engine.core.lane_state import Lent, lend, models, plain, take_back
from engine.models.running import RunningModel
from engine.records.events import Outcome, PredictionLines
from engine.records.values import Features, Target
from engine.supervision.decisions import ProposedDecision
from engine.windows import LentWindow

native: Any = None  # it is optional: the engine does the same without it
with suppress(ImportError):
    native = import_module("riverkeeper_native")
    MutableSequence.register(native.Rows)

_WHILE_NOT_PLAIN = 16
"""Records that the engine takes before it is looked at again whether the lane can go on."""

_FEW_PLAIN, _LONGEST_REST = 16, 255
"""Special records with fewer plain ones before them are frequent: then the engine takes more and more records
before the lane goes on, at most so many. To change hands costs as much as some ten records."""

Content = bytes | dict[str, Any] | None
"""A record before it is decoded: a line of JSON, its fields as JSON has them, or neither."""

Sources = Sequence[tuple[str, bool]]
"""Where lines come from: the name, and whether it is the stream of labels."""


class Given(NamedTuple):
    """What a model of Python's has given for the record that the lane leaves to the engine.

    Attributes:
        model: Its name.
        output: Its output.
        predicting: What it raised when it was to predict.
        learning: What it raised when it was to learn.
    """

    model: str
    output: Any
    predicting: BaseException | None
    learning: BaseException | None = None


class Taken(NamedTuple):
    """How far the lane has come.

    Attributes:
        at: The first record that it has not taken.
        lines: The predictions.
        special: Whether the engine must take the record at `at`.
        asked: What models have given for it that were asked.
        rates_due: Whether rates are to be reported before it.
        proposal: What the last record has brought about, which the engine must act on, with its event time.
        scored: What `Scores.update` is to take, where the engine scores.
        seen: What detectors are to see: the detector, the value, its sequence number and event time.
        stopped: What interrupted a model that learned the last record.
        raised: Challengers that raised while they learned the last record, with the outcome and the error.
    """

    at: int
    lines: PredictionLines
    special: bool
    asked: Sequence[Given]
    rates_due: bool
    proposal: tuple[ProposedDecision, float] | None
    scored: Sequence[tuple[Any, bool, float, bool | None, Features | None, int]]
    seen: Sequence[tuple[int, float, int, float]]
    stopped: BaseException | None
    raised: Sequence[tuple[str, Outcome, str]]


class Lane:
    """Takes plain records natively.

    Args:
        parts: The engine's components.

    Attributes:
        most: Records that the lane takes at once; for tests.
        taken: Records that it has taken.
    """

    def __init__(self, parts: Components) -> None:
        self._parts = parts
        self.most: int | None = None
        self.taken = 0
        self._native: Any = native.Lane(make_plan(parts))
        self._lent: Lent | None = None
        self._spell = self._rest = self._plain_before = 0
        parts.labels.hold_in(self._native.hold_pending, self._native.hold_resolved)
        parts.review.windows.hold_in(self._native.rows)

    def _take_over(self, window: LentWindow) -> None:
        """The lane has the state from now on."""
        self._lent = lend(self._parts, window)
        self._native.begin(self._lent)

    def give_back(self) -> None:
        """The engine's components are up to date again."""
        if self._lent is not None:
            self._native.end()
            take_back(self._parts, self._lent)
            self._lent = None

    def count(self) -> None:
        """The engine's counts and its event time are up to date; the lane keeps the state."""
        if self._lent is not None:
            self._native.count()

    def go_on(self) -> None:
        """Rates have been reported: the lane goes on with the span of records that is open now."""
        if self._lent is not None:
            self._native.go_on(self._parts.rates.state)

    def run(
        self, lines: list[Content], offsets: Sequence[int], start: int, sources: Sources, origins: bytes
    ) -> Taken:
        """Takes lines from number `start` on, as long as they are plain."""
        stop = len(lines) if self.most is None else min(len(lines), start + self.most)
        found = self._native.run(lines, offsets, start, stop, sources, origins)
        self.taken += found.at - start
        self._plain_before += found.at - start
        if found.last:
            self.give_back()
        special = found.special or (found.at == stop < len(lines))
        if special:
            # Where special records are frequent, the engine takes some of those between them too.
            frequent = self._plain_before < _FEW_PLAIN
            self._spell = min(2 * self._spell + 1, _LONGEST_REST) if frequent else 0
            self._rest = self._spell if self.most is None else 0
            self._plain_before = 0
        return Taken(
            found.at,
            PredictionLines(found.lines, found.count),
            special,
            self._asked(found),
            found.rates_due,
            None if found.proposal is None else (found.proposal, found.time),
            found.scored,
            found.seen,
            found.stopped,
            found.raised,
        )

    def _asked(self, found: Any) -> list[Given]:
        asked = [Given(*given) for given in found.rivals]
        if found.asked:
            champion = self._parts.pool.champion.name
            asked.append(Given(champion, found.output, found.predicting, found.learning))
        return asked

    @contextmanager
    def asked(self, given: Sequence[Given]) -> Iterator[None]:
        """Meanwhile models give what they have given already, and are not asked twice."""
        running = {model.name: model.running for model in models(self._parts)} if given else {}
        with ExitStack() as until_then:
            for each in given:
                until_then.enter_context(_again(running[each.model], each))
            yield

    def rest(self, left: int) -> int:
        """Of so many records, how many the engine takes before the lane is asked again; 0 when it goes on."""
        if self._lent is not None:
            return 0
        if self._rest:
            rest, self._rest = min(self._rest, left), 0
            return rest
        window = plain(self._parts)
        if window is None:
            return min(left, _WHILE_NOT_PLAIN)
        self._take_over(window)
        return 0


@contextmanager
def _again(running: RunningModel, given: Given) -> Iterator[None]:
    """Meanwhile a model gives what it has given already."""
    predict, learn = running.predict, running.learn

    def predict_again(_: Features) -> Any:
        if given.predicting is not None:
            raise given.predicting
        return given.output

    def learn_again(features: Features, label: Target | None) -> None:
        if given.learning is not None:
            raise given.learning
        learn(features, label)

    running.predict, running.learn = predict_again, learn_again
    try:
        yield
    finally:
        running.predict, running.learn = predict, learn
