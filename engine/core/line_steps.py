"""Lines of records: natively where they are plain, decoded and step by step where they are not."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property

from engine.core.components import Components
from engine.core.lane import Content, Lane, Sources, Taken
from engine.core.lane_plan import why_not
from engine.core.record_steps import RecordSteps
from engine.events import Event
from engine.records.decode import Decoder
from engine.records.values import Record
from engine.tasks.registry import find_task

Decode = Callable[[int], Record]
"""Gives the record of a line by its number."""


class LineSteps:
    """Takes lines by the native lane, and by the engine.

    Args:
        parts: The components.
        lock: Held while they work, against other calls.
        process: The engine's `process`.

    Attributes:
        steps: The steps of a record.
    """

    def __init__(
        self,
        parts: Components,
        lock: AbstractContextManager[object],
        process: Callable[[list[Record]], list[Event]],
    ) -> None:
        self._parts, self._lock, self._process = parts, lock, process
        self.steps = RecordSteps(parts, self.settle)
        self._lane: Lane | None = None
        self._no_lane = ""

    def take(
        self,
        lines: Sequence[Content],
        offsets: Sequence[int] | None,
        sources: Sources,
        origins: bytes,
        decode: Decode | None,
    ) -> list[Event]:
        """Takes lines in order; see `Engine.process_lines`."""
        lines = lines if isinstance(lines, list) else [*lines]
        places = range(len(lines)) if offsets is None else offsets
        decode = decode or self._decoding(lines, places, sources, origins)
        lane, events, at = self.lane(), list[Event](), 0
        if lane is None:
            return self._process([decode(place) for place in range(len(lines))])
        try:
            while at < len(lines):
                with self._lock:
                    rest = lane.rest(len(lines) - at)
                    taken = None if rest else lane.run(lines, places, at, sources, origins)
                    if taken is not None:
                        events += self._taken(lane, taken, taken.at - at)
                if taken is None:
                    events += self._process([decode(place) for place in range(at, at + rest)])
                    at += rest
                    continue
                at = taken.at
                if taken.special:
                    with lane.asked(taken.asked):
                        events += self._process([decode(at)])
                    at += 1
        except BaseException:
            self.steps.events = events + self.steps.events  # they come with the next call
            raise
        return events

    def _taken(self, lane: Lane, taken: Taken, records: int) -> list[Event]:
        """What came of records that the lane has taken; acts on what the last of them has brought about."""
        parts, steps = self._parts, self.steps
        if taken.lines.count:
            steps.events.append(taken.lines)
        for scored in taken.scored:
            parts.scores.update(*scored)
        if taken.rates_due:
            lane.count()
            steps.review_rates()
            lane.go_on()
        for number, value, sequence, time in taken.seen:
            steps.events += parts.serving.drifts(sequence, time, parts.detectors.see(number, value))
        for name, outcome, raised in taken.raised:
            if parts.pool.challengers.note_raised(name):
                steps.report_challenger(name, outcome, raised)
        if taken.proposal is not None:
            self.settle()
            proposal, time = taken.proposal
            steps.conclude(proposal, time, full=False)
        if parts.alerts.pending:
            steps.events += parts.alerts.due()
        parts.review.windows.let_go(records)
        if taken.stopped is not None:
            raise taken.stopped
        return steps.taken()

    def lane(self) -> Lane | None:
        """The native lane, made when it is first wanted."""
        if self._lane is None and not self._no_lane:
            parts = self._parts
            self._no_lane = why_not(parts.config, parts.supervisor) or ""
            if not self._no_lane:
                self._lane = Lane(parts)
        return self._lane

    @property
    def no_lane(self) -> str:
        """Why there is none; empty when there is."""
        self.lane()
        return self._no_lane

    @property
    def native(self) -> int:
        """Records that the lane has taken."""
        return 0 if self._lane is None else self._lane.taken

    def settle(self) -> None:
        """The components are up to date, whoever took the last record."""
        if self._lane is not None:
            self._lane.give_back()

    @cached_property
    def _decoder(self) -> Decoder:
        config = self._parts.config
        return Decoder(config.record, find_task(config.model.task).labels)

    def _decoding(
        self, lines: Sequence[Content], offsets: Sequence[int], sources: Sources, origins: bytes
    ) -> Decode:
        def decode(at: int) -> Record:
            source, is_label = sources[origins[at] if origins else 0]
            return self._decoder.decode(lines[at], source, offsets[at], is_label=is_label)

        return decode
