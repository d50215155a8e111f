"""CapyMOA's Hoeffding tree, a row at a time: run by `benchmarks.peers` under a Python that has CapyMOA.

The rows are arrays of numbers before the clock starts, texts as the numbers of their categories. Each becomes
an instance of the JVM's within the time, which is its way of decoding.
"""

import importlib
import json
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

Row = tuple[dict[str, Any], bool]


def columns(rows: list[Row]) -> dict[str, list[str]]:
    """Every feature with its categories; none for numbers."""
    names = sorted({name for features, _ in rows for name in features})
    texts: dict[str, set[str]] = {name: set() for name in names}
    for features, _ in rows:
        for name, value in features.items():
            if isinstance(value, str):
                texts[name].add(value)
    return {name: sorted(found) for name, found in texts.items()}


def arrays(rows: list[Row], known: dict[str, list[str]]) -> list[Any]:
    """The rows as arrays of numbers; what is missing is NaN."""
    numpy = importlib.import_module("numpy")
    places = {
        name: {text: float(i) for i, text in enumerate(texts)} for name, texts in known.items() if texts
    }
    found = []
    for features, _ in rows:
        values = [features.get(name) for name in known]
        numbers = [
            places[name][value] if isinstance(value, str) else float("nan") if value is None else float(value)
            for name, value in zip(known, values, strict=True)
        ]
        found.append(numpy.array(numbers))
    return found


def main() -> None:
    """Prints seconds and accuracy as JSON."""
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    known = columns(rows)
    instances, labels = arrays(rows, known), [label for _, label in rows]
    core, streams = importlib.import_module("capymoa.core"), importlib.import_module("capymoa.stream")
    schema = streams.Schema.from_custom(
        features=[*known, "target"],
        target="target",
        categories={name: texts for name, texts in known.items() if texts} | {"target": ["no", "yes"]},
    )
    model = importlib.import_module("capymoa.classifier").HoeffdingTree(schema=schema)
    right = 0
    began = perf_counter()
    for values, label in zip(instances, labels, strict=True):
        instance = core.LabeledInstance.from_array(schema, values, int(label))
        right += model.predict(instance) == int(label)
        model.train(instance)
    print(json.dumps({"seconds": perf_counter() - began, "accuracy": right / len(rows)}))


if __name__ == "__main__":
    main()
