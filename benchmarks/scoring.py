"""What scoring costs: our scores against River's own metrics, on the same events in turn.

The events are the labelled outcomes of an engine on the demo's flights, or on River's Phishing data, over
and over, where the flights are not installed. Values are asked for every 1,000 events, as a window does.
Ours is what the engine does: the metrics of what was served and of both baselines, losses and calibration.
The share is what our scores cost of the time in which the engine, without reports, takes the same events.
Times are the processor's, so that others on the machine disturb less.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from river import datasets, dummy

from dataflows.config import load_config
from dataflows.demo.flights import write_stream
from dataflows.demo.run import write_config
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.errors import InputError
from engine.evaluation.config import ScoresConfig
from engine.evaluation.metrics import choose
from engine.evaluation.progressive_scores import Scores
from engine.records.decode import Decoder
from engine.records.events import Outcome
from engine.records.values import Example, Record
from engine.tasks.outputs import top_class
from engine.tasks.registry import find_task

ASKED = 1000
"""Events after which values are asked for."""

ENGINE = "the engine, with the flow's own metrics"
IN_ENGINE = "  of that, scoring"

FOUR: list[str | dict[str, Any]] = ["Accuracy", "F1", "ROCAUC", "LogLoss"]


@dataclass(frozen=True, slots=True)
class Event:
    """A labelled outcome."""

    output: Any
    label: Any
    loss: float


def flights(until: date) -> tuple[EngineConfig, list[Record]]:
    """The demo's flights as records, and its engine."""
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "data").mkdir()
        write_stream(base / "data" / "bench.jsonl", until, None, lambda _: None)
        config = load_config(write_config(base, "bench"))
        decode = Decoder(config.record, find_task(config.model.task).labels).decode
        return config, [decode(line) for line in (base / "data" / "bench.jsonl").read_bytes().splitlines()]


def phishing() -> tuple[EngineConfig, list[Record]]:
    """River's Phishing data forty times, which need no further package."""
    model = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
    config = EngineConfig.model_validate({"model": {"task": "binary", "model": model}})
    rows = list(datasets.Phishing()) * 40
    return config, [Example(str(i), float(i), x, y) for i, (x, y) in enumerate(rows)]


def serve(config: EngineConfig, records: list[Record]) -> list[Event]:
    """An engine over all records; returns the labelled outcomes."""
    engine = Engine(config)
    events = engine.process(records)
    engine.close()
    return [Event(e.output, e.label, e.loss) for e in events if isinstance(e, Outcome) and e.loss is not None]


def ours(config: ScoresConfig, events: list[Event]) -> None:
    """Our scores."""
    scores = Scores(config, "binary")
    for number, event in enumerate(events, 1):
        scores.update(event.output, event.label, event.loss, scores.last_label)
        if number % ASKED == 0:
            scores.values()


def rivers(config: ScoresConfig, events: list[Event], *, baselines: bool) -> None:
    """River's metrics, updated one by one; on request those of River's two dummies too."""
    models: list[Any] = [None, *([dummy.NoChangeClassifier(), dummy.PriorClassifier()] if baselines else [])]
    metrics: list[list[Any]] = [[each.make() for each in choose(config, "binary").metrics] for _ in models]
    needs = [metric.requires_labels for metric in metrics[0]]
    for number, event in enumerate(events, 1):
        for model, kept in zip(models, metrics, strict=True):
            output = event.output if model is None else model.predict_proba_one({})
            if output:
                top = top_class(output)
                for metric, takes_class in zip(kept, needs, strict=True):
                    metric.update(event.label, top if takes_class else output)
            if model is not None:
                model.learn_one({}, event.label)
        if number % ASKED == 0:
            for metric in metrics[0]:
                metric.get()


def peers_of(
    config: EngineConfig, records: list[Record], events: list[Event]
) -> dict[str, Callable[[], object]]:
    """What is timed, by its name; the last two are the engine and what our scores cost in it."""
    four = ScoresConfig(metrics=FOUR)
    return {
        "River, [Accuracy]": partial(rivers, ScoresConfig(), events, baselines=False),
        "River, and of two dummies": partial(rivers, ScoresConfig(), events, baselines=True),
        "ours, by default": partial(ours, ScoresConfig(), events),
        "River, [Accuracy, F1, ROCAUC, LogLoss]": partial(rivers, four, events, baselines=False),
        "River, these, and of two dummies": partial(rivers, four, events, baselines=True),
        "ours, these": partial(ours, four, events),
        "ours, these, and over the last 1,000": partial(ours, ScoresConfig(metrics=FOUR, last=1000), events),
        "ours, these, and fading": partial(ours, ScoresConfig(metrics=FOUR, fading=0.999), events),
        ENGINE: partial(serve, config, records),
        IN_ENGINE: partial(ours, config.scores, events),
    }


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description="What scoring costs.")
    parser.add_argument(
        "--until", type=date.fromisoformat, default=date(2013, 2, 1), help="flights before this day"
    )
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args()
    try:
        config, records = flights(given.until)
    except InputError:
        config, records = phishing()
    quiet = config.model_copy(
        update={
            "monitoring": config.monitoring.model_copy(update={"reports": False}),
            "supervision": config.supervision.model_copy(update={"on_loss_drift": False}),
        }
    )
    events = serve(quiet, records)
    print(f"{len(records):,} records, {len(events):,} labelled events, {given.rounds} rounds, each in turn")
    peers = peers_of(quiet, records, events)
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(given.rounds):
        for name, work in peers.items():
            began = process_time()
            work()
            seconds[name].append(process_time() - began)
    print(f"{'':42}{'µs/event':>10}{'spread':>9}")
    for name, times in seconds.items():
        spread = (max(times) - min(times)) / median(times)
        print(f"{name:42}{median(times) / len(events) * 1e6:>10.2f}{spread:>9.0%}")
    shares = [part / whole for part, whole in zip(seconds[IN_ENGINE], seconds[ENGINE], strict=True)]
    print(f"share of the engine's time that scoring takes: {median(shares):.1%}")


if __name__ == "__main__":
    main()
