"""What every law is tried on: a factory, a sample, and what the engine does with a model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal

from engine.contract import Contract, ContractConfig
from engine.errors import InputError, ModelError, RiverkeeperError
from engine.models.tasks import TaskOps, task_ops
from engine.records.config import Task
from engine.records.events import Output
from engine.records.values import Features, Scalar, Target, shown

Labelled = tuple[Features, Target | None]
"""An example and its label; `None` where a model learns from features alone."""

TRAINED = 250
"""Events that a law trains a model on; a longer sample is only used to measure growth."""

ASKED = 50
"""Of those, the ones whose predictions are compared."""

ANYTHING = ContractConfig()
"""The contract that lets everything through that the engine can take."""


@dataclass(frozen=True, slots=True)
class Breach:
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
        task: What it predicts.
        ops: What the engine does with its outputs.
        sample: Examples of the kind it will see, with their labels.
        allow: Modules of the user's own whose classes a saved model may hold.
        contract: What the engine lets through to a model.
    """

    make: Callable[[], Any]
    task: Task
    ops: TaskOps
    sample: Sequence[Labelled]
    allow: Sequence[str]
    contract: Contract

    def rows(self) -> list[tuple[dict[str, Scalar], Target | None]]:
        """Fresh copies of what a law trains on: a model that changes its features spoils no other law."""
        return [(dict(features), label) for features, label in self.sample[:TRAINED]]

    def train(self, model: Any, rows: Sequence[Labelled]) -> Any:
        """Trains the model, and returns it."""
        for features, label in rows:
            self.ops.learn(model, features, label)
        return model

    def answers(self, model: Any, rows: Sequence[Labelled]) -> list[str]:
        """What the model says now, and what is served of it, in a form that can be compared.

        Text, since NaN is not equal to itself and a model may go on changing what it handed out.
        """
        asked = rows[:: max(1, len(rows) // ASKED)]
        return [self._answer(model, features) for features, _ in asked]

    def _answer(self, model: Any, features: Features) -> str:
        output = self.ops.predict(model, features)
        # The order of the classes decides a tie, and with it what is served, and nothing else.
        said = sorted(map(repr, output.items())) if isinstance(output, Mapping) else output
        return repr((said, self.ops.serve(output)[0]))

    def restless(self, model: Any, rows: Sequence[Labelled]) -> bool:
        """Whether asking twice gives two answers: then no other change can be told from it."""
        return self.answers(model, rows) != self.answers(model, rows)

    def let_through(self, features: Features) -> dict[str, Scalar] | None:
        """The features as the contract lets them through to a model; `None` when it rejects them."""
        kept, reason = self.contract.check(features)
        return kept if reason is None else None


def prepare(
    make: Callable[[], Any],
    task: Task,
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
    kept = [(features, label) for features, reason, label in checked if reason is None]
    if not kept:
        why = (
            f"the contract rejects all {len(checked)}; the first: {checked[0][1]}" if checked else "got none"
        )
        raise InputError(f"sample: expected examples to try the model on, {why}")
    try:
        model = make()
        ops = task_ops(task, model)
    except Exception as error:
        raise ModelError(told(error)) from error
    if isinstance(model, type) or not hasattr(model, "learn_one"):
        named = f"the class {model.__name__} itself" if isinstance(model, type) else shown(model)
        raise ModelError(f"expected a model with learn_one, got {named}")
    return Trial(make, task, ops, kept, allow, checks)


def misfit(output: Output | None, task: Task) -> str | None:
    """What keeps an output from being of use for the task; `None` if nothing does."""
    if output is None or task in {"regression", "anomaly"}:
        return None  # Numbers: `TaskOps.predict` has made sure of them.
    if not isinstance(output, Mapping):
        return f"expected a probability for each class, got {shown(output)}"
    for label, probability in output.items():
        # A sum of floats may end a little above 1; NaN is neither above nor below.
        if not isinstance(probability, Real) or not 0.0 <= probability <= 1.0 + 1e-6:
            return f"class {shown(label)}: expected a probability from 0 to 1, got {shown(probability)}"
    return None


def told(error: Exception) -> str:
    """What a model has raised, as a finding says it; our own errors are sentences already."""
    return str(error) if isinstance(error, RiverkeeperError) else f"raised {type(error).__name__}: {error}"
