"""The same spoilt stream under supervision, without it, under the naive rule, and by an oracle.

Every arm has the same model, the same labels at the same moments and, where it looks at windows, the same
verdicts. Losses are half Brier scores on the *true* labels.

- *none*: one model that learns everything.
- *supervised*: the engine with its defaults, but for the sizes below.
- *naive*: as soon as the verdict of a failed window is in, the last checkpoint of a window that did not fail
  takes over, and learns on.
- *oracle*: at the beginning of every stretch it knows which of these will lose least over it, and serves
  that one: *none*; a model that skips what was learned in failed windows; the same that learns there too,
  without the features that fail; a model that began with the fault, one that began when it was over.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.faults.faults import Spoilt
from benchmarks.faults.judging import MeasuringJudge
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.core.shadow_selection import broken_features as broken_columns
from engine.events import Decision
from engine.models.config import ModelConfig
from engine.models.operations import make_model
from engine.monitoring.types import Verdict
from engine.records.events import Prediction
from engine.records.values import Example, Features, Label, Record, visible

WINDOW = 500
STRETCH = 250
"""Rows for which the oracle chooses at once."""

Choose = Callable[[int], frozenset[str] | None]
"""For a row: the features that a model does without, or `None` when it does not learn it."""


@dataclass(frozen=True, slots=True)
class Arms:
    """Losses by row, and what supervision did.

    Attributes:
        losses: By arm.
        decisions: Of the supervised engine.
        statuses: Of the windows.
    """

    losses: Mapping[str, list[float]]
    decisions: list[Decision]
    statuses: list[str]


def engine_config(model: Any, **supervision: Any) -> EngineConfig:
    """The defaults, for windows of 500 instead of 5,000."""
    return EngineConfig.model_validate(
        {
            "model": {"task": "binary", "model": model},
            "window": {"count": WINDOW, "sample": WINDOW, "reference": "last_passed"},
            "labels": {"wait": 1e9},
            "supervision": {"min_events": WINDOW // 2, "cooldown": WINDOW} | supervision,
        }
    )


def run_arms(model: Any, spoilt: Spoilt, clean: Spoilt, start: int, end: int, **supervision: Any) -> Arms:
    """Runs them all on one stream whose rows from `start` up to `end` are spoilt, and one on the clean."""
    config = engine_config(model, **supervision)
    served, decisions, verdicts = supervised(config, spoilt)
    plain = _Loop(config.model, spoilt)
    everything: Choose = lambda _: frozenset()  # noqa: E731 - a constant
    candidates = {
        "none": plain.run(everything),
        "skipping": plain.run(_skipping(verdicts)),
        "without": plain.run(_without(verdicts)),
        "from the fault": plain.run(everything, begin=start),
        "from its end": plain.run(everything, begin=end),
    }
    losses = {name: _losses(said, spoilt.truth) for name, said in candidates.items()}
    return Arms(
        {
            **losses,
            "supervised": _losses(served, spoilt.truth),
            "naive": _losses(plain.naive(verdicts), spoilt.truth),
            "oracle": _oracle(list(losses.values())),
            "clean": _losses(_Loop(config.model, clean).run(everything), clean.truth),
        },
        decisions,
        [verdict.status for verdict in verdicts],
    )


def supervised(config: EngineConfig, spoilt: Spoilt) -> tuple[list[float], list[Decision], list[Verdict]]:
    """The probabilities that the engine serves, what it decides, and the verdicts."""
    judge = MeasuringJudge(config.monitoring)
    engine = Engine(config, evaluator=judge)
    events = engine.process(_records(spoilt))
    served = [event.probability for event in events if isinstance(event, Prediction)]
    decisions = [event for event in events if isinstance(event, Decision)]
    said = [probability if isinstance(probability, float) else 0.5 for probability in served]
    return said, decisions, [judge.verdicts[window] for window in sorted(judge.verdicts)]


def _records(spoilt: Spoilt) -> list[Record]:
    """Examples, each with its label or the labels that come when it does."""
    records: list[Record] = []
    late: dict[int, list[int]] = {}
    for number, (features, label, delay) in enumerate(
        zip(spoilt.features, spoilt.labels, spoilt.delays, strict=True)
    ):
        present = {name: value for name, value in features.items() if value is not None}
        at_once = label if delay == 0 else None
        records.append(Example(str(number), float(number), present, at_once))
        if delay:
            late.setdefault(number + delay, []).append(number)
        records += [Label(str(one), float(number), spoilt.labels[one]) for one in late.pop(number, [])]
    return records


class _Loop:
    """A bare loop over the rows: predict, and learn what is known by then."""

    def __init__(self, config: ModelConfig, spoilt: Spoilt) -> None:
        self._config = config
        self._rows: list[Features] = [
            {name: value for name, value in row.items() if value is not None} for row in spoilt.features
        ]
        self._labels = spoilt.labels
        self._known: dict[int, list[int]] = {}
        for number, delay in enumerate(spoilt.delays):
            self._known.setdefault(number + delay, []).append(number)

    def run(self, choose: Choose, begin: int = 0) -> list[float]:
        """What a model says of every row that learns as `choose` has it, from row `begin` on."""
        model: Any = make_model(self._config)
        said = []
        for number, row in enumerate(self._rows):
            without = choose(number) or frozenset()
            said.append(_probability(model, visible(row, without)))
            for one in self._known.get(number, ()):
                kept = choose(one)
                if kept is not None and one >= begin:
                    model.learn_one(visible(self._rows[one], kept), self._labels[one])
        return said

    def naive(self, verdicts: Sequence[Verdict]) -> list[float]:
        """Switches to the last checkpoint of a window that did not fail, when a verdict says fail."""
        model: Any = make_model(self._config)
        kept: dict[int, Any] = {}
        vetted: Any = None
        said, settled = [], 0
        for number, row in enumerate(self._rows):
            said.append(_probability(model, row))
            for one in self._known.get(number, ()):
                model.learn_one(self._rows[one], self._labels[one])
                settled += 1
                if settled % WINDOW:
                    continue
                window = settled // WINDOW - 1
                kept[window] = copy.deepcopy(model)
                if window and verdicts[window - 1].status != "fail":
                    vetted = kept.pop(window - 1)
                elif window and vetted is not None:
                    model = copy.deepcopy(vetted)
        return said


def _probability(model: Any, row: Features) -> float:
    said = model.predict_proba_one(row)
    return float(said.get(True, 0.0)) if said else 0.5


def _skipping(verdicts: Sequence[Verdict]) -> Choose:
    failed = [verdict.status == "fail" for verdict in verdicts]
    return lambda row: None if failed[min(row // WINDOW, len(failed) - 1)] else frozenset()


def _without(verdicts: Sequence[Verdict]) -> Choose:
    broken = [broken_columns(verdict.checks) for verdict in verdicts]
    return lambda row: broken[min(row // WINDOW, len(broken) - 1)]


def _losses(said: Sequence[float], truth: Sequence[bool]) -> list[float]:
    return [(label - probability) ** 2 for probability, label in zip(said, truth, strict=True)]


def _oracle(candidates: Sequence[Sequence[float]]) -> list[float]:
    served: list[float] = []
    for begin in range(0, len(candidates[0]), STRETCH):
        stretches = [losses[begin : begin + STRETCH] for losses in candidates]
        served += min(stretches, key=sum)
    return served
