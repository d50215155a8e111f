"""What a report costs, light and full, against rows and columns; and what handing one in costs the stream.

Times are the processor's, in the process that does the work: `judge` in the one beside the stream, `hand in`
(outcomes to columns, columns to bytes) in the stream's. After a first report, which imports Evidently, each
is repeated; printed are the median, the smallest and the largest.

    python -m benchmarks.reports
"""

from collections.abc import Callable
from statistics import median
from time import process_time

from msgspec.structs import replace

from benchmarks.windows import KINDS, pair
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import evaluate_window
from engine.monitoring.tables import tabulate
from engine.monitoring.types import EvaluationJob
from engine.monitoring.worker.protocol import Packer
from engine.records.events import Outcome
from engine.records.values import Example

LIGHT = MonitoringConfig(full_on="never")
REPEATS = {False: 15, True: 3}
CASES = [(1000, 5), (1000, 13), (1000, 50), (200, 13), (5000, 13)]
_KINDS = ["normal", "5 even categories", "long tail", "20 skewed categories", "counts"]


def timed(work: Callable[[], object], repeats: int) -> list[float]:
    """Milliseconds of processor time, of each repetition."""
    times = []
    for _ in range(repeats):
        began = process_time()
        work()
        times.append(1000 * (process_time() - began))
    return times


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


def main() -> None:
    """Times and prints the table."""
    assert set(_KINDS) <= KINDS.keys()  # noqa: S101 - a kind that was renamed
    evaluate_window(pair(0, _KINDS, 5, 200), LIGHT, "binary")
    print("| rows | columns | what | median ms | smallest | largest | snapshot kB |")
    print("|---:|---:|---|---:|---:|---:|---:|")
    for rows, columns in CASES:
        job = pair(1, _KINDS, columns, rows)
        _line(rows, columns, "hand in", timed(hand_in(job), 15), "")
        for full in (False, True):
            one = replace(job, full=full)
            size = f"{len(evaluate_window(one, LIGHT, 'binary').snapshot) / 1000:.0f}"
            times = timed(lambda one=one: evaluate_window(one, LIGHT, "binary"), REPEATS[full])  # type: ignore[misc]
            _line(rows, columns, "full report" if full else "light report", times, size)


def _line(rows: int, columns: int, what: str, times: list[float], size: str) -> None:
    numbers = " | ".join(f"{value:.1f}" for value in (median(times), min(times), max(times)))
    print(f"| {rows} | {columns} | {what} | {numbers} | {size} |", flush=True)


if __name__ == "__main__":
    main()
