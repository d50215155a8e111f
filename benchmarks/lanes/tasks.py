"""Made streams and configurations for other tasks: labels, models and metrics become those of the task."""

import json
import re
from random import Random
from typing import Any

from benchmarks.lanes.streams import ENCODED, LOGISTIC

TASKS = ("binary", "multiclass", "regression")

_LABEL = re.compile(rb'("label" ?: ?)(true|false)')
_SCALED, _SLOW, _FAST = (
    [
        "preprocessing.StandardScaler",
        {"type": "linear_model.LinearRegression", "optimizer": {"type": "optim.SGD", "args": [rate]}},
    ]
    for rate in (0.01, 0.001, 0.1)
)
_ROBUST = ["preprocessing.StandardScaler", {"type": "linear_model.PARegressor", "C": 0.1}]
_VALUES: list[Any] = [_SCALED, [ENCODED[0], "linear_model.LinearRegression"], "tree.HoeffdingTreeRegressor"]
_METRICS: dict[str, list[list[str]]] = {
    "multiclass": [[], ["Accuracy", "MacroF1"], ["CrossEntropy"], ["CohenKappa"]],
    "regression": [[], ["MAE", "RMSE"], ["R2", "MSE"], ["RMSLE", "MAE"]],
}
_CLASSIFIERS: list[Any] = [
    "tree.HoeffdingTreeClassifier",
    ["preprocessing.StandardScaler", "tree.HoeffdingTreeClassifier"],
    "naive_bayes.GaussianNB",
    "auto",
    "dummy.PriorClassifier",
]
_WORDS = ["red", "green", "blue", "ö", ""]
_NUMBERS: list[Any] = [1, 2, "3", 4.0, True, -7]
_ODD: list[Any] = ['"', "\\", 2**53, 2**60, 1.5, "2.5"]
_MANY = [f"c{number}" for number in range(300)]
_FAR = [1e6, -1e6, 2**53, 2**53 + 1, -(2**60), 1e308, -0.0, 0, 7]


def of_task(
    task: str, random: Random, settings: dict[str, Any], lines: list[bytes], odd: float = 0.0
) -> tuple[dict[str, Any], list[bytes]]:
    """A made stream of a binary task, and its sections, as those of another task.

    Args:
        task: Its name.
        random: Draws.
        settings: The sections.
        lines: The stream.
        odd: Share of labels that are no ordinary ones.
    """
    if task == "binary":
        return settings, lines
    if task == "multiclass":
        names = random.choice([_WORDS, _WORDS, _NUMBERS, _MANY])
        return _settings(random, settings, task), [
            _LABEL.sub(lambda found: _class(random, found, names, odd), line) for line in lines
        ]
    return _settings(random, settings, task), [
        _LABEL.sub(lambda found: _value(random, found, odd), line) for line in lines
    ]


def _class(random: Random, found: re.Match[bytes], names: list[Any], odd: float) -> bytes:
    """One of several classes in place of one of two, mostly the same for the same."""
    half = names[: len(names) // 2] if found[2] == b"true" else names[len(names) // 2 :]
    name = random.choice(_ODD if random.random() < odd else half if random.random() < 0.2 else half[:1])
    return found[1] + json.dumps(name, ensure_ascii=False).encode()


def _value(random: Random, found: re.Match[bytes], odd: float) -> bytes:
    """A number in place of a class, now and then a whole one."""
    value: float = random.gauss(2.0 if found[2] == b"true" else -1.0, 0.3)
    if random.random() < odd:
        value = random.choice(_FAR)
    elif random.random() < 0.1:
        value = round(value)
    return found[1] + json.dumps(value).encode()


def _settings(random: Random, settings: dict[str, Any], task: str) -> dict[str, Any]:
    """The sections with models and metrics of the task."""
    made = settings | {"model": {"task": task, "model": _model(random, settings["model"]["model"], task)}}
    record = made.get("record", {})
    made["record"] = {name: record[name] for name in record if name not in {"positive", "negative"}}
    if "scores" in made:
        metrics = random.choice(_METRICS[task])
        made["scores"] = made["scores"] | {"metrics": metrics}
    if "business" in made:
        worth = (
            "2 * label - prediction" if task == "regression" else "probability if label == prediction else -1"
        )
        made["business"] = {"worth": {"expression": worth}}
    if "detectors" in made.get("monitoring", {}):
        detectors = [one for one in made["monitoring"]["detectors"] if one["method"] != "ddm"]
        made["monitoring"] = made["monitoring"] | {"detectors": detectors}
    rivals = made.get("challengers", {})
    made["challengers"] = {
        name: one | {"model": _model(random, one["model"], task)} for name, one in rivals.items()
    }
    return made


def _model(random: Random, model: Any, task: str) -> Any:
    """A model of the task, of the same kind where there is one."""
    if task == "multiclass":
        return random.choice(_CLASSIFIERS)
    if model == LOGISTIC:
        return random.choice([_SCALED, _SLOW])
    if model == ENCODED:
        return _VALUES[1]
    return random.choice([*_VALUES, _FAST, _ROBUST, "auto"])
