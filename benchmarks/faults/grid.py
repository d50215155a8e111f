"""The cells of the benchmark: a stream, a fault, a model and a seed each; the seed says when and how long."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from random import Random
from typing import Any

from benchmarks.faults.arms import run_arms
from benchmarks.faults.faults import FAULTS, spoil
from benchmarks.faults.streams import GENERATED, REAL, load
from engine.supervision.decisions import CHANGES

MODELS = {
    name: f"benchmarks.faults.models:{factory}"
    for name, factory in {"linear": "linear", "tree": "hoeffding", "forest": "small_forest"}.items()
}

CHOSEN_ON = frozenset({"flights", "elec2", "covtype", "shuttle", "sea drift", "sudden"})
"""Streams on which the defaults were chosen, with the first seeds and without the forest."""

SEEDS_CHOSEN_ON = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of all arms.

    Attributes:
        stream: A name of `REAL` or `GENERATED`.
        fault: A name of `FAULTS`, or "none".
        model: A name of `MODELS`.
        seed: Chooses the stretch of the stream, the fault's rows and its chance.
    """

    stream: str
    fault: str
    model: str
    seed: int

    @property
    def held_out(self) -> bool:
        """Whether nobody looked at it while the defaults were chosen."""
        return self.stream not in CHOSEN_ON or self.seed >= SEEDS_CHOSEN_ON or self.model == "forest"


def cells(
    seeds: int, models: tuple[str, ...], streams: tuple[str, ...], faults: tuple[str, ...]
) -> list[Cell]:
    """The grid. Generated streams have no fault but their own change of concept."""
    found = []
    for seed, model, stream in product(range(seeds), models, streams):
        wanted = ("none",) if stream in GENERATED else faults
        found += [Cell(stream, fault, model, seed) for fault in wanted]
    return found


def run_cell(cell: Cell, **supervision: Any) -> dict[str, Any]:
    """Runs one; returns sums of losses by arm, before, during and after the fault, and what was decided."""
    stream = load(cell.stream, cell.seed)
    rows = len(stream.labels)
    random = Random(f"{cell.stream} {cell.fault} {cell.seed}")  # noqa: S311 - test data
    start = int(rows * random.uniform(0.3, 0.45))
    end = start + int(rows * random.choice([0.05, 0.1, 0.2, 0.25]))
    spoilt, clean = (spoil(stream, fault, start, end, cell.seed) for fault in (cell.fault, "none"))
    arms = run_arms(MODELS[cell.model], spoilt, clean, start, end, **supervision)
    parts = {"before": slice(0, start), "during": slice(start, end), "after": slice(end, rows)}
    return asdict(cell) | {
        "held_out": cell.held_out,
        "rows": rows,
        "start": start,
        "end": end,
        "losses": {
            arm: {part: sum(losses[where]) for part, where in parts.items()}
            for arm, losses in arms.losses.items()
        },
        "decisions": [[one.action, int(one.time), one.shadow, one.reason] for one in arms.decisions],
        "changes": [int(one.time) for one in arms.decisions if one.action in CHANGES | {"hold"}],
        "statuses": "".join(status[0] for status in arms.statuses),
    }


def everything() -> Iterator[str]:
    """The names of all streams."""
    yield from (*REAL, *GENERATED)


ALL_FAULTS = ("none", *FAULTS)
