"""Which cells are run: a short grid that covers everything, and all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from benchmarks.faults.concepts import DRIFTING
from benchmarks.faults.faults import faults_of
from benchmarks.faults.grid import Group
from benchmarks.faults.models import MODELS
from benchmarks.faults.streams import SPOILABLE, task_of

SEEDS = range(3)
DELAYS = (0, 100, 1000)

_DELAYED = {"elec2": "linear", "weather": "tree", "demand": "linear", "clouds": "tree"}
"""Streams on which all faults are run with late labels too, and the model there."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A group of cells, and its faults; the twin is a control too."""

    group: Group
    faults: tuple[str, ...]


_SHORT: Mapping[Group, tuple[str, ...]] = {
    Group("elec2", "linear", 0): faults_of("binary"),
    Group("elec2", "tree", 0): ("unit", "swapped", "outliers", "shuffled"),
    Group("weather", "linear", 1): ("missing", "shuffled", "duplicated", "label flip"),
    Group("weather", "tree", 1): ("stuck", "missing", "outliers", "shuffled", "duplicated"),
    Group("sea", "linear", 0): ("unit", "stuck", "missing", "outliers", "label flip"),
    Group("sea", "tree", 0): ("unit", "stuck", "shuffled", "label flip"),
    Group("shuttle", "linear", 1): ("outliers", "label delay", "label flip"),
    Group("shuttle", "tree", 0): ("missing", "outliers", "label flip"),
    Group("flights", "linear", 1): ("outliers", "shuffled"),
    Group("bananas", "tree", 0): ("unit", "missing", "swapped", "outliers"),
    Group("bananas", "forest", 0): ("unit", "shuffled"),
    Group("elec2", "linear", 1, 100): ("swapped", "outliers", "shuffled"),
    Group("sea", "linear", 1, 1000): ("unit", "missing", "outliers"),
    Group("demand", "linear", 0): ("unit", "missing", "outliers", "shuffled", "label noise", "label unit"),
    Group("demand", "tree", 0): ("unit", "missing", "swapped", "outliers", "label delay", "label unit"),
    Group("friedman", "linear", 0): ("stuck", "missing", "swapped", "outliers", "label unit"),
    Group("friedman", "tree", 0): ("stuck", "swapped", "shuffled", "label unit"),
    Group("demand", "tree", 0, 100): ("unit", "swapped"),
    Group("friedman", "linear", 1, 1000): ("missing", "shuffled", "label noise"),
    Group("clouds", "linear", 0): ("missing", "outliers", "label flip"),
    Group("clouds", "tree", 0): ("unit", "missing", "outliers", "shuffled", "label flip"),
    Group("cuts", "tree", 0): ("swapped", "outliers", "shuffled"),
    Group("clouds", "tree", 0, 100): ("unit",),
    Group("sea drift", "linear", 0): (),
    Group("agrawal drift", "tree", 0): (),
    Group("sudden", "tree", 0): (),
    Group("gradual", "linear", 1): (),
    Group("recurring", "tree", 1): (),
    Group("recurring", "linear", 0, 100): (),
    Group("friedman sudden", "tree", 0): (),
    Group("friedman gradual", "linear", 0): (),
    Group("friedman local", "tree", 1): (),
    Group("clouds sudden", "tree", 0): (),
    Group("clouds gradual", "linear", 1): (),
    Group("clouds recurring", "tree", 1): (),
}
"""Chosen by what faults cost the champion left alone; some cost nothing, and there doing nothing is right."""


def short() -> list[Planned]:
    """Cells of every fault, task, model, delay and drift: some minutes."""
    return [Planned(group, faults) for group, faults in _SHORT.items()]


def long() -> list[Planned]:
    """Every stream, fault, model and seed, and late labels for one stream of each task: hours."""
    return [*_long()]


def _long() -> Iterator[Planned]:
    for seed, model, stream in product(SEEDS, MODELS, (*SPOILABLE, *DRIFTING)):
        faults = () if stream in DRIFTING else faults_of(task_of(stream))
        yield Planned(Group(stream, model, seed), faults)
    for seed, delay, (stream, model) in product(SEEDS, DELAYS[1:], _DELAYED.items()):
        yield Planned(Group(stream, model, seed, delay), faults_of(task_of(stream)))
    for seed, delay, model in product(SEEDS, DELAYS[1:], ("linear", "tree")):
        yield Planned(Group("recurring", model, seed, delay), ())
