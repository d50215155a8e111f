import math
import pathlib
from typing import Any

import pytest
from pydantic import ValidationError

from engine.errors import ConfigError
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.evidently import check_extras, evaluate_window, render_html
from engine.monitoring.types import Check, EvaluationJob, Table, Verdict
from tests.support.verdicts import columns, drop, load, nothing, put, verdict

pytestmark = pytest.mark.integration


def extra(*entries: Any, **others: Any) -> MonitoringConfig:
    return MonitoringConfig(extra=list(entries), **others)


def own(result: Verdict) -> dict[str, float]:
    return {name: value for name, value in result.metrics.items() if name.startswith("extra.")}


def test_a_metric_by_name_gives_its_value() -> None:
    result = verdict(
        config=extra("ColumnCount", {"type": "QuantileValue", "column": "hour", "quantile": 0.5})
    )
    assert result.status == "pass"
    assert own(result) == {
        "extra.ColumnCount()": 6.0,
        "extra.QuantileValue(column=hour,quantile=0.5)": pytest.approx(11, abs=2),
    }


def test_of_a_count_both_numbers_are_told_and_either_can_be_tested() -> None:
    entry = {"type": "InRangeValueCount", "column": "hour", "left": 0, "right": 30}
    result = verdict(config=extra(entry | {"must": {"gte": 300}, "should": {"share_lt": 1}}))
    assert sorted(own(result).values()) == [1.0, 300.0]
    assert result.status == "warn"
    statuses = [check.status for check in result.checks if check.name == "extra"]
    assert sorted(statuses) == ["pass", "warn"]


@pytest.mark.parametrize(("test", "status"), [("must", "fail"), ("should", "warn")])
def test_a_failed_test_is_named_in_the_verdict(test: str, status: str) -> None:
    entry = {"type": "MaxValue", "column": "hour", test: {"lt": 5}}
    result = verdict(config=extra(entry))
    assert result.status == status
    assert result.reason.startswith("own test: ")
    assert "hour" in result.reason
    assert verdict(config=extra(entry | {test: {"lt": 24}})).status == "pass"


def test_a_function_of_one_s_own_gives_metrics_with_their_tests() -> None:
    result = verdict(config=extra({"type": "tests.support.own_reports:two", "column": "hour"}))
    assert own(result) == {"extra.MinValue(column=hour)": 0.0, "extra.MaxValue(column=hour)": 23.0}
    assert result.status == "fail"


def test_presets_and_metrics_of_quality_are_run_on_the_labelled_rows() -> None:
    result = verdict(put("label", [True, False, None]), config=extra("ClassificationPreset", "TNR"))
    assert result.status in ("pass", "warn")
    assert any(name.startswith("extra.TNR(") for name in own(result))
    assert any(name.startswith("extra.Accuracy(") for name in own(result))
    unlabelled = verdict(put("label", [None]), put("label", [None]), config=extra("TNR"))
    assert (unlabelled.status, own(unlabelled)) == ("pass", {})


def test_one_that_cannot_be_computed_makes_the_window_unjudged_and_keeps_the_rest() -> None:
    config = extra({"type": "MeanValue", "column": "temp"}, "RowCount")
    result = verdict(drop("temp"), drop("temp"), config=config)
    assert result.status == "unjudged"
    assert result.reason.startswith("monitoring.extra[0] (MeanValue): ")
    assert own(result) == {"extra.RowCount()": 300.0}
    assert "quality.accuracy" in result.metrics
    assert load(result.snapshot).dict()["metrics"]


def test_what_failed_stays_failed_whatever_becomes_of_one_s_own() -> None:
    config = extra({"type": "MeanValue", "column": "nowhere"})
    assert verdict(put("temp", [310.0, 320.0]), config=config).status == "fail"


