"""Outputs move because a model learns: that is no drift, unless its errors grow or nobody can tell."""

from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from river import datasets

from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.events import Report
from engine.monitoring.adaptation import as_adaptation, errors_rose
from engine.monitoring.columns import screen
from engine.monitoring.config import DriftConfig, MonitoringConfig
from engine.monitoring.measurements import measure
from engine.monitoring.types import Cell, Check, EvaluationJob, OutputReference, Table
from engine.records.values import Example
from engine.supervision.decisions import Command
from engine.windows import Status
from tests.support.engines import ScriptedJudge, make_config

DRIFTED = Check("prediction drift", "probability", 0.9, 0.25, "warn")


def served(seed: int, certainty: float, *, labelled: bool = True, rows: int = 400) -> Table:
    """Outputs of a binary model; the more certain, the further from one half, and the smaller the errors."""
    random = Random(seed)  # noqa: S311 - test data
    labels: list[Cell] = [random.random() < 0.5 for _ in range(rows)]
    probabilities: list[Cell] = [
        0.5 + (certainty if label else -certainty) * random.uniform(0.5, 1.0) for label in labels
    ]
    columns: dict[str, Sequence[Cell]] = {
        "prediction": [p > 0.5 for p in probabilities if isinstance(p, float)],
        "probability": probabilities,
        "label": labels if labelled else [None] * rows,
    }
    return Table(columns)


def job(current: Table, before: Table, *, settled: bool = True) -> EvaluationJob:
    outputs = OutputReference(before, 6, "m0", settled)
    return EvaluationJob("main", 7, current, None, "none yet", outputs=outputs)


def judged(
    current: Table, before: Table, *, settled: bool = True, config: MonitoringConfig | None = None
) -> dict[tuple[str, str], Status]:
    config = config or MonitoringConfig()
    given = job(current, before, settled=settled)
    found = measure(given, screen(given, config, "binary"), config, "binary").checks
    return {(check.name, check.column): check.status for check in found if check.column != "label"}


def test_outputs_that_move_while_errors_fall_are_adaptation() -> None:
    given = job(served(1, 0.45), served(2, 0.1))
    config = MonitoringConfig()
    measured = measure(given, screen(given, config, "binary"), config, "binary")
    assert measured.metrics["drifted_columns"] == 0
    found = judged(served(1, 0.45), served(2, 0.1))
    assert found["adaptation", "probability"] == "pass"
    assert ("prediction drift", "probability") not in found


def test_outputs_that_move_while_errors_rise_have_drifted() -> None:
    found = judged(served(1, 0.1), served(2, 0.45))
    assert found["prediction drift", "probability"] == "warn"


def test_without_labels_nothing_excuses_outputs_that_had_settled() -> None:
    now, before = (served(seed, certainty, labelled=False) for seed, certainty in ((1, 0.45), (2, 0.1)))
    assert judged(now, before)["prediction drift", "probability"] == "warn"
    assert judged(now, before, settled=False)["adaptation", "probability"] == "pass"


def test_limits_of_its_own_are_taken_as_written_once_outputs_have_settled() -> None:
    own = MonitoringConfig.model_validate({"drift": {"columns": {"probability": {"warn": 0.1, "fail": 0.2}}}})
    now, before = served(1, 0.45), served(2, 0.1)
    assert judged(now, before, config=own)["prediction drift", "probability"] == "fail"
    assert judged(now, before, config=own, settled=False)["adaptation", "probability"] == "pass"


@pytest.mark.parametrize(
    "check",
    [
        Check("drift", "hour", 9.0, 1.0, "fail"),
        Check("target drift", "label", 0.9, 0.15, "warn"),
        Check("type", "prediction", 0.5, None, "warn"),
        Check("missing", "probability", 0.5, 0.2, "warn"),
    ],
)
def test_only_moves_of_outputs_are_excused(check: Check) -> None:
    given = job(served(1, 0.45), served(2, 0.1), settled=False)
    assert as_adaptation([check, DRIFTED], given, DriftConfig(), "binary")[0] == check


