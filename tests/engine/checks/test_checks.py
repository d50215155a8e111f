"""The laws of one model. Each class breaks one of them on purpose."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from engine.checks import BrokenLaw, check_model
from engine.checks.suite import FIRST, LAWS, MADE
from engine.contract.config import ContractConfig, FieldConfig
from engine.errors import InputError
from tests.support.breaches import BINARY, Sound, breaches, broken

UNTRAINED = "an untrained model predicts, or says None"
FITS = "its predictions fit the task"
UNCHANGED = "features are not changed by the model"
SAME = "same data, same model: same predictions"
PURE = "predicting changes nothing"
SAVED = "a saved model can be restored and learns on the same"
VALUE = "what is saved is a value"


class NeedsTraining(Sound):
    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        if not self.sums:
            raise RuntimeError("learn first")
        return super().predict_proba_one(x, **kwargs)


class Percent(Sound):
    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        return {label: 100 * p for label, p in super().predict_proba_one(x, **kwargs).items()}


class Scalar(Sound):
    def predict_proba_one(self, x: Any, **kwargs: Any) -> Any:
        return super().predict_proba_one(x, **kwargs)[True]


class Diverges(Sound):
    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        return {True: float("nan")} if self.sums else super().predict_proba_one(x, **kwargs)


class OtherLabels(Sound):
    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        said = super().predict_proba_one(x, **kwargs)
        return {"no": said[False], "yes": said[True]}


class CannotLearn(Sound):
    def learn_one(self, x: Any, y: Any) -> None:
        raise ValueError(f"{len(x)} {y}")


class AddsToFeatures(Sound):
    def learn_one(self, x: Any, y: Any) -> None:
        super().learn_one(x, y)
        x["seen"] = 1.0


class ScalesInPlace(Sound):
    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        said = super().predict_proba_one(x, **kwargs)
        for name in x:
            x[name] *= 2.0
        return said


class Unseeded(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.bias = random.random()  # noqa: S311 - what it is here for

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        del x, kwargs
        return {True: self.bias}


class LearnsWhenAsked(Sound):
    asked = 0

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        del x, kwargs
        self.asked += 1
        return {True: 1 / self.asked}


class LearnsWhatWasAsked(Sound):
    """Asking shows in nothing until it learns."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        self.asked += 1
        return super().predict_proba_one(x, **kwargs)

    def learn_one(self, x: Any, y: Any) -> None:
        super().learn_one(x, y if self.asked % 2 else not y)


