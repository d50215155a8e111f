"""Which metrics can be chosen, and what is said of those that cannot."""

from typing import Any

import pytest

from engine.errors import ConfigError
from engine.evaluation.config import ScoresConfig
from engine.evaluation.metrics import choose
from tests.support.scored import accepted, fill, make, river


@pytest.mark.parametrize(
    ("task", "name"), [("binary", "Accuracy"), ("multiclass", "Accuracy"), ("regression", "MAE")]
)
def test_without_names_there_is_one_metric_that_fits_the_task(task: str, name: str) -> None:
    assert make(task).values().keys() == {name}


def test_a_metric_keeps_its_short_name_whatever_place_in_river_is_before_it() -> None:
    scores = make(
        "binary", "river.metrics.F1", "metrics.Accuracy", {"type": "river.metrics.FBeta", "beta": 2}
    )
    assert scores.values().keys() == {"F1", "Accuracy", "FBeta(beta=2)"}


@pytest.mark.parametrize(
    ("task", "spec", "said"),
    [
        ("binary", "Acuracy", "River has no metric 'Acuracy'; did you mean Accuracy?"),
        ("binary", "base", "River has no metric 'base'"),
        ("binary", "__doc__", "River has no metric '__doc__'"),
        ("binary", "accuracy", "River has no metric 'accuracy'"),
        ("binary", "", "River has no metric ''"),
        ("binary", "MAE", "MAE is not a metric of a binary task"),
        ("regression", "Accuracy", "Accuracy is not a metric of a regression task"),
        ("multiclass", "ROCAUC", "ROCAUC is not a metric of a multiclass task"),
        ("multiclass", "F1", "F1 is not a metric of a multiclass task"),
        ("binary", "FBeta", "metrics.FBeta cannot be built: "),
        ("binary", {"type": "FBeta", "gamma": 2}, "metrics.FBeta cannot be built: "),
        ("binary", {"beta": 2}, "expected a name or a table with a 'type', got {'beta': 2}"),
        ("binary", {"type": 3}, "expected a name or a table with a 'type', got {'type': 3}"),
        ("binary", "ConfusionMatrix", "ConfusionMatrix is not one number"),
        ("multiclass", "ClassificationReport", "ClassificationReport is not one number"),
        ("binary", "no_such_module:f", "cannot import 'no_such_module'"),
        ("binary", "tests.support.own_metrics:no", "tests.support.own_metrics has no function 'no'"),
        (
            "binary",
            "tests.support.own_metrics:none",
            "expected tests.support.own_metrics:none to give a River metric",
        ),
        (
            "binary",
            "tests.support.own_metrics:several",
            "tests.support.own_metrics:several is not one number",
        ),
        (
            "binary",
            "tests.support.own_metrics:misses",
            "tests.support.own_metrics:misses is not a metric of a binary",
        ),
    ],
)
def test_a_metric_that_cannot_be_kept_is_refused_by_its_name(task: str, spec: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make(task, spec)
    assert str(caught.value).startswith(f"scores.metrics: {said}")


def test_the_same_metric_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"scores.metrics: F1 is there twice"):
        make("binary", "F1", "Accuracy", "F1")


@pytest.mark.parametrize("name", ["RollingROCAUC", "MutualInfo", "FowlkesMallows"])
def test_a_metric_without_weights_cannot_fade_but_can_be_kept(name: str) -> None:
    with pytest.raises(ConfigError, match=f"scores.fading: {name} takes no weights, so it cannot fade"):
        make("binary", name, fading=0.9)
    events = [({True: p / 30, False: 1 - p / 30}, p % 4 > 1) for p in range(31)]
    assert f"{name}.last_9" in fill(make("binary", name, last=9), "binary", events).values()


def test_a_metric_of_the_users_own_is_called_as_it_was_named() -> None:
    values = fill(
        make("binary", "tests.support.own_metrics:rivers_f2"),
        "binary",
        [({True: 1.0}, True), ({True: 1.0}, False)],
    ).values()
    expected = river("FBeta", beta=2)
    expected.update(True, True)
    expected.update(False, True)
    assert values["tests.support.own_metrics:rivers_f2"] == pytest.approx(expected.get())


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_only_what_must_be_is_updated_per_event(task: str) -> None:
    """Of River's metrics. When a new one is here, look whether it could be counted."""
    names = accepted(task)
    per_event = {
        each.name for each in choose(ScoresConfig(metrics=[*names]), task).metrics if each.source == "events"
    }
    if task == "regression":
        assert per_event == set(names)
    else:
        windowed = {"RollingROCAUC", "RollingPRAUC", "LogLoss"} if task == "binary" else set()
        assert per_event == {"CrossEntropy", *windowed}
