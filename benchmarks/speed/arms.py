"""What is timed: loops that one would write by hand, and the engine in its ways of running.

All arms of a case take the same lines in the same process, `BATCH` lines at a time: an arm is a generator
that goes on by one batch whenever it is asked to. Every loop but River's own decodes each line, and writes
what it has predicted as JSON lines.
"""

from __future__ import annotations

import importlib
from collections.abc import Generator
from io import BytesIO
from math import nan
from typing import TYPE_CHECKING, Any, cast

import orjson
from river import evaluate, metrics

from benchmarks.speed.cases import BATCH, Case, Row, Step
from benchmarks.speed.names import find
from engine.records.decode import Decoder

if TYPE_CHECKING:
    from engine.config import EngineConfig
    from engine.monitoring.types import EvaluationJob
    from engine.monitoring.worker.evaluator import WindowEvaluator

Engine = find("Engine", "engine.core.engine", "engine.pipeline.engine")
encode = find("encode", "engine.core.serialize", "engine.pipeline.encode")
Command = find("Command", "engine.supervision.decisions", "engine.supervision.values")
Verdict = find("Verdict", "engine.monitoring.types", "engine.monitoring.values")


def _labels(task: str) -> Any:
    """What a decoder is given: the task's labels, or its name in older versions."""
    try:
        return find("find_task", "engine.tasks.registry")(task).labels
    except ImportError:
        return task


def _text(chunk: Any) -> bytes:
    """The lines of a stream: a chunk of them, or bytes in older versions."""
    return chunk if isinstance(chunk, bytes) else chunk.text


_SUSPECT = Command("bench", "suspect", "", "bench", "to have a shadow")

Scores = dict[str, float]
Arm = Generator[None, None, Scores]


def bare_loop(case: Case) -> Arm:
    """The loop that one would write by hand; it adds up losses, since the engine's are compared with them."""
    return _with_late_labels(case) if case.example else _with_labels(case)


def _with_labels(case: Case) -> Arm:
    model, accuracy, rocauc = case.river(), _metric("Accuracy"), _metric("ROCAUC")
    written, loss, scored = BytesIO(), 0.0, 0
    for lines in case.batches():
        out = []
        for line in lines:
            x = orjson.loads(line)
            name, time, y = x.pop("id"), x.pop("time"), x.pop(case.label)
            output = model.predict_proba_one(x)
            if output:
                accuracy.update(y, max(output, key=output.get))
                rocauc.update(y, output)
                miss = 1.0 - output.get(y, 0.0)
                loss += miss * miss
                scored += 1
            model.learn_one(x, y)
            out.append(orjson.dumps({"id": name, "time": time, "probability": output.get(True)}))
        written.write(b"\n".join(out))
        yield
    return _named(accuracy, rocauc, loss, scored)


def _with_late_labels(case: Case) -> Arm:
    model, accuracy, rocauc = case.river(), _metric("Accuracy"), _metric("ROCAUC")
    written, loss, scored = BytesIO(), 0.0, 0
    held: dict[str, Any] = {}
    for lines in case.batches():
        out = []
        for line in lines:
            x = orjson.loads(line)
            kind, name, time = x.pop("kind"), x.pop("id"), x.pop("time")
            if kind == case.example:
                output = model.predict_proba_one(x)
                held[name] = x, output
                out.append(orjson.dumps({"id": name, "time": time, "probability": output.get(True)}))
            elif name in held:
                features, output = held.pop(name)
                y = x[case.label]
                if output:
                    accuracy.update(y, max(output, key=output.get))
                    rocauc.update(y, output)
                    miss = 1.0 - output.get(y, 0.0)
                    loss += miss * miss
                    scored += 1
                model.learn_one(features, y)
        written.write(b"\n".join(out))
        yield
    return _named(accuracy, rocauc, loss, scored)


def _metric(name: str) -> Any:
    return getattr(metrics, name)()


def _named(accuracy: Any, rocauc: Any, loss: float, scored: int) -> Scores:
    return {"Accuracy": accuracy.get(), "ROCAUC": rocauc.get(), "loss": loss / scored if scored else 0.0}


