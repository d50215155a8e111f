"""A version's scores on an independent file, and whether they are good enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from dataflows.config import FlowConfig
from dataflows.connectors.files.storage import absolute
from dataflows.pinned_rows import read_labelled
from dataflows.registry.open import user
from dataflows.registry.origin import Opened, allowed_for, flow_of
from engine.evaluation.progressive_scores import Scores
from engine.models.operations import task_ops
from engine.records.values import Example
from engine.registry.evaluation import Estimate, Tried, compare, estimate, try_on
from engine.registry.version_ref import VersionRef


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What came of it.

    Attributes:
        version: Which version, in full.
        against: What it was compared with; "" for nothing.
        rows: Labelled rows.
        skipped: Examples without a label or against the contract, and what is unreadable.
        scores: Its scores.
        others: Those of the other.
        differences: Its scores less the other's, on the same rows.
        bound: The largest loss, or difference in loss, that passes; `None` when all do.
        passed: Whether the upper end of the interval is within the bound.
    """

    version: str
    against: str
    rows: int
    skipped: int
    scores: Mapping[str, Estimate]
    others: Mapping[str, Estimate]
    differences: Mapping[str, Estimate]
    bound: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """How good is good enough.

    Attributes:
        against: Another version; then the difference in loss decides.
        margin: The share of the other's loss by which it may be worse.
        most: Without another: the largest loss that passes; `None` when all do.
    """

    against: str = ""
    margin: float = 0.01
    most: float | None = None


def evaluate(where: Opened, reference: str, data: Sequence[str], wanted: Bound) -> Evaluation:
    """Scores a version on files that it has not learned from.

    Args:
        where: The registry.
        reference: The version.
        data: Files, written as the flow's input is.
        wanted: How good it must be.

    Raises:
        RiverkeeperError: When a version cannot be loaded, or the files have no labelled rows for it.
    """
    kept = where.registry.find(reference)
    config = flow_of(where, kept)
    here = [absolute(path) for path in data]
    rows, skipped = read_labelled(config, here)
    fresh = partial(Scores, config.scores, config.model.task)
    tried = _tried(where, kept, config, rows)
    scores = estimate(tried, fresh)
    others: Mapping[str, Estimate] = {}
    differences: Mapping[str, Estimate] = {}
    against, bound, measured = "", wanted.most, scores.get("loss")
    if wanted.against:
        other = where.registry.find(wanted.against)
        theirs = _tried(where, other, config, rows)
        others, differences = estimate(theirs, fresh), compare(tried, theirs, fresh)
        bound = wanted.margin * others["loss"].value if "loss" in others else None
        measured = differences.get("loss")
        against = other.place
    passed = bound is None or (measured is not None and measured.high <= bound)
    found = Evaluation(kept.place, against, len(tried), skipped, scores, others, differences, bound, passed)
    result = {"against": against, "data": list(data), "rows": len(tried), "passed": passed, "bound": bound}
    numbers = {name: [one.value, one.low, one.high] for name, one in scores.items()}
    where.registry.note("evaluated", kept, user(), {**result, "scores": numbers})
    return found


def _tried(where: Opened, kept: VersionRef, config: FlowConfig, rows: Sequence[Example]) -> list[Tried]:
    model = where.registry.load(kept, allowed_for(where), user(), "evaluate")
    ops = task_ops(config.model.task, model)
    return try_on(partial(ops.predict, model), ops, rows)
