"""Vowpal Wabbit, a row at a time: run by `benchmarks.peers` under the Python of an environment that has it.

The rows are in its own text form before the clock starts; parsing that is its way of decoding.
"""

import importlib
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any


def written(features: dict[str, Any], label: bool) -> str:
    """A row in its text form: numbers by name, texts as names of their own."""
    words = [
        f"{name}={value}" if isinstance(value, str) else f"{name}:{value}"
        for name, value in features.items()
        if value is not None
    ]
    return f"{1 if label else -1} | {' '.join(words)}"


def main() -> None:
    """Prints seconds and accuracy as JSON."""
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    lines = [written(features, label) for features, label in rows]
    labels = [label for _, label in rows]
    model = importlib.import_module("vowpalwabbit").Workspace(
        "--loss_function logistic --link logistic --quiet"
    )
    right = 0
    began = perf_counter()
    for line, label in zip(lines, labels, strict=True):
        example = model.example(line)
        right += (model.predict(example) > 0.5) == label
        model.learn(example)
        model.finish_example(example)
    print(json.dumps({"seconds": perf_counter() - began, "accuracy": right / len(rows)}))


if __name__ == "__main__":
    main()
