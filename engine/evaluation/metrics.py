"""The metrics of a configuration: River's by name or with settings, or the user's own."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import Any, Literal

from river import metrics
from river.metrics.base import BinaryMetric, ClassificationMetric, Metric, RegressionMetric

from engine.errors import ConfigError, ModelError, is_fault
from engine.evaluation.config import ScoresConfig
from engine.models.factory import make
from engine.tasks.base import LearningTask
from engine.tasks.registry import find_task

_WHERE = "scores.metrics"
_OF_PAIRS = (ClassificationMetric.update, BinaryMetric.update)
"""A metric of River's with one of these updates depends on its confusion matrix only."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A configured metric.

    Attributes:
        name: Name of its value.
        make: Makes a fresh one.
        source: What it depends on. `pairs`: the number of events by label and served class. `bins`: the
            number of events by label and pair of thresholds that the probability lies between. `events`: the
            output of each event.
        takes_class: Whether it is updated with the served class; otherwise with the whole output.
        weighted: Whether it takes weights.
        own: Whether its class is the user's own, not River's.
        edges: The thresholds, if it depends on `bins`.
    """

    name: str
    make: Callable[[], Metric]
    source: Literal["pairs", "bins", "events"]
    takes_class: bool
    weighted: bool
    own: bool
    edges: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """All configured metrics, and the edges of the bins in which probabilities are counted for them."""

    metrics: tuple[Chosen, ...]
    edges: tuple[float, ...]

    def of_certain_outputs(self) -> "Choice":
        """The same metrics for outputs that give one class a probability of 1: all depend on `pairs`."""
        certain = (
            replace(each, source="pairs") if each.weighted and not each.own else each for each in self.metrics
        )
        return Choice(tuple(certain), ())


def choose(config: ScoresConfig, task: str) -> Choice:
    """The metrics that a configuration names, or those of the task.

    Raises:
        ConfigError: If one does not exist, cannot be built, does not fit the task, is not one number, is
            named twice, or must fade but takes no weights.
    """
    chosen: dict[str, Chosen] = {}
    learning_task = find_task(task)
    for spec in config.metrics or learning_task.metrics:
        found = _choose(spec, learning_task)
        if found.name in chosen:
            raise ConfigError(f"{_WHERE}: {found.name} is there twice")
        if config.fading is not None and not found.weighted:
            raise ConfigError(
                f"scores.fading: {found.name} takes no weights, so it cannot fade; leave one of them out"
            )
        chosen[found.name] = found
    edges = sorted({edge for each in chosen.values() for edge in each.edges})
    return Choice(tuple(chosen.values()), tuple(edges))


def _choose(spec: str | dict[str, Any], task: LearningTask) -> Chosen:
    name = _name(spec)
    metric: Any = _make(spec)
    if not isinstance(metric, Metric):
        raise ConfigError(f"{_WHERE}: expected {name} to give a River metric, got {type(metric).__name__}")
    if not _fits(metric, task):
        raise ConfigError(f"{_WHERE}: {name} is not a metric of a {task.name} task")
    _check_number(metric, name)
    own = not type(metric).__module__.startswith("river.")
    edges = tuple(metric.thresholds) if type(metric) is metrics.ROCAUC else ()
    of_pairs = not own and getattr(type(metric), "update", None) in _OF_PAIRS
    return Chosen(
        name,
        partial(_make, spec),
        "pairs" if of_pairs else "bins" if edges else "events",
        takes_class=task.metric_kind == "values" or bool(getattr(metric, "requires_labels", True)),
        weighted=metric.works_with_weights and "w" in inspect.signature(metric.update).parameters,
        own=own,
        edges=edges,
    )


def _fits(metric: Metric, task: LearningTask) -> bool:
    if task.metric_kind == "values":
        return isinstance(metric, RegressionMetric)
    binary = isinstance(metric, BinaryMetric)
    return isinstance(metric, ClassificationMetric) and (not binary or task.metric_kind == "two classes")


def _name(spec: str | dict[str, Any]) -> str:
    """The name as configured, without its place in River: `F1`, `FBeta(beta=2)`."""
    if isinstance(spec, str):
        return _short(spec)
    settings = ", ".join(f"{name}={value!r}" for name, value in spec.items() if name != "type")
    kind = _short(f"{spec.get('type')}")
    return f"{kind}({settings})" if settings else kind


def _short(kind: str) -> str:
    """A name of River's without `river.metrics.` before it."""
    return kind.removeprefix("river.").removeprefix("metrics.") if ":" not in kind else kind


def _make(spec: str | dict[str, Any]) -> Any:
    """A fresh metric, or the object that the user's own function returns."""
    kind = spec if isinstance(spec, str) else spec.get("type")
    if not isinstance(kind, str):
        raise ConfigError(f"{_WHERE}: expected a name or a table with a 'type', got {spec!r}")
    if ":" not in kind:
        kind = _short(kind)
        found = getattr(metrics, kind, None)
        if not inspect.isclass(found) or not issubclass(found, Metric):
            close = get_close_matches(kind, metrics.__all__, n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ConfigError(f"{_WHERE}: River has no metric {kind!r}{hint}")
        kind = f"metrics.{kind}"
    try:
        return make(kind if isinstance(spec, str) else spec | {"type": kind}, _WHERE)
    except ModelError as error:
        raise ConfigError(str(error)) from error


def _check_number(metric: Metric, name: str) -> None:
    try:
        value = metric.get()
    except NotImplementedError as error:
        raise ConfigError(f"{_WHERE}: {name} is not one number") from error
    except Exception:  # noqa: BLE001 - a metric may be undefined before its first event
        return
    try:
        float(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{_WHERE}: {name} is not one number, but {value!r}") from error


def number(metric: Metric) -> float:
    """The value of a metric; NaN if it has none.

    The root of a mean that rounding has pushed below zero, as corrections can, is complex: its real part
    is the right value, zero.
    """
    try:
        value: Any = metric.get()
        return float(value.real if isinstance(value, complex) else value)
    except BaseException as error:  # the user's own may raise anything, and some of River's divide by zero
        if not is_fault(error):
            raise
        return math.nan
