"""What the laws of the engine are tried on: small engines, and streams of every kind of record."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any

from hypothesis import strategies as st

from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.monitoring.types import Check, EvaluationJob, Verdict
from engine.records.values import Example, Label, Record, Unreadable
from engine.windows import Status

LOGISTIC = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]


_LABELS = {"wait": 50, "max_waiting": 12}
_SUPERVISION = {"min_events": 5, "cooldown": 10, "patience": 9, "alpha": 0.9}
_DETECTOR = {"type": "anomaly.HalfSpaceTrees", "n_trees": 2, "height": 3, "window_size": 10, "seed": 1}

SETUPS: dict[str, dict[str, Any]] = {
    "plain": {},
    "corrections are learned": {"labels": _LABELS | {"corrections": "learn", "remember": 100}},
    "no label is a no": {"labels": _LABELS | {"expired_label": False, "corrections": "learn"}},
    "forgetful": {"labels": _LABELS | {"early_wait": 2, "max_remembered": 5}},
    "no memory": {"labels": _LABELS | {"max_remembered": 0}},
    "breaches go on": {
        "contract": {
            "policy": "warn",
            "max_ahead": 60,
            "max_behind": 20,
            "fields": {
                "a": {"type": "number", "min": -2, "max": 2},
                "b": {"type": "number", "required": True},
            },
        }
    },
    "challengers": {
        "challengers": {
            "tree": {"model": {"type": "tree.HoeffdingTreeClassifier", "grace_period": 5}},
            "bayes": {"model": "naive_bayes.GaussianNB", "share": 0.5},
        },
    },
    "told of warnings, and often": {"alerts": {"level": "warn", "cool_down": 30}},
    "detectors": {
        "monitoring": {
            "detectors": [
                {"method": "kswin", "on": "feature:a", "parameters": {"window_size": 20, "stat_size": 5}},
                {"method": "adwin", "on": "prediction", "parameters": {"grace_period": 5}},
                {"method": "ddm", "on": "loss", "parameters": {"warm_start": 5}},
            ]
        }
    },
    "masks": {
        "model": {"task": "binary", "model": "linear_model.LogisticRegression"},
        "supervision": _SUPERVISION
        | {"guard": False, "reset": False, "on_label_fail": "trust", "shadows": 1, "checkpoints": 1},
    },
    "begins anew, and goes back": {
        "model": {"task": "binary", "model": "naive_bayes.GaussianNB"},
        "window": {"count": 10, "sample": 10},
        "supervision": _SUPERVISION | {"guard": False, "on_label_fail": "trust"},
    },
    "windows by time": {"window": {"seconds": 15, "sample": 10}},
    "windows that overlap": {
        "window": {"seconds": 10, "lateness": 25, "sample": 10, "reference": "previous"}
    },
    "anomaly": {
        "model": {
            "task": "anomaly",
            "model": [
                "preprocessing.MinMaxScaler",
                {"type": "anomaly.QuantileFilter", "anomaly_detector": _DETECTOR, "q": 0.9},
            ],
        },
        "labels": _LABELS | {"corrections": "learn"},
    },
}
"""Sections of the configuration under which every law must hold."""

setups = st.sampled_from(list(SETUPS.values()))


class ScriptedJudge:
    """Gives the verdict that a script has for a window; without one, windows pass.

    One that `blames` says why a window fails: its feature `a`, and in every eighth window its labels too.
    """

    def __init__(self, script: Mapping[int, Status] | None = None, *, blames: bool = False) -> None:
        self._blames = blames
        self._script = script or {}
        self._jobs: set[tuple[str, int]] = set()
        self.seen: list[EvaluationJob] = []
        self.waited = 0.0

    def submit(self, job: EvaluationJob) -> None:
        self._jobs.add((job.key, job.window))
        self.seen.append(job)

    def collect(self, key: str, window: int) -> Verdict:
        self._jobs.remove((key, window))
        status = self._script.get(window, "pass")
        checks = [Check("drift", "a", 2.0, 1.0, status)] if self._blames else []
        if self._blames and status == "fail" and window % 8 == 7:
            checks.append(Check("target drift", "label", 2.0, 1.0, status))
        return Verdict(window, status, f"scripted {status}", tuple(checks), {}, b"")

    def close(self) -> None:
        self._jobs.clear()


class ReportingJudge(ScriptedJudge):
    """Makes full reports too, each when it has been asked for so many times, or is waited for."""

    def __init__(self, script: Mapping[int, Status] | None = None, asked: Sequence[int] = ()) -> None:
        super().__init__(script)
        self._asked = iter(asked)
        self._left: dict[tuple[str, int], int] = {}
        self.begun: list[EvaluationJob] = []

    def begin_full(self, job: EvaluationJob) -> None:
        self.begun.append(job)
        self._left[job.key, job.window] = next(self._asked, 0)

    def full(self, key: str, window: int, *, wait: bool) -> bytes | None:
        if self._left[key, window] and not wait:
            self._left[key, window] -= 1
            return None
        del self._left[key, window]
        return f"{key}/{window}".encode()


def make_config(**sections: Any) -> EngineConfig:
    """A small engine: windows of 20 outcomes, labels that wait 50 seconds."""
    return EngineConfig.model_validate(
        {
            "model": {"task": "binary", "model": LOGISTIC},
            "window": {"count": 20, "sample": 10},
            "labels": _LABELS,
            "supervision": _SUPERVISION,
        }
        | sections
    )


def make_engine(
    script: dict[int, Status] | None = None, judge: ScriptedJudge | None = None, **sections: Any
) -> Engine:
    return Engine(make_config(**sections), evaluator=judge or ScriptedJudge(script))


def make_stream(seed: int, length: int) -> list[Record]:
    """A stream of every kind of record, with a fault in its middle third.

    Hypothesis chooses the seed and the length; drawn by it record by record, streams stay so short that
    no label finds its prediction and no window closes.
    """
    random = Random(seed)  # noqa: S311 - test data
    stream: list[Record] = []
    truth: list[tuple[str, bool]] = []
    # Too large, which pays to forget later; of the wrong sign, to do without meanwhile; or of any sign.
    factors, weight = ((-50.0, 50.0), 1.0) if seed % 4 == 3 else ((-3.0 if seed % 2 else 1000.0,), 0.0)
    time = 0.0
    for number in range(length):
        time += random.choice([0.0, 0.5, 1.0, 1.0, 5.0])
        spoilt = length / 4 < number < length * 0.7
        example = _example(random, factors if spoilt else (1.0,), weight)
        stream.append(_record(random, number, time, truth, example))
    return stream


def _example(random: Random, factors: Sequence[float], weight: float) -> tuple[dict[str, Any], bool]:
    """Features and label: the sign of `a`, before it is multiplied by a factor, plus a weight times `b`."""
    a, b = random.gauss(0, 1), random.gauss(0, 1)
    features = {"a": a * random.choice(factors)} | ({"b": b} if random.random() < 0.7 else {})
    return features, a + weight * b + random.gauss(0, 0.2) > 0


def _record(
    random: Random,
    number: int,
    time: float,
    truth: list[tuple[str, bool]],
    example: tuple[dict[str, Any], bool],
) -> Record:
    kind = random.random()
    if kind < 0.04:
        return Unreadable("not JSON")
    if kind < 0.08:
        broken: Any = random.choice([float("nan"), float("inf"), [1], {}])
        return Example(f"broken{number}", time, {"a": broken})
    if kind < 0.41:
        return _label(random, number, time, truth)
    features, label = example
    late = random.choice([0.0, 0.0, 0.0, 30.0])
    if kind < 0.75:
        return Example(f"inline{number}", time - late, features, label)
    # Sometimes an id that waits already.
    name = truth[-1][0] if kind < 0.78 and truth else str(number)
    truth.append((name, label))
    return Example(name, time - late, features)


def _label(random: Random, number: int, time: float, truth: list[tuple[str, bool]]) -> Record:
    kind = random.random()
    if kind < 0.7 and truth:
        name, label = truth[-min(len(truth), random.choice([1, 2, 3, 8, 40]))]
        return Label(name, time, label)
    if kind < 0.85:  # of an example that may come later, soon or not
        return Label(str(number + random.choice([1, 2, 3, 9])), time, random.random() < 0.5)
    # Now and then from a clock gone wrong.
    return Label("never seen", time if kind < 0.995 else random.choice([-1e9, 1e12]), True)


streams = st.builds(make_stream, st.integers(0, 100_000), st.integers(0, 500))
scripts: st.SearchStrategy[dict[int, Status]] = st.one_of(
    st.just(dict.fromkeys((3, 4), "fail")),
    st.just({}),
    st.dictionaries(st.integers(0, 14), st.sampled_from(["pass", "warn", "fail", "unjudged"]), max_size=15),
)


def in_batches(stream: Sequence[Record], cuts: Sequence[int]) -> list[Sequence[Record]]:
    """The stream cut at these places."""
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(edges)]
