"""A document as a graph of objects: makes what is listed, and calls nothing that the document names.

Objects are made without their constructors and get their attributes as they were. The only code that runs is
that of the adapters, the import of a module that is allowed, and the `__setstate__` of a class that is.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache
from operator import itemgetter
from typing import Any

from engine.models.graph.adapters import BY_NAME
from engine.models.graph.attributes import attributes, set_attributes
from engine.models.graph.classes import NO_HOOK, base_of, slots_of
from engine.models.graph.document import (
    MOST_NESTED,
    OPEN,
    REFERENCES,
    SCALARS,
    Document,
    Shape,
    Streams,
    from_bytes,
)
from engine.models.graph.names import is_hidden, resolved_class, resolved_function
from engine.models.graph.rust import ROOMY, check_held, check_room
from engine.models.graph.trees import check_trees, is_node

_SIZES: dict[str, int] = {"deque": 760, "set": 230, "frozenset": 230, "adapted": 200, "object": 160}
"""Bytes of memory that an empty node takes, by kind; 100 where nothing is stated."""

_LARGEST = {
    "random": 5_000,
    "undrawn random": 5_000,
    "numpy MT19937": 6_000,
    "numpy random state": 6_000,
    "numpy generator": 6_000,
}
"""Those of adapted values that are larger."""

_MOST_MEMORY = 4 << 30


def read(document: Document, allow: Iterable[str]) -> Any:
    """The value that a document holds.

    Args:
        document: The document.
        allow: Modules whose classes may appear besides those on the list.

    Raises:
        SnapshotError: When it holds what is not allowed.
        Exception: Of any kind, when it is not one that `Writer` could have written.
    """
    return _Reader(document, tuple(allow)).read(document.root)


def _check_memory(nodes: list[int], shapes: list[Shape]) -> None:
    """Refuses what would take too much memory, before anything is made of it."""
    memory = sum(
        count * _LARGEST.get(shapes[number].name, _SIZES.get(shapes[number].kind, 100))
        for number, count in Counter(nodes).items()
    )
    if memory > _MOST_MEMORY:
        raise ValueError(f"{memory >> 20} MiB of objects, more than {_MOST_MEMORY >> 20}")


class _In:
    """Streams that are being read; each field is taken once, in order."""

    def __init__(self, streams: Streams) -> None:
        self.references = from_bytes(streams.references)
        self.scalars = streams.scalars
        self.lengths = iter(from_bytes(streams.lengths))
        self.reference = self.scalar = 0

    def take_references(self, count: int) -> list[Any]:
        start = self.reference
        self.reference = end = start + count
        if end > len(self.references):
            raise ValueError("more references are taken than there are")
        return self.references[start:end]

    def take_scalars(self, count: int) -> list[Any]:
        start = self.scalar
        self.scalar = end = start + count
        if end > len(self.scalars):
            raise ValueError("more scalars are taken than there are")
        return self.scalars[start:end]

    def end(self) -> None:
        """Nothing may be left."""
        if (
            self.reference < len(self.references)
            or self.scalar < len(self.scalars)
            or any(True for _ in self.lengths)
        ):
            raise ValueError("more is there than is taken")


class _Reader:
    def __init__(self, document: Document, allow: tuple[str, ...]) -> None:
        self._allow = allow
        self._shapes = document.shapes
        self._nodes = from_bytes(document.nodes)
        self._texts = iter(document.texts)
        self._fixed, self._open = _In(document.fixed), _In(document.open)
        self._made: list[Any] = []
        self._depths: dict[int, int] = {}
        self._late: list[Callable[[], None]] = []
        self._makers: dict[str, Callable[[Shape], Callable[[], Any]]] = {
            "text": lambda _: lambda: next(self._texts).decode("utf-8", "surrogatepass"),
            "bytes": lambda _: lambda: next(self._texts),
            "class": lambda shape: _constant(self._held_class(shape.name)),
            "function": lambda shape: _constant(resolved_function(shape.name, self._allow)),
            "enum": lambda shape: _constant(self._member(shape.name)),
            "scalar": lambda _: lambda: self._fixed.take_scalars(1)[0],
            "tuple": self._tuple_maker,
            "frozenset": self._frozenset_maker,
            "adapted": self._adapted_maker,
            "object": self._object_maker,
            "list": lambda _: list,
            "dict": lambda _: dict,
            "record": lambda _: dict,
            "set": lambda _: set,
            "deque": self._deque_maker,
            "defaultdict": lambda _: defaultdict,
        }
        self._fillers: dict[str, Callable[[Shape], Callable[[Any], None]]] = {
            "object": self._object_filler,
            "list": lambda shape: lambda made: made.extend(self._sequence(shape.layout)),
            "deque": lambda shape: lambda made: made.extend(self._sequence(shape.layout)),
            "set": lambda shape: lambda made: made.update(self._sequence(shape.layout)),
            "dict": lambda shape: lambda made: self._fill_items(made, shape),
            "record": self._record_filler,
            "defaultdict": lambda shape: lambda made: self._fill_defaultdict(made, shape),
        }

    def read(self, root: int) -> Any:
        _check_memory(self._nodes, self._shapes)
        makers = [self._makers[shape.kind](shape) for shape in self._shapes]
        for number in self._nodes:
            self._made.append(makers[number]())
        self._open.references = [self._made[number] for number in self._open.references]
        fillers = [self._fillers[shape.kind](shape) if shape.kind in OPEN else None for shape in self._shapes]
        for made, number in zip(self._made, self._nodes, strict=True):
            fill = fillers[number]
            if fill is not None:
                fill(made)
        self._fixed.end()
        self._open.end()
        # Objects within others come after them, and must be whole before the others are given their state.
        for finish in reversed(self._late):
            finish()
        trees = {number for number, shape in enumerate(self._shapes) if is_node(shape)}
        if trees:
            check_trees(
                [made for made, number in zip(self._made, self._nodes, strict=True) if number in trees]
            )
        return self._made[root]

    # Making: leaves, fixed nodes, and open nodes that are still empty

    def _deque_maker(self, shape: Shape) -> Callable[[], Any]:
        limit = _limit(shape)
        return lambda: deque(maxlen=limit)

    def _held_class(self, name: str) -> type:
        check_held(name)
        return resolved_class(name, self._allow)

    def _member(self, name: str) -> Any:
        path, _, member = name.rpartition(".")
        kind = resolved_class(path, self._allow)
        if not issubclass(kind, Enum):
            raise TypeError(f"{path} is no enumeration")
        return kind[member]

    def _tuple_maker(self, shape: Shape) -> Callable[[], Any]:
        row = self._row(shape)
        if not shape.name:
            return lambda: tuple(row())
        kind = resolved_class(shape.name, self._allow)
        if not issubclass(kind, tuple):
            raise TypeError(f"{shape.name} is no named tuple")
        return lambda: tuple.__new__(kind, row())

    def _frozenset_maker(self, shape: Shape) -> Callable[[], Any]:
        row = self._row(shape)
        return lambda: frozenset(row())

    def _adapted_maker(self, shape: Shape) -> Callable[[], Any]:
        make, row = BY_NAME[shape.name].make, self._row(shape)
        return lambda: make(*row())

    def _object_maker(self, shape: Shape) -> Callable[[], Any]:
        kind = resolved_class(shape.name, self._allow)
        base = base_of(kind)
        if base is deque:
            return lambda: _empty_deque(kind, _limit(shape))
        if shape.name in ROOMY:
            return lambda: self._roomy(base.__new__(kind), shape.name)
        return lambda: base.__new__(kind)

    def _roomy(self, made: Any, name: str) -> Any:
        self._late.append(lambda: check_room(name, made))
        return made

    def _row(self, shape: Shape) -> Callable[[], Iterable[Any]]:
        """A function that takes what a fixed node holds: nodes before it, and scalars."""
        taken, lengths = self._fixed, self._fixed.lengths
        if shape.layout == SCALARS:
            return lambda: taken.take_scalars(next(lengths))
        if shape.layout == REFERENCES:
            return lambda: self._earlier(taken.take_references(next(lengths)))
        merged = _merged(shape.layout)
        references, scalars = shape.layout.count("r"), shape.layout.count("s")
        if not references:
            return lambda: taken.take_scalars(scalars)
        return lambda: merged(self._earlier(taken.take_references(references)), taken.take_scalars(scalars))

    def _earlier(self, numbers: list[int]) -> list[Any]:
        """Nodes before the one that is made, which may be nested so deep and no deeper."""
        depth = max([self._depths.get(number, 0) for number in numbers], default=0) + 1
        if depth > MOST_NESTED:
            raise ValueError(f"tuples within tuples of more than {MOST_NESTED} levels")
        self._depths[len(self._made)] = depth
        return [self._made[number] for number in numbers]

    # Filling: each takes its part of the streams

    def _sequence(self, layout: str) -> list[Any]:
        count = next(self._open.lengths)
        if layout == SCALARS:
            return self._open.take_scalars(count)
        if layout == REFERENCES:
            return self._open.take_references(count)
        raise ValueError(f"a layout {layout!r} of a sequence")

    def _fill_items(self, made: dict[Any, Any], shape: Shape) -> None:
        keys = self._sequence(shape.layout[:2])
        made.update(zip(keys, self._sequence(shape.layout[2:]), strict=True))

    def _fill_defaultdict(self, made: defaultdict[Any, Any], shape: Shape) -> None:
        (factory,) = self._open.take_references(1)
        if not (factory is None or callable(factory)):
            raise TypeError("a defaultdict whose default cannot be called")
        made.default_factory = factory
        self._fill_items(made, shape)

    def _record_filler(self, shape: Shape) -> Callable[[Any], None]:
        row, fields = self._values(shape, len(shape.fields)), shape.fields
        return lambda made: made.update(zip(fields, row(), strict=True))

    def _values(self, shape: Shape, count: int) -> Callable[[], Iterable[Any]]:
        """A function that takes what an open node holds: so many references and scalars."""
        references, scalars = shape.layout.count("r"), shape.layout.count("s")
        if references + scalars != count:
            raise ValueError(f"a layout {shape.layout!r} of {count} values")
        merged, taken = _merged(shape.layout), self._open
        if not references:
            return lambda: taken.take_scalars(scalars)
        if not scalars:
            return lambda: taken.take_references(references)
        return lambda: merged(taken.take_references(references), taken.take_scalars(scalars))

    def _object_filler(self, shape: Shape) -> Callable[[Any], None]:
        kind = resolved_class(shape.name, self._allow)
        if any(map(is_hidden, shape.fields)):
            raise ValueError(f"an attribute of a name of Python's own: {shape.fields}")
        fields, late = shape.fields, self._late
        row = self._values(shape, shape.content + (1 if shape.state else len(fields)))
        if not (shape.content or shape.state or slots_of(kind)):
            give = set_attributes(kind, fields)
            return lambda made: give(made, row())

        def fill(made: Any) -> None:
            rest = iter(row())
            if shape.content:
                content = next(rest)
                late.append(lambda: _pour(made, content))
            if shape.state:
                (state,) = next(rest)
                # Read from the end: a container has its elements before its state, as from a pickle.
                late.insert(len(late) - shape.content, lambda: _set_state(made, state))
                return
            for name, value in zip(fields, rest, strict=True):
                object.__setattr__(made, name, value)

        return fill


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _limit(shape: Shape) -> int | None:
    if shape.limit is not None and shape.limit < 0:
        raise ValueError(f"a deque of at most {shape.limit}")
    return shape.limit


def _empty_deque(kind: Any, limit: int | None) -> Any:
    made = deque.__new__(kind)
    deque.__init__(made, (), limit)
    return made


def _ask(hook: Callable[[Any, Any], None], made: Any, state: Any) -> None:
    """Has a class give an object its state."""
    kind: Any = type(made)
    if not (kind.__module__.startswith("river.") and kind.__getstate__ is NO_HOOK):
        hook(made, state)
        return
    # River's scalers write into the dictionary of the object, which would be slower from then on.
    asked = kind.__new__(kind)
    hook(asked, state)
    held = attributes(asked)
    set_attributes(kind, held)(made, held.values())


def _set_state(made: Any, state: Any) -> None:
    """Gives an object what its class's `__getstate__` returned; as in `pickle`, `None` is nothing to give."""
    hook = getattr(type(made), "__setstate__", None)
    if state is None:
        return
    if hook is not None:
        _ask(hook, made, state)
        return
    held, slots = state if isinstance(state, tuple) else (state, None)
    for name, value in {**(held or {}), **(slots or {})}.items():
        if is_hidden(name):
            raise ValueError(f"an attribute of a name of Python's own: {name}")
        object.__setattr__(made, name, value)


def _pour(made: Any, content: Any) -> None:
    """Gives a container of a class of its own its elements."""
    if isinstance(made, dict):
        for key, value in dict.items(content):
            made[key] = value
    elif isinstance(made, set):
        made.update(set(content))
    elif isinstance(made, list | deque):
        made.extend(list(content))
    else:
        raise TypeError(f"{type(made).__name__} is no container")


@lru_cache(4096)
def _merged(layout: str) -> Callable[[list[Any], list[Any]], Iterable[Any]]:
    """A function that puts references and scalars in the order of a layout."""
    if not set(layout) <= {"r", "s"}:
        raise ValueError(f"a layout {layout!r}")
    count = layout.count("r")
    if count == len(layout):
        return lambda references, _: references
    if count == 0:
        return lambda _, scalars: scalars
    places, reference, scalar = [], 0, count
    for field in layout:
        places.append(reference if field == "r" else scalar)
        reference += field == "r"
        scalar += field == "s"
    order = itemgetter(*places)
    return lambda references, scalars: order(references + scalars)
