"""The attributes of objects, read and written where Python holds them.

CPython holds the attributes of an object in the object itself until somebody asks for its `__dict__`. From
then on (up to Python 3.12) they are in a dictionary, and every access to them takes longer: a Hoeffding tree
of River's that was saved once, or restored, ran at three quarters of its speed. So nobody asks here as long
as it is certain which attributes there are.
"""

from collections.abc import Callable, Iterable, Iterator
from gc import get_referents
from inspect import isfunction
from operator import attrgetter
from types import CodeType
from typing import Any

_Layout = tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]

_layouts: dict[tuple[type, int], _Layout] = {}
"""Names of attributes, in the order of the alphabet, by class and by how many objects one refers to."""

_MOST_LAYOUTS = 4096


def attributes(value: Any) -> dict[str, Any]:
    """The attributes of an object, without those in slots, in the order of the alphabet.

    >>> from types import SimpleNamespace
    >>> attributes(SimpleNamespace(b=1, a=2))
    {'a': 2, 'b': 1}
    """
    names, values = names_and_values(value)
    return dict(zip(names, values, strict=True))


def names_and_values(value: Any) -> tuple[tuple[str, ...], tuple[Any, ...]]:
    """The same as two tuples.

    What the garbage collector finds in an object are its attributes and its class. Where it has all
    attributes of a layout, and there are as many as it has, it has no others.
    """
    kind = type(value)
    if not kind.__dictoffset__:
        return (), ()
    held = len(get_referents(value))
    layout = _layouts.get((kind, held)) or _expected(kind, held, value)
    if layout is not None:
        try:
            return layout[0], layout[1](value)
        except AttributeError:
            pass
    found: dict[str, Any] = value.__dict__
    names = tuple(sorted(found))
    return names, tuple([found[name] for name in names])


def set_attributes(kind: type, names: Iterable[str]) -> Callable[[Any, Iterable[Any]], None]:
    """A function that gives attributes of these names to a new object, past any code of its class."""
    fields = tuple(names)
    if not all(_is_free(kind, name) for name in fields):
        return lambda made, values: made.__dict__.update(zip(fields, values, strict=True))

    def fill(made: Any, values: Iterable[Any]) -> None:
        for name, value in zip(fields, values, strict=True):
            object.__setattr__(made, name, value)

    return fill


def _expected(kind: type, held: int, value: Any) -> _Layout | None:
    """The layout of an object by the names that the code of its class gives to attributes."""
    # A lookup must find what is held, and nothing else; and one thing that is held may be the dictionary.
    looks_up: Any = kind.__getattribute__
    if held < 3 or hasattr(kind, "__getattr__") or looks_up is not object.__getattribute__:
        return None
    candidates = {name for each in kind.__mro__ for name in _names_in(each)}
    names = tuple(sorted(name for name in candidates if _is_free(kind, name) and hasattr(value, name)))
    if len(names) + 1 != held:
        return None
    if len(_layouts) >= _MOST_LAYOUTS:
        _layouts.clear()
    layout = _layouts[kind, held] = names, attrgetter(*names)
    return layout


def _is_free(kind: type, name: str) -> bool:
    """Whether an attribute of this name can only be an object's own."""
    return not hasattr(kind, name)


def _names_in(kind: type) -> Iterator[str]:
    for member in vars(kind).values():
        function = getattr(member, "fget", member)
        if isfunction(function):
            yield from _names_of(function.__code__)


def _names_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_of(constant)
