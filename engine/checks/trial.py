"""Input of every law: a factory, a sample, and the operations of the engine on a model."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.contract.check import Contract, rejection
from engine.contract.config import ContractConfig
from engine.errors import InputError, ModelError, RiverkeeperError
from engine.models.operations import TaskOps, task_ops
from engine.records.events import AnomalyScore, Output
from engine.records.values import Features, Scalar, Target, shown
from engine.tasks.base import LearningTask
from engine.tasks.registry import find_task

Labelled = tuple[Features, Target | None]
"""An example and its label; `None` where a model learns from features alone."""

TRAINED = 250
"""Events that a law trains a model on; a longer sample is only used to measure growth."""

_VALUES = 100_000
"""Values in events that a law makes at most; of wide rows it takes fewer, but not fewer than a few dozen."""

_FEWEST = 30

ASKED = 50
"""Of those, the ones whose predictions are compared."""

Answer = Mapping[Any, float]
"""An output as numbers, by class or by meaning."""

ANYTHING = ContractConfig()
"""The contract that accepts every record that the engine can take."""


@dataclass(frozen=True, slots=True)
class BrokenLaw:
    """A law that a model breaks, and how.

    Attributes:
        law: The law, as a sentence.
        detail: What was seen.
        severity: `error`: the engine cannot keep its promises with this model. `warning`: it can, but
            whoever runs it should know.
    """

    law: str
    detail: str
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a law is tried on.

    Attributes:
        make: Makes an untrained model.
        task: The task of the model.
        ops: What the engine does with its outputs.
        sample: Examples of the kind it will see, with their labels.
        allow: Modules of the user's own whose classes a saved model may hold.
        contract: What the engine lets through to a model.
    """

    make: Callable[[], Any]
    task: LearningTask
    ops: TaskOps
    sample: Sequence[Labelled]
    allow: Sequence[str]
    contract: Contract

    def rows(self) -> Sequence[Labelled]:
        """What a law trains on."""
        return self.sample[: self.affordable(TRAINED)]

    def affordable(self, events: int) -> int:
        """So many events, or fewer where rows are wide: what a law takes is bounded in values too."""
        widest = max(len(features) for features, _ in self.sample[:TRAINED])
        return min(events, max(_FEWEST, _VALUES // max(1, widest)))

    def train(self, model: Any, rows: Sequence[Labelled]) -> Any:
        """Trains the model on copies, so that a model that changes its features breaks only that law."""
        for features, label in rows:
            self.ops.learn(model, dict(features), label)
        return model

    def answers(self, model: Any, rows: Sequence[Labelled]) -> list[Answer]:
        """Copies of the current outputs: a model may change an object that it has returned."""
        asked = rows[:: max(1, len(rows) // ASKED)]
        return [_answer(self.ops.predict(model, dict(features))) for features, _ in asked]

    def differ(self, one: Any, other: Any, rows: Sequence[Labelled]) -> bool:
        """Whether the outputs of two models differ."""
        return not alike(self.answers(one, rows), self.answers(other, rows))

    def restless(self, model: Any, rows: Sequence[Labelled]) -> bool:
        """Whether predicting twice gives two outputs, which would hide any other change."""
        return self.differ(model, model, rows)

    def let_through(self, features: Features) -> dict[str, Scalar] | None:
        """The features as the contract lets them through to a model; `None` when it rejects them."""
        kept, faults = self.contract.check(features)
        return kept if rejection(faults) is None else None


def prepare(
    make: Callable[[], Any],
    task: str,
    sample: Sequence[Labelled],
    allow: Sequence[str] = (),
    contract: ContractConfig = ANYTHING,
) -> Trial:
    """A trial of this factory, on what the contract lets through of the sample.

    Raises:
        InputError: When that is nothing.
        ModelError: When the factory makes nothing that the engine could use.
    """
    checks = Contract(contract)
    checked = [(*checks.check(features), label) for features, label in sample]
    kept = [(features, label) for features, faults, label in checked if rejection(faults) is None]
    if not kept:
        why = "got none"
        if checked:
            why = f"the contract rejects all {len(checked)}; the first: {rejection(checked[0][1])}"
        raise InputError(f"sample: expected examples to try the model on, {why}")
    try:
        model = make()
        _expect_model(model)
        return Trial(make, find_task(task), task_ops(task, model), kept, allow, checks)
    except Exception as error:
        raise ModelError(told(error)) from error


def _expect_model(made: Any) -> None:
    if isinstance(made, type):
        raise ModelError(f"expected a model with learn_one, got the class {made.__name__} itself")
    if not hasattr(made, "learn_one"):
        raise ModelError(f"expected a model with learn_one, got {shown(made)}")


def _answer(output: Output | None) -> Answer:
    if isinstance(output, Mapping):
        return dict(output)
    if isinstance(output, AnomalyScore):
        return {"score": output.score, "anomalous": float(bool(output.anomalous))}
    return {} if output is None else {"value": output}


def alike(one: Sequence[Answer], other: Sequence[Answer]) -> bool:
    """Whether answers are the same, but for their order and all but nine digits.

    Models that walk a set of names add up in its order, and that changes with a restore (docs/adr/0003).

    >>> alike([{"a": 0.5, "b": 3e6}], [{"b": 3e6 + 1e-9, "a": 0.5}]), alike([{"a": 0.5}], [{"a": 0.6}])
    (True, False)
    """
    return len(one) == len(other) and all(
        said.keys() == again.keys() and all(_close(value, again[name]) for name, value in said.items())
        for said, again in zip(one, other, strict=True)
    )


def _close(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(one) and math.isnan(other))


def told(error: Exception) -> str:
    """An exception of a model as text for a finding; our own errors are sentences already."""
    return str(error) if isinstance(error, RiverkeeperError) else f"raised {type(error).__name__}: {error}"


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, the first few of many.

    >>> listed(["a"]), listed(["a", "b", "c", "d", "e"])
    ("'a'", "'a', 'b', 'c' and 2 others")
    """
    text = ", ".join(map(repr, names[:3]))
    return f"{text} and {len(names) - 3} others" if len(names) > 3 else text
