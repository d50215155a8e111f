"""What is measured: streams as lines of bytes, and a flow for each model.

- elec2, shuttle: a record brings its label, which is how one replays such data
- flights: the demo's stream; a label is a record of its own and comes when the flight lands
"""

import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from benchmarks.faults.streams import REAL
from benchmarks.speed.names import find
from dataflows.demo.flights import write_stream
from engine.models.config import ModelConfig

Row = tuple[dict[str, Any], bool]

Step = tuple[dict[str, Any], bool | None]
"""Features to predict, or with a label to learn."""

BATCH = 1000
"""Lines that are taken at once."""

LINEAR = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
TREE = "tree.HoeffdingTreeClassifier"

WINDOW = 5000
"""Outcomes in a window, as in the demo."""

_FULL_NEVER = {"psi_warn": 1e8, "psi_fail": 1e9}


@dataclass(frozen=True, slots=True)
class Case:
    """A stream, and a model on it.

    Attributes:
        stream: The stream's name.
        model: The model's name.
        lines: The records as bytes, in order.
        label: The field with the label.
        example: The kind of a record that is to be predicted, when labels come in records of their own.
        settings: The flow's sections, without the input.
    """

    stream: str
    model: str
    lines: list[bytes]
    label: str
    example: str
    settings: dict[str, Any]

    def config(self, **sections: dict[str, Any]) -> Any:
        """The engine's configuration, with some keys of some sections in place of its own."""
        merged = {name: self.settings.get(name, {}) | keys for name, keys in sections.items()}
        return find("EngineConfig", "engine.config", "engine.pipeline.config").model_validate(
            self.settings | merged
        )

    def river(self) -> Any:
        """A fresh model."""
        make_model = find("make_model", "engine.models.operations", "engine.models.tasks")
        return make_model(ModelConfig.model_validate(self.settings["model"]))

    def rows(self) -> list[Row]:
        """Features with their label, in the order of the examples; those without a label are left out."""
        kinds = [orjson.loads(line) for line in self.lines]
        if not self.example:
            return [(_features(fields, self.label), fields[self.label]) for fields in kinds]
        labels = {f["id"]: f[self.label] for f in kinds if f["kind"] != self.example}
        examples = [fields for fields in kinds if fields["kind"] == self.example and fields["id"] in labels]
        return [(_features(fields, self.label), labels[fields["id"]]) for fields in examples]

    def batches(self) -> Iterator[list[bytes]]:
        """The lines, `BATCH` at a time."""
        for start in range(0, len(self.lines), BATCH):
            yield self.lines[start : start + BATCH]

    def steps(self) -> list[list[Step]]:
        """What the model is asked for, by batches of the stream.

        Where a record brings its label, each is predicted and then learned.
        """
        held: dict[str, dict[str, Any]] = {}
        return [[step for line in lines for step in self._steps(line, held)] for lines in self.batches()]

    def _steps(self, line: bytes, held: dict[str, dict[str, Any]]) -> list[Step]:
        fields = orjson.loads(line)
        features = _features(fields, self.label)
        if not self.example:
            return [(features, None), (features, fields[self.label])]
        if fields["kind"] == self.example:
            held[fields["id"]] = features
            return [(features, None)]
        return [(held.pop(fields["id"]), fields[self.label])] if fields["id"] in held else []


def _features(fields: dict[str, Any], label: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in {"kind", "id", "time", label}}


def make_case(stream: str, model: str, records: int) -> Case:
    """One of them, cut to so many records."""
    if stream == "flights":
        return Case(stream, model, _flights(records), "late", "flight", _flights_flow(model))
    lines = labelled(stream, records)
    made = plain_flow(lines, "binary", LINEAR if model == "linear" else TREE)
    return Case(stream, model, lines, "label", "", made)


@cache
def labelled(stream: str, records: int) -> list[bytes]:
    """The first records of a stream of `benchmarks.faults`, each with its label, as lines."""
    whole = REAL[stream]()
    rows = zip(whole.features, whole.labels, strict=True)
    return [
        orjson.dumps({"id": f"{stream}-{number}", "time": number, "label": label, **features})
        for number, (features, label) in enumerate(islice(rows, records))
    ]


@cache
def _flights(records: int) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flights.jsonl"
        # About 1,750 records a day.
        until = date.fromordinal(date(2013, 1, 4).toordinal() + records // 1500)
        write_stream(path, min(until, date(2014, 1, 1)), None, _ignore)
        with path.open("rb") as stream:
            return [line.rstrip(b"\n") for line in islice(stream, records)]


def _ignore(_: int) -> None: ...


def plain_flow(lines: list[bytes], task: str, model: Any) -> dict[str, Any]:
    """A flow whose contract names every field with its type and range."""
    rows = [_features(orjson.loads(line), "label") for line in lines]
    fields = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        fields[name] = {"type": "number", "required": True, "min": min(values), "max": max(values)}
    return _common() | {
        "model": {"task": task, "model": model},
        "contract": {"fields": fields},
    }


def _flights_flow(model: str) -> dict[str, Any]:
    text = files("dataflows.demo").joinpath("flow.toml").read_text(encoding="utf-8")
    flow = tomllib.loads(text)
    common = _common()
    chosen = flow["model"] if model == "linear" else {"task": "binary", "model": TREE}
    return common | {
        "model": chosen,
        "record": flow["record"],
        "contract": flow["contract"],
        "labels": flow["labels"],
        "monitoring": flow["monitoring"] | common["monitoring"],
    }


def _common() -> dict[str, Any]:
    """What all flows share. The full presets are never run: a replay would wait seconds for each.

    ADWIN looks at every loss, and a window's losses and verdict are weighed, but nothing of it opens a
    suspicion: what a suspicion costs is measured apart, and what is measured here is one champion.
    """
    return {
        "scores": {"metrics": ["Accuracy", "ROCAUC"]},
        "window": {"count": WINDOW, "reference": "last_passed"},
        "monitoring": {"full_on": "never", "first_look": _FULL_NEVER, "loss_drift_delta": 1e-300},
        "supervision": {
            "on_warn": False,
            "on_fail": False,
            "on_baseline": False,
            "on_loss_rise": False,
            "min_events": WINDOW // 2,
            "cooldown": WINDOW,
        },
    }
