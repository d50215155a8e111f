"""What a report costs against rows and columns, and for how long the close of a window holds the stream up.

Reports: in the process that makes them, after a first one, which imports Evidently. Each repetition is a new
window against one reference, as in a stream. `hand in` is done in the stream's process: outcomes to columns,
columns to bytes.

Closes: an engine takes a stream's records one by one; the calls that close a window are timed, with the rows
that come of them encoded. All is as it is by default, without full reports and without the triggers of a
suspicion: what models relearn then is not the window's. The report of the window before is waited for first.

    python -m benchmarks.reports [--only reports | --only closes] [--model linear] [--windows 16]

Printed are the median, the smallest and the largest.
"""

import argparse
from collections.abc import Callable, Iterator
from itertools import count
from statistics import median
from time import perf_counter, process_time, sleep, thread_time

from msgspec.structs import replace

from benchmarks.speed.cases import make_case
from benchmarks.windows import KINDS, pair
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.core.serialize import encode
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import evaluate_window
from engine.monitoring.tables import tabulate
from engine.monitoring.types import EvaluationJob, OutputReference, Table
from engine.monitoring.worker.evaluator import BackgroundEvaluator
from engine.monitoring.worker.protocol import Packer
from engine.records.decode import Decoder
from engine.records.events import Outcome
from engine.records.values import Example
from engine.tasks.registry import find_task

CONFIG = MonitoringConfig()
REPEATS = {False: 15, True: 3}
CASES = [(1000, 5), (1000, 9), (1000, 13), (1000, 50), (200, 13), (5000, 13)]
_KINDS = ["normal", "5 even categories", "long tail", "20 skewed categories", "counts"]


Spent = tuple[float, float]
"""Milliseconds: of the processor, and by the wall."""


def timed(work: Callable[[], object], repeats: int) -> list[Spent]:
    """What each repetition takes."""
    times = []
    for _ in range(repeats):
        began, at = process_time(), perf_counter()
        work()
        times.append((1000 * (process_time() - began), 1000 * (perf_counter() - at)))
    return times


def stream_of_jobs(columns: int, rows: int) -> Iterator[EvaluationJob]:
    """Windows against one reference, their outputs with those of the window before."""
    before = pair(0, _KINDS, columns, rows)
    reference = before.current
    for number in count(1):
        served = {
            name: cells
            for name, cells in before.current.columns.items()
            if name in ("label", "prediction", "probability")
        }
        outputs = OutputReference(Table(served), number - 1, "m0", True)
        before = replace(pair(number, _KINDS, columns, rows), reference=reference, outputs=outputs)
        yield before


def outcomes(job: EvaluationJob) -> list[Outcome]:
    """The window as the stream has it."""
    names = [name for name in job.current.columns if name.startswith("x")]
    columns = job.current.columns
    return [
        Outcome(
            row,
            row,
            Example(str(row), float(row), {name: columns[name][row] for name in names}, None),  # type: ignore[misc]
            None,
            "m0",
            bool(columns["label"][row]),
            0.1,
            float(row),
        )
        for row in range(job.current.rows)
    ]


def hand_in(job: EvaluationJob) -> Callable[[], object]:
    """What `submit` costs the stream: the window's columns made and packed, the reference known already."""
    sample, packer = outcomes(job), Packer()
    packer.pack(job)
    return lambda: packer.pack(replace(job, current=tabulate(sample, lambda _: (True, 0.7, None))))


CLOSES = [("elec2", 1000), ("elec2", 5000), ("flights", 1000), ("flights", 5000)]
"""Streams, and outcomes in a window: the default, and the demo's."""

_QUIET = dict.fromkeys(("on_warn", "on_fail", "on_loss_drift", "on_baseline", "on_loss_rise"), False)


def closes(stream: str, model: str, outcomes_each: int, records: int) -> list[Spent]:
    """What each close takes of the calling thread, but the first, and those under a suspicion."""
    case = make_case(stream, model, records)
    sections = {
        name: case.settings[name]
        for name in ("model", "contract", "record", "labels")
        if name in case.settings
    }
    config = EngineConfig.model_validate(
        sections
        | {"scores": case.settings["scores"], "window": {"count": outcomes_each}}
        | {"monitoring": {"full_on": "never"}, "supervision": _QUIET}
    )
    decode = Decoder(config.record, find_task("binary").labels).decode
    found: list[Spent] = []
    with (
        BackgroundEvaluator(config.monitoring, "binary") as evaluator,
        Engine(config, evaluator=evaluator) as engine,
    ):
        for line in case.lines:
            record, window, doubted = (
                decode(line, "f", 1, line),
                engine.review.windows.index,
                engine.supervisor.suspecting,
            )
            began, at = thread_time(), perf_counter()
            encode(engine.process([record]))
            spent = 1000 * (thread_time() - began), 1000 * (perf_counter() - at)
            if engine.review.windows.index == window:
                continue
            if window and not doubted and not engine.supervisor.suspecting:
                found.append(spent)
            while not evaluator.ready("main", window):
                sleep(0.001)
    return found


def _reports() -> None:
    assert set(_KINDS) <= KINDS.keys()  # noqa: S101 - a kind that was renamed
    evaluate_window(pair(0, _KINDS, 5, 200), CONFIG, "binary")
    print(f"{'rows':>6} {'columns':>7}  {'what':34}{_HEAD}  snapshot kB")
    for rows, columns in CASES:
        jobs = stream_of_jobs(columns, rows)
        _line(f"{rows:6} {columns:7}  {'hand in':34}", timed(hand_in(next(jobs)), 15))
        for full in (False, True):
            chosen = iter([replace(next(jobs), full=full) for _ in range(REPEATS[full] + 1)])
            size = f"{len(evaluate_window(next(chosen), CONFIG, 'binary').snapshot) / 1000:11.0f}"
            times = timed(lambda jobs=chosen: evaluate_window(next(jobs), CONFIG, "binary"), REPEATS[full])  # type: ignore[misc]
            _line(f"{rows:6} {columns:7}  {'full report' if full else 'light report':34}", times, size)


_HEAD = f"{'processor, ms':>24}{'wall, ms':>24}"


def _line(what: str, times: list[Spent], more: str = "") -> None:
    parts = [f"{median(each):8.1f} ({min(each):.1f} to {max(each):.1f})" for each in zip(*times, strict=True)]
    print(what + "".join(f"{part:>24}" for part in parts) + f"  {more}".rstrip(), flush=True)


def main() -> None:
    """Times and prints both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--only", choices=["reports", "closes"])
    parser.add_argument("--model", default="linear", choices=["linear", "tree"])
    parser.add_argument("--windows", type=int, default=16, help="windows of each stream")
    given = parser.parse_args()
    if given.only != "closes":
        _reports()
    if given.only != "reports":
        print(f"{'closing a window':49}{_HEAD}  closes")
        for stream, size in CLOSES:
            times = closes(stream, given.model, size, size * given.windows)
            _line(f"{stream}, {given.model}, windows of {size:<16,}"[:49].ljust(49), times, f"{len(times):6}")


if __name__ == "__main__":
    main()
