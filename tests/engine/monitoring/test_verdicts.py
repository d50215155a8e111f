import math

import pytest

from engine.monitoring.config import ColumnLimits, DriftConfig, MonitoringConfig
from engine.monitoring.evidently import evaluate_window
from engine.monitoring.types import Cell, EvaluationJob, Table
from engine.requirements import needing
from engine.windows import Status
from tests.support.verdicts import (
    CONFIG,
    Change,
    columns,
    drop,
    found,
    load,
    nothing,
    put,
    twice,
    verdict,
    without_predictions,
)


def test_a_window_like_its_reference_passes_with_its_numbers() -> None:
    result = verdict()
    assert (result.status, result.reason) == ("pass", "")
    assert result.window == 3
    assert result.metrics["rows"] == result.metrics["labelled"] == 300
    assert result.metrics["drift_tested_columns"] == 6
    assert result.metrics["drifted_columns"] == 0
    quality = {name for name in result.metrics if name.startswith("quality.")}
    assert quality == {
        f"quality.{name}" for name in ("accuracy", "precision", "recall", "f1", "rocauc", "logloss")
    }
    assert all(type(value) is float and math.isfinite(value) for value in result.metrics.values())
    assert {(check.name, check.column) for check in result.checks} == {
        *(("drift", name) for name in ("hour", "temp", "carrier")),
        *(("missing", name) for name in ("hour", "temp", "carrier")),
        *(("range", name) for name in ("hour", "temp")),
        ("new categories", "carrier"),
        ("duplicates", ""),
        ("labels", "label"),
        ("null outputs", ""),
        ("target drift", "label"),
        ("prediction drift", "prediction"),
        ("prediction drift", "probability"),
    }


def test_quality_scores_what_was_served_and_not_what_the_probability_says() -> None:
    def all_no(table: dict[str, list[Cell]]) -> None:
        put("prediction", [False])(table)
        put("label", [False, False, False, True])(table)
        put("probability", [0.6, 0.7, 0.8, 0.9])(table)

    metrics = verdict(all_no).metrics
    assert metrics["quality.accuracy"] == 0.75
    assert metrics["quality.rocauc"] == 1.0
    assert "quality.precision" not in metrics


def test_only_labelled_rows_are_scored() -> None:
    def some(table: dict[str, list[Cell]]) -> None:
        put("label", [True, None, False])(table)
        put("prediction", [True, False, True])(table)

    metrics = verdict(some).metrics
    assert metrics["labelled"] == 200
    assert metrics["quality.accuracy"] == 0.5
    assert metrics["quality.recall"] == 1.0


