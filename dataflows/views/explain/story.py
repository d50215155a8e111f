"""The facts about one decision: what led to it, what the windows around it lost, what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dataflows.escape import typed
from dataflows.run_reader import no_such_key, read_rows
from engine.errors import InputError
from engine.rows import DecisionRow, ReportRow
from engine.supervision.decisions import SERVING

ENDINGS = SERVING | {"clear", "accept"}
"""Decisions that end a suspicion."""

_BEFORE, _AFTER = 3, 6
"""Windows shown before what led to the decision began, and after the decision."""

_MOST = 24
"""Most windows shown; of more, those in the middle are left out."""


@dataclass(frozen=True, slots=True)
class Story:
    """A decision and what surrounds it.

    Attributes:
        run: The run's folder.
        decision: The decision.
        led: The decisions since the suspicion that it belongs to was opened, oldest first, without it.
        ended: For a suspicion, the decision that ended it; `None` while it goes on.
        windows: Reports around it, oldest first.
        compared: Those that compared shadows, from the suspicion's beginning to its end.
        after: Those after the decision that still compared the model that it replaced.
        left_out: Windows left out of the middle of `windows`.
    """

    run: Path
    decision: DecisionRow
    led: Sequence[DecisionRow]
    ended: DecisionRow | None
    windows: Sequence[ReportRow]
    compared: Sequence[ReportRow]
    after: Sequence[ReportRow]
    left_out: int


def read_story(run: Path, number: int | None, key: str) -> Story:
    """The story of a decision; without a number of the last that changed what serves, or else of the last.

    Raises:
        InputError: When this is not the folder of a run, or there is no such decision.
    """
    decisions = [row for row in read_rows(run, DecisionRow) if row.key == key]
    place = _place(run, decisions, number, key)
    decision = decisions[place]
    began = _beginning(decisions, place)
    first = decisions[began].window
    reports = [row for row in read_rows(run, ReportRow) if row.key == key]
    last = decision.window
    ended = None
    if decision.action == "suspect":
        ended = next((row for row in decisions[place + 1 :] if row.action in ENDINGS), None)
    shown = [row for row in reports if first - _BEFORE <= row.window <= last + _AFTER]
    windows = shown if len(shown) <= _MOST else [*shown[: _MOST // 3], *shown[-(_MOST - _MOST // 3) :]]
    return Story(
        run,
        decision,
        decisions[began:place],
        ended,
        windows,
        [row for row in reports if first <= row.window <= (ended or decision).window and row.scores.shadows],
        [
            row
            for row in reports
            if row.window >= last and _replaced(row, decision) and row.model == decision.model
        ],
        len(shown) - len(windows),
    )


def _place(run: Path, decisions: Sequence[DecisionRow], number: int | None, key: str) -> int:
    if number is None:
        changes = [place for place, row in enumerate(decisions) if row.action in SERVING]
        found = changes or list(range(len(decisions)))
    else:
        found = [place for place, row in enumerate(decisions) if row.number == number]
    if found:
        return found[-1]
    keys = sorted({row.key for row in read_rows(run, DecisionRow)})
    if key not in keys and keys:
        raise no_such_key(run, key, keys, "decision")
    if not decisions:
        raise InputError(
            f"{run}: no decision to explain: the champion was never suspected, and nobody changed it"
        )
    raise InputError(
        f"{run}: no decision {number} of key {key!r}; there are {decisions[0].number} to "
        f"{decisions[-1].number} ({typed('reports', run)} lists them)"
    )


def _beginning(decisions: Sequence[DecisionRow], place: int) -> int:
    """Where the suspicion began that a decision belongs to; the decision itself when it belongs to none."""
    for earlier in range(place - 1, -1, -1):
        action = decisions[earlier].action
        if action == "suspect":
            return earlier
        if action in ENDINGS:
            break
    return place


def _replaced(report: ReportRow, decision: DecisionRow) -> bool:
    """Whether a window compared the model that the decision replaced."""
    one = report.scores.challengers.get(decision.previous)
    return decision.changes and one is not None and one.events > 0
