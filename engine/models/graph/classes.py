"""How objects of a class are saved: by attributes, as a container with attributes, or by its own hooks."""

import copyreg
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from types import BuiltinFunctionType, FunctionType
from typing import Any

from msgspec import Struct

from engine.errors import SnapshotError
from engine.models.graph.adapters import adapter_of
from engine.models.graph.attributes import attributes
from engine.models.graph.names import class_name

_CONTAINERS: dict[type, type] = {OrderedDict: dict, dict: dict, list: list, set: set, deque: list}
"""Containers whose subclasses can be saved, and what their content is saved as."""

_PLAIN_KEYS = frozenset({bool, int, float, type(None), str, bytes})

NO_HOOK: Any = object.__getstate__
"""What a class has that says nothing of its own about its state."""

_BY_IDENTITY: Any = object.__hash__

_HINT = (
    "Give the class that holds it a __getstate__ that leaves it out, and a __setstate__ that makes it anew"
)


class SavedClass(Struct, frozen=True):
    """How objects of a class are saved.

    Attributes:
        name: Its name.
        slots: Names of its slots.
        content: What its elements are saved as, when it is a container besides its attributes.
        hooks: It has a `__setstate__`, which is given what its `__getstate__` returns.
    """

    name: str
    slots: tuple[str, ...]
    content: type | None
    hooks: bool


def base_of(kind: type) -> Any:
    """The container that a class is made of, by whose `__new__` its objects are made; `object` for others."""
    return next((base for base in _CONTAINERS if issubclass(kind, base)), object)


def slots_of(kind: type) -> tuple[str, ...]:
    """Names of the slots of a class and of those that it is made of."""
    return tuple(copyreg._slotnames(kind))  # type: ignore[attr-defined]  # how pickle finds them


def check_standard(kind: Any, base: Any, name: str) -> None:
    """Refuses a class that says itself how it is saved: it would name code.

    Args:
        kind: The class.
        base: What it is made of.
        name: Its name.

    Raises:
        SnapshotError: When it has a `__reduce__` of its own.
    """
    if kind.__reduce__ is not base.__reduce__ or kind.__reduce_ex__ is not object.__reduce_ex__:
        raise SnapshotError(
            f"{name} saves itself in a way of its own (__reduce__), which names code. {_HINT}"
        )


def attributes_of(value: Any, slots: tuple[str, ...]) -> dict[str, Any]:
    """The attributes of an object, those in its slots too, as far as they are set."""
    if not slots:
        return attributes(value)
    found: dict[str, Any] = getattr(value, "__dict__", {})
    try:
        return {**found, **dict(zip(slots, _slot_values(slots)(value), strict=True))}
    except AttributeError:  # one that was never set
        return found | {name: getattr(value, name) for name in slots if hasattr(value, name)}


@lru_cache(4096)
def _slot_values(slots: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    if len(slots) == 1:
        return lambda value: (getattr(value, slots[0]),)
    return attrgetter(*slots)


@lru_cache(4096)
def saved_class(kind: Any) -> SavedClass:
    """How objects of a class are saved.

    Raises:
        SnapshotError: When they cannot be.
    """
    name = class_name(kind)
    base = base_of(kind)
    # The components of Holt-Winters say no more in their `__reduce__` than is done here.
    if kind is not Counter and not (base is deque and name.startswith("river.")):
        check_standard(kind, base, name)
    try:
        base.__new__(kind)
    except TypeError as error:
        raise SnapshotError(f"{name} is not written in Python, or abstract. {_HINT}") from error
    if issubclass(kind, defaultdict):
        raise SnapshotError(f"{name} is a subclass of defaultdict, which is not supported")
    return SavedClass(
        name,
        slots_of(kind),
        _CONTAINERS.get(base),
        hasattr(kind, "__setstate__") or kind.__getstate__ is not NO_HOOK,
    )


def check_keys(values: Iterable[Any], where: str) -> None:
    """Refuses keys whose hash depends on what they hold: they would be looked up before they are filled."""
    for kind in set(map(type, values)) - _PLAIN_KEYS:
        if kind in {tuple, frozenset}:
            for value in values:
                if type(value) is kind:
                    check_keys(value, where)
        elif not (
            kind.__hash__ is _BY_IDENTITY
            or issubclass(kind, Enum | type | FunctionType | BuiltinFunctionType)
            or adapter_of(kind) is not None
        ):
            raise SnapshotError(
                f"has {kind.__module__}.{kind.__qualname__} as a key of {where}, which is not supported"
            )
