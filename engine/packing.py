"""What is written to disk is values: named fields, a kind and a format number, and no class of ours by path.

A state is a `msgspec.Struct` as MessagePack, after one line of JSON that says what is inside and has its
SHA-256. Classes can be renamed and moved freely; a field that is renamed, added or removed makes another
format. River's objects are bytes within it, written by `engine.models.serialization`.

The hash finds damage, not malice: who can write the bytes can write the hash.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
import numpy as np
import orjson
from msgspec import Struct

from engine.errors import SnapshotError
from engine.records.escape import escape, unescape

FORMAT = 3
"""Raised by one whenever older bytes can no longer be read."""

_MAGIC = b"riverkeeper state\n"

S = TypeVar("S")


def pack(state: Struct, kind: str) -> bytes:
    """A state as bytes; `kind` names what it is, and `unpack` asks for the same.

    Raises:
        SnapshotError: When it holds something that is no value.
    """
    escaped = False
    try:
        try:
            body = _ENCODER.encode(state)
        except (UnicodeEncodeError, OverflowError):
            # Text that is no UTF-8, or a number beyond 64 bits, from a program that embeds the engine.
            plain = msgspec.to_builtins(state, builtin_types=(bytes,), enc_hook=_plain)
            body, escaped = _ENCODER.encode(_mapped(plain, escape)), True
    except (TypeError, ValueError, OverflowError) as error:
        raise SnapshotError(f"{kind}: cannot be saved: {error}") from error
    header = {"format": FORMAT, "kind": kind, "escaped": escaped, "sha256": _digest(body, escaped)}
    return _MAGIC + orjson.dumps(header) + b"\n" + body


def unpack(saved: bytes, kind: str, into: type[S]) -> S:
    """The state that `pack` wrote.

    Raises:
        SnapshotError: When the bytes are damaged, of another kind or format, or not such a state.
    """
    header, body = _opened(saved, kind)
    try:
        if header["escaped"]:
            return msgspec.convert(_mapped(msgspec.msgpack.decode(body), unescape), type=into)
        return msgspec.msgpack.decode(body, type=into)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise SnapshotError(
            f"{kind}: not a state of this format ({error}); was it written by another version? Restore it "
            f"with that version, or start a new run"
        ) from error


def _digest(body: bytes, escaped: bool) -> str:
    return hashlib.sha256(body + b"escaped" * escaped).hexdigest()


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value with all text and whole numbers in it changed, keys too."""
    if isinstance(value, dict):
        return {_mapped(name, change): _mapped(item, change) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_mapped(item, change) for item in value)
    return change(value) if isinstance(value, str | int) else value


def _opened(saved: bytes, kind: str) -> tuple[dict[str, Any], bytes]:
    """The header, which is checked, and what follows it."""
    if not saved.startswith(_MAGIC):
        raise SnapshotError(f"{kind}: expected a state saved by Riverkeeper, got {saved[:20]!r}...")
    line, separator, body = saved[len(_MAGIC) :].partition(b"\n")
    try:
        header = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise SnapshotError(f"{kind}: damaged header: {error}") from error
    if not separator or not isinstance(header, dict):
        raise SnapshotError(f"{kind}: damaged: cut off in its header")
    if header.get("format") != FORMAT:
        raise SnapshotError(f"{kind}: expected format {FORMAT}, got {header.get('format')!r}")
    if header.get("kind") != kind:
        raise SnapshotError(f"expected a saved {kind}, got a saved {header.get('kind')}")
    escaped = header.get("escaped")
    if not isinstance(escaped, bool) or _digest(body, escaped) != header.get("sha256"):
        raise SnapshotError(f"{kind}: damaged: its content does not have the SHA-256 that its header states")
    return header, body


def _plain(value: Any) -> Any:
    """NumPy's scalars, which models put out and embedding programs hand in, and sequences as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Sequence):  # rows of the native lane
        return [*value]
    raise TypeError(f"a {type(value).__name__}")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_plain)