FOUND: dict[str, tuple[Change, Change, set[tuple[str, str, Status]]]] = {
    "unit": (
        put("temp", [310.0, 320.0, 300.0]),
        nothing,
        {("drift", "temp", "fail"), ("range", "temp", "fail")},
    ),
    "small unit": (
        put("temp", [3e-9, 4e-9]),
        put("temp", [1e-9, 2e-9]),
        {("drift", "temp", "fail"), ("range", "temp", "fail")},
    ),
    "stuck": (put("temp", [20.0]), nothing, {("drift", "temp", "warn"), ("stuck", "temp", "warn")}),
    "stuck category": (
        put("carrier", ["A"]),
        nothing,
        {("drift", "carrier", "fail"), ("stuck", "carrier", "warn")},
    ),
    "a dry week": (put("temp", [0.0]), put("temp", [*[0.0] * 29, 0.1]), set()),
    "a rare flag that did not come": (put("temp", [0.0]), put("temp", [*[0.0] * 299, 1.0]), set()),
    "out of range now and then": (
        put("temp", [*range(20), *range(100, 105)]),
        put("temp", [*range(-100, 100)]),
        {("range", "temp", "warn"), ("drift", "temp", "warn")},
    ),
    "categories swapped": (
        put("carrier", ["X", "Y"]),
        nothing,
        {("drift", "carrier", "fail"), ("new categories", "carrier", "fail")},
    ),
    "a few new categories": (
        put("carrier", [*"ABCD" * 4, "E", "F"]),
        nothing,
        {("drift", "carrier", "warn"), ("new categories", "carrier", "warn")},
    ),
    "rows repeated": (
        twice,
        nothing,
        {("duplicates", "", "fail")},
    ),
    "fewer labels": (
        put("label", [True, False, False, True, False, False, False, *[None] * 3]),
        nothing,
        {("labels", "label", "warn")},
    ),
    "times as numbers": (
        put("temp", [1.7e9 + 60 * index for index in range(300)]),
        put("temp", [1.7e9 - 60 * (300 - index) for index in range(300)]),
        {("drift", "temp", "fail"), ("range", "temp", "fail")},
    ),
    "a name for each row": (
        put("carrier", [f"now {index}" for index in range(300)]),
        put("carrier", [f"then {index}" for index in range(300)]),
        set(),
    ),
    "free text": (
        put("carrier", [f"a sentence of {index} words, and more" for index in range(300)]),
        put("carrier", [f"another one of {index} letters" for index in range(300)]),
        set(),
    ),
    "half missing": (put("temp", [None, 20.0, 15.0, 25.0, None]), nothing, {("missing", "temp", "fail")}),
    "some missing": (
        put("carrier", [None, *"ABCDABCDABCD"]),
        nothing,
        {("missing", "carrier", "warn")},
    ),
    "all missing": (put("temp", [None]), nothing, {("missing", "temp", "fail")}),
    "not a number": (put("temp", [math.nan]), nothing, {("missing", "temp", "fail")}),
    "infinite": (put("temp", [math.inf, -math.inf]), nothing, {("missing", "temp", "fail")}),
    "overflowing": (put("temp", [10**400, -(10**200)]), nothing, {("missing", "temp", "fail")}),
    "column gone": (drop("temp"), nothing, {("missing", "temp", "fail")}),
    "never there": (put("temp", [None]), put("temp", [None]), set()),
    "column new": (put("wind", [1.0, 2.0]), nothing, {("new column", "wind", "warn")}),
    "column came": (nothing, put("temp", [None]), {("new column", "temp", "warn")}),
    "strings for numbers": (put("temp", ["hot", "cold"]), nothing, {("type", "temp", "fail")}),
    "booleans for numbers": (put("temp", [True, False]), nothing, {("type", "temp", "fail")}),
    "numbers for strings": (put("carrier", [1, 2, 3]), nothing, {("type", "carrier", "fail")}),
    "a few strings": (put("hour", [*range(24), *range(24), "?"]), nothing, {("type", "hour", "warn")}),
    "mixed in both": (put("hour", [1, "a", True]), put("hour", [1, "a", True]), set()),
    "booleans": (put("temp", [True, False]), put("temp", [True, False]), set()),
    "integers with gaps": (put("hour", [1, 2, 3, None]), put("hour", [1, 2, None, 3]), set()),
    "constant": (put("hour", [7]), put("hour", [7.0]), set()),
    "constant text": (put("carrier", ["A"]), put("carrier", ["A"]), set()),
    "no more constant": (put("hour", [7, 8]), put("hour", [7]), {("constant", "hour", "warn")}),
    "new category": (put("carrier", [*"ABCD" * 10, "E"]), nothing, set()),
    "some infinite": (put("temp", [*range(10, 30), math.inf]), put("temp", [*range(10, 30)]), set()),
    "times as text": (
        put("carrier", [f"2013-01-01T{index:05}" for index in range(300)]),
        put("carrier", [f"2012-01-01T{index:05}" for index in range(300)]),
        set(),
    ),
    "many categories": (
        put("carrier", [f"c{index % 60}" for index in range(300)]),
        put("carrier", [f"c{index % 60}" for index in range(300)]),
        set(),
    ),
    "one stray row": (put("temp", [*(20.0 + index % 90 / 10 for index in range(299)), 1e9]), nothing, set()),
    "labels gone": (put("label", [None]), nothing, {("labels", "label", "warn")}),
    "labels flipped": (put("label", [True, True, False]), nothing, {("target drift", "label", "warn")}),
    "one class": (
        put("label", [False]),
        nothing,
        {("target drift", "label", "warn")},
    ),
    "one class everywhere": (put("label", [True]), put("label", [True]), set()),
    "odd names": (put("", [1, 2]), put("", [2, 1]), set()),
}


