import math
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.monitoring.columns import screen
from engine.monitoring.config import MonitoringConfig, Score, ScoreLimits
from engine.monitoring.measurements import counts, measure
from engine.monitoring.types import EvaluationJob, Table
from engine.monitoring.verdicts import WORDS, summary
from engine.tasks.registry import TASKS

CELLS: list[st.SearchStrategy[Any]] = [
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(min_value=10**300),
    st.floats(),
    st.sampled_from(["a", "b", "", "\ud800"]),
    st.text(max_size=3),
]
MIXED = st.one_of(CELLS)
LIMITS = ScoreLimits(warn=0.5, fail=0.4, drop_warn=0.1, drop_fail=0.2)
CONFIG = MonitoringConfig(quality=dict.fromkeys(get_args(Score), LIMITS))


def tables(least: int) -> st.SearchStrategy[Table]:
    """Columns of one kind of cell or of all kinds, as many rows in each."""
    names = st.lists(st.sampled_from(["x", "y", "", "label", "prediction", "probability"]), unique=True)

    def columns(rows: int) -> st.SearchStrategy[Table]:
        cells = st.sampled_from([*CELLS, MIXED]).flatmap(
            lambda cell: st.lists(cell, min_size=rows, max_size=rows)
        )
        return names.flatmap(lambda chosen: st.fixed_dictionaries(dict.fromkeys(chosen, cells))).map(Table)

    return st.integers(least, 60).flatmap(columns)


@settings(max_examples=300, deadline=None)
@given(tables(1), st.none() | tables(0), st.sampled_from([*TASKS]))
def test_any_window_is_measured_against_any_reference(
    current: Table, reference: Table | None, task: str
) -> None:
    job = EvaluationJob("k", 0, current, reference, "r")
    if not current.rows:
        return
    screened = screen(job, CONFIG, task)
    found = measure(job, screened, CONFIG, task)
    assert all(math.isfinite(value) for value in {**found.metrics, **counts(job, screened)}.values())
    assert {check.name for check in found.checks} <= WORDS.keys()
    assert bool(summary(found.checks)) == any(check.status != "pass" for check in found.checks)
