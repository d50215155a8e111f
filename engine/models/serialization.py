"""Safe serialization of River models, metrics and detectors: a header, then a graph of objects as data.

The header is one line of JSON with the format, the kind of content, the versions of River, NumPy, Python
and Riverkeeper, and the SHA-256 of the graph. Loading checks all of them before it reads the graph, which
`engine.models.graph` describes: classes by their names on a list (and those of modules that the user names),
attributes as values, arrays as buffers. Nothing in it calls anything. Why not pickle, and why a format of
our own: docs/adr/0020-models-as-data.md. The hash detects damage, not malice: whoever can write the file can
write the hash; `engine.seal` has the key.
"""

import hashlib
import platform
from collections.abc import Callable, Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec
import orjson

from engine.errors import SnapshotError, is_fault
from engine.models.graph.document import Document
from engine.models.graph.reader import read
from engine.models.graph.writer import Writer

SCHEMA = 7
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
"""Versions that must be equal: the attributes of River's objects are not the same in every version."""

MOST_BYTES = 1 << 28
"""Bytes of a saved content; nothing is read of more. A number of two bytes becomes one of 36 in memory."""


def dump(content: object, kind: str) -> bytes:
    """Saves a model, or a container of models, metrics or detectors.

    Args:
        content: The content.
        kind: A name for it, which `load` must be given too.

    Raises:
        SnapshotError: If a part of it cannot be saved (a lambda or an open file in a model).
    """
    try:
        body = _encoded(content)
    except SnapshotError as error:
        raise SnapshotError(f"{kind}: cannot be saved: {error}") from error
    except Exception as error:
        # A model's own code may run here, and it may raise anything.
        raise SnapshotError(
            f"{kind}: cannot be saved: {type(error).__name__}: {error}. A model is saved as data: no open "
            f"files, no locks, and nothing that is made by code in another language"
        ) from error
    if len(body) > MOST_BYTES:
        raise SnapshotError(f"{kind}: cannot be saved: expected at most {MOST_BYTES} bytes, got {len(body)}")
    header = {
        "schema": SCHEMA,
        "kind": kind,
        "versions": VERSIONS,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return _MAGIC + orjson.dumps(header) + b"\n" + body


def load(saved: bytes, kind: str, allow: Iterable[str] = (), *, verb: str = "") -> Any:
    """Restores the content that `dump` saved.

    Args:
        saved: The bytes.
        kind: The kind that they must hold.
        allow: Further modules whose classes may appear (the user's own models).
        verb: A method that it must have, such as `learn_one`.

    Raises:
        SnapshotError: If the bytes are damaged, of another kind or version, or hold a class that is not
            allowed.

    >>> load(dump({"learned": 3}, "state"), "state")
    {'learned': 3}
    """
    header, body = _open(saved, kind)
    if hashlib.sha256(body).hexdigest() != header.get("sha256"):
        raise SnapshotError(f"{kind}: damaged: its content does not have the SHA-256 that its header states")
    try:
        content = read(_DECODER.decode(body), allow)
    except SnapshotError as error:
        raise SnapshotError(f"{kind}: {error}") from error
    except BaseException as error:
        # Whatever a forged graph makes Python, NumPy, Rust or the user's own class raise.
        if not is_fault(error):
            raise
        raise SnapshotError(f"{kind}: cannot be restored: {type(error).__name__}: {error}") from error
    if verb and not callable(getattr(type(content), verb, None)):
        raise SnapshotError(f"{kind}: expected something that can {verb}, got {type(content).__name__}")
    return content


_DECODER = msgspec.msgpack.Decoder(Document)


def _encoded(content: object, without: Callable[[Any], bool] | None = None) -> bytes:
    try:
        return msgspec.msgpack.encode(Writer(without=without).write(content))
    except OverflowError:
        return msgspec.msgpack.encode(Writer(big=True, without=without).write(content))


def size_of(content: object, without: Callable[[Any], bool]) -> int:
    """Bytes of a content as it is saved, without its header and the objects that `without` names.

    Raises:
        SnapshotError: If a part of it cannot be saved.
    """
    return len(_encoded(content, without))


def digest(saved: bytes) -> str:
    """The SHA-256 of a saved content, in hexadecimal."""
    return hashlib.sha256(saved).hexdigest()


def _open(saved: bytes, kind: str) -> tuple[dict[str, Any], bytes]:
    if len(saved) > MOST_BYTES + 10_000:
        raise SnapshotError(f"{kind}: expected at most {MOST_BYTES} bytes, got {len(saved)}")
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
