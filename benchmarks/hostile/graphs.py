"""Spoils saved models as one who knows the format does: the graph stays readable, its parts do not belong."""

import hashlib
from random import Random
from typing import Any, get_args

import msgspec
import orjson

from benchmarks.hostile.values import TEXTS, encodable, flipped, spoil
from engine.models.graph.adapters import BY_NAME
from engine.models.graph.document import Kind, from_bytes, numbers
from engine.models.graph.names import FUNCTIONS, STANDARD_CLASSES
from engine.models.graph.river_classes import CLASSES

_RIVERS = [f"{module}:{name}" for module, names in CLASSES.items() for name in names.split()]
_STANDARD = [f"{module}:{name}" for module, names in STANDARD_CLASSES.items() for name in names]
_FUNCTIONS = [f"{module}:{name}" for module, names in FUNCTIONS.items() for name in names]
_FOREIGN = [
    *(
        "os:system",
        "builtins:eval",
        "builtins:exec",
        "builtins:getattr",
        "builtins:__import__",
        "posix:system",
    ),
    *("subprocess:Popen", "builtins:open", "operator:attrgetter", "pickle:loads", "types:FunctionType"),
    *("importlib:import_module", "ctypes:CDLL", "runpy:run_path", "pty:spawn", "code:interact", "os.path:os"),
    *("river.utils.rolling:Rolling.__getattr__", "river.base.base:Base.__class__", "numpy:load", "a:", ":"),
    *("river.datasets.base:os.system", "river.stats.mean:Mean.__init__.__globals__", "antigravity:x"),
    *("numpy.testing:run", "river.stream.iter_csv:open", "builtins:object.__subclasses__", "\x00:x"),
]
_ATTRIBUTES = [
    *("__class__", "__dict__", "__reduce__", "__reduce_ex__", "__setstate__", "__getstate__", "__deepcopy__"),
    *("__copy__", "__call__", "__getattr__", "__hash__", "__eq__", "__len__", "__iter__", "__array__"),
    *("__array_interface__", "__array_struct__", "__repr__", "__doc__", "__del__", "__index__", "__slots__"),
    *("_data", "steps", "_root", "children", "update", "predict_one", "learn_one", "clone", "obj", "func"),
    *("_set_params", "mro", "get", "_mutate", "debug_one", "many", "window_size", "__text_signature__"),
]
_LAYOUTS = ["", "r", "s", "rr", "rs", "rrrr", "r*", "s*", "r*s*", "s*s*", "s*r*", "x", "r" * 300]
_KINDS = get_args(Kind)
_WHATEVER = [*_KINDS, *_LAYOUTS, *_ATTRIBUTES, *BY_NAME, *_FUNCTIONS, *_STANDARD, *_FOREIGN, *TEXTS[:7]]


def spoilt(random: Random, saved: bytes, kind: str) -> bytes:
    """A saved content, spoilt, under a header that fits it."""
    magic, header, body = saved.split(b"\n", 2)
    if random.random() < 0.1:
        body = flipped(random, body)
    else:
        graph = _Graph(random, body)
        for _ in range(random.choice([1, 1, 1, 2, 3])):
            random.choice([graph.spoil, graph.spoil, graph.rename, graph.point, graph.graft])()
        body = graph.encoded()
    if random.random() < 0.02:
        return flipped(random, saved)
    fitting = orjson.loads(header) | {"kind": kind, "sha256": hashlib.sha256(body).hexdigest()}
    return magic + b"\n" + orjson.dumps(fitting) + b"\n" + body