@pytest.mark.parametrize("name", FOUND)
def test_each_fault_is_found_and_nothing_else(name: str) -> None:
    change, before, expected = FOUND[name]
    result = verdict(without_predictions(change), without_predictions(before))
    assert found(result) == expected
    assert result.status == max(
        (status for *_, status in expected), default="pass", key="pass warn fail".find
    )
    assert bool(result.reason) == bool(expected)
    assert load(result.snapshot).dict()["metrics"]


def test_the_reason_says_what_was_found_in_plain_words() -> None:
    def two(table: dict[str, list[Cell]]) -> None:
        put("hour", [5, 6, 7, None, None])(table)
        put("temp", [310.0, 320.0])(table)

    reason = verdict(two).reason
    assert "temp drifted " in reason
    assert "(limit 1)" in reason
    assert "hour missing +0.4 (limit 0.2)" in reason


SCORED: dict[str, tuple[str, list[Cell], list[Cell], set[str]]] = {
    "binary, one class": ("binary", [False], [False], {"accuracy"}),
    "binary, only yes": ("binary", [True], [True, False], {"accuracy", "precision", "recall", "f1"}),
    "binary, labels of text": ("binary", ["yes", "no"], ["yes", "no"], set()),
    "binary, not ready": ("binary", [True, False], [None], {"rocauc", "logloss"}),
    "no label": ("binary", [None], [True], set()),
    "labels not a number": ("regression", [math.nan], [1.0], set()),
    "multiclass": ("multiclass", ["a", "b", "c"], ["a", "c", "c"], {"accuracy", "f1"}),
    "multiclass, mixed types": ("multiclass", ["a", 1, True], ["a", 1, 1], {"accuracy", "f1"}),
    "multiclass, two classes": ("multiclass", ["a", "b"], ["b", "b"], {"accuracy"}),
    "multiclass, one class": ("multiclass", ["a"], ["a"], {"accuracy", "f1"}),
    "multiclass, many": ("multiclass", [*range(60)], [*range(60)], {"accuracy", "f1"}),
    "regression": ("regression", [1.0, 2.0, -3.5], [1.0, 2.5, -3.0], {"mae", "rmse", "r2"}),
    "regression, constant": ("regression", [2.0], [1.0, 2.0], {"mae", "rmse", "r2"}),
    "regression, zeros": ("regression", [0.0], [1.0, 0.0], set()),
    "regression, opposites": ("regression", [1.0, -1.0], [1.0, 0.0], set()),
    "regression, huge": ("regression", [1e90, 2e90], [1e90, -1e90], {"mae", "rmse", "r2"}),
    "regression, text": ("regression", ["a"], ["a"], set()),
}


@pytest.mark.parametrize("name", SCORED)
def test_exactly_the_defined_scores_are_computed(name: str) -> None:
    task, labels, predictions, expected = SCORED[name]

    def both(table: dict[str, list[Cell]]) -> None:
        drop("temp")(table)
        drop("carrier")(table)
        put("label", labels)(table)
        put("prediction", predictions)(table)
        if task != "binary":
            drop("probability")(table)

    result = verdict(both, both, task=task)
    scores = {metric[8:]: value for metric, value in result.metrics.items() if metric.startswith("quality.")}
    if task == "binary" and len({label for label in labels if isinstance(label, bool)}) == 2:
        expected = expected | {"rocauc", "logloss"}
    assert result.status == "pass"
    assert scores.keys() == expected
    assert all(math.isfinite(value) for value in scores.values())


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_windows_of_a_few_rows_are_judged_without_false_alarms(rows: int) -> None:
    assert verdict(rows=rows).status == "pass"


