"""A configuration made in Python: from a dictionary, from a file, and with objects of River as models."""

import copy
import functools
import pickle
from pathlib import Path
from typing import Any

import pytest
from river import anomaly, base, linear_model, optim, preprocessing, tree

from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.errors import ConfigError, ModelError, SnapshotError
from engine.records.events import Prediction
from tests.support.engines import make_stream

NAMES = ["preprocessing.StandardScaler", "linear_model.LogisticRegression"]
RIVER = preprocessing.StandardScaler() | linear_model.LogisticRegression()


def config(model: Any, task: str = "binary", **sections: Any) -> EngineConfig:
    content = {"model": {"task": task, "model": model}, "monitoring": {"reports": False}} | sections
    return EngineConfig.from_dict(content)


def make() -> base.Estimator:
    return preprocessing.StandardScaler() | linear_model.LogisticRegression()


class Mine(base.Classifier):
    """A model of the user's own."""

    def __init__(self, rate: float = 0.1) -> None:
        self.rate = rate
        self.share = 0.5

    def learn_one(self, x: Any, y: Any) -> None:  # noqa: ARG002
        self.share += self.rate * (y - self.share)

    def predict_proba_one(self, x: Any) -> dict[Any, float]:  # type: ignore[override]  # noqa: ARG002
        return {True: self.share, False: 1 - self.share}


class Forgets(Mine):
    """It does not keep its argument, so it cannot be copied as River's models can."""

    def __init__(self, speed: float) -> None:
        super().__init__(speed)


def served(model: Any) -> list[object]:
    events = Engine(config(model)).process(make_stream(3, 200))
    return [event.probability for event in events if isinstance(event, Prediction)]


@pytest.mark.parametrize(
    "model",
    [
        RIVER,
        make,
        ["preprocessing.StandardScaler", linear_model.LogisticRegression()],
        [preprocessing.StandardScaler, "linear_model.LogisticRegression"],
        [
            preprocessing.StandardScaler(),
            {"type": "linear_model.LogisticRegression", "optimizer": optim.SGD(0.01)},
        ],
    ],
)
def test_a_model_of_python_is_the_model_that_a_file_would_name(model: Any) -> None:
    assert served(model) == served(NAMES)


def test_a_river_object_stays_as_it_is_and_gives_nothing_that_it_has_learned() -> None:
    mine = make()
    before = pickle.dumps(mine)
    first = served(mine)
    assert pickle.dumps(mine) == before
    mine.learn_one({"a": 5.0}, True)  # type: ignore[attr-defined]
    assert served(mine) == first


@pytest.mark.parametrize(
    "model", [RIVER, make, Mine(0.2), functools.partial(Mine, 0.2), Mine, ["auto", Mine()]]
)
def test_a_model_of_python_comes_out_of_a_snapshot_and_of_a_copy(model: Any) -> None:
    stream = make_stream(3, 200)
    engine = Engine(config(model))
    engine.process(stream[:100])
    for other in (Engine.restore(engine.snapshot(), config(model)), copy.deepcopy(engine)):
        assert other.scores == engine.scores
        assert other.pool.champion.learned == engine.pool.champion.learned


WRONG: list[tuple[Any, str]] = [
    ({}, "configuration: model: required, but missing"),
    (None, "configuration: expected sections by name, got None"),
    ([1], r"configuration: expected sections by name, got \[1\]"),
    (
        {"model": {"task": "binry", "model": "auto"}},
        "configuration: model.task: expected 'binary', .* got 'binry'",
    ),
    ({"model": {"task": "binary", "model": "auto"}, "windw": {}}, "windw: unknown key; did you mean window?"),
    (
        {"model": {"task": "binary", "model": 5}},
        "model.model: expected a name, .* or in Python a River model .* got 5",
    ),
    ({"model": {"task": "binary", "model": None}}, "model.model: expected a name, .* got None"),
]


