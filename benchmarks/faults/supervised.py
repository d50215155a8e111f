"""The engine on a stream, seen from outside: its events, and how many models are alive."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.faults.faults import Spoilt
from benchmarks.faults.judging import MeasuringJudge
from benchmarks.faults.losses import Said, Task
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.core.shadow_selection import broken_features
from engine.events import Decision, Report
from engine.records.events import Outcome, Prediction
from engine.records.values import Example, Label, Record

WINDOW = 500

_EVERY = 50
"""Records after which models are counted."""

_ENDS = frozenset({"clear", "accept", "rollback", "mask", "reset", "promotion", "hold"})
"""Decisions after which no suspicion is open."""


@dataclass(slots=True)
class Watched:
    """What the engine has done.

    Attributes:
        said: What was served for each row.
        doubted: Rows that were predicted while a suspicion was open.
        windows: The window of each row whose outcome is known.
        failed: Windows that failed.
        broken: The features that failed, by window.
        decisions: All of them.
        alive: Models alive at moments in which a suspicion was open (`True`), and at others.
    """

    said: list[Said]
    doubted: Any
    windows: dict[int, int] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    broken: dict[int, frozenset[str]] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    alive: Mapping[bool, list[int]] = field(default_factory=lambda: {True: [], False: []})


def engine_config(task: Task, model: str) -> EngineConfig:
    """The defaults, for windows of 500 instead of 5,000."""
    return EngineConfig.model_validate(
        {
            "model": {"task": task, "model": model},
            "window": {"count": WINDOW, "sample": WINDOW, "reference": "last_passed"},
            "labels": {"wait": 1e9},
        }
    )


def supervise(config: EngineConfig, spoilt: Spoilt) -> Watched:
    """Runs the engine over the stream."""
    rows = len(spoilt.labels)
    watched = Watched([None] * rows, np.zeros(rows, bool))
    engine = Engine(config, evaluator=MeasuringJudge(config.monitoring, config.model.task))
    doubt, records = False, _records(spoilt)
    for begin in range(0, len(records), _EVERY):
        for event in engine.process(records[begin : begin + _EVERY]):
            if isinstance(event, Prediction):
                row = int(event.id)
                watched.said[row] = _said(event, spoilt.task)
                watched.doubted[row] = doubt
            elif isinstance(event, Outcome):
                watched.windows[int(event.example.id)] = event.order // WINDOW
            elif isinstance(event, Decision):
                watched.decisions.append(event)
                doubt = event.action == "suspect" or (doubt and event.action not in _ENDS)
            elif isinstance(event, Report):
                watched.broken[event.window] = broken_features(event.verdict.checks)
                if event.verdict.status == "fail":
                    watched.failed.add(event.window)
        pool = engine.pool
        watched.alive[doubt].append(1 + len(pool.shadows.alive) + len(pool.challengers.alive))
    return watched


def _said(event: Prediction, task: Task) -> Said:
    if task == "regression":
        return None if event.prediction is None else float(event.prediction)
    return event.probability


def _records(spoilt: Spoilt) -> list[Record]:
    """Examples, each with its label or the labels that come when it does."""
    records: list[Record] = []
    late: dict[int, list[int]] = {}
    for number, (features, label, delay) in enumerate(
        zip(spoilt.features, spoilt.labels, spoilt.delays, strict=True)
    ):
        present = {name: value for name, value in features.items() if value is not None}
        records.append(Example(str(number), float(number), present, None if delay else label))
        if delay:
            late.setdefault(number + delay, []).append(number)
        records += [Label(str(one), float(number), spoilt.labels[one]) for one in late.pop(number, [])]
    return records
