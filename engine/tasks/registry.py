"""The tasks that a configuration may name. A new task is one file beside this one, and one line here."""

from engine.errors import ConfigError
from engine.tasks.anomaly import ANOMALY
from engine.tasks.base import LearningTask
from engine.tasks.binary import BINARY
from engine.tasks.multiclass import MULTICLASS
from engine.tasks.regression import REGRESSION

TASKS: dict[str, LearningTask] = {
    task.name: task
    for task in (
        BINARY,
        MULTICLASS,
        REGRESSION,
        ANOMALY,
    )
}
"""Every task by its name."""


def find_task(name: str) -> LearningTask:
    """The task of this name.

    Raises:
        ConfigError: If there is none.

    >>> find_task("binary").metrics
    ('Accuracy',)
    """
    task = TASKS.get(name)
    if task is None:
        raise ConfigError(f"task: expected one of {', '.join(TASKS)}, got {name!r}")
    return task
