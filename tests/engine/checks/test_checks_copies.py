"""The laws of several models: each class shares what it should not, or copies what it should not."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from river import dummy, ensemble, linear_model

from tests.support.breaches import Sound, breaches, broken

FACTORY = "models of one factory share nothing"
DEEP = "a deep copy is a model of its own"
APART = "a clone is a model of its own"
UNTRAINED = "a clone is untrained"


class SharesInItsClass(Sound):
    sums: dict[Any, float] = {}  # noqa: RUF012 - what it is here for

    def __init__(self) -> None:
        pass


class SharesADefault(Sound):
    def __init__(self, sums: dict[Any, float] = {}) -> None:  # noqa: B006 - what it is here for
        self.sums = sums


COUNTED: list[bool] = []


class SharesInItsModule(Sound):
    """Shows nothing of it before it has learned."""

    def learn_one(self, x: Any, y: Any) -> None:
        super().learn_one(x, y)
        COUNTED.append(y)

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        del x, kwargs
        share = 1 / (1 + len(COUNTED)) if self.sums else 0.5
        return {True: share, False: 1 - share}


class CopiesNothing(Sound):
    def __deepcopy__(self, memo: Any) -> Any:
        return copy.copy(self)


class CopiesOnce(Sound):
    """A deep copy learns into its original."""

    def __deepcopy__(self, memo: Any) -> Any:
        twin = CopiesOnce()
        twin.sums = dict(self.sums)
        twin.learn_one = super().learn_one  # type: ignore[method-assign]
        return twin


class CopiesAView(Sound):
    """A deep copy learns for itself, and predicts from what both know."""

    seen: Any = None

    def __deepcopy__(self, memo: Any) -> Any:
        twin = CopiesAView()
        twin.seen = self
        return twin

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        del x, kwargs
        total = sum(self.sums.values()) + (sum(self.seen.sums.values()) if self.seen else 0.0)
        return {True: 1 / (1 + abs(total))}


class CopiesUntrained(Sound):
    def __deepcopy__(self, memo: Any) -> Any:
        return CopiesUntrained()


class CopiesWithoutItsRate(Sound):
    rate = 1.0

    def learn_one(self, x: Any, y: Any) -> None:
        super().learn_one({name: value * self.rate for name, value in x.items()}, y)

    def __deepcopy__(self, memo: Any) -> Any:
        twin = CopiesWithoutItsRate()
        twin.sums = dict(self.sums)
        twin.rate = -1.0
        return twin


class ClonesItself(Sound):
    def clone(self, *_: Any, **__: Any) -> Any:
        return self if self.sums else ClonesItself()


class ClonesTrained(Sound):
    def clone(self, *_: Any, **__: Any) -> Any:
        return copy.deepcopy(self)


class ClonesItsRate(Sound):
    """What it has learned is in a parameter, and shows when a clone learns."""

    def __init__(self, rate: float = 1.0) -> None:
        super().__init__()
        self.rate = rate

    def learn_one(self, x: Any, y: Any) -> None:
        super().learn_one({name: value * self.rate for name, value in x.items()}, y)
        self.rate = -1.0


SHARED = "; look for state in the module, the class or a default argument"


@pytest.mark.parametrize(
    ("model", "law", "detail"),
    [
        (SharesInItsClass, FACTORY, f"training one model changes an untrained one{SHARED}"),
        (SharesADefault, FACTORY, f"training one model changes an untrained one{SHARED}"),
        (SharesInItsModule, FACTORY, f"training one model changes one that was trained before{SHARED}"),
        (CopiesNothing, DEEP, "training a deep copy changes its original"),
        (CopiesOnce, DEEP, "training a deep copy changes its original"),
        (CopiesAView, DEEP, "training the original changes its deep copy"),
        (CopiesUntrained, DEEP, "a deep copy predicts differently from its original"),
        (CopiesWithoutItsRate, DEEP, "a deep copy learns on differently from its original"),
        (ClonesItself, APART, "training a clone changes its original"),
        (ClonesTrained, UNTRAINED, "the clone of a trained model predicts differently from a fresh one"),
        (ClonesItsRate, UNTRAINED, "the clone of a trained model learns differently from a fresh one"),
    ],
)
def test_models_that_are_not_their_own_are_found(model: Callable[[], Any], law: str, detail: str) -> None:
    assert broken(model)[law] == detail


def test_a_factory_must_make_a_new_model_each_time() -> None:
    model = Sound()
    detail = "the factory returned the same model twice; it must make a new one each time"
    assert broken(lambda: model)[FACTORY] == detail


@pytest.mark.parametrize("model", [CopiesNothing, CopiesOnce, CopiesUntrained, ClonesTrained, ClonesItsRate])
def test_a_model_is_not_blamed_for_laws_it_keeps(model: Callable[[], Any]) -> None:
    assert len(broken(model)) == 1


def test_a_clone_that_is_trained_is_a_warning_and_no_error() -> None:
    assert [breach.severity for breach in breaches(ClonesTrained)] == ["warning"]


def test_a_model_without_clone_is_not_asked_for_one() -> None:
    class Plain:
        learn_one = Sound.learn_one
        predict_proba_one = Sound.predict_proba_one

        def __init__(self) -> None:
            self.sums: dict[Any, float] = {}

    assert not {APART, UNTRAINED} & broken(Plain).keys()


def test_clones_of_a_list_of_models_are_trained_in_river() -> None:
    def make() -> Any:
        return ensemble.VotingClassifier([linear_model.LogisticRegression(), dummy.PriorClassifier()])

    assert broken(make) == {UNTRAINED: "the clone of a trained model learns differently from a fresh one"}
