"""A graph of objects as a document: a walk that asks no object to describe itself, but reads its attributes.

Classes with a `__setstate__` of their own are asked for their `__getstate__`, as `pickle` does. Any other way
in which a class may want to be saved (`__reduce__`, `__getnewargs__`) names code that is to be called, and so
the class is refused here, by name, unless `engine.models.graph.adapters` knows it.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache
from operator import itemgetter
from random import Random
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, ModuleType
from typing import Any

from msgspec import Struct

from engine.errors import SnapshotError
from engine.models.graph import adapters
from engine.models.graph.attributes import attributes, names_and_values
from engine.models.graph.classes import (
    NO_HOOK,
    SavedClass,
    attributes_of,
    check_keys,
    check_standard,
    saved_class,
    slots_of,
)
from engine.models.graph.document import (
    MOST_NESTED,
    REFERENCES,
    SCALARS,
    Document,
    Kind,
    Shape,
    Streams,
    numbers,
)
from engine.models.graph.names import class_name, function_name, is_hidden
from engine.models.graph.rust import check_held

_SCALARS = frozenset({bool, int, float, type(None)})
_TEXTS = frozenset({str})
_SHORT = 16
"""Elements up to which a tuple or a dictionary has a layout of its own."""

_DISTRIBUTIONS = "river.proba."
"""River's distributions have a generator each, and hardly any ever draws from it: a tree has thousands."""

_MOST_RECORDS = 1000
"""Layouts of dictionaries: those of features are few, those of words would be one each."""


class _Layout(Struct, frozen=True):
    """A shape's number, and where among the values the references and the scalars are."""

    number: int
    references: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None
    scalars: Callable[[tuple[Any, ...]], tuple[Any, ...]] | None


class _Out:
    """Streams that are being written."""

    def __init__(self) -> None:
        self.references: list[int] = []
        self.scalars: list[Any] = []
        self.lengths: list[int] = []

    def streams(self) -> Streams:
        return Streams(numbers(self.references), self.scalars, numbers(self.lengths))


