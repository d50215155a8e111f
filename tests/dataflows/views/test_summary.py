"""What the terminal says of the scores: readable at 80 columns, all keys together last."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from dataflows.config import FlowConfig
from dataflows.console import PlainConsole
from dataflows.runtime.operators import OverallLogic
from dataflows.runtime.sealed import Seals
from dataflows.views.terminal.summary import summary_parts
from engine.core.engine import Engine
from engine.core.overall_summary import overall
from engine.core.serialize import encode
from engine.events import Event
from engine.records.values import Example
from tests.support.engines import LOGISTIC

_MODELS: dict[str, Any] = {
    "binary": LOGISTIC,
    "multiclass": "tree.HoeffdingTreeClassifier",
    "regression": ["preprocessing.StandardScaler", "linear_model.LinearRegression"],
}
_METRICS: dict[str, list[Any]] = {
    "binary": ["Accuracy", "ROCAUC", "RollingROCAUC", {"type": "FBeta", "beta": 0.5}],
    "multiclass": ["Accuracy", "MacroF1"],
    "regression": ["MAE", "RMSLE"],
}


def config(task: str, **scores: Any) -> FlowConfig:
    return FlowConfig.model_validate(
        {
            "run": {"name": "test"},
            "input": {"path": "in.jsonl"},
            "model": {"task": task, "model": _MODELS[task]},
            "scores": {"metrics": _METRICS[task], **scores},
            "business": {"profit": {"expression": "features['a'] / label if prediction else 'none'"}},
            "monitoring": {"reports": False},
        }
    )


def serve(settings: FlowConfig, key: str, length: int = 300) -> Engine:
    engine = Engine(settings, key)
    label: Any
    for i in range(length):
        a = float(i * 7 % 31) - 15.0
        label = {"binary": a > 3, "multiclass": "abc"[i % 3], "regression": a}[settings.model.task]
        engine.process([Example(str(i), float(i), {"a": a}, label)])
    return engine


def printed(folder: Path, events: list[Event]) -> list[str]:
    lines, _ = encode(events)
    for stream in ("predictions", "summary"):
        (folder / f"{stream}.jsonl").write_bytes(lines[stream].text if stream in lines else b"")
    console = PlainConsole(width=80, record=True, file=StringIO())
    for part in summary_parts(folder):
        console.print(part)
    return console.export_text().splitlines()


def row(lines: list[str], name: str) -> list[str]:
    found = next(line for line in lines if line.strip().startswith(name))
    return found.strip().removeprefix(name).split()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_each_metric_is_beside_its_baselines_the_last_events_and_fading(tmp_path: Path, task: str) -> None:
    engine = serve(
        config(task, last=100, fading=0.99) if task != "binary" else config(task, last=100), "main"
    )
    lines = printed(tmp_path, engine.finish())
    assert all(len(line) <= 80 for line in lines)
    headings = next(line for line in lines if "served" in line and "last" in line).split("  ")
    headings = [heading.strip() for heading in headings if heading.strip()]
    baselines = ["last value", "mean"] if task == "regression" else ["last label", "majority"]
    assert headings == ["served", *baselines, "last 100", *(["fading"] if task != "binary" else [])]
    standing = engine.progressive_scores.run_scores()
    name = "MAE" if task == "regression" else "Accuracy"
    values = [
        standing.scores[name],
        *(scores[name] for scores in standing.baselines.values()),
        standing.scores[f"{name}.last_100"],
    ]
    assert row(lines, name)[:4] == [f"{value:.4f}" for value in values]
    assert row(lines, "loss")[0] == f"{standing.scores['loss']:.4f}"


def test_calibration_business_and_what_could_not_be_scored_are_told(tmp_path: Path) -> None:
    lines = printed(tmp_path, serve(config("binary"), "main").finish())
    assert any(line.startswith("calibration error 0.") for line in lines)
    assert sum(map(int, row(lines, "events"))) == 300
    worth = next(line for line in lines if line.startswith("profit: "))
    assert ", sum " in worth
    assert "without a value)" in worth
    lines = printed(tmp_path, serve(config("regression"), "main").finish())
    assert any(line.startswith("RMSLE is undefined for ") for line in lines)
    assert not any(line.startswith("calibration") for line in lines)


def test_a_key_without_labels_says_so(tmp_path: Path) -> None:
    engine = Engine(config("binary"), "main")
    engine.process([Example("1", 0.0, {"a": 1.0})])
    assert "main: m0 serves; nothing was labelled" in printed(tmp_path, engine.finish())


def test_all_keys_together_come_last_and_what_cannot_be_added_is_left_open(tmp_path: Path) -> None:
    settings = config("binary")
    engines = {key: serve(settings, key, 150) for key in ("a", "b")}
    whole = overall({key: engine.share() for key, engine in engines.items()}, settings)
    lines = printed(tmp_path, [whole, *(event for engine in engines.values() for event in engine.finish())])
    last = lines[next(i for i, line in enumerate(lines) if line.startswith("*: 300 records")) :]
    assert "all keys; over the whole run:" in last
    assert not any(line.startswith(("a:", "b:")) for line in last)
    # Nothing under `served`: its first number is that of a baseline, which cannot be added either.
    assert row(last, "RollingROCAUC") == []
    assert len(row(last, "Accuracy")) == 3


def test_of_many_keys_those_that_cost_most_are_shown(tmp_path: Path) -> None:
    settings = config("binary")
    engines = {key: serve(settings, key, 60 + 10 * number) for number, key in enumerate("abcdefg")}
    whole = overall({key: engine.share() for key, engine in engines.items()}, settings)
    rows = [event for engine in engines.values() for event in engine.finish()]
    lines = printed(tmp_path, [whole, *rows])
    assert lines[0].startswith("7 keys; ")
    assert sum(line.strip().startswith(tuple("abcdefg")) and "m0" in line for line in lines) == 5
    assert not any("accounted for" in line and not line.startswith("*") for line in lines[:12])
    assert any(line.startswith("*: 630 records") for line in lines)


def test_the_overall_summary_is_said_once_and_survives_a_restart() -> None:
    settings = config("binary")
    seals = Seals("step", None)
    logic = OverallLogic(settings, None, seals)
    for key in ("a", "b"):
        logic.on_batch([(key, serve(settings, key, 50).share())])
    resumed = OverallLogic(settings, logic.snapshot(), seals)
    said, _ = resumed.on_eof()
    assert [stream for stream, _ in said] == ["summary"]
    assert list(said) == list(logic.on_eof()[0])
    assert resumed.on_eof()[0] == []
    again = OverallLogic(settings, resumed.snapshot(), seals)
    assert again.on_eof()[0] == []
    again.on_batch([("a", serve(settings, "a", 60).share())])
    (_, chunk), *_ = again.on_eof()[0]
    assert b'"records":110' in chunk.text, "the other key is as it was"
