"""The engine with everything on, a thousand lines at a time: it decodes, writes, and does all that it does.

The labels come at once, as those of its peers do.
"""

import json
import sys
from pathlib import Path
from time import monotonic, perf_counter

import orjson

from benchmarks.speed.cases import BATCH, make_case
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.core.serialize import encode
from engine.monitoring.worker.evaluator import BackgroundEvaluator


def ran(engine: Engine, lines: list[bytes]) -> list[bytes]:
    """What the engine writes."""
    written = []
    events = engine.begin()
    for start in range(0, len(lines), BATCH):
        events += engine.process_lines(lines[start : start + BATCH])
        written += [chunk.text for chunk in encode(events)[0].values()]
        events = []
    return [*written, *(chunk.text for chunk in encode(engine.finish())[0].values())]


def main() -> None:
    """Prints seconds and accuracy as JSON."""
    path, stream, model_name = sys.argv[1:]
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    lines = [
        orjson.dumps({"id": str(number), "time": number, **features, "label": label})
        for number, (features, label) in enumerate(rows)
    ]
    settings = make_case(stream, model_name, len(rows)).settings  # a contract that fits all of them
    config = EngineConfig.model_validate(settings | {"record": {}, "labels": {}})
    judge = BackgroundEvaluator(config.monitoring, config.model.task, monotonic)
    ran(Engine(config, "warm", judge), lines)  # its process is there, and Evidently's caches are warm
    engine = Engine(config, "main", judge)
    began = perf_counter()
    ran(engine, lines)
    seconds = perf_counter() - began
    judge.close()
    print(json.dumps({"seconds": seconds, "accuracy": engine.scores["Accuracy"]}))


if __name__ == "__main__":
    main()