@pytest.mark.parametrize(("content", "message"), WRONG)
def test_a_mistake_is_one_error_that_names_key_expectation_and_value(content: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EngineConfig.from_dict(content)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (anomaly.HalfSpaceTrees(), r"model\.model: the task is binary, which needs a classifier"),
        (int, r"model\.model: expected a River estimator, got int"),
        (lambda: 1 / 0, r"model\.model: .*<lambda> cannot be built: division by zero"),
        (Forgets(0.1), r"model\.model: this Forgets cannot be copied: .*Keep every argument"),
        ([1, make], r"model\.model\[0\]: expected a name"),
        (["preprocessing.StandardScaler", Forgets(0.1)], r"model\.model\[1\]: this Forgets cannot be copied"),
    ],
)
def test_an_object_that_is_no_model_is_refused_with_its_place(model: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Engine(config(model))


def test_a_file_says_the_same_as_a_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "engine.toml"
    path.write_text('[model]\ntask = "binary"\nmodel = "auto"\n[window]\ncount = 50\n')
    assert EngineConfig.from_toml(str(path)) == EngineConfig.from_dict(
        {"model": {"task": "binary", "model": "auto"}, "window": {"count": 50}}
    )
    path.write_text('[model]\ntask = "binary"\nmodel = "auto"\n[window]\ncout = 50\n')
    with pytest.raises(
        ConfigError, match=r"engine.toml: window.cout: unknown key; did you mean window.count"
    ):
        EngineConfig.from_toml(path)
    path.write_text("[model")
    with pytest.raises(ConfigError, match=r"engine.toml: not TOML"):
        EngineConfig.from_toml(path)
    with pytest.raises(ConfigError, match=r"nowhere.toml: cannot be read"):
        EngineConfig.from_toml(tmp_path / "nowhere.toml")


LOGISTIC = "linear_model.LogisticRegression"
SAME: list[tuple[Any, Any]] = [
    (LOGISTIC, {"type": LOGISTIC}),
    (LOGISTIC, f"river.{LOGISTIC}"),
    (LOGISTIC, [LOGISTIC]),
    (LOGISTIC, {"type": LOGISTIC, "l2": 0, "optimizer": {"type": "optim.SGD", "lr": 0.01}}),
    ({"type": LOGISTIC, "l2": 1}, linear_model.LogisticRegression(l2=1.0)),
    (NAMES, RIVER),
    (NAMES, {"type": "compose.Pipeline", "args": [{"type": name} for name in NAMES]}),
    (NAMES, [NAMES[:1], LOGISTIC]),
    (NAMES, make),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_snapshot_is_restored_under_an_equal_model_however_it_is_written(one: Any, other: Any) -> None:
    for first, second in ((one, other), (other, one)):
        engine = Engine(config(first))
        engine.process(make_stream(3, 20))
        assert Engine.restore(engine.snapshot(), config(second)).counts == engine.counts


OTHER: list[tuple[Any, Any, str]] = [
    (LOGISTIC, {"type": LOGISTIC, "l2": 0.5}, r"model\.l2 is 0 there and 0\.5 here"),
    (
        NAMES,
        [*NAMES[:1], "linear_model.Perceptron"],
        r"model\[1\] is LogisticRegression there and Perceptron here",
    ),
    (NAMES, LOGISTIC, r"model is \[StandardScaler, LogisticRegression\] there and LogisticRegression here"),
    (NAMES, [preprocessing.StandardScaler(with_std=False), LOGISTIC], r"model\[0\]\.with_std is True there"),
    (Mine(0.1), Mine(0.2), r"model\.rate is 0\.1 there and 0\.2 here"),
    (
        {"type": "forest.ARFClassifier", "n_models": 2, "drift_detector": {"type": "drift.ADWIN"}},
        {
            "type": "forest.ARFClassifier",
            "n_models": 2,
            "drift_detector": {"type": "drift.ADWIN", "delta": 0.1},
        },
        r"model\.drift_detector\.delta is 0\.002 there and 0\.1 here",
    ),
]


@pytest.mark.parametrize(("one", "other", "message"), OTHER)
def test_another_model_is_refused_and_the_difference_is_named(one: Any, other: Any, message: str) -> None:
    with pytest.raises(SnapshotError, match=f"another model than the configuration: {message}"):
        Engine.restore(Engine(config(one)).snapshot(), config(other))


def test_another_task_is_another_model() -> None:
    saved = Engine(config(tree.HoeffdingTreeClassifier())).snapshot()
    with pytest.raises(SnapshotError, match="task is 'binary' there and 'multiclass' here"):
        Engine.restore(saved, config(tree.HoeffdingTreeClassifier(), "multiclass"))
