"""Which model, and what it predicts."""

from typing import Any

from pydantic import Field

from engine.records.config import Section, Task

Spec = str | dict[str, Any] | list[Any]
"""A model as text, a table or a list; see `engine.models.factory`."""


class ModelConfig(Section):
    """The champion: the model that serves and learns."""

    task: Task = Field(description="What is predicted: binary, multiclass or regression.")
    model: Spec = Field(
        description="A River class by its dotted name ('linear_model.LogisticRegression'), your own "
        "factory ('my_module:make_model'), a table {type = name, parameter = value}, or a list: a pipeline."
    )
    allow: list[str] = Field(
        default=[],
        description="Modules of your own whose classes may be loaded from a saved model, besides River's, "
        "NumPy's, the standard containers and the modules that `model` names.",
    )

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
