"""The flights of the demo through the engine and through a bare River loop, in turn; prints ratios.

The bare loop is what one would write by hand: it decodes each record, predicts with the same River model,
holds the prediction, scores it with the same River metrics when the label comes, learns, and encodes the
prediction. It has no contract, no windows, no reports, no supervision, no snapshots.

Three peers of it: the engine in this process without reports, the same with reports in the background, and
the whole `riverkeeper run` (Bytewax, files, recovery state) in a process of its own. The process that makes
reports has imported Evidently before the clock starts, as it has in a run of hours; the whole process pays
for that too.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from time import perf_counter

import orjson

from dataflows.config import FlowConfig, load_config
from dataflows.demo.flights import write_stream
from dataflows.demo.run import write_config
from engine.core.engine import Engine
from engine.core.serialize import encode
from engine.evaluation.metrics import choose
from engine.models.operations import make_model
from engine.monitoring.worker.evaluator import BackgroundEvaluator, WindowEvaluator
from engine.records.decode import Decoder
from engine.tasks.outputs import top_class
from engine.tasks.registry import find_task

BATCH = 1000


def bare_loop(config: FlowConfig, lines: list[bytes]) -> dict[str, float]:
    """The loop one would write by hand; returns its scores."""
    model = make_model(config.model)
    scores = {each.name: each.make() for each in choose(config.scores, config.model.task).metrics}
    held = {}
    written = []
    for line in lines:
        record = orjson.loads(line)
        kind, name, time = record.pop("kind"), record.pop("id"), record.pop("time")
        if kind == "flight":
            output = model.predict_proba_one(record)  # type: ignore[attr-defined]
            held[name] = (record, output)
            written.append(orjson.dumps({"id": name, "time": time, "probability": output[True]}))
        elif name in held:
            features, output = held.pop(name)
            label = record["late"]
            scores["Accuracy"].update(label, top_class(output))
            scores["ROCAUC"].update(label, output)
            model.learn_one(features, label)  # type: ignore[attr-defined]
    return {name: metric.get() for name, metric in scores.items()}


def engine_loop(
    config: FlowConfig, lines: list[bytes], judge: WindowEvaluator | None = None
) -> dict[str, float]:
    """The engine in this process, records in and encoded events out; returns its scores."""
    engine = Engine(config, evaluator=judge)
    decode = Decoder(config.record, find_task(config.model.task).labels).decode
    for start in range(0, len(lines), BATCH):
        encode(engine.process([decode(line) for line in lines[start : start + BATCH]]))
    encode(engine.finish())
    if judge is None:
        engine.close()
    return engine.scores


def whole_run(config_path: Path) -> None:
    """`riverkeeper run` in a process of its own, its start and the last report included."""
    command = [sys.executable, "-c", "from dataflows.cli.entry import main; main()", "run", str(config_path)]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    began = perf_counter()
    work()
    return perf_counter() - began


def main() -> None:
    """Runs and prints."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument(
        "--until", type=date.fromisoformat, default=date(2013, 3, 1), help="flights before this day"
    )
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        (base / "data").mkdir()
        flights, arrivals = write_stream(base / "data" / "bench.jsonl", given.until, None, lambda _: None)
        path = write_config(base, "bench")
        config = load_config(path)
        quiet = config.model_copy(
            update={
                "monitoring": config.monitoring.model_copy(update={"reports": False}),
            }
        )
        lines = (base / "data" / "bench.jsonl").read_bytes().splitlines()
        print(f"{flights:,} flights, {arrivals:,} arrivals, {given.rounds} rounds, each in turn")
        peers: dict[str, Callable[[], object]] = {
            "bare River loop": lambda: bare_loop(quiet, lines),
            "engine, no reports": lambda: engine_loop(quiet, lines),
            "engine, reports in the background": lambda: engine_loop(config, lines, judge),
            "riverkeeper run, whole process": lambda: whole_run(path),
        }
        judge = BackgroundEvaluator(config.monitoring, config.model.task, perf_counter)
        # Its process is there, Evidently imported and each table's cache warm, before the first round.
        engine_loop(config, lines, judge)
        same = bare_loop(quiet, lines), engine_loop(quiet, lines)
        print(
            "scores:",
            *({n: round(float(v), 6) for n, v in scores.items() if n[0].isupper()} for scores in same),
        )
        seconds: dict[str, list[float]] = {name: [] for name in peers}
        for _ in range(given.rounds):
            for name, work in peers.items():
                seconds[name].append(timed(work))
        waited = judge.waited
        judge.close()
        print_table(seconds, flights + arrivals)
        print(f"waited for reports: {waited:.1f} s in {given.rounds + 1} runs")


def print_table(seconds: dict[str, list[float]], records: int) -> None:
    """A row per peer: records/s at the median, the spread, and the speed against the bare loop."""
    bare = seconds["bare River loop"]
    off = seconds["engine, no reports"]
    print(f"{'':36}{'records/s':>11}{'spread':>9}{'of the bare loop':>18}{'of no reports':>15}")
    for name, times in seconds.items():
        ratio = median(b / t for b, t in zip(bare, times, strict=True))
        spread = (max(times) - min(times)) / median(times)
        of_off = median(o / t for o, t in zip(off, times, strict=True))
        print(f"{name:36}{records / median(times):>11,.0f}{spread:>8.0%} {ratio:>17.2f}{of_off:>15.2f}")


if __name__ == "__main__":
    main()
