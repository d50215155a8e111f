"""What it takes to recognise an object of River's: exactly its class, its attributes and their types."""

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any

from engine.models.graph.attributes import attributes as held_attributes

Write = Callable[[Any], None]
"""Writes a state into the object that it is of."""

MOST_EXACT = 2**52
"""Whole numbers up to here, and the differences of two of them, are the same as floats."""


COMPENSATES = sys.version_info >= (3, 12)
"""Whether Python's `sum` makes up for what is lost between floats."""


class Unknown(Exception):  # noqa: N818 - no error: the model is left to River
    """Something about a model that is not known exactly."""


def expect(holds: bool) -> None:
    """Raises `Unknown` unless it holds."""
    if not holds:
        raise Unknown


def attributes(found: Any, kind: type, names: Iterable[str]) -> dict[str, Any]:
    """The attributes of an object of exactly this class, which must be exactly these."""
    expect(type(found) is kind)
    held = held_attributes(found)
    expect(held.keys() == set(names))
    return held


def number(found: Any) -> float:
    """A parameter as a float that says the same."""
    if type(found) is not float:
        expect(type(found) is int and abs(found) <= MOST_EXACT)
    expect(math.isfinite(found))
    return float(found)


def are_texts(found: Iterable[Any]) -> bool:
    """Whether all are text, and of no subclass."""
    return all(type(each) is str for each in found)


def are_classes(found: Iterable[Any]) -> bool:
    """Whether all are classes of one type: truth values, whole numbers or texts."""
    kinds = set(map(type, found))
    return len(kinds) <= 1 and kinds <= {bool, int, str}


def floats(found: dict[str, float], kind: Any = dict, factory: Any = None) -> dict[str, float]:
    """A dictionary of finite numbers by name."""
    expect(type(found) is kind and are_texts(found))
    expect(getattr(found, "default_factory", None) is factory)
    expect(all(type(value) is float and math.isfinite(value) for value in found.values()))
    return found
