import pathlib
from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from engine.errors import EvaluatorError
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import evaluate_window, render_html, window_report
from engine.monitoring.types import Check, EvaluationJob, Table
from engine.monitoring.worker.evaluator import BackgroundEvaluator, InlineEvaluator, make_evaluator
from tests.support.verdicts import found, put, verdict


@pytest.mark.parametrize("error", [ValueError("an\nerror"), BaseException("not even an Exception")])
def test_whatever_evidently_raises_makes_the_window_unjudged(
    error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> object:
        raise error

    monkeypatch.setattr(window_report, "light_part", fails)
    result = verdict(put("wind", [1.0]))
    assert result.status == "unjudged"
    assert result.reason == f"{type(error).__name__}: {str(error).splitlines()[0]}"
    assert ("new column", "wind", "warn") in found(result)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_a_wish_to_stop_is_not_a_verdict(error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    def stops(*_: object) -> object:
        raise error

    monkeypatch.setattr(window_report, "light_part", stops)
    with pytest.raises(error):
        verdict()


def test_the_same_job_gives_the_same_verdict_down_to_the_bytes() -> None:
    assert verdict() == verdict()


def test_a_snapshot_becomes_a_page(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "report.html"
    render_html(verdict().snapshot, page)
    text = page.read_text()
    assert "Value drift for temp" in text
    assert "Column 'carrier' missing values" in text
    assert "ROC" in text


def test_a_name_from_data_ends_no_script_of_the_page(tmp_path: pathlib.Path) -> None:
    name = "</script><img src=x onerror=alert(1)>"
    table = Table({name: [name] * 40, "label": [True, False] * 20, "prediction": [True, False] * 20})
    page = tmp_path / "report.html"
    found = evaluate_window(EvaluationJob(name, 0, table, table, name), MonitoringConfig(), "binary")
    render_html(found.snapshot, page)
    text = page.read_text()
    assert name not in text
    assert name.replace("<", "\\u003c").replace(">", "\\u003e") in text


@pytest.mark.parametrize(
    "drift",
    [
        {"category_fail": 0.9},
        {"category_warn": 0.5},
        {"numeric_warn": 2.0},
        {"numeric_warn": 0.0},
        {"columns": {"temp": {"warn": 2.0, "fail": 1.0}}},
        {"method": "psi"},
    ],
)
def test_limits_that_make_no_sense_are_an_error(drift: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MonitoringConfig.model_validate({"drift": drift})


@pytest.mark.parametrize("missing", [{"missing_fail": 1.5}, {"missing_warn": 0.5}, {"missing_warn": 0.0}])
def test_missing_limits_that_make_no_sense_are_an_error(missing: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        MonitoringConfig.model_validate(missing)


@pytest.fixture(params=[InlineEvaluator, BackgroundEvaluator])
def a_judge(request: pytest.FixtureRequest) -> Iterator[InlineEvaluator | BackgroundEvaluator]:
    made = request.param(MonitoringConfig(queue_limit=1), "binary")
    yield made
    made.close()


def empty(key: str, window: int) -> EvaluationJob:
    """A job whose verdict needs no report: these tests are about the way to it and back."""
    return EvaluationJob(key, window, Table({}), None, "none")


def test_keys_are_handed_in_and_collected_in_any_order(
    a_judge: InlineEvaluator | BackgroundEvaluator,
) -> None:
    # More jobs than may wait, none collected: submit must not wait for its own caller.
    for window in range(3):
        for key in "abc":
            a_judge.submit(empty(key, window))
    for key in "cab":
        assert [a_judge.collect(key, window).window for window in range(3)] == [0, 1, 2]


def test_a_job_handed_in_again_is_the_same_job(a_judge: InlineEvaluator | BackgroundEvaluator) -> None:
    a_judge.submit(empty("a", 0))
    a_judge.submit(empty("a", 0))
    assert a_judge.collect("a", 0).status == "unjudged"
    with pytest.raises(EvaluatorError, match="'a', window 0"):
        a_judge.collect("a", 0)


def test_a_closed_judge_takes_and_gives_nothing(a_judge: InlineEvaluator | BackgroundEvaluator) -> None:
    a_judge.submit(empty("a", 0))
    a_judge.close()
    a_judge.close()
    with pytest.raises(EvaluatorError, match="closed"):
        a_judge.submit(empty("a", 1))
    with pytest.raises(EvaluatorError, match="closed"):
        a_judge.collect("a", 0)


def test_the_configuration_chooses_the_judge() -> None:
    for mode, kind in (("inline", InlineEvaluator), ("background", BackgroundEvaluator)):
        made = make_evaluator(MonitoringConfig.model_validate({"mode": mode}), "binary")
        assert type(made) is kind
        made.close()


def test_a_check_knows_its_limit() -> None:
    checks: tuple[Check, ...] = verdict(put("temp", [310.0, 320.0])).checks
    (temp,) = [check for check in checks if check.column == "temp" and check.name == "drift"]
    assert temp.limit == 1.0
    assert temp.value is not None
    assert temp.value > 50


@pytest.mark.parametrize("kind", [InlineEvaluator, BackgroundEvaluator])
def test_waiting_is_counted_by_the_caller_s_clock_and_not_without_one(
    kind: type[InlineEvaluator | BackgroundEvaluator],
) -> None:
    ticks = iter(range(100))
    for clock, waited in ((lambda: float(next(ticks)), True), (None, False)):
        made = kind(MonitoringConfig(), "binary", *([] if clock is None else [clock]))
        made.submit(empty("a", 0))
        made.collect("a", 0)
        assert (made.waited > 0) == waited
        made.close()
