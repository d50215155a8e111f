"""Where an event's time goes: each part of the engine by itself over a stream's records, and the whole.

Every part runs alone over all records, some rounds in turn with the others; the least of the rounds counts.
What the whole takes beyond their sum is `between them`: calls, looks at what does not happen, windows closed.

    python -m benchmarks.parts [--streams elec2 shuttle flights] [--model linear]
"""

import argparse
import gc
from collections.abc import Callable
from time import process_time
from typing import Any

from benchmarks.speed.cases import Case, make_case
from engine.config import EngineConfig
from engine.contract.check import Contract
from engine.core.engine import Engine
from engine.core.input_guard import InputGuard
from engine.core.serialize import encode
from engine.core.waiting import PendingPrediction, ResolvedPrediction, Waiting
from engine.evaluation.progressive_scores import Scores
from engine.models.config import ModelConfig
from engine.models.operations import task_ops
from engine.monitoring.detectors.loss_drift import LossDrift
from engine.monitoring.first_look.counter import FirstLookCounter
from engine.records.decode import Decoder
from engine.records.events import Outcome, Prediction
from engine.records.shape import misshapen
from engine.records.values import Example, Record
from engine.supervision.joint_serving import JointServing
from engine.tasks.registry import find_task
from engine.windows import Windows

BATCH = 1000

CANDIDATES = 5
WHOLE, SUSPECTED = "the whole", f"under a suspicion: {CANDIDATES} outputs made one, weighed"

Part = Callable[[], object]


