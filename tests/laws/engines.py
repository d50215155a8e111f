"""What the laws of the engine are tried on: small engines, and streams of every kind of record."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from engine.monitoring.values import Job, Status, Verdict
from engine.pipeline.config import EngineConfig
from engine.pipeline.engine import Engine
from engine.records.values import Example, Label, Record, Unreadable

LOGISTIC = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]


class ScriptedJudge:
    """Gives the verdict that a script has for a window; without one, windows pass."""

    def __init__(self, script: dict[int, Status] | None = None) -> None:
        self._script = script or {}
        self._jobs: set[tuple[str, int]] = set()

    def submit(self, job: Job) -> None:
        self._jobs.add((job.key, job.window))

    def collect(self, key: str, window: int) -> Verdict:
        self._jobs.remove((key, window))
        status = self._script.get(window, "pass")
        return Verdict(window, status, f"scripted {status}", (), {}, b"")

    def close(self) -> None:
        self._jobs.clear()


def make_config(**sections: Any) -> EngineConfig:
    """A small engine: windows of 20 outcomes, labels that wait 50 seconds."""
    return EngineConfig.model_validate(
        {
            "model": {"task": "binary", "model": LOGISTIC},
            "window": {"count": 20, "sample": 10},
            "labels": {"wait": 50, "max_waiting": 12},
            "supervision": {"min_events": 5, "cooldown": 10, "patience": 3},
        }
        | sections
    )


def make_engine(script: dict[int, Status] | None = None, **sections: Any) -> Engine:
    return Engine(make_config(**sections), judge=ScriptedJudge(script))


_numbers = st.floats(-5, 5, allow_nan=False)
_features = st.fixed_dictionaries({"a": _numbers}, optional={"b": _numbers, "c": st.sampled_from([0, 1])})
_broken = st.fixed_dictionaries({"a": st.sampled_from([float("nan"), float("inf"), [1], {}])})
_times = st.floats(0, 300)
_ids = st.integers(0, 30).map(str)

examples = st.builds(Example, _ids, _times, _features | _broken, st.none() | st.booleans())
labels = st.builds(Label, _ids, _times, st.booleans())
records: st.SearchStrategy[Record] = st.one_of(
    examples, examples, labels, labels, st.builds(Unreadable, st.just("not JSON"))
)
streams = st.lists(records, max_size=150)
scripts: st.SearchStrategy[dict[int, Status]] = st.dictionaries(
    st.integers(0, 8), st.sampled_from(["pass", "warn", "fail", "unjudged"]), max_size=8
)


def in_batches(stream: Sequence[Record], cuts: Sequence[int]) -> list[Sequence[Record]]:
    """The stream cut at these places."""
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(edges)]