def progressive(case: Case, rows: list[Row]) -> Arm:
    """River's own loop over decoded rows: it neither decodes nor encodes, and no label comes late."""
    data: Any = rows
    step = max(1, len(rows) * BATCH // len(case.lines))
    both = _metric("Accuracy") + _metric("ROCAUC")
    for _ in evaluate.iter_progressive_val_score(data, case.river(), both, step=step):
        yield
    return {name: metric.get() for name, metric in zip(("Accuracy", "ROCAUC"), both.data, strict=True)}


def model_alone(case: Case, batches: list[list[Step]]) -> Arm:
    """Nothing but the model: predict and learn, in the stream's order."""
    model = case.river()
    predict, learn = model.predict_proba_one, model.learn_one
    for steps in batches:
        for features, label in steps:
            if label is None:
                predict(features)
            else:
                learn(features, label)
        yield
    return {}


def engine_loop(
    config: EngineConfig, case: Case, judge: WindowEvaluator, key: str = "main", *, suspected: bool = False
) -> Arm:
    """The engine, lines in and lines out.

    Args:
        config: What to build.
        case: The stream.
        judge: Judges windows.
        key: The model key; engines that share a judge must not share it.
        suspected: Whether the champion is suspected from the start on, so that a fresh shadow is alive.
    """
    engine = Engine(config, key, judge)
    written = BytesIO()
    decode = Decoder(config.record, _labels(config.model.task)).decode
    events = engine.begin()
    if suspected:
        events += engine.command(_SUSPECT)
    position = 0
    for lines in case.batches():
        events += engine.process([decode(line, "bench", position + i) for i, line in enumerate(lines)])
        position += len(lines)
        for chunk in encode(events)[0].values():
            written.write(_text(chunk))
        events = []
        yield
    return _ended(engine, written, suspected=suspected)


def _ended(engine: Any, written: BytesIO, *, suspected: bool) -> Scores:
    for chunk in encode(engine.finish())[0].values():
        written.write(_text(chunk))
    if suspected and written.getvalue().count(b'"action":"clear"'):
        raise SystemExit("the suspicion was over before the stream was: its cost cannot be measured")
    return {name: engine.scores.get(name, nan) for name in ("Accuracy", "ROCAUC", "loss")}


def lines_loop(  # noqa: PLR0913 - what is measured, and how
    config: EngineConfig,
    case: Case,
    judge: WindowEvaluator,
    key: str,
    *,
    step: int = BATCH,
    suspected: bool = False,
) -> Arm:
    """The engine by `process_lines`: natively where the crate is built.

    Args:
        config: What to build.
        case: The stream.
        judge: Judges windows.
        key: The model key.
        step: Lines that are taken at once.
        suspected: As of `engine_loop`.
    """
    engine = Engine(config, key, judge)
    written = BytesIO()
    events = engine.begin()
    if suspected:
        events += engine.command(_SUSPECT)
    position = 0
    for batch in case.batches():
        for start in range(0, len(batch), step):
            lines = batch[start : start + step]
            places = range(position, position + len(lines))
            events += engine.process_lines(lines, places, (("bench", False),))
            position += len(lines)
            for chunk in encode(events)[0].values():
                written.write(_text(chunk))
            events = []
        yield
    return _ended(engine, written, suspected=suspected)


def in_river(arm: Arm) -> Arm:
    """An engine whose models run in River, whatever is installed."""
    running: Any = importlib.import_module("engine.models.running")
    compile_model = running.compile_model
    while True:
        running.compile_model = lambda _: None
        try:
            next(arm)
        except StopIteration as end:
            return cast("Scores", end.value)
        finally:
            running.compile_model = compile_model
        yield


class NeverJudges:
    """A judge that takes no time and gives no verdict.

    A suspicion that is open stays open then, whatever the losses, and the fresh shadow goes on. (It would
    begin anew with a window that passes, and learn what is at hand once more.)
    """

    waited = 0.0

    def submit(self, job: EvaluationJob) -> None:
        """Takes the job."""

    def collect(self, key: str, window: int) -> Any:  # noqa: ARG002
        """The verdict."""
        return Verdict(window, "unjudged", "", (), {}, b"")

    def close(self) -> None:
        """Nothing to end."""


BARE = "bare River loop"
PROGRESSIVE = "progressive_val_score"
MODEL = "the model alone"
EVERYTHING = "engine, everything on"
LINES = "engine, native lane"
TENS = "  ten lines at a time"
CALLED = "  model not compiled"
SILENT = "engine, no reports"
CHALLENGED = "  and a challenger"
STEADY = "engine, no verdicts"
SHADOWED = "  and a live shadow"


def engine_arms(case: Case, judge: WindowEvaluator) -> dict[str, Any]:
    """The engine's ways of running, by name: functions that make the arm.

    Args:
        case: What is run.
        judge: A judge in the background that is ready.
    """
    model, no_reports = case.settings["model"]["model"], {"reports": False}
    fields = case.settings["contract"]["fields"]
    number = next(name for name, field in fields.items() if field["type"] == "number")
    detectors = [{"method": "adwin", "on": "loss"}, {"method": "page_hinkley", "on": f"feature:{number}"}]
    everything, silent = case.config(), case.config(monitoring=no_reports)
    watched = case.config(monitoring={"detectors": detectors})
    rival = case.config(monitoring=no_reports, challengers={"rival": {"model": model}})
    steady = case.config(supervision={"patience": 10**9})
    # Earlier versions, which are compared with, have no lane.
    lanes = {
        LINES: lambda: lines_loop(everything, case, judge, "lines"),
        TENS: lambda: lines_loop(everything, case, judge, "tens", step=10),
        CALLED: lambda: in_river(lines_loop(everything, case, judge, "called")),
        "  with two detectors": lambda: lines_loop(watched, case, judge, "seen"),
        "  with a challenger": lambda: lines_loop(rival, case, judge, "rival"),
        "  with a live shadow": lambda: lines_loop(steady, case, NeverJudges(), "main", suspected=True),
    }
    return {
        EVERYTHING: lambda: engine_loop(everything, case, judge),
        **(lanes if hasattr(Engine, "process_lines") else {}),
        "  and two detectors": lambda: engine_loop(watched, case, judge, "watched"),
        SILENT: lambda: engine_loop(silent, case, judge),
        "  and models in River": lambda: in_river(engine_loop(silent, case, judge, "river")),
        CHALLENGED: lambda: engine_loop(rival, case, judge),
        STEADY: lambda: engine_loop(steady, case, NeverJudges()),
        SHADOWED: lambda: engine_loop(steady, case, NeverJudges(), suspected=True),
    }


def arms(case: Case, judge: WindowEvaluator) -> dict[str, Any]:
    """Everything that is timed, by name: functions that make the arm."""
    rows, steps = case.rows(), case.steps()
    return {
        BARE: lambda: bare_loop(case),
        PROGRESSIVE: lambda: progressive(case, rows),
        MODEL: lambda: model_alone(case, steps),
        **engine_arms(case, judge),
    }
