"""Spoils bytes, and values as JSON and MessagePack have them."""

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

DEEP = "@@deep@@"
"""Stands for lists within lists; see `deepened`."""

TEXTS = [
    *("", "__class__", "os.system", "../../etc/passwd", "/dev/zero", "\x00", "\ud800", "x" * 100_000, DEEP),
    *(
        "riverkeeper\n",
        "main",
        "m0",
        "*",
        "save",
        "\x1b[2J",
        "</script>",
        "${HOME}",
        "%s%n",
        "1e999",
        "é" * 300,
    ),
]
_SCALARS: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 3, 255, 10**6, 2**31, 2**32, 2**53, 2**63 - 1, -(2**63), 2**64 - 1),
    *(0.0, -0.0, 0.5, 1e-300, 5e-324, 1e308, -1e308, math.nan, math.inf, -math.inf, 1.5, -3.0, 1e10),
]
_WORDS = [bytes(8), b"\xff" * 8, b"\x01" + bytes(7), bytes(6) + b"\xf8\x7f", b"\x40" + bytes(7)]
_LEVELS = 100_000

Spoiler = Callable[[Random, bytes], bytes]


def flipped(random: Random, content: bytes) -> bytes:
    """Bytes of which some are others, missing or there twice."""
    found = bytearray(content)
    for _ in range(random.choice([1, 1, 2, 8])):
        at, what = random.randrange(len(found) + 1), random.randrange(12)
        if what < 4 and at < len(found):
            found[at] ^= 1 << random.randrange(8)
        elif what < 7:  # a number of eight bytes, as states of random generators and of Rust have them
            at -= at % 8
            found[at : at + 8] = random.choice([*_WORDS, random.randbytes(8)])[: len(found) - at]
        elif what < 9:
            del found[at : at + random.choice([1, 4, 100])]
        elif what < 11:
            found[at:at] = random.randbytes(random.choice([1, 8])) + found[at : at + random.choice([0, 50])]
        else:
            del found[at:]
    return bytes(found)


def spoil(random: Random, value: Any, content: Spoiler = flipped, texts: Sequence[str] = TEXTS) -> None:
    """Changes something in a list or dictionary, wherever it is.

    Args:
        random: Says what.
        value: It is changed in place.
        content: Spoils the bytes in it.
        texts: Stand where other text was.
    """
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        holders = [value] if value else []
        for holder in holders:  # grows while it is read
            held = holder.values() if isinstance(holder, dict) else holder
            holders += [each for each in held if each and isinstance(each, dict | list)]
        if holders:
            _change(random, random.choice(holders), content, texts)


def _change(random: Random, holder: Any, content: Spoiler, texts: Sequence[str]) -> None:
    places = list(holder) if isinstance(holder, dict) else range(len(holder))
    at, what = random.choice(places), random.random()
    now = holder[at]
    if what < 0.45:
        holder[at] = _like(random, now, content, texts)
    elif what < 0.65:
        holder[at] = holder[random.choice(places)]
    elif what < 0.8:
        holder[at] = random.choice([random.choice(_SCALARS), random.choice(texts), DEEP, [], {}, [[]], b"x"])
    elif what < 0.9:
        del holder[at]
    elif isinstance(holder, dict):
        holder[random.choice(["more", *texts])] = now
    else:
        holder[at:at] = [now] * random.choice([1, 1, 10, 1000])


def _like(random: Random, now: Any, content: Spoiler, texts: Sequence[str]) -> Any:
    """Something of the same type."""
    if isinstance(now, bytes):
        return content(random, now)
    if isinstance(now, str):
        changed = flipped(random, now.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
        return random.choice([changed, random.choice(texts)])
    if isinstance(now, int | float) and not isinstance(now, bool):
        return random.choice([now + 1, now - 1, -now, random.choice(_SCALARS)])
    if isinstance(now, list):
        return random.sample(now, len(now)) if random.random() < 0.5 else now[: len(now) // 2]
    return random.choice(_SCALARS)


def encodable(value: Any, other: Callable[[bytes], Any]) -> Any:
    """The value as encoders take it: with text beyond ASCII made of its bytes, and numbers of 64 bits."""
    if isinstance(value, dict):
        return {encodable(key, other): encodable(item, other) for key, item in value.items()}
    if isinstance(value, list):
        return [encodable(item, other) for item in value]
    if isinstance(value, str) and not value.isascii():
        return other(value.encode("utf-8", "surrogatepass"))
    return max(-(2**63), min(value, 2**64 - 1)) if type(value) is int else value


def deepened(encoded: bytes, mark: bytes, begin: bytes, end: bytes = b"") -> bytes:
    """An encoded value with lists within lists where `DEEP` was; no encoder would nest so deep."""
    return encoded.replace(mark, begin * _LEVELS + end * _LEVELS, 1)
