"""Softmax regression as machine code says and keeps what River does, to the last bit."""

from collections.abc import Callable
from numbers import Number
from random import Random
from typing import Any

import pytest
from river import compose, linear_model, optim, preprocessing
from river.optim.losses import CrossEntropy
from river.optim.schedulers import Optimal

from engine.models import auto
from engine.models.factory import build
from engine.models.native import compile_model
from engine.models.operations import task_ops
from engine.models.running import RunningModel
from engine.models.serialization import load
from engine.tasks.registry import find_task
from tests.support.compiled import needs_crate, saved

pytestmark = needs_crate

Softmax: Any = linear_model.SoftmaxRegression


def _scaled(optimizer: Any = None, loss: Any = None, l2: Any = 0) -> Any:
    return preprocessing.StandardScaler() | Softmax(optimizer, loss, l2)


def _encoded(*, drop_zeros: bool = False, **options: Any) -> Any:
    """Of a category that is not met there is a zero, by which a row may be longer than a class's weights."""
    words = compose.SelectType(str) | preprocessing.OneHotEncoder(drop_zeros=drop_zeros)
    return compose.TransformerUnion(compose.SelectType(Number), words) | Softmax(**options)


def _hashed() -> Any:
    words = compose.SelectType(str) | preprocessing.FeatureHasher(3, seed=2) | compose.Prefixer("")
    return compose.TransformerUnion(compose.SelectType(Number), words) | Softmax(optim.SGD(1))


def _default() -> Any:
    return build(auto.whole("auto", find_task("multiclass")))


OF_NUMBERS: dict[str, Callable[[], Any]] = {
    "alone": Softmax,
    "scaled": lambda: _scaled(optim.SGD(1)),
    "scaled with a penalty": lambda: _scaled(l2=0.3),
    "classes that count": lambda: _scaled(loss=CrossEntropy({1: 3, 2: 0.5, 7: -1.0})),
    "truths that count": lambda: _scaled(loss=CrossEntropy({True: 2.5})),
    "texts that count": lambda: _scaled(loss=CrossEntropy({"ü": 0})),
    "Adam, whole numbers": lambda: _scaled(optim.Adam(1, 0, 0, 1)),
    "Momentum": lambda: _scaled(optim.Momentum(1, 0.5), l2=1),
    "rates that fall": lambda: _scaled(optim.SGD(optim.schedulers.InverseScaling(0.5, 0.3))),
    "the best rates": lambda: _scaled(optim.SGD(Optimal(optim.losses.Log(), 0.1))),
}
MODELS: dict[str, Callable[[], Any]] = OF_NUMBERS | {
    "auto for classes": _default,
    "encoded": _encoded,
    "encoded without zeros": lambda: _encoded(drop_zeros=True, l2=1),
    "hashed": _hashed,
    "RMSProp": lambda: _encoded(optimizer=optim.RMSProp(0.5, rho=0.3)),
    "Adam": lambda: _encoded(optimizer=optim.Adam(0.5, 0.3, 0.7), l2=0.1),
    "AdaGrad": lambda: _encoded(optimizer=optim.AdaGrad(optim.schedulers.InverseScaling(1, 2))),
}
FOR_STRANGE = ["alone", "encoded", "auto for classes", "Adam"]


@pytest.mark.parametrize("classes", [1, 2, 7, 200])
def test_the_shares_of_any_number_of_classes_are_river_s(classes: int) -> None:
    draw = Random(classes)  # noqa: S311 - no secret
    twin: Any = _default()
    ops = task_ops("multiclass", twin)
    running = RunningModel(_default(), ops)
    for number in range(400):
        label = f"class {number % classes}"
        row: dict[str, Any] = {
            "a": draw.gauss(number % classes, 1),
            "b": draw.randrange(3),
            "town": f"{draw.randrange(40)}",
        }
        if draw.random() < 0.2:
            del row[draw.choice(["a", "b", "town"])]
        assert repr(running.predict(row)) == repr(ops.predict(twin, row))
        running.learn(row, label)
        ops.learn(twin, row, label)
    assert saved(running.model) == saved(twin)
    assert running.is_compiled


@pytest.mark.parametrize("name", ["RMSProp", "Adam", "AdaGrad"])
def test_gradients_are_squared_by_a_power(name: str) -> None:
    """One square in a thousand is another number than the product."""
    draw = Random(name)  # noqa: S311 - no secret
    twin, ops = MODELS[name](), task_ops("multiclass", MODELS[name]())
    running = RunningModel(MODELS[name](), ops)
    for number in range(1500):
        row = {"a": draw.gauss(0, 1), "b": draw.random()}
        running.learn(row, number % 3)
        ops.learn(twin, row, number % 3)
        assert number % 10 or saved(running.model) == saved(twin)


@pytest.mark.parametrize("name", MODELS)
def test_what_has_learned_and_was_saved_is_compiled(name: str) -> None:
    model = MODELS[name]()
    for number in range(9):
        label: Any = "ü" if name == "texts that count" else number % 2 == 0
        model.learn_one({"a": number % 3, "b": float(number)}, 1 if name == "classes that count" else label)
        assert compile_model(model) is not None
    assert compile_model(load(saved(model), "model")) is not None
