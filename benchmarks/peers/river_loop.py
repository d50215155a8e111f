"""River, a row at a time, as the loops of its peers are: the rows are decoded before the clock starts."""

import json
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.speed.cases import make_case


def main() -> None:
    """Prints seconds and accuracy as JSON."""
    path, stream, model_name = sys.argv[1:]
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    model = make_case(stream, model_name, 1000).river()
    right = 0
    began = perf_counter()
    for features, label in rows:
        output = model.predict_proba_one(features)
        right += bool(output) and max(output, key=output.get) == label
        model.learn_one(features, label)
    print(json.dumps({"seconds": perf_counter() - began, "accuracy": right / len(rows)}))


if __name__ == "__main__":
    main()
