"""The model and its task."""

from typing import Any

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from engine.records.config import Section
from engine.tasks.registry import TASKS

AUTO = "auto"
"""A model, or a step of one: the preprocessing that takes any columns; see `engine.models.auto`."""

Spec = str | dict[str, Any] | list[Any]
"""A model as text, a table or a list; see `engine.models.factory`."""


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


def own_modules(spec: Any) -> list[str]:
    """The modules that a specification names as `module:function`.

    >>> own_modules([{"type": "mine:scale"}, {"type": "tree.SGTClassifier", "model": "other.place:make"}])
    ['mine', 'other.place']
    """
    if isinstance(spec, str):
        module, colon, _ = spec.partition(":")
        return [module] if colon else []
    parts = spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ()
    return [module for part in parts for module in own_modules(part)]
