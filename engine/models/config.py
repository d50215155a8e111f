"""Which model, and what it predicts."""

from typing import Any

from pydantic import Field

from engine.records.config import Section, Task

Spec = str | dict[str, Any] | list[Any]
"""A model as text, a table or a list; see `engine.models.spec`."""


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
        "NumPy's and the standard containers.",
    )
