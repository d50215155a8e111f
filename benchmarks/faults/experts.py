"""Experts: the models that could have served, each run over the stream by a bare loop.

All but those that begin anew are the champion as it was when the fault began. To add one (a model behind a
filter of the inputs, say), add an `Expert` to `experts`: what it sees of a row when it predicts it, and what
it learns of it.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.faults.faults import Spoilt
from benchmarks.faults.losses import Said
from benchmarks.faults.supervised import Watched
from engine.models.config import ModelConfig
from engine.models.operations import make_model
from engine.records.values import Features, visible

ALONE = "left alone"


@dataclass(frozen=True, slots=True)
class Expert:
    """How a model would have gone on from the fault's beginning.

    Attributes:
        sees: The features of a row that it predicts.
        learns: The features of a row that it learns; `None` when it does not.
        begin: The row from which it exists, untrained; `None` when it goes on from the champion.
    """

    sees: Callable[[int], Features]
    learns: Callable[[int], Features | None]
    begin: int | None = None


class Loop:
    """A bare loop over the rows of one stream: predict, and learn what is known by then."""

    def __init__(self, config: ModelConfig, spoilt: Spoilt) -> None:
        self._config, self._task = config, spoilt.task
        self.rows: list[Features] = [
            {name: value for name, value in row.items() if value is not None} for row in spoilt.features
        ]
        self._labels = spoilt.labels
        # As in the engine: a label in the row itself is learned before those that come late.
        self._known: dict[int, list[int]] = {
            number: [number] for number, delay in enumerate(spoilt.delays) if not delay
        }
        for number, delay in enumerate(spoilt.delays):
            if delay:
                self._known.setdefault(number + delay, []).append(number)

    def alone(self, keep_at: int) -> tuple[list[Said], Any]:
        """What the champion left alone says of every row, and a copy of it before row `keep_at`."""
        row = self.rows.__getitem__
        everything = Expert(row, row)
        model: Any = make_model(self._config)
        before = self._advance(model, everything, range(keep_at))
        kept = copy.deepcopy(model)
        return before + self._advance(model, everything, range(keep_at, len(self.rows))), kept

    def run(self, expert: Expert, champion: Any, start: int) -> list[Said]:
        """What an expert says of every row from `start` on, or from the row on from which it exists."""
        if expert.begin is not None:
            return self._advance(make_model(self._config), expert, range(expert.begin, len(self.rows)))
        return self._advance(copy.deepcopy(champion), expert, range(start, len(self.rows)))

    def _advance(self, model: Any, expert: Expert, rows: range) -> list[Said]:
        said: list[Said] = []
        labels, known = self._labels, self._known
        predict = model.predict_one if self._task == "regression" else model.predict_proba_one
        for number in rows:
            said.append(self._said(predict, expert.sees(number)))
            for one in known.get(number, ()):
                learned = expert.learns(one)
                if learned is None:
                    continue
                try:
                    model.learn_one(learned, labels[one])
                except (ArithmeticError, ValueError):
                    continue  # as in the engine: the row is not learned, and the stream goes on
        return said

    def _said(self, predict: Callable[[Features], Any], row: Features) -> Said:
        try:
            output = predict(row)
        except (ArithmeticError, ValueError):
            return None  # as in the engine: nothing is served for this row
        if self._task == "binary":
            return float(output.get(True, 0.0)) if output else None
        return output if output or self._task == "regression" else None


def experts(loop: Loop, watched: Watched, start: int, end: int) -> dict[str, Expert]:
    """All that can exist for a fault from row `start` up to `end`; the first is the champion left alone."""
    row = loop.rows.__getitem__

    def without(number: int) -> Features:
        return visible(row(number), watched.broken.get(watched.windows.get(number, -1), frozenset()))

    def passed(number: int) -> Features | None:
        failed = number >= start and watched.windows.get(number, -1) in watched.failed
        return None if failed else row(number)

    def untouched(number: int) -> Features | None:
        return None if start <= number < end else row(number)

    def since(begin: int) -> Callable[[int], Features | None]:
        return lambda number: row(number) if number >= begin else None

    return {
        ALONE: Expert(row, row),
        "skips failed windows": Expert(row, passed),
        "skips the fault": Expert(row, untouched),
        "without what fails": Expert(without, without),
        "from the fault": Expert(row, since(start), begin=start),
        "from its end": Expert(row, since(end), begin=end),
    }
