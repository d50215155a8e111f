"""A linear model for each class as machine code says and keeps what River does, to the last bit."""

from collections.abc import Callable
from numbers import Number
from typing import Any

import pytest
from river import compose, linear_model, multiclass, optim, preprocessing

from engine.models.factory import build
from engine.models.native import compile_model
from engine.models.serialization import load
from tests.support.compiled import needs_crate, saved

pytestmark = needs_crate

Huber: Any = optim.losses.Huber


def _line(optimizer: Any = None, **options: Any) -> Any:
    return multiclass.OneVsRestClassifier(linear_model.LogisticRegression(optimizer, **options))


def _scaled(optimizer: Any = None, **options: Any) -> Any:
    return preprocessing.StandardScaler() | _line(optimizer, **options)


def _encoded(optimizer: Any = None, *, drop_zeros: bool = False, **options: Any) -> Any:
    """A class that comes later has a weight of each category that is known by then."""
    words = compose.SelectType(str) | preprocessing.OneHotEncoder(drop_zeros=drop_zeros)
    return compose.TransformerUnion(compose.SelectType(Number), words) | _line(optimizer, **options)


OF_NUMBERS: dict[str, Callable[[], Any]] = {
    "alone": _line,
    "steep, and so certain": lambda: _line(optim.SGD(20), intercept_lr=5),
    "scaled with a penalty": lambda: _scaled(l2=0.3, clip_gradient=0.8),
    "scaled, Adam": lambda: _scaled(optim.Adam(0.5, 0.3, 0.7), intercept_init=2),
    "perceptrons": lambda: multiclass.OneVsRestClassifier(linear_model.Perceptron()),
    "of a loss of numbers": lambda: _scaled(optim.SGD(0.5), loss=Huber(0.5)),
}
MODELS: dict[str, Callable[[], Any]] = OF_NUMBERS | {
    "behind auto": lambda: build(["auto", _line(optim.SGD(0.5))]),
    "encoded": _encoded,
    "encoded without zeros": lambda: _encoded(drop_zeros=True),
    "RMSProp": lambda: _encoded(optim.RMSProp(0.5, rho=0.3)),
}
FOR_STRANGE = ["alone", "behind auto", "encoded", "scaled, Adam"]


@pytest.mark.parametrize("name", MODELS)
def test_what_has_learned_and_was_saved_is_compiled(name: str) -> None:
    model = MODELS[name]()
    for number in range(9):
        model.learn_one({"a": number % 3, "b": float(number)}, number % 4)
        assert compile_model(model) is not None
    assert compile_model(load(saved(model), "model")) is not None
