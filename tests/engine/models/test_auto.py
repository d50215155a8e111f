"""The recipe "auto": any columns, bounded, and the same in every process."""

from random import Random
from typing import Any

import pytest

from engine.core.engine import Engine
from engine.models.auto import LONGEST, MOST_VALUES, PLACES, TextEncoder, advice, make_preprocessing
from engine.models.config import ModelConfig
from engine.models.factory import build
from engine.models.operations import make_model
from engine.models.serialization import dump, load
from engine.records.events import Outcome, Prediction
from engine.records.values import Example
from tests.support.engines import ScriptedJudge, make_config, make_engine

TREE = {"type": "tree.HoeffdingTreeClassifier", "grace_period": 50}
LABELS: dict[str, Any] = {"binary": True, "multiclass": "a", "regression": 3.0, "anomaly": None}


def rows(count: int) -> list[tuple[dict[str, Any], bool]]:
    """The town decides nine times of ten, a number is missing now and then, and each user comes once."""
    random = Random(1)  # noqa: S311 - test data
    found = []
    for number in range(count):
        town = random.choice(["Ulm", "Trier", "Köln", ""])
        row: dict[str, Any] = {"town": town, "user": f"u{number}", "member": random.random() < 0.5}
        if random.random() < 0.8:
            row["age"] = random.randint(18, 80)
        found.append((row, (town == "Ulm") != (random.random() < 0.1)))
    return found


def example(number: int, features: dict[str, Any], label: bool) -> Example:
    return Example(str(number), float(number), features, label)


@pytest.mark.parametrize("model", ["auto", ["auto", TREE], ["auto", "naive_bayes.GaussianNB"]])
def test_a_model_learns_from_text_behind_the_preprocessing(model: Any) -> None:
    made: Any = make_model(ModelConfig(task="binary", model=model))
    right = []
    for features, label in rows(1500):
        right.append(made.predict_one(features) == label)
        made.learn_one(features, label)
    assert sum(right[1000:]) > 425, "nine of ten can be known; always the same is right in 350"


@pytest.mark.parametrize("spec", ["auto", ["auto"], {"type": "auto"}])
def test_however_auto_is_written_alone_it_has_a_model(spec: Any) -> None:
    model: Any = make_model(ModelConfig(task="binary", model=spec))
    assert list(model.steps) == ["TransformerUnion", "LogisticRegression"]


@pytest.mark.parametrize("task", LABELS)
def test_every_task_has_a_model_for_columns_of_any_kind(task: str) -> None:
    model: Any = make_model(ModelConfig(task=task, model="auto"))
    given = () if LABELS[task] is None else (LABELS[task],)
    for row in [{"a": 1}, {}, {"a": "text"}, {"a": 1.5, "b": True, "c": "x" * 10_000}, {"c": ""}] * 3:
        model.learn_one(row, *given)
    said = model.score_one({"a": 2}) if task == "anomaly" else model.predict_one({"a": 2})
    again: Any = load(dump(model, "model"), "model")
    assert said == (again.score_one({"a": 2}) if task == "anomaly" else again.predict_one({"a": 2}))


def test_numbers_are_scaled_and_a_missing_one_counts_as_the_mean() -> None:
    scaled: Any = make_preprocessing()
    for age in (20, 40, 60):
        scaled.learn_one({"age": age, "member": age > 30})
    assert scaled.transform_one({"age": 40}) == {"age": 0.0}
    assert scaled.transform_one({"member": True})["member"] == pytest.approx(0.5**0.5)


def test_a_text_is_one_of_the_values_seen_or_none_of_them() -> None:
    encoder = TextEncoder()
    for town in ("Ulm", "Trier"):
        encoder.learn_one({"town": town, "n": 1})
    assert encoder.transform_one({"town": "Ulm", "n": 3}) == {"town=Ulm": 1, "town=Trier": 0}
    assert (
        encoder.transform_one({"town": "Bonn"})
        == encoder.transform_one({})
        == {
            "town=Ulm": 0,
            "town=Trier": 0,
        }
    )


