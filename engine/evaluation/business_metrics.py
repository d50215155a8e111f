"""Business metrics: the value of a prediction by a matrix, an expression or the user's own function."""

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from engine.errors import ConfigError, ModelError
from engine.evaluation.config import BusinessConfig
from engine.models.factory import own
from engine.records.config import RecordConfig
from engine.records.values import Features, Target
from engine.tasks.base import LearningTask
from engine.tasks.registry import find_task

_FUNCTIONS = {
    **{function.__name__: function for function in (abs, min, max, round)},
    **{function.__name__: function for function in (math.exp, math.log, math.sqrt, math.floor, math.ceil)},
}


@dataclass(frozen=True, slots=True)
class Value:
    """A business metric.

    Attributes:
        name: Name in the configuration.
        meaning: Its definition as text: sums of two definitions must not be mixed.
        call: Takes the prediction, the label, the probability and the features; may raise anything.
    """

    name: str
    meaning: str
    call: Callable[[Target | None, Target, float, Features], Any]

    def of(
        self, prediction: Target | None, label: Target, probability: float, features: Features
    ) -> float | None:
        """The value of one event; `None` if the call raises or returns no finite number."""
        try:
            # A view: models have not learned from the features yet.
            found = self.call(prediction, label, probability, MappingProxyType(features))
            value = math.nan if isinstance(found, str) else float(found)
        except Exception:  # noqa: BLE001 - it is the user's code
            return None
        return value if math.isfinite(value) else None


class BusinessTotal(Struct, forbid_unknown_fields=True):
    """The sum of a business metric.

    Attributes:
        events: Number of labelled events with a value.
        undefined: Number of labelled events without one.
        total: Sum of the values.
    """

    events: int = 0
    undefined: int = 0
    total: float = 0.0

    def add(self, value: float | None, times: int = 1) -> None:
        """Adds the value of one event; with `times` = -1 it is taken back."""
        if value is None:
            self.undefined += times
        else:
            self.events += times
            self.total += value * times

    def merge(self, other: "BusinessTotal") -> None:
        """Adds another sum."""
        self.events += other.events
        self.undefined += other.undefined
        self.total += other.total

    def copy(self) -> "BusinessTotal":
        """A copy."""
        return BusinessTotal(self.events, self.undefined, self.total)

    @property
    def mean(self) -> float | None:
        """The mean value; `None` if no event has one."""
        return self.total / self.events if self.events else None


def make_values(config: Mapping[str, BusinessConfig], task: str, record: RecordConfig) -> tuple[Value, ...]:
    """The business metrics of a configuration.

    Raises:
        ConfigError: If one cannot be computed: a matrix that does not name the classes, an invalid expression
            or one with an unknown name, a function that cannot be imported.
    """
    found = find_task(task)
    return tuple(
        Value(
            name,
            repr((metric.matrix, metric.expression, metric.function)),
            _call(name, metric, found, record),
        )
        for name, metric in config.items()
    )


def _call(
    name: str, config: BusinessConfig, task: LearningTask, record: RecordConfig
) -> Callable[[Target | None, Target, float, Features], Any]:
    where = f"business.{name}"
    if config.matrix is not None:
        return _from_matrix(config.matrix, f"{where}.matrix", task, record)
    if config.expression is not None:
        return _from_expression(config.expression, f"{where}.expression", task)
    try:
        function = own(config.function or "", f"{where}.function")
    except ModelError as error:
        raise ConfigError(str(error)) from error
    return lambda prediction, label, _, features: function(prediction, label, features)


def _from_matrix(
    matrix: Mapping[str, Mapping[str, float]], where: str, task: LearningTask, record: RecordConfig
) -> Callable[[Target | None, Target, float, Features], Any]:
    if not task.classes:
        raise ConfigError(f"{where}: a matrix is for classes, and the task is {task.name}; use an expression")
    classes = task.class_names(record) if task.class_names else {}
    names = {value: _text(name) for value, name in classes.items()}
    if names:
        for place, row in (("", matrix), *((f".{name}", row) for name, row in matrix.items())):
            if row.keys() != set(names.values()):
                raise ConfigError(
                    f"{where}{place}: expected the classes {' and '.join(names.values())} as in "
                    f"record.positive and record.negative, got {', '.join(row) or 'none'}"
                )

    def text(value: Target | None) -> str:
        return names[bool(value)] if names else _text(value)

    return lambda prediction, label, _probability, _features: matrix[text(prediction)][text(label)]


def _text(value: Target | None) -> str:
    """A class as JSON writes it, without quotes.

    >>> _text(True), _text(1), _text("late")
    ('true', '1', 'late')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def _from_expression(
    source: str, where: str, task: LearningTask
) -> Callable[[Target | None, Target, float, Features], Any]:
    """Compiles an expression, once, to a function.

    The expression is code of the author of the configuration, which may name any module to import anyway.
    Leaving out the builtins keeps mistakes small; it is not a sandbox.
    """
    variables = ["prediction", "label", task.certainty or "probability", "features"]
    try:
        body = ast.parse(source.strip(), mode="eval").body
        arguments = ast.arguments([], [ast.arg(name) for name in variables], None, [], [], None, [])
        function = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
        code = compile(function, where, "eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(f"{where}: expected a Python expression, got {source!r}: {error}") from error
    known = {*variables, *_FUNCTIONS} - ({"probability"} if task.certainty is None else set())
    names = [node for node in ast.walk(body) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(body) if isinstance(node, ast.arg)}
    unknown = sorted({node.id for node in names} - known - bound)
    if unknown:
        raise ConfigError(
            f"{where}: unknown {', '.join(unknown)}; there are {', '.join(sorted(known))}. A feature is "
            f"features['{unknown[0]}'] or features.get('{unknown[0]}', 0)"
        )
    # As trusted as `module:function`; see above. It returns a function of these four variables.
    made: Callable[[Target | None, Target, float, Features], Any]
    made = eval(code, {"__builtins__": {}, **_FUNCTIONS})  # noqa: S307 - see above
    return made