class _Graph:
    """A document as lists: shapes, nodes, texts, what fixed and open nodes hold, and the root."""

    def __init__(self, random: Random, body: bytes) -> None:
        self._random = random
        self._parts = msgspec.msgpack.decode(body)
        self._shapes, nodes, _, fixed, opened, _ = self._parts
        self._parts[1] = self._nodes = from_bytes(nodes)
        for stream in (fixed, opened):
            stream[0], stream[2] = from_bytes(stream[0]), from_bytes(stream[2])
        self._fixed, self._open = fixed, opened

    def encoded(self) -> bytes:
        shapes, nodes, texts, *streams, root = self._parts
        held = [
            [_numbers(references), scalars, _numbers(lengths)] for references, scalars, lengths in streams
        ]
        return msgspec.msgpack.encode(encodable([shapes, _numbers(nodes), texts, *held, root], bytes))

    def spoil(self) -> None:
        """Changes anything; the frame of the document stays."""
        texts = [*self._random.sample(_WHATEVER, 3), self._random.choice(_RIVERS)]
        parts = [self._shapes, self._parts[2], *self._fixed, *self._open, self._nodes]
        spoil(self._random, self._random.choice(parts), texts=texts)

    def rename(self) -> None:
        """Gives a class the name of another one of River, or anything another of its sort."""
        shapes = [shape for shape in self._shapes if isinstance(shape, list) and len(shape) > 1]
        named = [shape for shape in shapes if shape[1] and isinstance(shape[1], str)]
        if named:
            shape = self._random.choice(named)
            found = shape[1]
            sorts = [_RIVERS, _RIVERS, _FUNCTIONS, _STANDARD, _FOREIGN] if ":" in found else [[*BY_NAME]]
            shape[1] = self._random.choice(self._random.choice(sorts))

    def point(self) -> None:
        """Lets references lead to other nodes, and so to themselves; or the root."""
        found = self._random.choice([self._open[0], self._open[0], self._fixed[0]])
        for _ in range(self._random.choice([1, 1, 2, 5]) if found else 0):
            found[self._random.randrange(len(found))] = self._any()
        if self._random.random() < 0.1:
            self._parts[-1] = self._any()

    def graft(self) -> None:
        """Puts a whole node in the place of another: the parts of which gadgets are made."""
        makers = [self._partial, self._method, self._object, self._nested, self._factory, self._named]
        made, found = self._random.choice(makers)(), self._open[0]
        if found and self._random.random() < 0.9:
            found[self._random.randrange(len(found))] = made
        else:
            self._parts[-1] = made

    def _add(self, shape: list[Any], references: list[int], *lengths: int, is_open: bool = False) -> int:
        """Puts a node after all others, so that what it takes comes last as well; returns its number."""
        self._shapes.append(shape)
        self._nodes.append(len(self._shapes) - 1)
        stream = self._open if is_open else self._fixed
        stream[0] += references
        stream[2] += lengths
        return len(self._nodes) - 1

    def _any(self) -> int:
        return self._random.randrange(len(self._nodes))

    def _named(self) -> int:
        names = self._random.choice([_FUNCTIONS, _FUNCTIONS, _RIVERS, _FOREIGN])
        return self._add([self._random.choice(["class", "function"]), self._random.choice(names)], [])

    def _partial(self) -> int:
        function = self._random.choice([self._named, self._named, self._method, self._any])()
        given = self._add(["tuple", "", [], "r"], [self._any()])
        empty = self._add(["tuple", "", [], "s*"], [], 0)
        return self._add(["adapted", "partial", [], "rrrr"], [function, given, empty, empty])

    def _method(self) -> int:
        owner = self._random.choice([self._object, self._any, self._any])()
        self._parts[2].append(self._random.choice(_ATTRIBUTES).encode())
        return self._add(["adapted", "method", [], "rr"], [owner, self._add(["text"], [])])

    def _object(self) -> int:
        """An object of any class, whose attributes are anything."""
        fields = self._random.sample(_ATTRIBUTES[-18:], self._random.choice([0, 1, 2]))
        name = self._random.choice([*_RIVERS, *_STANDARD])
        held = [self._any() for _ in fields]
        return self._add(["object", name, fields, "r" * len(fields)], held, is_open=True)

    def _nested(self) -> int:
        made = self._any()
        for _ in range(self._random.choice([5, 45, 60])):
            made = self._add(["tuple", "", [], "r"], [made])
        return made

    def _factory(self) -> int:
        called = self._random.choice([self._partial, self._any])()
        return self._add(["defaultdict", "", [], "s*s*"], [called], 0, 0, is_open=True)


def _numbers(values: list[Any]) -> bytes:
    return numbers(int(value) & 0xFFFFFFFF if isinstance(value, int) else 0 for value in values)
