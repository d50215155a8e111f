"""Arbitrary bytes through the lane's parser: what it takes is what orjson reads, and nothing stops it.

python -m benchmarks.lanes.parser --inputs 5000000
"""

import argparse
import sys
from importlib import import_module
from random import Random
from time import monotonic

import orjson

from benchmarks.lanes.streams import make_stream

_PIECES = (
    *(bytes((byte,)) for byte in b'{}[]:,"\\ \t\r\n-+.eE0123456789tfnu\x00\x1f\x7f\x80\xff'),
    *(
        b"true",
        b"false",
        b"null",
        b"NaN",
        b"Infinity",
        b"-0",
        b"0.0",
        b"1e5",
        b"1E-400",
        b"1e400",
        b"00",
        b"0x1",
    ),
    *(
        b'"a"',
        b'"a":',
        b'{"a":',
        b'"\\u0041"',
        b'"\\ud800"',
        b'"\\ud83d\\ude00"',
        b'"\\n"',
        b'"\\/"',
        b"\xef\xbb\xbf",
    ),
    *(
        "é".encode(),
        "😀".encode(),
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"9007199254740993",
        b"18446744073709551616",
    ),
    *(b"0.1", b"123456789012345678", b"1.7976931348623157e308", b"4.9e-324", b"2.2250738585072011e-308"),
)


def spoilt(random: Random, lines: list[bytes]) -> bytes:
    """A line that was changed in a few places, or pieces of JSON in any order."""
    if random.random() < 0.3:
        inner = b"".join(random.choices(_PIECES, k=random.randrange(12)))
        return inner if random.random() < 0.5 else b'{"a":' + inner + b"}"
    line = bytearray(random.choice(lines))
    for _ in range(random.choice([0, 1, 1, 2, 5])):
        start = random.randrange(len(line) + 1)
        stop = start + random.choice([0, 0, 1, 2])
        line[start:stop] = random.choice(_PIECES)
    return bytes(line)


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    plain_fields = import_module("riverkeeper_native").plain_fields
    random = Random(given.seed)  # noqa: S311 - test data
    lines = [line for line in make_stream(random, 2000, kinds=True, faults=0.1) if line]
    began, taken, valid = monotonic(), 0, 0
    for _ in range(given.inputs):
        line = spoilt(random, lines)
        found = plain_fields(line)
        try:
            expected = orjson.loads(line)
        except orjson.JSONDecodeError:
            expected = None
        valid += isinstance(expected, dict)
        if found is None:
            continue
        taken += 1
        if repr(found) != repr(expected):
            sys.exit(f"{line!r}: the lane reads {found!r}, and orjson {expected!r}")
    seconds = monotonic() - began
    print(
        f"{given.inputs:,} inputs: {valid:,} are objects to orjson, {taken:,} of them to the lane, all the "
        f"same; nothing was raised ({seconds:.0f} s)"
    )


if __name__ == "__main__":
    main()
