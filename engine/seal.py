"""Seals on what is stored: who has the key can tell whether bytes are as they were written.

With a key a seal is an HMAC-SHA256 (RFC 2104), which only who has the key can make. Without one it is a plain
SHA-256: it finds damage, and anybody can make it. The audit log, exports, the recovery store and `Durable`
use the seals of this module.

An envelope is a line that names the format, the kind of its seal, the seal, what it is for, and the content.
The seal is over all the rest, so that an envelope is of no use in another place.
"""

import hashlib
import hmac
from collections.abc import Mapping

from engine.errors import ConfigError, SnapshotError

KEY = "RIVERKEEPER_KEY"
"""The environment variable with the key."""

LEAST = 16
"""Bytes that a key has at least: fewer can be guessed."""

_MAGIC = b"riverkeeper sealed 1\n"
_KEYED, _PLAIN = b"h", b"s"
_SEAL = 32
_HEADER = len(_MAGIC) + 1 + _SEAL + 4


def load_key(environment: Mapping[str, str]) -> bytes | None:
    """The key, if there is one.

    Raises:
        ConfigError: It is too short.
    """
    return checked_key(environment.get(KEY, "").strip().encode("utf-8", "surrogateescape") or None)


def checked_key(key: bytes | None) -> bytes | None:
    """The same key.

    Raises:
        ConfigError: It is too short.
    """
    if key is not None and len(key) < LEAST:
        raise ConfigError(
            f"{KEY}: expected a key of at least {LEAST} bytes, got {len(key)}; `openssl rand -hex 32` makes "
            f"one. All processes that write or read need the same"
        )
    return key


def seal(content: bytes, key: bytes | None) -> str:
    """The seal of content as text: `hmac:` or, without a key, `sha256:`, and 64 hexadecimal digits.

    >>> seal(b"", None)[:15], seal(b"", b"a key of 16 bytes")[:13]
    ('sha256:e3b0c442', 'hmac:7ee8e018')
    """
    if key is None:
        return f"sha256:{hashlib.sha256(content).hexdigest()}"
    return f"hmac:{hmac.digest(key, content, 'sha256').hex()}"


def same_seal(one: str, other: str) -> bool:
    """Whether two seals are the same, in a time that tells nothing of how far they agree."""
    return hmac.compare_digest(one.encode(), other.encode("utf-8", "backslashreplace"))


def closed(content: bytes, what: str, key: bytes | None) -> bytes:
    """An envelope.

    Args:
        content: What is in it.
        what: What it is for: `opened` asks for the same.
        key: Seals it.
    """
    name = what.encode("utf-8", "surrogatepass")
    kind = _PLAIN if key is None else _KEYED
    rest = len(name).to_bytes(4) + name
    return b"".join((_MAGIC, kind, _digest(kind, rest, content, key), rest, content))


def opened(envelope: bytes, key: bytes | None, what: str | None = None) -> tuple[str, bytes]:
    """What an envelope is for, and its content, after a check of its seal.

    Args:
        envelope: What `closed` gave.
        key: The key that it was sealed with.
        what: What it must be for; `None` when the caller compares that itself.

    Raises:
        SnapshotError: It is no envelope, is not as it was written, was sealed with another key, or is for
            something else.
    """
    found, content = checked(memoryview(envelope), key, what)
    return found, bytes(content)


def checked(envelope: memoryview, key: bytes | None, what: str | None = None) -> tuple[str, memoryview]:
    """The same without a copy of the content."""
    said = "saved bytes" if what is None else what.replace("\0", "/")
    header = bytes(envelope[:_HEADER])
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise SnapshotError(f"{said}: expected bytes that Riverkeeper has sealed, got {header[:20]!r}")
    kind = header[len(_MAGIC) : len(_MAGIC) + 1]
    if kind == _KEYED and key is None:
        raise SnapshotError(f"{said}: sealed with a key; set {KEY} to the one it was written with")
    if kind == _PLAIN and key is not None:
        raise SnapshotError(
            f"{said}: sealed without a key, and {KEY} is set: anybody could have written it. Begin anew with "
            f"the key, or, if you trust it, go on without the key as before"
        )
    end = _HEADER + int.from_bytes(header[-4:])
    rest, content = envelope[_HEADER - 4 : end], envelope[end:]
    mac = header[len(_MAGIC) + 1 : -4]
    if end > len(envelope) or not hmac.compare_digest(mac, _digest(kind, rest, content, key)):
        raise SnapshotError(f"{said}: damaged: not as it was written, or sealed with another key")
    found = bytes(rest[4:]).decode("utf-8", "surrogatepass")
    if what is not None and found != what:
        raise SnapshotError(f"{said}: holds what was written for {found.replace(chr(0), '/')!r}")
    return found, content


def _digest(kind: bytes, rest: bytes | memoryview, content: bytes | memoryview, key: bytes | None) -> bytes:
    made = hashlib.sha256() if key is None else hmac.new(key, digestmod="sha256")
    for part in (_MAGIC, kind, rest, content):
        made.update(part)
    return made.digest()
