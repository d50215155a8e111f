"""What predictions were worth, as configured."""

from typing import Any

import pytest
from pydantic import ValidationError

from engine.errors import ConfigError
from engine.evaluation.business_metrics import BusinessTotal, Value, make_values
from engine.evaluation.config import BusinessConfig, ScoresConfig
from engine.evaluation.progressive_scores import Scores
from engine.records.config import RecordConfig

SQUARE = {"yes": {"yes": 10.0, "no": -5.0}, "no": {"yes": -20.0, "no": 0.0}}
YES_NO = RecordConfig(positive="yes", negative="no")


def value(task: str = "binary", record: RecordConfig = YES_NO, **config: Any) -> Value:
    return make_values({"profit": BusinessConfig.model_validate(config)}, task, record)[0]


@pytest.mark.parametrize(
    ("said", "label", "worth"), [(True, True, 10), (True, False, -5), (False, True, -20)]
)
def test_a_matrix_goes_by_prediction_and_then_label_under_the_names_of_the_records(
    said: bool, label: bool, worth: float
) -> None:
    assert value(matrix=SQUARE).of(said, label, 0.5, {}) == worth


def test_a_matrix_of_several_classes_has_no_value_for_one_that_it_does_not_name() -> None:
    matrix = {"1": {"1": 1, "true": 2}, "a": {"a": 3}}
    found = value("multiclass", matrix=matrix)
    assert [found.of(1, 1, 0, {}), found.of(1, True, 0, {}), found.of("a", "a", 0, {})] == [1, 2, 3]
    assert found.of("a", "b", 0, {}) is None
    assert found.of("c", "a", 0, {}) is None


@pytest.mark.parametrize(
    ("expression", "worth"),
    [
        ("3 if prediction == label else -1", -1.0),
        ("features['price'] * probability", 10.0),
        ("features.get('weight', 2)", 2.0),
        ("max(features['price'], 50) if prediction else 0", 50.0),
        ("sqrt(exp(log(abs(-16.0)))) + floor(1.5) + ceil(1.5) + round(0.4) + min(1, 2)", 8.0),
        ("sum", None),
        ("max([features[name] for name in ['price'] if not label])", 40.0),
        ("(lambda price: price + 1)(features['price'])", 41.0),
        (" prediction ", 1.0),
        ("1 / 0", None),
        ("features['weight']", None),
        ("features.clear()", None),
        ("'3'", None),
        ("None", None),
        ("1e308 * 10", None),
        ("(-8) ** 0.5", None),
        ("10 ** 400", None),
    ],
)
def test_an_expression_gives_a_number_or_the_event_has_none(expression: str, worth: float | None) -> None:
    if expression == "sum":
        with pytest.raises(ConfigError, match="unknown sum; there are abs, ceil"):
            value(expression=expression)
        return
    features = {"price": 40}
    found = value(expression=expression).of(True, False, 0.25, features)
    assert found == (None if worth is None else pytest.approx(worth))
    assert features == {"price": 40}


@pytest.mark.parametrize(
    ("task", "expression", "said"),
    [
        ("binary", "price * 2", "unknown price; .*A feature is features\\['price'\\]"),
        ("binary", "__import__('os')", "unknown __import__"),
        ("binary", "open('x')", "unknown open"),
        ("regression", "probability", "unknown probability"),
        ("binary", "1 +", "expected a Python expression, got '1 \\+'"),
        ("binary", "x = 1", "expected a Python expression"),
        ("binary", "", "expected a Python expression"),
        ("binary", "1\x00", "expected a Python expression"),
        ("binary", "await label", "expected a Python expression"),
        ("binary", "(" * 300 + "1" + ")" * 300, "expected a Python expression"),
    ],
)
def test_an_expression_that_cannot_be_one_is_refused_when_it_is_compiled(
    task: str, expression: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=f"business.profit.expression: {said}"):
        value(task, expression=expression)


def test_a_function_is_called_with_prediction_label_and_features_which_it_cannot_change() -> None:
    profit = value(function="tests.support.own_values:profit")
    assert [profit.of(True, True, 0.5, {"price": 7}), profit.of(True, False, 0.5, {})] == [7.0, -1.0]
    assert profit.of(True, True, 0.5, {}) is None
    assert value(function="tests.support.own_values:touchy").of(True, True, 0.5, {}) is None


@pytest.mark.parametrize(
    ("task", "record", "config", "said"),
    [
        ("regression", YES_NO, {"matrix": SQUARE}, "business.profit.matrix: a matrix is for classes"),
        (
            "binary",
            RecordConfig(),
            {"matrix": SQUARE},
            "business.profit.matrix: expected the classes true and false .*, got yes, no",
        ),
        (
            "binary",
            YES_NO,
            {"matrix": SQUARE | {"no": {"no": 1}}},
            "business.profit.matrix.no: expected the classes yes and no .*, got no",
        ),
        (
            "binary",
            YES_NO,
            {"function": "tests.support.own_values:no"},
            "business.profit.function: .* no function 'no'",
        ),
        ("binary", YES_NO, {"function": "profit"}, "business.profit.function: "),
    ],
)
def test_what_cannot_be_computed_is_refused(
    task: str, record: RecordConfig, config: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        value(task, record, **config)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "expected exactly one of matrix, expression and function, got none"),
        ({"expression": "1", "function": "a:b"}, "got expression and function"),
        ({"expression": "1", "warn_below": 1, "fail_below": 2}, r"warn_below \(1.0\) is below fail_below"),
        ({"expression": "1", "fails_below": 2}, "Extra inputs"),
    ],
)
def test_a_section_that_says_too_little_or_too_much_is_refused(config: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        BusinessConfig.model_validate(config)


def test_values_are_summed_over_the_window_and_over_the_run_and_undefined_ones_are_counted() -> None:
    values = (Value("worth", "", lambda *event: event[3]["price"]),)
    scores = Scores(ScoresConfig(), "binary", values)
    for price in (1, 2, None):
        features = {} if price is None else {"price": price}
        scores.update({True: 1.0}, True, 0.0, None, features)
    assert scores.close_window().business == {"worth": BusinessTotal(2, 1, 3.0)}
    scores.update({True: 1.0}, True, 0.0, None, {"price": 5})
    assert scores.run_scores().business == {"worth": BusinessTotal(3, 1, 8.0)}
    window = scores.close_window().business["worth"]
    assert (window, window.mean) == (BusinessTotal(1, 0, 5.0), 5.0)
    assert scores.close_window().business["worth"].mean is None
