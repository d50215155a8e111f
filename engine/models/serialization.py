"""Safe serialization of River models, metrics and detectors: a header, then a pickle of allowed classes only.

The header is one line of JSON with the format, the kind of content, the versions of River, NumPy, Python
and Riverkeeper, and the SHA-256 of the pickle. Loading checks all of them before it unpickles, and
unpickling resolves only names on an allow-list: classes of River, standard containers and the modules that
the user names. NumPy's arrays go through `engine.models.numpy_reducers`, River's search trees through
`engine.models.tree_reducers`. The hash detects damage, not malice: whoever can write the file can write the
hash, which is why there is the allow-list too.
"""

import hashlib
import importlib
import inspect
import io
import pickle
import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from random import Random
from typing import Any

import orjson

from engine.errors import SnapshotError
from engine.models import numpy_reducers, tree_reducers

SCHEMA = 6
"""Raised by one whenever older bytes can no longer be read."""

_MAGIC = b"riverkeeper\n"


def _own_version() -> str:
    """Ours; a host that sends code to its workers has it on a path, not installed."""
    try:
        return version("riverkeeper")
    except PackageNotFoundError:
        return "unknown"


VERSIONS = {
    "river": version("river"),
    "numpy": version("numpy"),
    "python": ".".join(platform.python_version_tuple()[:2]),
    "riverkeeper": _own_version(),
}
"""The versions that a header states."""

_EXACT = ("river", "python")
"""Versions that must be equal: River does not promise that its pickles load in another version."""

