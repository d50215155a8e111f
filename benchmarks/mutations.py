"""Streams of records of which about half are spoilt, in every way that comes to mind; seeded."""

import math
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import numpy as np
import orjson
from msgspec.structs import replace

from benchmarks.spy import stamp
from engine.records.values import Example

DEPTH = 10_000
MAX_BYTES = 50_000
CATEGORIES = ["red", "green", "blue"]
_START = 1_600_000_000

Fields = dict[str, Any]


class Stream:
    """Lines of JSON and what was done to each: about half are records as they should be.

    Args:
        seed: Everything follows from it.
        first: The number of the first record.
    """

    def __init__(self, seed: int, first: int = 0) -> None:
        self._random = Random(f"{seed}/{first}")  # noqa: S311 - test data
        self._number = first
        self._time = float(_START)
        self._waiting: list[tuple[str, bool]] = []
        self._names = list(MUTATIONS)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """What was done, and the line; without end."""
        while True:
            yield self._next()
            self._number += 1

    def _next(self) -> tuple[str, bytes]:
        random = self._random
        self._time += random.choice([0, 0, 1, 5])
        if self._waiting and random.random() < 0.25:
            name, label = self._waiting.pop(
                random.randrange(max(0, len(self._waiting) - 50), len(self._waiting))
            )
            fields: Fields = {"id": name, "time": self._time, "kind": "label", "label": label}
        else:
            fields = self._example()
        if random.random() < 0.5:
            if fields["kind"] == "example" and fields["label"] is None:
                self._waiting.append((fields["id"], fields["n0"] > 0))
            return "none", orjson.dumps(fields)
        what = random.choice([*self._names, EMBEDDED])
        if what == EMBEDDED:
            return what, orjson.dumps(fields)
        if what == "duplicate id" and self._waiting:
            fields["id"] = random.choice(self._waiting)[0]
        return what, MUTATIONS[what](random, fields)

    def _example(self) -> Fields:
        random = self._random
        fields: Fields = {f"n{i}": random.gauss(0, 1) for i in range(6)}
        fields |= {
            "color": random.choice(CATEGORIES),
            "town": f"t{random.randrange(50)}",
            "open": random.random() < 0.3,
        }
        label = random.choice([None, fields["n0"] > 0])
        meaning = {"id": str(self._number), "time": self._time, "kind": "example", "label": label}
        return {**meaning, **fields, "stamp": stamp(self._number)}


def _json(fields: Fields) -> bytes:
    return orjson.dumps(fields)


def _raw(fields: Fields, name: str, value: bytes) -> bytes:
    """The record with a value written as these bytes."""
    return orjson.dumps(fields | {name: "@@@"}).replace(b'"@@@"', value)


def _name(random: Random, fields: Fields) -> str:
    """A field to spoil; the stamp says which record it is, and times have mutations of their own."""
    return random.choice([name for name in fields if name not in {"stamp", "time"}])


def _with(*values: Any) -> Callable[[Random, Fields], bytes]:
    """Puts one of these values in place of any field's."""
    return lambda random, fields: _json(fields | {_name(random, fields): random.choice(values)})


def _with_raw(*values: bytes) -> Callable[[Random, Fields], bytes]:
    """Puts one of these texts in place of any field's value."""
    return lambda random, fields: _raw(fields, _name(random, fields), random.choice(values))


def _with_time(*values: Any) -> Callable[[Random, Fields], bytes]:
    return lambda random, fields: _json(fields | {"time": random.choice(values)})


def _truncated(random: Random, fields: Fields) -> bytes:
    line = _json(fields)
    return line[: random.randrange(len(line))]


def _flipped(random: Random, fields: Fields) -> bytes:
    line = bytearray(_json(fields))
    for _ in range(random.choice([1, 1, 2, 10])):
        line[random.randrange(len(line))] ^= 1 << random.randrange(8)
    return bytes(line)


def _inserted(*parts: bytes) -> Callable[[Random, Fields], bytes]:
    """Puts one of these somewhere into the line."""

    def insert(random: Random, fields: Fields) -> bytes:
        line = _json(fields)
        at = random.randrange(len(line) + 1)
        return line[:at] + random.choice(parts) + line[at:]

    return insert


def _without(random: Random, fields: Fields) -> bytes:
    gone = random.sample(list(fields), random.choice([1, 1, 3]))
    return _json({name: value for name, value in fields.items() if name not in gone})


def _nested(random: Random, fields: Fields) -> bytes:
    depth = random.choice([1, 5, 900, 1100, DEPTH])
    begin, end = random.choice([(b"[", b"]"), (b'{"a":', b"}")])
    end = random.choice([end, end, b""])
    return _raw(fields, _name(random, fields), begin * depth + b"1" + end * depth)


def _twice(random: Random, fields: Fields) -> bytes:
    again = _json({_name(random, fields): random.choice([1, "x", None, True])})
    return _json(fields)[:-1] + b"," + again[1:]