class HoldsALambda(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.link = lambda value: value


class Forgets(Sound):
    def __getstate__(self) -> dict[str, Any]:
        return {"sums": {}}


class KeepsItElsewhere(Sound):
    """What it learns is saved by the name of a place."""

    places: dict[int, dict[Any, float]] = {}  # noqa: RUF012 - what it is here for

    def __init__(self) -> None:
        super().__init__()
        self.place = len(self.places)
        self.places[self.place] = self.sums

    def __getstate__(self) -> dict[str, Any]:
        return {"place": self.place}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.place = state["place"]
        self.sums = self.places[self.place]


@pytest.mark.parametrize(
    ("model", "law", "detail"),
    [
        (NeedsTraining, UNTRAINED, "raised RuntimeError: learn first"),
        (Percent, UNTRAINED, "class False: expected a probability from 0 to 1, got 50.0"),
        (Scalar, UNTRAINED, "expected a probability for each class, got 0.5"),
        (Diverges, FITS, "class True: expected a probability from 0 to 1, got nan"),
        (OtherLabels, FITS, "it predicts ['no', 'yes'], none of which is a label here: [False, True]"),
        (CannotLearn, FITS, "raised ValueError: 9 True"),
        (AddsToFeatures, UNCHANGED, "'seen' was absent and is now 1.0"),
        (ScalesInPlace, UNCHANGED, "'is_popular' was 0.5 and is now 1.0"),
        (Unseeded, SAME, "two models trained alike predict differently; fix its seed"),
        (LearnsWhenAsked, PURE, "predicting twice gives two answers, before it has learned"),
        (
            LearnsWhatWasAsked,
            PURE,
            "asked before it learned has learned something else than one that was not",
        ),
        (HoldsALambda, SAVED, "cannot be saved"),
        (HoldsALambda, VALUE, "cannot be saved"),
        (Forgets, SAVED, "a restored model learns on differently from the one that was saved"),
        (KeepsItElsewhere, VALUE, "what was saved has changed while the model learned on"),
    ],
)
def test_a_model_that_breaks_a_law_is_found(model: Callable[[], Any], law: str, detail: str) -> None:
    assert detail in broken(model)[law]


def test_a_model_that_keeps_all_laws_has_no_breach() -> None:
    assert breaches(Sound) == []


@pytest.mark.parametrize("model", [NeedsTraining, Percent, Scalar, Diverges, OtherLabels, CannotLearn])
def test_what_cannot_predict_or_learn_at_all_is_told_once(model: Callable[[], Any]) -> None:
    assert len(breaches(model)) == 1


@pytest.mark.parametrize(
    ("model", "law"),
    [(Unseeded, SAME), (LearnsWhenAsked, PURE), (AddsToFeatures, UNCHANGED)],
)
def test_a_model_is_not_blamed_for_laws_it_keeps(model: Callable[[], Any], law: str) -> None:
    assert broken(model).keys() == {law}


def test_a_class_that_may_not_be_loaded_is_found() -> None:
    assert {breach.law for breach in check_model(Sound, "binary", BINARY)} == {SAVED, VALUE}


def _no_model() -> Any:
    raise OSError("no such file: weights.bin")


@pytest.mark.parametrize(
    ("make", "detail"),
    [
        (_no_model, "raised OSError: no such file: weights.bin"),
        (lambda: Sound, "expected a model with learn_one, got the class Sound itself"),
        (lambda: None, "expected a model with learn_one, got None"),
    ],
)
def test_a_factory_that_makes_no_model_is_a_finding(make: Callable[[], Any], detail: str) -> None:
    assert breaches(make) == [BrokenLaw(MADE, detail)]


def test_a_factory_that_makes_one_model_only_is_a_finding() -> None:
    stock = [Sound()]
    assert broken(stock.pop)[UNTRAINED] == "raised IndexError: pop from empty list"


@pytest.mark.parametrize("spoil", [AddsToFeatures, ScalesInPlace])
def test_the_sample_is_left_as_it_was(spoil: Callable[[], Any]) -> None:
    sample = [(dict(features), label) for features, label in BINARY]
    broken(spoil, sample=sample)
    assert sample == BINARY


def test_a_sample_that_shows_nothing_is_the_callers_mistake() -> None:
    with pytest.raises(InputError, match="sample: expected examples to try the model on, got none"):
        breaches(Sound, sample=[])
    contract = ContractConfig(fields={"age": FieldConfig(type="number", required=True)})
    with pytest.raises(InputError, match="rejects all 60; the first: field 'age': required, but missing"):
        breaches(Sound, contract=contract)


def test_every_law_has_a_reason() -> None:
    assert all(check.__doc__ for check in (FIRST | LAWS).values())


class Counted(Sound):
    """Counts the calls of all models, and keeps growing."""

    calls = {"learn": 0, "predict": 0}  # noqa: RUF012 - what it is here for

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[int] = []

    def learn_one(self, x: Any, y: Any) -> None:
        self.calls["learn"] += 1
        self.kept.append(1000 + len(x))
        self.sums["first"] = self.sums.get("first", 0.0) + (1 if y else -1)

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        self.calls["predict"] += 1
        return super().predict_proba_one({"first": float(len(x) > 1)}, **kwargs)


def test_what_the_suite_costs_is_bounded_in_calls_however_large_the_sample() -> None:
    wide = [({f"f{n}": float((row * n) % 7) for n in range(300)}, row % 2 == 0) for row in range(1000)]
    assert [breach.severity for breach in breaches(Counted, sample=wide)] == ["warning"]
    assert 9_000 < Counted.calls["learn"] <= 10_500
    assert 4_500 < Counted.calls["predict"] <= 5_250


class CountsValues(Sound):
    learned = 0

    def learn_one(self, x: Any, y: Any) -> None:
        CountsValues.learned += len(x)
        super().learn_one(dict(list(x.items())[:2]), y)


def test_wide_rows_are_tried_on_fewer_events() -> None:
    """10,500 events of 1,200 features would be 12 million values."""
    wide = [({f"c{n}": float(number % 3) for n in range(1200)}, number % 2 == 0) for number in range(250)]
    assert breaches(CountsValues, "binary", wide) == []
    assert CountsValues.learned < 4_000_000