_ALLOWED_NAMES = {
    "builtins": {
        *("bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "iter", "list"),
        *("object", "range", "set", "slice", "str", "tuple"),
    },
    "collections": {"OrderedDict", "defaultdict", "deque", "Counter", "ChainMap"},
    "copyreg": {"_reconstructor"},
    "copy": {"deepcopy"},
    "_codecs": {"encode"},
    "datetime": {"datetime", "date", "timedelta", "timezone"},
    "functools": {"partial"},
    "random": {"Random"},
    "statistics": {"NormalDist"},
    "engine.models.auto": {"TextEncoder"},
    "engine.models.numpy_reducers": numpy_reducers.NAMES,
    "engine.models.tree_reducers": tree_reducers.NAMES,
    "numbers": {"Number", "Complex", "Real", "Rational", "Integral"},
    "operator": {"itemgetter"},
    "numpy.random._pickle": {"__randomstate_ctor", "__generator_ctor", "__bit_generator_ctor"},
    "numpy.random._mt19937": {"MT19937"},
    "numpy.random._pcg64": {"PCG64"},
    "numpy.random.bit_generator": {"SeedSequence", "__pyx_unpickle_SeedSequence"},
    "sortedcontainers.sortedlist": {"SortedList"},
    "sortedcontainers.sorteddict": {"SortedDict"},
}
DISPATCH = tree_reducers.Dispatch(numpy_reducers.DISPATCH)
"""Reducers by class, for what pickle alone writes unsafely or too deep."""

_REFUSED = (
    "river.bandit.datasets",
    "river.bandit.envs",
    "river.checks",
    "river.compat",
    "river.datasets",
    "river.drift.datasets",
    "river.evaluate",
    "river.stream",
)
"""River's data sets open files and sockets, wherever they live."""


def dump(content: object, kind: str) -> bytes:
    """Saves a model, or a container of models, metrics or detectors.

    Args:
        content: The content.
        kind: A name for it, which `load` must be given too.

    Raises:
        SnapshotError: If a part of it cannot be pickled (a lambda or an open file in a model).
    """
    try:
        out = io.BytesIO()
        pickler = pickle.Pickler(out, protocol=5)
        pickler.dispatch_table = DISPATCH
        pickler.dump(content)
    except RecursionError as error:
        raise SnapshotError(
            f"{kind}: cannot be saved: its objects hang together in too long a chain (a linked list or a "
            f"tree of more than some hundred levels). Keep them in a list or a dict."
        ) from error
    except Exception as error:
        # A model's own code may run here, and it may raise anything.
        raise SnapshotError(
            f"{kind}: cannot be saved: {error}. A model must be picklable: no lambdas, no open files."
        ) from error
    body = out.getvalue()
    header = {
        "schema": SCHEMA,
        "kind": kind,
        "versions": VERSIONS,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return _MAGIC + orjson.dumps(header) + b"\n" + body


def load(saved: bytes, kind: str, allow: Iterable[str] = ()) -> Any:
    """Restores the content that `dump` saved.

    Args:
        saved: The bytes.
        kind: The kind that they must hold.
        allow: Further modules whose classes may appear (the user's own models).

    Raises:
        SnapshotError: If the bytes are damaged, of another kind or version, or hold a class that is not
            allowed.

    >>> load(dump({"learned": 3}, "state"), "state")
    {'learned': 3}
    """
    header, body = _open(saved, kind)
    if hashlib.sha256(body).hexdigest() != header.get("sha256"):
        raise SnapshotError(f"{kind}: damaged: its content does not have the SHA-256 that its header states")
    unpickler = _Unpickler(io.BytesIO(body), tuple(allow))
    try:
        content = unpickler.load()
    except SnapshotError as error:
        raise SnapshotError(f"{kind}: {error}") from error
    except Exception as error:
        raise SnapshotError(f"{kind}: cannot be restored: {error}") from error
    finally:
        altered = unpickler.mend()
    if altered:
        raise SnapshotError(f"{kind}: alters {altered}, which only the code itself may")
    return content


def digest(saved: bytes) -> str:
    """The SHA-256 of a saved content, in hexadecimal."""
    return hashlib.sha256(saved).hexdigest()


def _open(saved: bytes, kind: str) -> tuple[dict[str, Any], bytes]:
    if not saved.startswith(_MAGIC):
        raise SnapshotError(f"{kind}: expected bytes saved by Riverkeeper, got {saved[:12]!r}...")
    line, separator, body = saved[len(_MAGIC) :].partition(b"\n")
    try:
        header = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise SnapshotError(f"{kind}: damaged header: {error}") from error
    if not separator or not isinstance(header, dict):
        raise SnapshotError(f"{kind}: damaged: cut off in its header")
    if header.get("schema") != SCHEMA:
        raise SnapshotError(f"{kind}: expected schema {SCHEMA}, got {header.get('schema')!r}")
    if header.get("kind") != kind:
        raise SnapshotError(f"expected a saved {kind}, got a saved {header.get('kind')}")
    saved_by = header.get("versions")
    if not isinstance(saved_by, dict):
        raise SnapshotError(f"{kind}: damaged: its header states no versions")
    for name in _EXACT:
        if saved_by.get(name) != VERSIONS[name]:
            raise SnapshotError(
                f"{kind}: saved with {name} {saved_by.get(name)}, this is {name} {VERSIONS[name]}. "
                f"Install that version, or replay the stream to build the model anew."
            )
    return header, body


class _Unpickler(pickle.Unpickler):
    """Resolves allow-listed names only, and in packages only classes that are defined there."""

    def __init__(self, file: io.BytesIO, allow: tuple[str, ...]) -> None:
        super().__init__(file)
        self._allow = allow
        self._found: list[tuple[Any, dict[str, Any]]] = []

    def find_class(self, module: str, name: str) -> Any:
        found = self._resolve(module, name)
        if found is None:
            raise SnapshotError(
                f"holds {module}.{name}, which is not allowed. If it is your own class, name its module in "
                f"'allow' of the model."
            )
        self._found.append((found, _attributes(found)))
        return found

    def _resolve(self, module: str, name: str) -> Any:
        if name in _ALLOWED_NAMES.get(module, ()):
            return getattr(importlib.import_module(module), name)
        if (module, name) == ("builtins", "getattr"):
            return _method
        listed = _within(module, ("river",)) and not _within(module, _REFUSED)
        return _at_home(module, name) if listed or _within(module, self._allow) else None

    def mend(self) -> str:
        """Undoes changes of the pickle to classes and functions; names the first, or "" if there are none.

        A pickle can set attributes of anything that it names, and so change a class for the whole process.
        """
        altered = ""
        for found, before in reversed(self._found):
            after = _attributes(found)
            for name in before.keys() | after.keys():
                if name in before and name in after and before[name] is after[name]:
                    continue
                altered = f"{found.__name__}.{name}"
                if name in before:
                    setattr(found, name, before[name])
                else:
                    delattr(found, name)
        return altered


_OF_FUNCTIONS = ("__code__", "__defaults__", "__kwdefaults__", "__doc__", "__name__", "__qualname__")


def _attributes(found: Any) -> dict[str, Any]:
    """The attributes of a class or function that a pickle could set."""
    attributes = dict(getattr(found, "__dict__", {}))
    if inspect.isfunction(found):
        attributes |= {name: getattr(found, name) for name in _OF_FUNCTIONS}
    return attributes


def _at_home(module: str, name: str) -> Any:
    """A class or function defined in this module, or in a class of it; `None` for anything else.

    A name that the module merely imports (`os` in a module of River) is not at home there, and a
    dotted name may walk through classes only.
    """
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        if part.startswith("__") and not part.startswith("__pyx_unpickle_"):
            return None
        found = getattr(found, part, None)
        if not (inspect.isclass(found) or inspect.isroutine(found)):
            return None
        home = getattr(found, "__module__", None) or module
        if home != module and not _within(home, ("river",)):
            return None
        homes = [base.__module__ for base in inspect.getmro(found)] if inspect.isclass(found) else [home]
        if any(_within(place, _REFUSED) for place in homes):
            return None
    return found


def _method(owner: Any, name: str) -> Any:
    """Stands in for `getattr`, through which methods are pickled: those of River's objects and of text."""
    kind = type(owner)
    known = kind is Random or (_within(kind.__module__, ("river",)) and not inspect.isclass(owner))
    if owner is str:
        kind, known = str, name in _OF_TEXT
    method = getattr(kind, name, None)
    if name.startswith("__") or not known or not inspect.isroutine(method):
        raise SnapshotError(f"holds {kind.__name__}.{name}, which is not a method of a River object")
    return getattr(owner, name)


_OF_TEXT = {"lower", "upper", "casefold", "strip", "title"}
"""What a text model may do with each of its words."""


def _within(module: str, packages: Iterable[str]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)