class Stream:
    """A case with what each part is given: records, labelled rows, and what a model said of them."""

    def __init__(self, case: Case) -> None:
        config: EngineConfig = case.config(monitoring={"reports": False})
        self.case, self.config = case, config
        self.model_config: ModelConfig = config.model
        decode = Decoder(config.record, find_task("binary").labels).decode
        self.records: list[Record] = [decode(line) for line in case.lines]
        model = case.river()
        self.ops = task_ops("binary", model)
        self.rows = [Example(str(at), float(at), x, y) for at, (x, y) in enumerate(case.rows())]
        self.outputs: list[Any] = []
        for row in self.rows:
            self.outputs.append(self.ops.predict(model, row.features))
            self.ops.learn(model, row.features, row.label)
        self.losses = [
            0.0 if output is None else self.ops.loss(output, row.label) or 0.0
            for row, output in zip(self.rows, self.outputs, strict=True)
        ]

    def parts(self) -> dict[str, Part]:
        """Each part, once over all records."""
        config, decode = self.config, Decoder(self.config.record, find_task("binary").labels).decode
        contract, ops, labels = Contract(config.contract), self.ops, find_task("binary").labels
        pairs = list(zip(self.rows, self.outputs, strict=True))
        return {
            "decode": lambda: [decode(line, "f", 1, line) for line in self.case.lines],
            "shape of a record": lambda: [misshapen(record, labels) for record in self.records],
            "contract": lambda: [contract.check(row.features) for row in self.rows],
            "model, predict and learn": self._model,
            "class, probability, loss": lambda: [
                (ops.serve(output), output and ops.loss(output, row.label)) for row, output in pairs
            ],
            "prediction held, id remembered": self._wait,
            "scores": self._score,
            "detector on the loss": self._detect,
            "window row": self._window,
            "counts of features": self._tally,
            "input guard": self._guard,
            "prediction, encode": self._encode,
        }

    def whole(self) -> None:
        """The engine without reports: lines in, lines out."""
        engine, decode = Engine(self.config), Decoder(self.config.record, find_task("binary").labels).decode
        for start in range(0, len(self.case.lines), BATCH):
            lines = self.case.lines[start : start + BATCH]
            encode(engine.process([decode(line, "f", 1, line) for line in lines]))
        engine.close()

    def _model(self) -> None:
        model, ops = self.case.river(), self.ops
        for row in self.rows:
            ops.predict(model, row.features)
            ops.learn(model, row.features, row.label)

    def _wait(self) -> None:
        held: Waiting[PendingPrediction] = Waiting(1e9, 1_000_000)
        settled: Waiting[ResolvedPrediction] = Waiting(1e9, 1_000)
        for at, row in enumerate(self.rows):
            held.add(row.id, PendingPrediction(row.time, at, row, None, "m0"))
            held.expired(row.time)
            held.take(row.id)
            settled.add(row.id, ResolvedPrediction(row.time, row.label, 0.1, None))
            settled.expired(row.time)

    def _score(self) -> None:
        scores = Scores(self.config.scores, "binary")
        for row, output, loss in zip(self.rows, self.outputs, self.losses, strict=True):
            if output is not None and row.label is not None:
                scores.update(output, row.label, loss, scores.last_label, row.features)
        scores.values()

    def _detect(self) -> None:
        drift = LossDrift(1e-300)
        for loss in self.losses:
            drift.update(loss)

    def _window(self) -> None:
        windows = Windows(self.config.window, "main")
        for at, (row, output) in enumerate(zip(self.rows, self.outputs, strict=True)):
            outcome = Outcome(at, at, row, output, "m0", row.label, self.losses[at], row.time, False, at)
            if windows.add(windows.index, outcome, learnable=True):
                windows.close()

    def _tally(self) -> None:
        tally = FirstLookCounter(self.config.monitoring)
        for row in self.rows:
            tally.add(row.features)

    def _guard(self) -> None:
        guard = InputGuard()
        guard.vet([row.features for row in self.rows[:BATCH]])
        for row in self.rows:
            guard.look(row.features)

    def mix(self) -> None:
        """What is added under a suspicion, besides the models."""
        joint = JointServing(find_task("binary").aggregation)
        names = [f"m{number}" for number in range(CANDIDATES)]
        joint.begin("m0", None, 1.0)
        for name in names[1:]:
            joint.joins(name)
        joint.start("", 0.0)
        for row, output in zip(self.rows, self.outputs, strict=True):
            outputs = dict.fromkeys(names, output)
            served, _, _ = joint.combine(outputs, output)
            joint.weigh(outputs, row.label or False, served=served, since=0)

    def _encode(self) -> None:
        for start in range(0, len(self.rows), BATCH):
            rows = self.rows[start : start + BATCH]
            encode([Prediction(row.id, row.time, True, 0.5, "m0", start, "main") for row in rows])


def least(parts: dict[str, Part], rounds: int) -> dict[str, float]:
    """The processor's seconds of each, at its best."""
    best = dict.fromkeys(parts, float("inf"))
    for _ in range(rounds):
        for name, part in parts.items():
            gc.collect()
            began = process_time()
            part()
            best[name] = min(best[name], process_time() - began)
    return best


def main() -> None:
    """Prints a column for each stream, in microseconds a record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", nargs="+", default=["elec2", "shuttle", "flights"])
    parser.add_argument("--model", default="linear", choices=["linear", "tree"])
    parser.add_argument("--records", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    columns = []
    for name in given.streams:
        stream = Stream(make_case(name, given.model, given.records))
        seconds = least({**stream.parts(), SUSPECTED: stream.mix, WHOLE: stream.whole}, given.rounds)
        whole, suspected = seconds.pop(WHOLE), seconds.pop(SUSPECTED)
        seconds |= {"between them": whole - sum(seconds.values()), WHOLE: whole, SUSPECTED: suspected}
        columns.append({part: used / len(stream.case.lines) * 1e6 for part, used in seconds.items()})
    print(f"{'µs/record, ' + given.model:52}" + "".join(f"{name:>10}" for name in given.streams))
    for part in columns[0]:
        print(f"{part:52}" + "".join(f"{column[part]:>10.2f}" for column in columns))


if __name__ == "__main__":
    main()