def _oversized(random: Random, fields: Fields) -> bytes:
    return _json(fields | {"town": "x" * (MAX_BYTES + random.randrange(1000))})


def _extra(random: Random, fields: Fields) -> bytes:
    more: Fields = {
        random.choice(["new", "", "a.b", "ключ", "\x00"]): random.choice([1, "x", False, None, [1], {}])
    }
    return _json(fields | more)


def _label_for_nothing(random: Random, fields: Fields) -> bytes:
    name = random.choice(["never seen", "0", fields["id"]])
    return _json({"id": name, "time": fields["time"], "kind": "label", "label": random.choice([True, False])})


MUTATIONS: dict[str, Callable[[Random, Fields], bytes]] = {
    "truncated": _truncated,
    "random bytes": lambda random, _: random.randbytes(random.choice([1, 10, 100])),
    "flipped bits": _flipped,
    "bytes put in": _inserted(
        b"\x00", b"\xff", b'"', b"}", b"{", b"\n", b"\\", b",", b"9" * 40, "é".encode()
    ),
    "bad UTF-8": _with_raw(b'"\xff"', b'"b\xfcro"', b'"\xed\xa0\x80"', b'"\xc0\x80"', b'"\xf5\x80\x80\x80"'),
    "UTF-16": lambda _, fields: _json(fields).decode().encode("utf-16"),
    "byte order mark": lambda _, fields: b"\xef\xbb\xbf" + _json(fields),
    "empty line": lambda random, _: random.choice([b"", b" ", b"\t\r", b"\x00"]),
    "no object": lambda random, _: random.choice([b"[]", b"null", b"3", b'"x"', b"true", b"[{}]", b"{}"]),
    "wrong type": _with(1, -1, 2.5, "x", "", True, False, None, "2020-01-01"),
    "NaN or infinite": _with_raw(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999"),
    "huge number": _with_raw(
        b"9" * 25, b"-" + b"9" * 25, b"9" * 400, b"9" * 5000, b"1e308", b"-1e308", b"5e-324"
    ),
    "out of range": _with(-11, 10.5, 1e30, -1e300, 2**63, 2**64 - 1),
    "unknown category": lambda random, fields: _json(
        fields | {"color": random.choice(["", "RED", "x" * 999])}
    ),
    "list or object": _with([], {}, [1, [2]], {"a": {"b": None}}),
    "nested deeply": _nested,
    "key twice": _twice,
    "duplicate id": lambda _, fields: _json(fields),
    "odd id": lambda random, fields: _json(
        fields | {"id": random.choice(["", None, 1.5, True, [], "\x00", "é" * 999])}
    ),
    "odd kind": lambda random, fields: _json(
        fields | {"kind": random.choice(["", None, "Label", 1, ["label"]])}
    ),
    "odd label": lambda random, fields: _json(fields | {"label": random.choice(["yes", 2, 0.5, [], {}, ""])}),
    "field missing": _without,
    "field extra": _extra,
    "label for nothing": _label_for_nothing,
    "half a surrogate pair": _with_raw(
        b'"\\ud800"', b'"\\udfff\\ud800"', b'"a\\udc00b"', b'NaN,"x":"\\ud800"'
    ),
    "surrogate pair": _with_raw(b'"\\ud83d\\ude00"', b'"\\uffff"'),
    "control characters": _with_raw(b'"\x01"', b'"\\u0000"', b'"\\u001f\\u007f"', b'"\x7f"', b'"\\u2028"'),
    "oversized": _oversized,
    "time backwards": lambda random, fields: _json(
        fields | {"time": fields["time"] - random.choice([1, 100, 1e6, 1e9])}
    ),
    "time odd": _with_time("yesterday", "", None, True, [], "2020-13-01", "9999-12-31T23:59:59+00:00", -1),
    "time ahead": lambda random, fields: _json(
        fields | {"time": fields["time"] + random.choice([1e4, 1e7, 1e9])}
    ),
    "time absurd": _with_time(1e300, -1e300, 2**63, -(2**62), "0001-01-01", "9999-12-31"),
}
"""What is done to a record, by name."""

EMBEDDED = "sent by a program"
"""The name of what `embedded` does: it is no mutation of a line."""


def _deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


_OBJECTS: list[Any] = [
    *("\ud800", "a\udfff", 10**400, 10**5000, math.nan, math.inf, b"x", object(), {1: 2}, _deep(DEPTH)),
    *(np.float64(0.5), np.float64("nan"), np.int64(3), np.str_("t1"), np.bool_(True), np.array([1.0])),
]


def embedded(record: Example) -> Example:
    """The example as a program that embeds the engine may send it: with what no line of JSON can hold."""
    random = Random(record.position)  # noqa: S311 - test data
    fields = {
        **record.features,
        random.choice(["n1", "town", "open", "new", "\ud800"]): random.choice(_OBJECTS),
    }
    name = random.choice([record.id, f"\ud800{record.id}"])
    return replace(record, id=name, features=fields, source=random.choice([record.source, "\udcff"]))