@pytest.mark.parametrize("values", [[f"u{n}" for n in range(5000)], ["x" * (LONGEST + 1)]])
def test_a_column_of_many_or_long_values_is_left_out_before_a_tree(values: list[str]) -> None:
    encoder = TextEncoder()
    for value in ["first", *values]:
        encoder.learn_one({"town": "Ulm", "user": value})
    assert encoder.transform_one({"town": "Ulm", "user": "first"}) == {"town=Ulm": 1}
    assert len(dump(encoder, "encoder")) < 500


def test_up_to_the_bound_every_value_has_its_own_feature() -> None:
    encoder = TextEncoder()
    for number in range(MOST_VALUES):
        encoder.learn_one({"shop": f"s{number}"})
    found = encoder.transform_one({"shop": "s3"})
    assert (found["shop=s3"], sum(found.values()), len(found)) == (1, 1, MOST_VALUES)
    encoder.learn_one({"shop": "one more"})
    assert encoder.transform_one({"shop": "s3"}) == {}


def test_before_a_linear_model_text_is_hashed_and_bounded() -> None:
    model: Any = build(["auto", "linear_model.LogisticRegression"])
    names = set()
    for number in range(6000):
        row = {"user": f"u{number}", "age": 3}
        seen = model["TransformerUnion"].transform_one(row)
        names |= seen.keys()
        assert [abs(value) for name, value in seen.items() if name.startswith("text ")] == [1]
    assert PLACES * 0.7 < len(names) <= PLACES + 1


@pytest.mark.parametrize(
    ("model", "hashed"),
    [
        ("linear_model.SoftmaxRegression", True),
        (
            {"type": "preprocessing.TargetStandardScaler", "regressor": {"type": "linear_model.PARegressor"}},
            True,
        ),
        ("naive_bayes.GaussianNB", False),
        (TREE, False),
    ],
)
def test_what_stands_behind_decides_how_text_is_prepared(model: Any, hashed: bool) -> None:
    first = next(iter(build([{"type": "auto"}, model]).steps.values()))  # type: ignore[attr-defined]
    assert isinstance(first["text"], TextEncoder) != hashed


def test_a_resumed_engine_goes_on_with_the_same_predictions() -> None:
    sections: dict[str, Any] = {"model": {"task": "binary", "model": ["auto", TREE]}}
    stream = [example(number, *row) for number, row in enumerate(rows(120))]
    whole = make_engine(**sections).process(stream)
    tried = make_engine(**sections)
    events = tried.process(stream[:50])
    again = Engine.restore(tried.snapshot(), make_config(**sections), ScriptedJudge())
    events += again.process(stream[50:])
    kinds = Prediction | Outcome
    assert [e for e in events if isinstance(e, kinds)] == [e for e in whole if isinstance(e, kinds)]


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (TypeError("unsupported operand type(s) for -: 'str' and 'float'"), True),
        (TypeError("can't multiply sequence by non-int of type 'float'"), True),
        (ValueError("could not convert string to float: 'x'"), True),
        (ValueError("math domain error"), False),
        (KeyError("str"), False),
    ],
)
def test_an_error_about_text_names_the_fields_and_the_remedy(raised: Exception, told: bool) -> None:
    text = advice(raised, {"age": 1, "town": "Ulm", "job": "a", "x": "b", "y": "c"})
    expected = (
        ". Text in 'town', 'job', 'x' and 1 more: let the model begin with \"auto\" (docs/models.md), "
        "or name the fields in record.ignore"
    )
    assert text == (expected if told else "")
    assert not advice(raised, {"age": 1})


def test_a_model_that_cannot_learn_text_says_so_once_in_the_stream() -> None:
    tried = make_engine()
    events = tried.process([example(number, *row) for number, row in enumerate(rows(30))])
    reasons = [
        event.reason for event in events if hasattr(event, "reason") and "cannot learn" in event.reason
    ]
    assert len(reasons) == 1
    assert "Text in 'town', 'user': let the model begin with \"auto\"" in reasons[0]
