"""What a model is made of; without River, which a configuration does not import."""

from typing import Any

from engine.models.graph.attributes import attributes


def parts_of(model: Any) -> list[Any]:
    """What a model holds in its attributes, one by one where it holds several in a list, tuple or dict.

    >>> from types import SimpleNamespace
    >>> parts_of(SimpleNamespace(last="a", steps={"x": "b", "y": "c"})), parts_of(3)
    (['a', 'b', 'c'], [])
    """
    found: list[Any] = []
    for held in attributes(model).values():
        if isinstance(held, dict):
            found += held.values()
        elif isinstance(held, list | tuple):
            found += held
        else:
            found.append(held)
    return found
