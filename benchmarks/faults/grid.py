"""The cells of the benchmark, and how one is run.

A cell is a stream, a fault, a model, a seed and a delay of labels. Cells that share all but the fault are run
together: the stream without a fault is their twin, and a cell itself.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from random import Random
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.faults.concepts import DRIFTING
from benchmarks.faults.experts import ALONE, Loop, experts
from benchmarks.faults.faults import CLEAN, Spoilt, spoil
from benchmarks.faults.hindsight import BLOCK, best_sequences
from benchmarks.faults.losses import Array, Said, Scale, scale_of
from benchmarks.faults.measures import excess, regret, rows_to_recover
from benchmarks.faults.models import model_path
from benchmarks.faults.streams import Stream, load
from benchmarks.faults.supervised import Watched, engine_config, supervise
from engine.config import EngineConfig

Row = dict[str, Any]
"""What is kept of a cell."""

CHANGES = 2
"""The most changes of the best sequence in hindsight."""

_LENGTHS = (0.05, 0.1, 0.2, 0.25)
"""Shares of the stream that a fault lasts."""


@dataclass(frozen=True, slots=True)
class Group:
    """Cells that share a twin.

    Attributes:
        stream: A name of `SPOILABLE` or `DRIFTING`.
        model: A name of `MODELS`.
        seed: Chooses the stretch of the stream, the fault's rows and its chance.
        delay: Rows after which a label comes, at least.
    """

    stream: str
    model: str
    seed: int
    delay: int = 0


@dataclass(frozen=True, slots=True)
class _Twin:
    """The stream without a fault, and both arms on it.

    Attributes:
        config: Of the engine.
        scale: Of losses.
        stream: Without a fault.
        alone: What the champion left alone said of each row.
        watched: What the engine did.
        start: The row at which faults begin.
        champion: The champion left alone, as it was then.
    """

    config: EngineConfig
    scale: Scale
    stream: Stream
    alone: list[Said]
    watched: Watched
    start: int
    champion: Any


def run_group(group: Group, faults: Sequence[str], *, control: bool) -> list[Row]:
    """Runs the twin and these faults.

    Args:
        group: What the cells share.
        faults: Names of `FAULTS`.
        control: Whether the twin is wanted as a cell of its own.
    """
    stream = load(group.stream, group.seed)
    stream = replace(stream, delays=[max(delay, group.delay) for delay in stream.delays])
    start = int(len(stream.labels) * _random(group.stream, group.seed).uniform(0.3, 0.45))
    config = engine_config(stream.task, model_path(group.model, stream.task))
    clean = spoil(stream, CLEAN, start, start, group.seed)
    alone, champion = Loop(config.model, clean).alone(start)
    twin = _Twin(
        config, scale_of(stream.task, clean.truth), stream, alone, supervise(config, clean), start, champion
    )
    found = [_control(group, twin, clean)] if control else []
    return found + [_faulty(group, fault, twin) for fault in faults]


def _control(group: Group, twin: _Twin, clean: Spoilt) -> Row:
    """The stream without a fault: what acting costs over all of it."""
    kind = "drift" if group.stream in DRIFTING else "clean"
    served = {"none": twin.alone, "supervised": twin.watched.said}
    losses = {arm: float(twin.scale.losses(said, clean.truth).sum()) for arm, said in served.items()}
    described = _described(twin.scale, clean, twin.alone, twin.watched)
    return {**asdict(group), "fault": CLEAN, "kind": kind, **described, "loss": losses}


def _faulty(group: Group, fault: str, twin: _Twin) -> Row:
    """A fault: what it costs, what supervision recovers, and what was possible."""
    start, scale, rows = twin.start, twin.scale, len(twin.stream.labels)
    share = _random(group.stream, fault, group.seed).choice(_LENGTHS)
    end = start + int(rows * share)
    spoilt = spoil(twin.stream, fault, start, end, group.seed)
    watched = supervise(twin.config, spoilt)
    loop = Loop(twin.config.model, spoilt)
    said = {
        name: loop.run(expert, twin.champion, start)
        for name, expert in experts(loop, watched, start, end).items()
    }
    losses = {name: _from(start, scale, one, spoilt.truth) for name, one in said.items()}
    none, supervised = losses[ALONE], _from(start, scale, watched.said[start:], spoilt.truth)
    clean = _from(start, scale, twin.alone[start:], twin.stream.labels)
    calm = _from(start, scale, twin.watched.said[start:], twin.stream.labels)
    best = best_sequences(list(losses.values()), CHANGES)
    sums = {"none": none, "supervised": supervised, "twin none": clean, "twin supervised": calm}
    alone = twin.alone[:start] + said[ALONE]
    return {
        **asdict(group),
        "fault": fault,
        "kind": "fault",
        **_described(scale, spoilt, alone, watched),
        "start": start,
        "end": end,
        "loss": {name: float(one.sum()) for name, one in sums.items()}
        | {f"best {changes}": one.loss for changes, one in enumerate(best)},
        "absolute": _absolute(twin, spoilt, alone, watched),
        "excess": asdict(excess(none, clean)),
        "turns": [[start + block * BLOCK, [*losses][expert]] for block, expert in best[CHANGES].turns],
        "recovered": {
            "none": rows_to_recover(none, clean),
            "supervised": rows_to_recover(supervised, calm),
        },
    }


def _described(scale: Scale, spoilt: Spoilt, alone: Sequence[Said], watched: Watched) -> Row:
    """What is kept of every cell."""
    served, untouched = (scale.losses(said, spoilt.labels) for said in (watched.said, alone))
    return {
        "task": spoilt.task,
        "rows": len(spoilt.labels),
        "suspicions": sum(one.action == "suspect" for one in watched.decisions),
        "changes": [int(one.time) for one in watched.decisions if one.model != one.previous],
        "doubted": int(watched.doubted.sum()),
        "alive": {
            "doubt": fmean(watched.alive[True]) if watched.alive[True] else None,
            "calm": fmean(watched.alive[False]) if watched.alive[False] else None,
        },
        "regret": regret(served, untouched, watched.doubted),
        "decisions": [[one.action, int(one.time), one.shadow, one.reason] for one in watched.decisions],
    }


def _absolute(twin: _Twin, spoilt: Spoilt, alone: Sequence[Said], watched: Watched) -> dict[str, float]:
    """Sums of absolute errors from the fault on, in regression."""
    if spoilt.task != "regression":
        return {}
    errors = {
        "none": twin.scale.absolute(alone, spoilt.truth),
        "supervised": twin.scale.absolute(watched.said, spoilt.truth),
        "twin none": twin.scale.absolute(twin.alone, twin.stream.labels),
    }
    return {arm: float(one[twin.start :].sum()) for arm, one in errors.items()}


def _from(start: int, scale: Scale, said: Sequence[Said], truth: Sequence[Any]) -> Array:
    """Losses from the fault's beginning on; infinite while there is no such expert."""
    begin = len(truth) - len(said)
    return np.concatenate([np.full(begin - start, np.inf), scale.losses(said, truth[begin:])])


def _random(*names: object) -> Random:
    return Random(" ".join(map(str, names)))  # noqa: S311 - test data