class Writer:
    """Writes one graph.

    Args:
        big: Whether there may be whole numbers of more than 64 bits; they take longer.
        without: Says which objects are left out, with null in their place.
    """

    def __init__(self, *, big: bool = False, without: Callable[[Any], bool] | None = None) -> None:
        self._without = without
        self._scalar_types = _SCALARS - {int} if big else _SCALARS
        self._known: dict[int, int] = {}
        self._kept: list[Any] = []  # as long as an id stands for an object, the object must live
        self._texts: dict[str, int] = {}
        self._content: list[bytes] = []
        self._nodes: list[int] = []
        self._shapes: dict[Shape, int] = {}
        self._layouts: dict[Any, _Layout] = {}
        self._unfilled: list[Any] = []
        self._unfilled_numbers: list[int] = []
        self._fixed, self._open = _Out(), _Out()
        self._depth = self._records = 0
        self._undrawn: int | None = None
        self._makers: dict[type, Callable[[Any], int]] = {
            str: self._text,
            bytes: self._bytes,
            tuple: self._tuple,
            frozenset: lambda value: self._sequence_node("frozenset", "", list(value)),
        }
        self._fillers: dict[type, Callable[[Any], int]] = {
            list: self._fill_list,
            dict: self._fill_dict,
            set: self._fill_set,
            deque: self._fill_deque,
            defaultdict: self._fill_defaultdict,
        }

    def write(self, value: Any) -> Document:
        """The document of a value.

        Raises:
            SnapshotError: When a part of it cannot be saved.
        """
        root = self._number(value)
        fillers = self._fillers
        for place, found in enumerate(self._unfilled):  # grows while it is read
            self._nodes[self._unfilled_numbers[place]] = fillers[type(found)](found)
        return Document(
            [*self._shapes],
            numbers(self._nodes),
            self._content,
            self._fixed.streams(),
            self._open.streams(),
            root,
        )

    def _number(self, value: Any) -> int:
        """The number of the node of a value, which is made when it is new."""
        known = self._known.get(id(value))
        if known is not None:
            return known
        if self._without is not None and self._without(value):
            return self._scalar(None)
        kind = type(value)
        if kind in self._fillers:
            made = self._opened(value)
        elif kind in self._makers:
            made = self._makers[kind](value)
            self._kept.append(value)
        else:
            self._learn(kind)
            return self._number(value)
        self._known[id(value)] = made
        return made

    def _opened(self, value: Any) -> int:
        """The number of a node that is filled later."""
        made = len(self._nodes)
        self._nodes.append(0)
        self._unfilled.append(value)
        self._unfilled_numbers.append(made)
        return made

    def _numbers(self, values: Iterable[Any]) -> list[int]:
        known, number = self._known.get, self._number
        found = [known(id(value)) for value in values]
        if None in found:
            found = [number(value) for value in values]
        return found  # type: ignore[return-value]  # none is missing now

    def _learn(self, kind: type) -> None:
        """Finds out how values of a type become nodes."""
        adapter = adapters.adapter_of(kind)
        if adapter is not None:
            self._makers[kind] = lambda value: self._adapted(adapter, value)
        elif kind in _SCALARS:
            self._makers[kind] = self._scalar
        elif issubclass(kind, type):
            self._makers[kind] = self._class
        elif kind in {FunctionType, BuiltinFunctionType, MethodDescriptorType}:
            self._makers[kind] = self._function
        elif issubclass(kind, Enum):
            name = class_name(kind)
            self._makers[kind] = lambda value: self._leaf(Shape("enum", f"{name}.{value.name}"))
        elif issubclass(kind, tuple):
            self._makers[kind] = self._named_tuple(kind)
        else:
            found = saved_class(kind)  # type: ignore[arg-type]  # a class can be hashed
            if found.content is not None or found.hooks or found.slots:
                self._fillers[kind] = lambda value: self._fill_object(value, found)
            elif found.name.startswith(_DISTRIBUTIONS):
                self._fillers[kind] = lambda value: self._fill_distribution(value, found)
            else:
                self._fillers[kind] = lambda value: self._fill_plain(value, found)

    # Leaves

    def _leaf(self, shape: Shape) -> int:
        self._nodes.append(self._shape(shape))
        return len(self._nodes) - 1

    def _text(self, value: str) -> int:
        made = self._texts.get(value)
        if made is None:
            self._content.append(value.encode("utf-8", "surrogatepass"))
            made = self._texts[value] = self._leaf(_TEXT)
        return made

    def _bytes(self, value: bytes) -> int:
        self._content.append(value)
        return self._leaf(_BYTES)

    def _class(self, value: type) -> int:
        name = class_name(value)
        check_held(name)
        return self._leaf(Shape("class", name))

    def _function(self, value: Callable[..., Any]) -> int:
        owner = getattr(value, "__self__", None)
        if owner is None or isinstance(owner, ModuleType):
            return self._leaf(Shape("function", function_name(value)))
        return self._adapted(adapters.METHOD, value)

    # Fixed nodes: what they hold comes first.

    def _scalar(self, value: Any) -> int:
        if type(value) is int and int not in self._scalar_types:
            return self._adapted(adapters.INT, value)
        self._fixed.scalars.append(value)
        return self._leaf(_SCALAR)

    def _tuple(self, value: tuple[Any, ...], kind: Kind = "tuple", name: str = "") -> int:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise SnapshotError(f"holds tuples within tuples of more than {MOST_NESTED} levels")
        try:
            if 0 < len(value) <= _SHORT:
                return self._short(value, kind, name)
            return self._sequence_node(kind, name, value)
        finally:
            self._depth -= 1

    def _short(self, value: tuple[Any, ...], kind: Kind, name: str) -> int:
        key = (kind, name, tuple(map(type, value)))
        layout = self._layouts.get(key) or self._new_layout(key, kind, name, (), value)
        self._nodes.append(self._hold(self._fixed, layout, value))
        return len(self._nodes) - 1

    def _sequence_node(self, kind: Kind, name: str, value: Iterable[Any]) -> int:
        if kind == "frozenset":
            check_keys(value, "a frozenset")
        layout = self._sequence(value, self._fixed)
        return self._leaf(Shape(kind, name, layout=layout))

    def _adapted(self, adapter: adapters.Adapter, value: Any) -> int:
        return self._tuple(adapter.parts(value), "adapted", adapter.name)

    def _named_tuple(self, kind: type[tuple[Any, ...]]) -> Callable[[Any], int]:
        name = class_name(kind)
        check_standard(kind, object, name)

        def make(value: tuple[Any, ...]) -> int:
            if getattr(value, "__dict__", None):
                raise SnapshotError(f"{name} is a tuple with attributes besides, which is not supported")
            return self._tuple(tuple(value), "tuple", name)

        return make

    # Open nodes: each writes what it holds and returns its shape.

    def _fill_list(self, value: list[Any]) -> int:
        return self._shape(Shape("list", layout=self._sequence(value, self._open)))

    def _fill_set(self, value: set[Any]) -> int:
        check_keys(value, "a set")
        return self._shape(Shape("set", layout=self._sequence(value, self._open)))

    def _fill_deque(self, value: deque[Any]) -> int:
        layout = self._sequence(value, self._open)
        return self._shape(Shape("deque", layout=layout, limit=value.maxlen))

    def _fill_dict(self, value: dict[Any, Any]) -> int:
        if 0 < len(value) <= _SHORT:
            values = tuple(value.values())
            key = (dict, *value, *map(type, values))
            layout = self._layouts.get(key)
            if layout is None and self._records < _MOST_RECORDS and _are_texts(value):
                self._records += 1
                layout = self._new_layout(key, "record", "", tuple(value), values)
            if layout is not None:
                return self._hold(self._open, layout, values)
        return self._shape(Shape("dict", layout=self._items(value)))

    def _fill_defaultdict(self, value: defaultdict[Any, Any]) -> int:
        factory = self._number(value.default_factory)
        self._open.references.append(factory)
        return self._shape(Shape("defaultdict", layout=self._items(value)))

    def _fill_plain(self, value: Any, found: SavedClass) -> int:
        names, values = names_and_values(value)
        key = (found, names, *map(type, values))
        layout = self._layouts.get(key) or self._new_object(key, found, names, values)
        return self._hold(self._open, layout, values)

    def _fill_distribution(self, value: Any, found: SavedClass) -> int:
        """Distributions without a seed share one new generator, as long as nothing was drawn from theirs.

        The state of each would be two and a half kilobytes of chance, of which no one has seen a number.
        """
        generator = getattr(value, "_rng", None)
        if (
            type(generator) is Random
            and getattr(value, "seed", None) is None
            and id(generator) not in self._known
            and adapters.is_undrawn(generator)
        ):
            if self._undrawn is None:
                self._undrawn = self._adapted(adapters.UNDRAWN, generator)
            self._known[id(generator)] = self._undrawn
            self._kept.append(generator)
        return self._fill_plain(value, found)

    def _fill_object(self, value: Any, found: SavedClass) -> int:
        content = () if found.content is None else (found.content(value),)
        if found.hooks:
            # In a tuple of one, so that it is a reference, whatever it is.
            names: tuple[str, ...] = ()
            values: tuple[Any, ...] = (*content, (_state_of(value),))
        else:
            held = attributes_of(value, found.slots)
            names, values = tuple(held), (*content, *held.values())
        limit = value.maxlen if isinstance(value, deque) else None
        key = (found, limit, *names, *map(type, values))
        layout = self._layouts.get(key) or self._new_object(key, found, names, values, limit)
        return self._hold(self._open, layout, values)

    # Shapes, and what nodes of them hold

    def _hold(self, out: _Out, layout: _Layout, values: tuple[Any, ...]) -> int:
        """Writes the values of a node; returns its shape."""
        if layout.references is not None:
            # The list is the same one when the numbers are known: making one may write to this stream before.
            out.references += self._numbers(layout.references(values))
        if layout.scalars is not None:
            out.scalars += layout.scalars(values)
        return layout.number

    def _shape(self, shape: Shape) -> int:
        return self._shapes.setdefault(shape, len(self._shapes))

    def _new_object(
        self,
        key: Any,
        found: SavedClass,
        names: tuple[str, ...],
        values: tuple[Any, ...],
        limit: int | None = None,
    ) -> _Layout:
        if hidden := next(filter(is_hidden, names), None):
            raise SnapshotError(f"{found.name} has an attribute {hidden!r}, which is a name of Python's own")
        content = found.content is not None
        return self._new_layout(
            key, "object", found.name, names, values, state=found.hooks, content=content, limit=limit
        )

    def _new_layout(
        self,
        key: Any,
        kind: Kind,
        name: str,
        fields: tuple[str, ...],
        values: tuple[Any, ...],
        **more: Any,
    ) -> _Layout:
        layout = "".join("s" if type(value) in self._scalar_types else "r" for value in values)
        made = self._layouts[key] = _Layout(
            self._shape(Shape(kind, name, fields, layout, **more)), _picked(layout, "r"), _picked(layout, "s")
        )
        return made

    def _items(self, value: dict[Any, Any]) -> str:
        check_keys(value, "a dictionary")
        return self._sequence(value, self._open) + self._sequence(value.values(), self._open)

    def _sequence(self, values: Any, out: _Out) -> str:
        """Writes the elements of a sequence of any length; returns its layout."""
        if self._scalar_types.issuperset(map(type, values)):
            out.scalars += values
            layout = SCALARS
        else:
            out.references += self._numbers(values)
            layout = REFERENCES
        out.lengths.append(len(values))
        return layout


_TEXT, _BYTES, _SCALAR = Shape("text"), Shape("bytes"), Shape("scalar", layout="s")


def _are_texts(keys: Iterable[Any]) -> bool:
    """Whether all are texts, and UTF-8 has them: half a surrogate pair goes the way of other keys."""
    if not _TEXTS.issuperset(map(type, keys)):
        return False
    try:
        "".join(keys).encode()
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(4096)
def _picked(layout: str, wanted: str) -> Callable[[tuple[Any, ...]], tuple[Any, ...]] | None:
    """A function that picks the references, or the scalars, out of values; `None` when there are none."""
    places = [place for place, found in enumerate(layout) if found == wanted]
    if not places:
        return None
    if len(places) == len(layout):
        return tuple
    if len(places) == 1:
        one = places[0]
        return lambda values: (values[one],)
    return itemgetter(*places)


def _state_of(value: Any) -> Any:
    """What an object gives as its state: its attributes, unless its class says otherwise."""
    kind: Any = type(value)
    if kind.__getstate__ is NO_HOOK and not slots_of(kind):
        return attributes(value) or None
    return value.__getstate__()
