"""Made streams in which champions are suspected, with verdicts that are drawn."""

import json
from random import Random
from typing import Any

from benchmarks.lanes.streams import LOGISTIC
from engine.monitoring.types import Check, EvaluationJob, Verdict
from engine.windows import Status

_TREE = "tree.HoeffdingTreeClassifier"
_RIVALS = [
    [
        "preprocessing.StandardScaler",
        {"type": "linear_model.LogisticRegression", "optimizer": {"type": "optim.SGD", "args": [rate]}},
    ]
    for rate in (0.5, 0.001)
]
_FEATURES = ("a", "b", "c")


class DrawnVerdicts:
    """Judges windows by lot, the same ones alike every time; a feature is to blame for one that fails.

    Args:
        seed: Of the draws.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.waited = 0.0

    def submit(self, job: EvaluationJob) -> None:
        """Needs nothing of it."""

    def collect(self, key: str, window: int) -> Verdict:  # noqa: ARG002 - windows of all keys are alike
        """The verdict."""
        spell = Random(f"{self._seed}/{window // 3}")  # noqa: S311 - test data
        statuses: list[Status] = ["pass", "pass", "warn", "fail", "fail", "unjudged"]
        status = spell.choice(statuses)
        column = spell.choice([*_FEATURES, "label"]) if spell.random() < 0.3 else spell.choice(_FEATURES)
        checks = (Check("drift", column, 2.0, 1.0, status),) if status in {"warn", "fail"} else ()
        return Verdict(window, status, f"drawn {status}", checks, {}, b"")

    def close(self) -> None:
        """Nothing to end."""


def suspicious_settings(random: Random, *, kinds: bool) -> dict[str, Any]:
    """The sections of a configuration under which champions are suspected or beaten soon, and replaced."""
    settings: dict[str, Any] = {
        "model": {"task": "binary", "model": random.choice([LOGISTIC, LOGISTIC, _TREE])},
        "window": random.choice(
            [{"count": 40}, {"count": 120}, {"count": 250}, {"seconds": 150, "lateness": 5}]
        ),
        "monitoring": {"loss_drift_delta": random.choice([0.002, 0.3, 0.9])},
        "supervision": {
            "serve": random.choice(["together", "together", "switch"]),
            "automatic": random.random() < 0.8,
            "min_events": random.choice([5, 20, 39]),
            "alpha": random.choice([0.01, 0.5]),
            "cooldown": random.choice([0, 50]),
            "compare_after": random.choice([0, 0, 1, 3]),
            "shadows": random.choice([1, 3]),
            "patience": random.choice([2, 8]),
        },
    }
    if kinds:
        settings["record"] = {"kind": {"field": "kind", "example": "ex", "label": "late"}}
    for number in range(random.choice([0, 0, 1, 2])):
        model, share = random.choice([*_RIVALS, LOGISTIC, _TREE]), random.choice([1.0, 0.4])
        settings.setdefault("challengers", {})[f"r{number}"] = {"model": model, "share": share}
    if random.random() < 0.3:
        settings["labels"] = {"wait": random.choice([20, 60])}
    return settings


def suspicious_stream(random: Random, count: int, *, kinds: bool) -> list[bytes]:
    """Lines of records whose labels turn around, or are noise, and whose features break, for some time.

    Args:
        random: Draws.
        count: Examples.
        kinds: Whether labels are records of their own, and come late.
    """
    spells = [_spell(random, count) for _ in range(random.randrange(1, 5))]
    lines: list[bytes] = []
    waiting: list[dict[str, Any]] = []
    time = 1000.0
    for number in range(count):
        time += random.choice([0, 1, 1, 2])
        features = {name: random.gauss(0, 1) for name in _FEATURES}
        label = features["a"] + features["b"] + random.gauss(0, 0.5) > 0
        for spell, kind in spells:
            if number in spell:
                label = _broken(random, kind, features, label=label)
        record = {"id": f"i{number}", "time": time, **features}
        if not kinds:
            lines.append(json.dumps(record | {"label": label}).encode())
            continue
        lines.append(json.dumps(record | {"kind": "ex"}).encode())
        waiting.append({"kind": "late", "id": record["id"], "label": label})
        while len(waiting) > 60 or (waiting and random.random() < 0.45):
            late = waiting.pop(random.randrange(min(len(waiting), 40)))
            lines.append(json.dumps(late | {"time": time}).encode())
    return lines


def _spell(random: Random, count: int) -> tuple[range, str]:
    begin = random.randrange(count // 4, count)
    kinds = ["turned", "noise", "scaled", "stuck", "shifted", "shifted", "far"]
    return range(begin, begin + random.randrange(50, 700)), random.choice(kinds)


def _broken(random: Random, kind: str, features: dict[str, float], *, label: bool) -> bool:
    """Something is wrong with the feature `b`, or with the label, which comes back."""
    if kind == "turned":
        return not label
    if kind == "noise":
        return random.random() < 0.5
    value = features["b"]
    broken = {"scaled": value * 30, "stuck": 0.25, "shifted": value + 3}
    features["b"] = broken.get(kind, value * 1e4 if random.random() < 0.1 else value)
    return label
