"""Size of a saved model: in total, by step and by attribute."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

from river import compose

from engine.errors import SnapshotError
from engine.models import serialization


def steps_of(model: Any, name: str = "") -> dict[str, Any]:
    """The steps of a pipeline by their names, nested ones too; a model that is none by the name of its class.

    >>> from river import linear_model, preprocessing
    >>> list(steps_of(preprocessing.StandardScaler() | linear_model.LogisticRegression()))
    ['StandardScaler', 'LogisticRegression']
    """
    if isinstance(model, compose.Pipeline):
        nested: Mapping[Any, Any] = model.steps
    elif isinstance(model, compose.TransformerUnion):
        nested = model.transformers
    else:
        return {name or type(model).__name__: model}
    prefix = f"{name}." if name else ""
    return {
        path: step
        for part, inner in nested.items()
        for path, step in steps_of(inner, f"{prefix}{part}").items()
    }


def size_of(part: Any) -> int:
    """Bytes of a part of a model as it is saved, without what states a `max_size`."""
    try:
        return serialization.size_of(part, _states_a_limit)
    except Exception as error:
        raise SnapshotError(f"{type(part).__name__}: cannot be saved: {error}") from error


def _states_a_limit(found: Any) -> bool:
    return isinstance(getattr(found, "max_size", None), Real)


def attributes_of(step: Any) -> dict[str, int]:
    """Bytes by attribute, of those that can be saved on their own."""
    sizes = {}
    for name, value in getattr(step, "__dict__", {}).items():
        try:
            sizes[name] = size_of(value)
        except SnapshotError:  # The class may save it in a way of its own, or not at all.
            sizes[name] = 0
    return sizes
