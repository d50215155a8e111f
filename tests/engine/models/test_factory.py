import textwrap
from pathlib import Path
from typing import Any

import pytest
from river import compose, ensemble, linear_model, neighbors, optim, preprocessing

from engine.errors import ModelError
from engine.models.factory import build

LOGISTIC = "linear_model.LogisticRegression"
SCALER = "preprocessing.StandardScaler"


def said(spec: Any) -> str:
    with pytest.raises(ModelError) as caught:
        build(spec)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.fixture
def user_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of the user's own; each test has its own name for it, since imports are kept."""
    name = f"user_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(
        textwrap.dedent(
            """
            from river import linear_model

            number = 3

            def make(l2=0.0):
                return linear_model.LogisticRegression(l2=l2)

            def fail():
                raise RuntimeError("no such luck")

            def text():
                return "no model"
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_a_name_is_a_class_of_river() -> None:
    assert type(build(LOGISTIC)) is linear_model.LogisticRegression


def test_a_table_gives_parameters() -> None:
    model = build({"type": LOGISTIC, "l2": 0.5})
    assert isinstance(model, linear_model.LogisticRegression)
    assert model.l2 == 0.5


def test_a_list_is_a_pipeline_in_its_order() -> None:
    model = build([SCALER, {"type": LOGISTIC, "l2": 0.5}])
    assert isinstance(model, compose.Pipeline)
    assert [type(step) for step in model.steps.values()] == [
        preprocessing.StandardScaler,
        linear_model.LogisticRegression,
    ]


def test_parameters_with_a_type_are_objects_at_any_depth() -> None:
    model = build(
        {
            "type": LOGISTIC,
            "optimizer": {
                "type": "optim.SGD",
                "lr": {"type": "optim.schedulers.Constant", "learning_rate": 0.5},
            },
        }
    )
    assert isinstance(model, linear_model.LogisticRegression)
    assert isinstance(model.optimizer, optim.SGD)
    assert model.optimizer.learning_rate == 0.5
    near = build(
        {"type": "neighbors.KNNClassifier", "engine": {"type": "neighbors.LazySearch", "window_size": 7}}
    )
    assert isinstance(near, neighbors.KNNClassifier)
    assert isinstance(near.engine, neighbors.LazySearch)
    assert near.engine.window_size == 7


def test_a_union_of_steps_is_given_by_args() -> None:
    union = {
        "type": "compose.TransformerUnion",
        "args": [{"type": SCALER}, {"type": "preprocessing.MinMaxScaler"}],
    }
    model = build([union, LOGISTIC])
    assert isinstance(model, compose.Pipeline)
    inner = next(iter(model.steps.values()))
    assert isinstance(inner, compose.TransformerUnion)
    assert [type(part) for part in inner.transformers.values()] == [
        preprocessing.StandardScaler,
        preprocessing.MinMaxScaler,
    ]


def test_args_may_be_plain_values() -> None:
    model = build([{"type": "compose.Select", "args": ["a", "b"]}, LOGISTIC])
    assert isinstance(model, compose.Pipeline)
    assert model.transform_one({"a": 1, "b": 2, "c": 3}) == {"a": 1, "b": 2}


def test_a_wrapped_model_may_be_a_pipeline() -> None:
    model = build({"type": "ensemble.BaggingClassifier", "model": [{"type": SCALER}, {"type": LOGISTIC}]})
    assert isinstance(model, ensemble.BaggingClassifier)
    assert isinstance(model.model, compose.Pipeline)


def test_a_spec_is_not_changed_and_builds_a_fresh_model_each_time() -> None:
    spec: dict[str, Any] = {"type": LOGISTIC, "args": [{"type": "optim.SGD", "lr": 0.5}]}
    first, second = build(spec), build(spec)
    assert spec == {"type": LOGISTIC, "args": [{"type": "optim.SGD", "lr": 0.5}]}
    assert isinstance(first, linear_model.LogisticRegression)
    assert isinstance(second, linear_model.LogisticRegression)
    first.learn_one({"a": 1.0}, True)
    assert first.weights
    assert not second.weights


def test_a_function_of_the_users_own_makes_a_model(user_module: str) -> None:
    assert isinstance(build(f"{user_module}:make"), linear_model.LogisticRegression)
    model = build({"type": f"{user_module}:make", "l2": 0.25})
    assert isinstance(model, linear_model.LogisticRegression)
    assert model.l2 == 0.25


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("number", "has no function 'number'"),
        ("nowhere", "has no function 'nowhere'"),
        ("", "has no function ''"),
        ("fail", "cannot be built: no such luck"),
        ("text", "expected a River estimator, got str"),
    ],
)
def test_a_function_that_makes_no_model_is_named(user_module: str, function: str, expected: str) -> None:
    text = said(f"{user_module}:{function}")
    assert text.startswith("model: ")
    assert expected in text


@pytest.mark.parametrize("name", ["no_such_module:f", ":f", ".relative:f", "..:f", "a b:f"])
def test_a_module_that_cannot_be_imported_is_named(name: str) -> None:
    text = said(name)
    assert text.startswith(f"model: cannot import {name.partition(':')[0]!r} (from {name!r})")
    assert "beside the configuration file" in text


def test_a_module_that_raises_when_imported_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_user_module.py").write_text("def (:\n")
    (tmp_path / "raising_user_module.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "SyntaxError" in said("broken_user_module:f")
    assert "ZeroDivisionError" in said("raising_user_module:f")


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ([SCALER, {"type": LOGISTIC, "l3": 1}], "model[1]: "),
        ({"type": LOGISTIC, "optimizer": {"type": "optim.SGDD"}}, "model.optimizer: "),
        ({"type": LOGISTIC, "args": [{"type": "optim.No"}]}, "model.args[0]: "),
        ({"type": "ensemble.BaggingClassifier", "model": [SCALER, {"type": "x.Y"}]}, "model.model[1]: "),
        ({"type": LOGISTIC, "args": 3}, "model.args: expected a list, got 3"),
        ({"type": LOGISTIC, "args": "ab"}, "model.args: expected a list, got 'ab'"),
        ([], "model: a pipeline needs at least one step"),
        ([[]], "model[0]: a pipeline needs at least one step"),
        (3, "model: expected a name, a list of steps or a table with a 'type', got 3"),
        (None, "model: expected a name"),
        ({}, "model: expected a name"),
        ({"type": 3}, "model: expected a name"),
        ([SCALER, 3], "model[1]: expected a name"),
        ("LogisticRegression", "model: expected a dotted River name"),
        ("", "model: expected a dotted River name"),
        (".X", "model: expected a dotted River name"),
        ("no_such.Model", "model: River has no module 'no_such'"),
        ("linear_model..X", "model: River has no module 'linear_model.'"),
        ("linear_model.base", "model: river.linear_model has no class 'base'"),
        ("utils.random.Random", "model: "),
        ("optim.SGD", "model: expected a River estimator, got SGD"),
        ([SCALER, "metrics.Accuracy"], "model[1]: expected a step of a pipeline, got Accuracy"),
        ("base.Classifier", "model: base.Classifier cannot be built"),
    ],
)
def test_an_error_names_the_place_in_the_configuration(spec: Any, place: str) -> None:
    assert said(spec).startswith(place)


@pytest.mark.parametrize(
    "spec", [f"river.{LOGISTIC}", {"type": f"river.{LOGISTIC}", "optimizer": {"type": "river.optim.SGD"}}]
)
def test_a_name_may_begin_with_river(spec: Any) -> None:
    assert type(build(spec)) is linear_model.LogisticRegression


def test_a_wrong_parameter_lists_the_known_ones() -> None:
    text = said({"type": LOGISTIC, "l3": 1})
    assert "'l3'" in text
    assert text.endswith("clip_gradient, initializer")
    assert "it takes: optimizer, loss, l2, l1" in text


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("linear_model.LogisticRegresion", "linear_model.LogisticRegression"),
        ("tree.HoefdingTreeClassifier", "tree.HoeffdingTreeClassifier"),
        ("linear_model.logisticregression", "linear_model.LogisticRegression"),
        ("river.linear_model.LogisticRegresion", "linear_model.LogisticRegression"),
        ("linear_model.HoeffdingTreeClassifier", "tree.HoeffdingTreeClassifier"),
        ("trees.HoeffdingTreeClassifier", "tree.HoeffdingTreeClassifier"),
        ("LogisticRegression", "linear_model.LogisticRegression"),
        ("Auto", "auto"),
    ],
)
def test_a_typo_is_answered_with_the_name_that_was_meant(typo: str, meant: str) -> None:
    assert said(typo).endswith(f"did you mean {meant}?")


def test_a_parameter_that_takes_a_list_gets_a_list_of_models() -> None:
    nested = [{"type": "preprocessing.StandardScaler"}, {"type": "linear_model.LogisticRegression"}]
    model: Any = build(
        {"type": "ensemble.VotingClassifier", "models": [nested, {"type": "dummy.NoChangeClassifier"}]}
    )
    assert [type(member).__name__ for member in model.models] == ["Pipeline", "NoChangeClassifier"]


def test_a_parameter_that_takes_one_model_gets_a_pipeline() -> None:
    nested = [{"type": "preprocessing.StandardScaler"}, {"type": "linear_model.LogisticRegression"}]
    model: Any = build({"type": "ensemble.BaggingClassifier", "model": nested, "n_models": 3, "seed": 1})
    assert type(model.model).__name__ == "Pipeline"
