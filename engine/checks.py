"""The contract suite for models: what the engine asks of any model, ours or a user's.

`riverkeeper check` runs it on a sample of the flow's own data; a test suite can call `check_model` with a
factory. Each check states a law and returns what breaks it.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import SnapshotError
from engine.models.saving import dump, load
from engine.models.tasks import TaskOps, task_ops
from engine.records.config import Task
from engine.records.values import Features, Target

Labelled = tuple[Features, Target]


@dataclass(frozen=True, slots=True)
class BrokenLaw:
    """A law that a model breaks, and how."""

    law: str
    detail: str


def check_model(
    make: Callable[[], Any], task: Task, sample: Sequence[Labelled], allow: Sequence[str] = ()
) -> list[BrokenLaw]:
    """Runs every check on fresh models; an empty list means that the model keeps all laws.

    Args:
        make: Makes an untrained model; called many times.
        task: What the model predicts.
        sample: Labelled examples of the kind it will see, at least a few dozen.
        allow: Modules of the user's own whose classes a saved model may hold.

    >>> from river import linear_model
    >>> sample = [({"x": float(i % 7)}, i % 7 > 3) for i in range(50)]
    >>> check_model(linear_model.LogisticRegression, "binary", sample)
    []
    """
    ops = task_ops(task, make())
    broken = []
    for law, check in _LAWS.items():
        try:
            detail = check(make, ops, sample, allow)
        except SnapshotError as error:
            detail = str(error)
        except Exception as error:  # noqa: BLE001 - whatever a model raises is the finding
            detail = f"raised {type(error).__name__}: {error}"
        if detail is not None:
            broken.append(BrokenLaw(law, detail))
    return broken


_Check = Callable[[Callable[[], Any], TaskOps, Sequence[Labelled], Sequence[str]], str | None]


def _train(model: Any, sample: Sequence[Labelled]) -> Any:
    for features, label in sample:
        model.learn_one(features, label)
    return model


def _outputs(model: Any, ops: TaskOps, sample: Sequence[Labelled]) -> list[Any]:
    return [copy.deepcopy(ops.predict(model, features)) for features, _ in sample]


def _untrained(
    make: Callable[[], Any], ops: TaskOps, sample: Sequence[Labelled], _: Sequence[str]
) -> str | None:
    for features, _label in sample[:1]:
        ops.serve(ops.predict(make(), features))
    return None


def _not_mutated(
    make: Callable[[], Any], ops: TaskOps, sample: Sequence[Labelled], _: Sequence[str]
) -> str | None:
    model = make()
    for features, label in sample:
        before = dict(features)
        ops.predict(model, features)
        model.learn_one(features, label)
        if features != before:
            return f"{before!r} became {dict(features)!r}"
    return None


def _deterministic(
    make: Callable[[], Any], ops: TaskOps, sample: Sequence[Labelled], _: Sequence[str]
) -> str | None:
    first = _outputs(_train(make(), sample), ops, sample)
    second = _outputs(_train(make(), sample), ops, sample)
    return None if first == second else "two models trained alike predict differently; fix its seed"


def _predict_is_pure(
    make: Callable[[], Any], ops: TaskOps, sample: Sequence[Labelled], _: Sequence[str]
) -> str | None:
    model = _train(make(), sample)
    first = _outputs(model, ops, sample)
    return None if first == _outputs(model, ops, sample) else "predicting twice gives two answers"


def _round_trip(
    make: Callable[[], Any], ops: TaskOps, sample: Sequence[Labelled], allow: Sequence[str]
) -> str | None:
    half = len(sample) // 2
    model = _train(make(), sample[:half])
    restored = load(dump(model, "model"), "model", allow)
    for part in (model, restored):
        _train(part, sample[half:])
    if _outputs(model, ops, sample) != _outputs(restored, ops, sample):
        return "a restored model learns on differently from the one that was saved"
    return None


def _snapshot_is_value(
    make: Callable[[], Any], ops: TaskOps, sample: Sequence[Labelled], allow: Sequence[str]
) -> str | None:
    half = len(sample) // 2
    model = _train(make(), sample[:half])
    saved, before = dump(model, "model"), _outputs(model, ops, sample)
    _train(model, sample[half:])
    if _outputs(load(saved, "model", allow), ops, sample) != before:
        return "what was saved has changed while the model learned on"
    return None


def _features_vanish(
    make: Callable[[], Any], ops: TaskOps, sample: Sequence[Labelled], _: Sequence[str]
) -> str | None:
    model = _train(make(), sample)
    for features, label in sample[:20]:
        for name in features:
            fewer = {key: value for key, value in features.items() if key != name}
            ops.predict(model, fewer)
            model.learn_one(fewer, label)
    return None


_LAWS: dict[str, _Check] = {
    "an untrained model predicts, or says None": _untrained,
    "features are not changed by the model": _not_mutated,
    "same data, same model: same predictions": _deterministic,
    "predicting changes nothing": _predict_is_pure,
    "a saved model can be restored and learns on the same": _round_trip,
    "what is saved is a value": _snapshot_is_value,
    "a missing feature does not stop it": _features_vanish,
}
