"""Made streams and configurations for other tasks: labels, models and metrics become those of the task."""

import json
import re
from random import Random
from typing import Any

from benchmarks.lanes.streams import ENCODED, LOGISTIC

TASKS = ("binary", "regression")

_LABEL = re.compile(rb'("label" ?: ?)(true|false)')
_SCALED = ["preprocessing.StandardScaler", "linear_model.LinearRegression"]
_ROBUST = ["preprocessing.StandardScaler", {"type": "linear_model.PARegressor", "C": 0.1}]
_VALUES: list[Any] = [_SCALED, [ENCODED[0], "linear_model.LinearRegression"], "tree.HoeffdingTreeRegressor"]
_FAR = [1e6, -1e6, 2**53, 2**53 + 1, -(2**60), 1e308, -0.0, 0, 7]


def of_task(
    task: str, random: Random, settings: dict[str, Any], lines: list[bytes]
) -> tuple[dict[str, Any], list[bytes]]:
    """A made stream of a binary task, and its sections, as those of another task.

    Args:
        task: Its name.
        random: Draws.
        settings: The sections.
        lines: The stream.
    """
    if task == "binary":
        return settings, lines
    far = random.choice([0.0, 0.0, 0.01])
    return _settings(random, settings), [
        _LABEL.sub(lambda found: _value(random, found, far), line) for line in lines
    ]


def _value(random: Random, found: re.Match[bytes], far: float) -> bytes:
    """A number in place of a class, now and then a whole one."""
    value: float = random.gauss(2.0 if found[2] == b"true" else -1.0, 0.3)
    if random.random() < far:
        value = random.choice(_FAR)
    elif random.random() < 0.1:
        value = round(value)
    return found[1] + json.dumps(value).encode()


def _settings(random: Random, settings: dict[str, Any]) -> dict[str, Any]:
    """The sections with models and metrics of values."""
    made = settings | {"model": {"task": "regression", "model": _model(random, settings["model"]["model"])}}
    record = made.get("record", {})
    made["record"] = {name: record[name] for name in record if name not in {"positive", "negative"}}
    if "scores" in made:
        metrics = random.choice([[], ["MAE", "RMSE"], ["R2", "MSE"], ["RMSLE", "MAE"]])
        made["scores"] = made["scores"] | {"metrics": metrics}
    if "business" in made:
        made["business"] = {"worth": {"expression": "2 * label - prediction"}}
    if "detectors" in made.get("monitoring", {}):
        detectors = [one for one in made["monitoring"]["detectors"] if one["method"] != "ddm"]
        made["monitoring"] = made["monitoring"] | {"detectors": detectors}
    rivals = made.get("challengers", {})
    made["challengers"] = {
        name: one | {"model": _model(random, one["model"])} for name, one in rivals.items()
    }
    return made


def _model(random: Random, model: Any) -> Any:
    """A model of values of the same kind."""
    if model == LOGISTIC:
        return _SCALED
    if model == ENCODED:
        return _VALUES[1]
    return random.choice([*_VALUES, _ROBUST, "auto"])
