"""The laws of features that come and go."""

from collections.abc import Callable
from typing import Any

import pytest
from river import compose, feature_extraction, linear_model, naive_bayes, preprocessing

from engine.contract.config import ContractConfig, FieldConfig
from tests.support.breaches import BINARY, Sound, breaches, broken

MISSING = "a missing feature does not stop it"
LATE = "a feature that appears late does not stop it"
UNKNOWN = "a feature that the sample does not know does not stop it"
FORM = "empty_server_form_handler"


class NeedsOneFeature(Sound):
    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        if FORM not in x:
            raise KeyError(FORM)
        return super().predict_proba_one(x, **kwargs)


class NeedsSomeFeature(Sound):
    def learn_one(self, x: Any, y: Any) -> None:
        super().learn_one(x, y)
        self.sums["largest"] = max(x.values())


class FillsGaps(Sound):
    """Remembers the last value, and that there was none."""

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[str, Any] = {}

    def learn_one(self, x: Any, y: Any) -> None:
        self.last = {
            name: x[name] + 0 * self.last.get(name, 0) if name in x else None for name in {*self.last, *x}
        }
        super().learn_one(x, y)


class LosesMeasure(Sound):
    """Of features that it has not seen, it says something that is no probability."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def learn_one(self, x: Any, y: Any) -> None:
        super().learn_one(x, y)
        self.seen = self.seen or len(x)

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        if self.seen and len(x) > self.seen:
            return {True: 1.5}
        return super().predict_proba_one(x, **kwargs)


class FixesNames(Sound):
    def learn_one(self, x: Any, y: Any) -> None:
        for name in x:
            if self.sums and name not in self.sums:
                raise KeyError(name)
        super().learn_one(x, y)


@pytest.mark.parametrize(
    ("model", "law", "detail"),
    [
        (NeedsOneFeature, MISSING, f"without '{FORM}': raised KeyError: '{FORM}'"),
        (NeedsSomeFeature, MISSING, "without any feature: raised ValueError: max() arg is an empty sequence"),
        (FillsGaps, MISSING, f"without 'popup_window', after '{FORM}' was missing: raised TypeError: unsupp"),
        (FixesNames, LATE, f"when '{FORM}', 'https', 'anchor_from_other_domain' and 2 others appear: raised"),
        (LosesMeasure, LATE, "class True: expected a probability from 0 to 1, got 1.5"),
        (FixesNames, UNKNOWN, f"with a new feature like '{FORM}': raised KeyError: '{FORM}, new'"),
        (LosesMeasure, UNKNOWN, "got 1.5. The contract can keep out what it does not name: extra = 'ignore'"),
    ],
)
def test_a_model_that_cannot_do_with_gaps_is_found(model: Callable[[], Any], law: str, detail: str) -> None:
    assert detail in broken(model)[law]


def test_an_unknown_feature_is_a_warning_since_the_sample_has_none() -> None:
    severities = {breach.law: breach.severity for breach in breaches(FixesNames)}
    assert severities == {LATE: "error", UNKNOWN: "warning"}


def test_what_the_contract_requires_is_never_missing() -> None:
    contract = ContractConfig(fields={FORM: FieldConfig(type="number", required=True)})
    assert broken(NeedsOneFeature, contract=contract) == {}


@pytest.mark.parametrize("extra", ["ignore", "reject"])
def test_what_the_contract_keeps_out_is_never_new(extra: Any) -> None:
    fields = {name: FieldConfig(type="number", required=True) for name in BINARY[0][0]}
    assert broken(FixesNames, contract=ContractConfig(fields=fields, extra=extra)) == {}


def _words(number: int) -> dict[str, Any]:
    return {"text": f"word{number % 7} word{number % 3}", "length": number % 5}


def test_a_text_model_of_river_needs_its_text_and_a_contract_says_so() -> None:
    def make() -> Any:
        bayes: Any = naive_bayes.MultinomialNB
        return feature_extraction.BagOfWords(on="text") | bayes()

    sample = [(_words(number), number % 2 == 0) for number in range(60)]
    assert broken(make, sample=sample) == {
        MISSING: "without 'text': raised KeyError: 'text'",
        LATE: "without 'text': raised KeyError: 'text'",
    }
    contract = ContractConfig(fields={"text": FieldConfig(type="text", required=True)})
    assert broken(make, sample=sample, contract=contract) == {}


def test_a_scaler_that_takes_all_but_named_features_is_warned_of_new_texts() -> None:
    def make() -> Any:
        scaled = compose.Discard("text") | preprocessing.StandardScaler()
        return (
            scaled + (compose.Select("text") | preprocessing.OneHotEncoder())
            | linear_model.LogisticRegression()
        )

    sample = [(_words(number), number % 2 == 0) for number in range(60)]
    contract = ContractConfig(fields={"text": FieldConfig(type="text", required=True)})
    assert broken(make, sample=sample, contract=contract).keys() == {UNKNOWN}


class MixedUp(Sound):
    """Takes numbers and texts, but of each feature only the kind it had last."""

    def __init__(self) -> None:
        super().__init__()
        self.kinds: dict[str, type] = {}

    def learn_one(self, x: Any, y: Any) -> None:
        del y
        if len(x) == 1 and "b" in x:
            self.kinds["a"] = float
        for name, value in x.items():
            if self.kinds.get(name, object) is float and isinstance(value, str):
                raise TypeError("a text where a number was")

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        del x, kwargs
        return {True: 0.5}


def test_values_of_every_type_that_was_seen_are_tried_when_a_feature_comes_back() -> None:
    sample = [({"a": "x" if number == 58 else 1.5, "b": 1.0}, True) for number in range(60)]
    assert (
        broken(MixedUp, sample=sample)[MISSING]
        == "when 'a' comes back: raised TypeError: a text where a number was"
    )
