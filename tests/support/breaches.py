"""What the contract suite says of a model, and a sound model for tests to break."""

from collections.abc import Callable, Sequence
from typing import Any

from river import base, datasets

from engine.checks import BrokenLaw, check_model

BINARY: list[Any] = list(datasets.Phishing().take(60))


def broken(
    make: Callable[[], Any], task: str = "binary", sample: Sequence[Any] = BINARY, **options: Any
) -> dict[str, str]:
    """What each breach says, by its law. Saved models may hold classes of the module of `make`."""
    return {breach.law: breach.detail for breach in breaches(make, task, sample, **options)}


def breaches(
    make: Callable[[], Any], task: str = "binary", sample: Sequence[Any] = BINARY, **options: Any
) -> list[BrokenLaw]:
    return check_model(make, task, sample, [Sound.__module__, make.__module__], **options)


class Sound(base.Classifier):
    """A simple model that keeps all laws."""

    def __init__(self) -> None:
        self.sums: dict[Any, float] = {}

    def learn_one(self, x: Any, y: Any) -> None:
        for name, value in x.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * (1 if y else -1)

    def predict_proba_one(self, x: Any, **kwargs: Any) -> dict[Any, float]:
        del kwargs
        total = sum(self.sums.get(name, 0.0) * value for name, value in x.items())
        return {False: 0.25, True: 0.75} if total > 0 else {False: 0.5 + 0.01 * len(self.sums), True: 0.5}


class Refuses(Sound):
    """It cannot learn."""

    def learn_one(self, x: Any, y: Any) -> None:
        raise ValueError(f"not today: {x} {y}")


class OnlyClasses(base.Classifier):
    """It has no probabilities."""

    def learn_one(self, x: Any, y: Any) -> None:
        pass

    def predict_one(self, x: Any, **kwargs: Any) -> Any:
        del x, kwargs
        return True
