"""A model that remembers what it was trained on, for the fuzz run.

It is a logistic regression over the numbers of a record, so that odd numbers meet real arithmetic too. What
it was trained on is kept beside it, not in it: copies and restored checkpoints add to the same set.
"""

from collections.abc import Hashable
from typing import Any
from zlib import crc32

from river import base, linear_model, preprocessing

TRAINED: set[int] = set()
"""The numbers of the records that any model has learned from."""


def stamp(number: int) -> str:
    """A record's number as a text that damage does not turn into another record's."""
    return f"{number}:{crc32(str(number).encode())}"


class Spy(base.Classifier):
    """Learns, and writes down from which records."""

    def __init__(self) -> None:
        self._model = preprocessing.StandardScaler() | linear_model.LogisticRegression()

    def predict_proba_one(self, x: dict[Hashable, Any], **kwargs: Any) -> dict[base.typing.ClfTarget, float]:
        """As the regression says."""
        probabilities: dict[base.typing.ClfTarget, float]
        probabilities = self._model.predict_proba_one(_numbers(x), **kwargs)
        return probabilities

    def learn_one(self, x: dict[Hashable, Any], y: base.typing.ClfTarget) -> None:
        """Learns one record, and notes its number."""
        number, _, _ = str(x["stamp"]).partition(":")
        if number.isdecimal() and x["stamp"] == stamp(int(number)):
            TRAINED.add(int(number))
        self._model.learn_one(_numbers(x), y)


def make_spy() -> Spy:
    """The model, as a flow names it."""
    return Spy()


def _numbers(features: dict[Hashable, Any]) -> dict[Hashable, Any]:
    return {name: value for name, value in features.items() if type(value) in {int, float}}
