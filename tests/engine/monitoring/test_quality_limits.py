"""Limits on scores, on the share of drifted features, and on what is new in a window."""

from typing import Any

import pytest
from pydantic import ValidationError

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.types import Cell
from tests.support.verdicts import Change, found, nothing, put, verdict


def right(share: int) -> Change:
    """Of ten predictions, so many are right."""

    def change(table: dict[str, list[Cell]]) -> None:
        put("label", [True, False])(table)
        put(
            "prediction",
            [*([True, False] * 5)[:share], *([False, True] * 5)[share % 2 : 10 - share + share % 2]],
        )(table)

    return change


def limits(**quality: Any) -> MonitoringConfig:
    return MonitoringConfig.model_validate({"quality": quality})


def test_a_score_beyond_its_limit_warns_and_fails() -> None:
    config = limits(accuracy={"warn": 0.8, "fail": 0.5})
    for share, status in ((9, "pass"), (8, "pass"), (6, "warn"), (4, "fail")):
        result = verdict(right(share), right(share), config=config)
        assert result.metrics["quality.accuracy"] == pytest.approx(share / 10)
        (check,) = [check for check in result.checks if check.name == "quality"]
        assert (check.column, check.status) == ("accuracy", status)
        assert (check.status == "pass") or "accuracy is " in result.reason


def test_of_a_loss_the_higher_is_the_worse() -> None:
    config = limits(logloss={"fail": 0.01})
    assert ("quality", "logloss", "fail") in found(verdict(config=config))
    assert ("quality", "logloss", "fail") not in found(verdict(config=limits(logloss={"fail": 50.0})))


def test_a_score_may_be_held_against_the_reference_s() -> None:
    config = limits(accuracy={"drop_warn": 0.15, "drop_fail": 0.35})
    for share, status in ((9, "pass"), (8, "pass"), (6, "warn"), (4, "fail")):
        result = verdict(right(share), right(9), config=config)
        (check,) = [check for check in result.checks if check.name == "quality drop"]
        assert check.value == pytest.approx(0.9 - share / 10)
        assert check.status == status


def test_a_handful_of_labels_is_not_held_against_a_limit() -> None:
    config = limits(accuracy={"fail": 0.99})
    assert not [
        check for check in verdict(right(0), config=config, rows=20).checks if check.name == "quality"
    ]


@pytest.mark.parametrize("wrong", [{"acuracy": {"warn": 0.5}}, {"accuracy": {"below": 0.5}}])
def test_limits_of_scores_that_do_not_exist_are_an_error(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        limits(**wrong)


def shifted(features: int, moved: int) -> tuple[Change, Change]:
    """So many features, of which so many have moved enough to warn."""

    def change(by: float) -> Change:
        def changed(table: dict[str, list[Cell]]) -> None:
            for name in ("hour", "temp", "carrier"):
                del table[name]
            for number in range(features):
                shift = by if number < moved else 0.0
                table[f"x{number}"] = [(index * 7919 % 300) / 300 + shift for index in range(300)]

        return changed

    return change(0.15), change(0.0)


@pytest.mark.parametrize(("features", "moved", "fails"), [(6, 2, False), (6, 3, True), (4, 4, False)])
def test_many_features_that_warn_together_fail(features: int, moved: int, fails: bool) -> None:
    now, before = shifted(features, moved)

    def both(first: Change) -> Change:
        def changed(table: dict[str, list[Cell]]) -> None:
            put("hour", [1])(table)
            rows = table["hour"]
            first(table)
            assert len(rows) == 300
            for name in ("label", "prediction", "probability"):
                table.pop(name, None)

        return changed

    result = verdict(both(now), both(before))
    assert result.metrics["drifted_columns"] == moved
    assert (("drifted columns", "", "fail") in found(result)) == fails
    assert result.status == ("fail" if fails else "warn")
    assert ("of the features drifted" in result.reason) == fails


@pytest.mark.parametrize(
    "config",
    [{"unseen_warn": 0.6}, {"duplicates_warn": 0.6}, {"labelled_warn": 0}, {"drift": {"share_fail": 0}}],
)
def test_limits_that_make_no_sense_are_an_error(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MonitoringConfig.model_validate(config)


def test_limits_can_be_moved() -> None:
    few = put("carrier", [*"ABCD" * 4, "E", "F"])
    loose = MonitoringConfig(unseen_warn=0.3)
    assert ("new categories", "carrier", "warn") in found(verdict(few, nothing))
    assert ("new categories", "carrier", "warn") not in found(verdict(few, nothing, config=loose))
