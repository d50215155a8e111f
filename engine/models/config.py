"""The model and its task."""

from functools import partial
from typing import Annotated, Any

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator, field_validator
from pydantic_core import PydanticCustomError

from engine.models.parts import parts_of
from engine.records.config import Section
from engine.tasks.registry import TASKS

AUTO = "auto"
"""A model, or a step of one: the preprocessing that takes any columns; see `engine.models.auto`."""


def _spec(given: Any, as_text: ValidatorFunctionWrapHandler) -> Any:
    if isinstance(given, str | dict | list):
        return as_text(given)
    if is_model(given):
        return given
    expected = "a name, a table, a list, or in Python a River model or a function that makes one"
    raise PydanticCustomError("no_model", "Input should be {expected}", {"expected": expected})


Spec = Annotated[str | dict[str, Any] | list[Any], WrapValidator(_spec)]
"""A model as text, a table or a list, or an object of Python; see `engine.models.factory`."""


class ModelConfig(Section):
    """The champion: the model that serves and learns."""

    task: str = Field(description=f"What is predicted: one of {', '.join(TASKS)}.")
    model: Spec = Field(
        description="A River class by its dotted name ('linear_model.LogisticRegression'), your own "
        "factory ('my_module:make_model'), a table {type = name, parameter = value}, or a list: a pipeline. "
        "'auto' takes any columns, numbers and text, and has a linear model (in anomaly detection trees); "
        "['auto', MODEL] puts your own model behind the same preprocessing (docs/models.md)."
    )
    allow: list[str] = Field(
        default=[],
        description="Modules of your own whose classes may be loaded from a saved model, besides River's, "
        "NumPy's, the standard containers and the modules that `model` names.",
    )

    @field_validator("task", mode="before")
    @classmethod
    def _known_task(cls, given: object) -> object:
        if isinstance(given, str) and given in TASKS:
            return given
        *names, last = map(repr, TASKS)
        expected = f"{', '.join(names)} or {last}"
        raise PydanticCustomError("unknown_task", "Input should be {expected}", {"expected": expected})

    @property
    def allowed(self) -> tuple[str, ...]:
        """Modules of the user's own whose classes a saved model may hold."""
        return (*self.allow, *own_modules(self.model))


class ChallengerConfig(Section):
    """Another model that learns and is scored on the same events, and takes over when it proves better."""

    model: Spec = Field(description="As `model.model`; it must put out the same as the champion.")
    share: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Share of the examples that it predicts and learns: it bounds what the challenger costs.",
    )


def is_model(value: object) -> bool:
    """Whether it is a model of Python's, or a function or class that makes one."""
    return hasattr(value, "learn_one") or callable(value)


def is_text(spec: Any) -> bool:
    """Whether a specification fits in a file: it holds no objects of Python."""
    if isinstance(spec, dict):
        return all(map(is_text, spec.values()))
    return all(map(is_text, spec)) if isinstance(spec, list) else isinstance(spec, str | bool | int | float)


def own_modules(spec: Any) -> list[str]:
    """The modules that a specification names as `module:function`, or that define its objects.

    >>> own_modules([{"type": "mine:scale"}, {"type": "tree.SGTClassifier", "model": "other.place:make"}])
    ['mine', 'other.place']
    """
    if isinstance(spec, str):
        module, colon, _ = spec.partition(":")
        return [module] if colon else []
    if isinstance(spec, dict):
        return [module for part in spec.values() for module in own_modules(part)]
    if isinstance(spec, list | tuple):
        return [module for part in spec for module in own_modules(part)]
    return _modules_of(spec) if is_model(spec) else []


def _modules_of(model: Any) -> list[str]:
    """The modules of the user's own that define a model, its steps and its parameters, or what makes it."""
    if isinstance(model, partial):
        return _modules_of(model.func)
    maker = isinstance(model, type) or not hasattr(model, "learn_one")
    home = str(getattr(model if maker else type(model), "__module__", ""))
    found = [] if home.split(".", maxsplit=1)[0] in {"river", "builtins", ""} else [home]
    for part in () if maker else parts_of(model):
        if hasattr(part, "learn_one") or hasattr(part, "transform_one"):
            found += _modules_of(part)
    return found