WRONG: dict[str, tuple[Any, str]] = {
    "no such metric": ("ColumCount", "no metric or preset 'ColumCount'; did you mean 'ColumnCount'?"),
    "no such argument": ({"type": "MeanValue", "colum": "a"}, "takes no 'colum'"),
    "an argument is missing": ({"type": "MeanValue"}, "cannot be built"),
    "no such module": ("nowhere_at_all:metrics", "could not be called: ModuleNotFoundError"),
    "no such function": ("tests.support.own_reports:three", "could not be called: AttributeError"),
    "it raises": ("tests.support.own_reports:breaks", "RuntimeError: not today"),
    "no metrics": ("tests.support.own_reports:nothing_of_the_kind", "got int"),
    "no share": ({"type": "RowCount", "must": {"share_lt": 1}}, "takes no 'share_tests'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_told_by_the_check_and_makes_windows_unjudged(name: str) -> None:
    entry, message = WRONG[name]
    with pytest.raises(ConfigError) as raised:
        check_extras(extra("RowCount", entry))
    assert str(raised.value).startswith("monitoring.extra[1]: ")
    assert message in str(raised.value)
    result = verdict(config=extra("RowCount", entry))
    assert (result.status, result.reason) == ("unjudged", str(raised.value))


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"type": 3},
        {"type": "RowCount", "must": 3},
        {"type": "RowCount", "must": {"below": 3}},
        {"type": "mine:metrics", "must": {"lt": 3}},
    ],
)
def test_what_is_not_spelled_right_is_no_configuration(entry: Any) -> None:
    with pytest.raises(ValidationError, match=r"extra\[0\]"):
        extra(entry)


def test_business_metrics_are_series_in_the_report_by_name() -> None:
    job = EvaluationJob("k", 0, Table(columns(1)), Table(columns(2)), "r", business={"revenue sum": 12.5})
    result = evaluate_window(job, MonitoringConfig(), "binary")
    found = {
        metric["metric_name"]: metric["value"]
        for metric in load(result.snapshot).dict()["metrics"]
        if "Business" in metric["metric_name"]
    }
    assert found == {"BusinessMetric(name=revenue sum)": 12.5}
    assert "revenue sum" in result.snapshot.decode()


def test_a_full_report_changes_nothing_but_the_page() -> None:
    light, full = verdict(), verdict(full=True)
    assert (full.status, full.reason, full.checks, full.metrics) == (
        light.status,
        light.reason,
        light.checks,
        light.metrics,
    )
    assert len(full.snapshot) > 10 * len(light.snapshot)
    assert b"DriftedColumnsCount" in full.snapshot
    assert b"DriftedColumnsCount" not in light.snapshot


def test_presets_that_cannot_be_run_are_told_and_take_nothing_along(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    assert b"could not be run" not in verdict(full=True).snapshot
    monkeypatch.setattr("engine.monitoring.evidently.full._without_drift", breaks)
    full, light = verdict(full=True), verdict()
    assert b'"value":"ZeroDivisionError","label":"DataSummaryPreset"' in full.snapshot
    assert b"Presets that could not be run" in full.snapshot
    assert load(full.snapshot).dict()["metrics"] == load(light.snapshot).dict()["metrics"]


def test_presets_take_labels_that_are_zero() -> None:
    # No mean absolute percentage error of zeros; and no more than that is lost.
    job = EvaluationJob(
        "k",
        0,
        Table({"x": [1.0, 2.0] * 50, "label": [0.0] * 99 + [1.0], "prediction": [0.5, 1.0] * 50}),
        None,
        "none",
        full=True,
    )
    result = evaluate_window(job, MonitoringConfig(), "regression")
    assert result.status == "pass"
    assert math.isfinite(result.metrics["quality.mae"])
    assert load(result.snapshot).dict()["metrics"]
    assert b"could not be run" not in result.snapshot


def test_a_page_of_a_full_report_holds_evidently_s_presets(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "report.html"
    render_html(verdict(nothing, full=True).snapshot, page)
    text = page.read_text()
    assert "Dataset Drift" in text
    assert "Confusion Matrix" in text


def test_checks_of_one_s_own_are_checks_like_any_other() -> None:
    result = verdict(config=extra({"type": "RowCount", "must": {"lt": 5}}))
    (check,) = [check for check in result.checks if check.name == "extra"]
    assert isinstance(check, Check)
    assert check.status == "fail"