def test_no_rows_are_unjudged_and_say_so() -> None:
    for table in (Table({}), Table({"hour": []})):
        result = evaluate_window(EvaluationJob("k", 0, table, Table(columns(2)), "r"), CONFIG, "binary")
        assert (result.status, result.reason) == ("unjudged", "the window has no rows")
        assert result.snapshot == b""


@pytest.mark.parametrize("reference", [None, Table({}), Table({"hour": []})])
def test_without_a_reference_only_a_column_without_values_warns(reference: Table | None) -> None:
    table = columns(1)
    put("wind", [None, None, None, 1.0])(table)
    first = evaluate_window(EvaluationJob("k", 0, Table(table), reference, "none"), CONFIG, "binary")
    assert first.status == "pass"
    assert first.metrics["missing.wind"] == 0.75
    assert "quality.accuracy" in first.metrics
    assert not [name for name in first.metrics if name.startswith("drift.")]
    put("wind", [None])(table)
    assert found(
        evaluate_window(EvaluationJob("k", 0, Table(table), reference, "none"), CONFIG, "binary")
    ) == {("missing", "wind", "warn")}


def test_columns_beyond_the_most_are_left_out_and_counted() -> None:
    config = MonitoringConfig(max_columns=2)
    result = verdict(put("temp", [1e6, 2e6]), config=config)
    assert result.metrics["columns_left_out"] == 1
    assert "drift.temp" not in result.metrics
    assert "drift.label" in result.metrics
    assert result.status == "pass"


def test_limits_of_one_column_go_before_the_common_ones() -> None:
    strict = MonitoringConfig(drift=DriftConfig(columns={"label": ColumnLimits(warn=0.01, fail=0.02)}))
    flipped = put("label", [True, True, False])
    assert verdict(flipped).status == "warn"
    assert ("target drift", "label", "fail") in found(verdict(flipped, config=strict))
    hot = put("temp", [310.0 + index / 50 for index in range(300)])
    loose = MonitoringConfig(drift=DriftConfig(columns={"temp": ColumnLimits(warn=1e6, fail=1e7)}))
    assert verdict(hot).status == "fail"
    assert verdict(hot, config=loose).status == "pass"
    ignored = MonitoringConfig(drift=DriftConfig(ignore=["temp"]))
    assert verdict(hot, config=ignored).status == "pass"
    assert "missing.temp" in verdict(hot, config=ignored).metrics


def test_every_check_is_a_test_of_evidently_s_with_the_same_outcome() -> None:
    def three(table: dict[str, list[Cell]]) -> None:
        put("temp", [310.0, 320.0])(table)
        put("carrier", [None, *"ABCDABCDABCD"])(table)
        put("hour", [None])(table)

    result = verdict(three)
    words: dict[str, str] = {"pass": "SUCCESS", "warn": "WARNING", "fail": "FAIL"}
    theirs = {(test.name, test.status.value) for test in load(result.snapshot).tests_results}
    assert theirs == {
        (f"{check.name}: {check.column}" if check.column else check.name, words[check.status])
        for check in result.checks
    }


def test_without_evidently_a_window_gets_the_same_verdict_and_no_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drifted, extra = put("hour", [400]), MonitoringConfig(extra=["RowCount"])
    windows = [(nothing, CONFIG), (drifted, CONFIG), (nothing, extra), (drifted, extra)]
    whole = verdict()

    def missing(*_: str) -> None:
        with needing("a report", "reports"):
            raise ModuleNotFoundError(name="evidently")

    monkeypatch.setattr("engine.monitoring.evidently.window_report.require", missing)
    bare = [verdict(change, config=config) for change, config in windows]
    assert [one.status for one in bare] == ["pass", "fail", "unjudged", "fail"]
    assert (bare[0].status, bare[0].checks, bare[0].metrics) == (whole.status, whole.checks, whole.metrics)
    for one in bare:
        assert one.snapshot == b""
        assert one.reason.endswith(
            "no report was made: a report needs Evidently, which is not installed: "
            "pip install 'riverkeeper[reports]'"
        )
