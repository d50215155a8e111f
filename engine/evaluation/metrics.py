"""Which metrics are kept: River's by name or with settings, or the user's own."""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from typing import Any, Literal

from river import metrics
from river.metrics.base import BinaryMetric, ClassificationMetric, Metric, RegressionMetric

from engine.errors import ConfigError, ModelError
from engine.evaluation.config import ScoresConfig
from engine.models.factory import make
from engine.records.config import Task

_WHERE = "scores.metrics"
_DEFAULT: dict[Task, list[str]] = {
    "binary": ["Accuracy"],
    "multiclass": ["Accuracy"],
    "regression": ["MAE"],
    "anomaly": ["RollingROCAUC"],
}
_OF_PAIRS = (ClassificationMetric.update, BinaryMetric.update)
"""A metric of River's that updates like this looks at its confusion matrix only."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A metric that was chosen.

    Attributes:
        name: Under which its value is shown.
        make: Makes a fresh one.
        source: What it depends on. `pairs`: how often each label met each served class. `bins`: how often
            each label met a probability between two of its thresholds. `events`: each event's output.
        takes_class: Whether it is told the served class; otherwise the whole output.
        weighted: Whether it takes weights.
        own: Whether its class is not River's.
        edges: The thresholds of one of `bins`.
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
    """All metrics that were chosen, and the edges between which probabilities are counted for them."""

    metrics: tuple[Chosen, ...]
    edges: tuple[float, ...]

    def of_certain_outputs(self) -> "Choice":
        """The same for outputs that give one class the probability 1: label and class say everything."""
        certain = (
            replace(each, source="pairs") if each.weighted and not each.own else each for each in self.metrics
        )
        return Choice(tuple(certain), ())


def choose(config: ScoresConfig, task: Task) -> Choice:
    """The metrics that a configuration names.

    Raises:
        ConfigError: When one does not exist, cannot be built, does not fit the task, is not one number, is
            named twice, or cannot fade and is asked to.
    """
    chosen: dict[str, Chosen] = {}
    for spec in config.metrics or _DEFAULT[task]:
        found = _choose(spec, task)
        if found.name in chosen:
            raise ConfigError(f"{_WHERE}: {found.name} is there twice")
        if config.fading is not None and not found.weighted:
            raise ConfigError(
                f"scores.fading: {found.name} takes no weights, so it cannot fade; leave one of them out"
            )
        chosen[found.name] = found
    edges = sorted({edge for each in chosen.values() for edge in each.edges})
    return Choice(tuple(chosen.values()), tuple(edges))


def _choose(spec: str | dict[str, Any], task: Task) -> Chosen:
    name = _name(spec)
    metric: Any = _make(spec)
    wanted = RegressionMetric if task == "regression" else ClassificationMetric
    if not isinstance(metric, Metric):
        raise ConfigError(f"{_WHERE}: expected {name} to give a River metric, got {type(metric).__name__}")
    if not isinstance(metric, wanted) or (
        isinstance(metric, BinaryMetric) and task not in {"binary", "anomaly"}
    ):
        raise ConfigError(f"{_WHERE}: {name} is not a metric of a {task} task")
    _check_number(metric, name)
    own = not type(metric).__module__.startswith("river.")
    edges = tuple(metric.thresholds) if type(metric) is metrics.ROCAUC else ()
    of_pairs = not own and getattr(type(metric), "update", None) in _OF_PAIRS
    return Chosen(
        name,
        partial(_make, spec),
        "pairs" if of_pairs else "bins" if edges else "events",
        takes_class=task == "regression" or bool(getattr(metric, "requires_labels", True)),
        weighted=metric.works_with_weights and "w" in inspect.signature(metric.update).parameters,
        own=own,
        edges=edges,
    )


def _name(spec: str | dict[str, Any]) -> str:
    """As it is written: `F1`, `FBeta(beta=2)`."""
    if isinstance(spec, str):
        return spec
    settings = ", ".join(f"{name}={value!r}" for name, value in spec.items() if name != "type")
    return f"{spec.get('type')}({settings})" if settings else f"{spec.get('type')}"


def _make(spec: str | dict[str, Any]) -> Any:
    """A fresh metric, or whatever the user's own function returns."""
    kind = spec if isinstance(spec, str) else spec.get("type")
    if not isinstance(kind, str):
        raise ConfigError(f"{_WHERE}: expected a name or a table with a 'type', got {spec!r}")
    if ":" not in kind:
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
    """A metric's value; NaN when it has none.

    The root of a mean that rounding has pushed below zero, as corrections can, is complex: its real part
    is the zero that it should be.
    """
    try:
        value: Any = metric.get()
        return float(value.real if isinstance(value, complex) else value)
    except Exception:  # noqa: BLE001 - the user's own may raise anything, and some of River's divide by zero
        return math.nan
