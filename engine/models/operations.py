"""Models of a task and what the engine does with them: predict, learn, measure the loss, serve.

An output is what a model puts out: class probabilities, a number, or an anomaly score. `None` stands for
every way in which River says "not learned yet" (`None`, `{}`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from river import base

from engine.errors import ModelError
from engine.models import auto
from engine.models.config import ModelConfig, is_text
from engine.models.factory import build
from engine.models.kinds import KINDS, Learn, Predict, last_step
from engine.tasks.base import Served
from engine.tasks.registry import find_task


@dataclass(frozen=True, slots=True)
class TaskOps:
    """The operations of a task on models of one kind, bound once, for use per record.

    Attributes:
        predict: Asks a model for its output.
        learn: Trains a model on features and label.
        loss: The loss of an output on a label; see the task.
        serve: The served prediction, its probability and its score; see the task.
        unsupervised: Whether models learn from features alone, and so at once.
        decides: Whether a class or a value is served, and not a score alone.
    """

    predict: Predict
    learn: Learn
    loss: Callable[[Any, Any], float | None]
    serve: Callable[[Any], Served]
    unsupervised: bool
    decides: bool


def make_model(config: ModelConfig, where: str = "model.model") -> base.Estimator:
    """A fresh model that fits the task.

    Args:
        config: The model and its task.
        where: The place of the model in the configuration, for messages.

    Raises:
        ModelError: If it cannot be built, or is not of the kind that the task needs.
    """
    task = find_task(config.task)
    model = build(auto.whole(config.model, task), where)
    final = last_step(model)
    kind = KINDS[task.model_kind]
    if not kind.accepts(final):
        raise ModelError(
            f"{where}: the task is {config.task}, which needs {kind.wanted}; {type(final).__name__} is none"
        )
    return model


_configured: dict[tuple[str, str], TaskOps] = {}


def configured_ops(config: ModelConfig, model: base.Estimator) -> TaskOps:
    """The operations of models built from this configuration.

    Only the first such model is asked, which takes a copy of it: there may be one for each of many keys.
    """
    if not is_text(config.model):  # two classes may look the same
        return task_ops(config.task, model)
    built = config.task, repr(config.model)
    if built not in _configured:
        _configured[built] = task_ops(config.task, model)
    return _configured[built]


def task_ops(name: str, model: base.Estimator) -> TaskOps:
    """The operations of the task of this name, for models built like this one.

    Raises:
        ConfigError: If there is no such task.
    """
    task = find_task(name)
    kind = KINDS[task.model_kind]
    return TaskOps(
        kind.predict(model), kind.learn, task.loss, task.serve, task.unsupervised, kind.decides(model)
    )
