"""The stream that all examples read: three shops, labels that come late, and a fault in the middle.

    python -m examples.input [FOLDER]       writes flow.toml and records.jsonl there

The same records are in the folder `records`, in files of 500, for hosts that read folders.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

SHOPS = ("north", "south", "west")
DELAY = 60
"""Examples, of all shops, between one and its label."""

START = 1_700_000_000
"""Event time of the first record."""

FLOW = """\
[run]
name = "reference"
[input]
path = "records.jsonl"
[record]
key = "shop"
kind = { field = "kind" }
ignore = ["n"]
[model]
task = "binary"
model = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
[window]
count = 100
[supervision]
min_events = 50
cooldown = 100
[business.near]                            # fails in the middle of the stream: a suspicion
expression = "-features['x'] * features['x']"
fail_below = -100
[monitoring]
reports = false                            # so that the examples need no more than the engine does
"""


def records(examples: int) -> Iterator[dict[str, Any]]:
    """Examples and labels as they come. `n` is the place in the stream, for hosts that keep no order."""
    random = Random(11)  # noqa: S311 - data of an example
    labels: list[bool] = []
    n = 0
    for i in range(examples + DELAY):
        if i < examples:
            x, y = random.gauss(0, 1), random.gauss(0, 1)
            labels.append(x + 0.5 * y + random.gauss(0, 0.3) > 0)
            seen = x * 1000 if examples * 0.45 < i < examples * 0.6 else x
            yield _record(n, i, i, "example") | {"x": round(seen, 6), "y": round(y, 6)}
            n += 1
        if i >= DELAY and i % 40 != 0:
            yield _record(n, i - DELAY, i, "label") | {"label": labels[i - DELAY]}
            n += 1


def _record(n: int, number: int, now: int, kind: str) -> dict[str, Any]:
    shop = SHOPS[number * number % 7 % 3]
    return {"n": n, "id": number, "shop": shop, "time": START + now, "kind": kind}


def write_input(folder: Path, examples: int = 3000) -> None:
    """Writes flow.toml, records.jsonl and the folder records."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "flow.toml").write_text(FLOW)
    lines = [json.dumps(record) + "\n" for record in records(examples)]
    (folder / "records.jsonl").write_text("".join(lines))
    (folder / "records").mkdir(exist_ok=True)
    for first in range(0, len(lines), 500):
        part = folder / "records" / f"{first:06}.jsonl"
        part.write_text("".join(lines[first : first + 500]))
        os.utime(part, (START, START + first))  # Spark takes the oldest first


if __name__ == "__main__":
    write_input(Path(*sys.argv[1:2]))