def test_without_anything_to_compare_with_checks_stay_as_they_are() -> None:
    given = EvaluationJob("main", 0, served(1, 0.4), None, "none yet")
    assert as_adaptation([DRIFTED], given, DriftConfig(), "binary") == [DRIFTED]


@pytest.mark.parametrize("rows", [1, 29])
def test_too_few_labels_say_nothing(rows: int) -> None:
    assert errors_rose(served(1, 0.45, rows=rows), served(2, 0.1), "binary")


def test_errors_of_values_and_classes_count_too() -> None:
    near: dict[str, list[Cell]] = {
        "label": [float(n) for n in range(60)],
        "prediction": [n + 0.5 for n in range(60)],
    }
    far = near | {"prediction": [n + 9.0 - n % 3 for n in range(60)]}
    assert errors_rose(Table(far), Table(near), "regression")
    assert not errors_rose(Table(near), Table(far), "regression")
    right: dict[str, list[Cell]] = {"label": ["a", "b", "c"] * 20, "prediction": ["a", "b", "c"] * 20}
    wrong = right | {"prediction": ["a"] * 60}
    assert errors_rose(Table(wrong), Table(right), "multiclass")
    assert not errors_rose(Table(right), Table(wrong), "multiclass")


class Measuring(ScriptedJudge):
    """Gives windows the verdict of their report, without the report."""

    def __init__(self, task: str) -> None:
        super().__init__()
        self._task = task

    def collect(self, key: str, window: int) -> Any:
        given = next(job for job in self.seen if job.window == window)
        config = MonitoringConfig()
        checks = measure(given, screen(given, config, self._task), config, self._task).checks
        status: Status = "warn" if any(check.status != "pass" for check in checks) else "pass"
        return msgspec.structs.replace(super().collect(key, window), status=status, checks=checks)


def phishing() -> list[Example]:
    rows = list(datasets.Phishing())
    Random(3).shuffle(rows)  # noqa: S311 - test data
    return [Example(str(n), float(n), dict(x), y) for n, (x, y) in enumerate(rows)]


def small() -> EngineConfig:
    return make_config(window={"count": 250, "sample": 250}, supervision={"min_events": 100})


def test_a_model_that_learns_a_stream_without_drift_is_never_suspected() -> None:
    engine = Engine(small(), evaluator=Measuring("binary"))
    events = [*engine.process(phishing()), *engine.finish()]
    reports = [event for event in events if isinstance(event, Report)]
    assert [report.verdict.status for report in reports] == ["pass"] * 5
    assert engine.counts.records == 1250
    assert not engine.supervisor.suspecting
    assert [report.outputs_reference for report in reports] == [None, *(f"window {n}" for n in range(4))]


def test_outputs_are_compared_within_one_model_and_after_a_failed_window_with_an_older_one() -> None:
    judge = ScriptedJudge({3: "fail"})
    engine = Engine(make_config(), evaluator=judge)
    engine.process(phishing()[:200])
    seen = [None if job.outputs is None else job.outputs.window for job in judge.seen]
    assert seen[:7] == [None, 0, 1, 2, 2, 4, 5]
    for given in judge.seen:
        outputs = given.outputs
        if outputs is not None:
            of = judge.seen[outputs.window].current.columns
            assert outputs.rows.columns == {name: of[name] for name in ("label", "prediction", "probability")}
            assert outputs.settled == (given.window > 1), "the script finds no adaptation"


def test_another_model_begins_with_nothing_to_compare_with() -> None:
    judge = ScriptedJudge()
    engine = Engine(make_config(challengers={"bayes": {"model": "naive_bayes.GaussianNB"}}), evaluator=judge)
    engine.process(phishing()[:100])
    assert judge.seen[-1].outputs is not None
    judge.seen.clear()
    engine.command(Command("1", "promote", "bayes", "ada", "a try"))
    engine.process(phishing()[100:180])
    assert engine.pool.champion.name == "m1"
    assert [None if one.outputs is None else one.outputs.model for one in judge.seen] == [None, *["m1"] * 3]
    assert [one.outputs is not None and one.outputs.settled for one in judge.seen] == [
        False, False, True, True,
    ]  # fmt: skip
