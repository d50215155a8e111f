"""Linear pipelines as machine code say what River says, to the last bit, and leave River's own state."""

from collections.abc import Callable
from numbers import Number
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import compose, linear_model, optim, preprocessing, tree
from river.optim.losses import Log, Quantile
from river.optim.schedulers import Optimal
from river.preprocessing import TargetStandardScaler

from engine.models import auto
from engine.models.factory import build
from engine.tasks.registry import find_task
from tests.support.compiled import agree, needs_crate, streams

pytestmark = needs_crate

Huber: Any = optim.losses.Huber
NUMBERS = st.one_of(
    st.floats(-1e6, 1e6),
    st.floats(-3, 3),
    st.integers(-5, 5),
    st.integers(2**40, 2**52),
    st.booleans(),
    st.sampled_from([0.0, -0.0, 1e300, -1e300, 1e-310, 7.0]),
)
PLAIN = st.one_of(st.floats(-3, 3), st.integers(-5, 5))
STRANGE = st.sampled_from(
    [2**60, -(2**80), "text", "town_Ulm", None, float("nan"), float("inf"), [1], "\ud800"]
)
TOWNS = st.sampled_from(["Ulm", "Trier", "", "a_b", "ü"])


def rows(numbers: st.SearchStrategy[Any], texts: st.SearchStrategy[Any] = TOWNS) -> Any:
    """Rows in which any feature may be missing, in any order; one has the name of a category of another."""
    names = {"a": numbers, "b": numbers, "town_Ulm": numbers, "town": texts, "b_town": texts}
    row = st.fixed_dictionaries({}, optional=names)
    return st.tuples(row, st.booleans()).map(
        lambda drawn: dict(reversed(drawn[0].items())) if drawn[1] else drawn[0]
    )


def _union() -> Any:
    numbers = compose.Discard("town", "b_town") | preprocessing.StandardScaler()
    words = compose.SelectType(str) | preprocessing.OneHotEncoder()
    return compose.TransformerUnion(numbers, words) | linear_model.LogisticRegression(optim.SGD(0.3))


def _with_penalty() -> Any:
    numbers = compose.SelectType(Number) | preprocessing.StandardScaler()
    words = compose.SelectType(str) | preprocessing.OneHotEncoder()
    return (numbers + words) | linear_model.LogisticRegression(l2=0.1, intercept_lr=0.3)


def _selected() -> Any:
    words = compose.Select("town", "b_town") | preprocessing.OneHotEncoder(drop_zeros=True)
    return (words + compose.Select("a", "b")) | linear_model.LinearRegression(intercept_init=2)


def _hashed() -> Any:
    numbers: Any = compose.SelectType(float, bool)
    words = compose.SelectType(str) | preprocessing.FeatureHasher(3, seed=2) | compose.Prefixer("")
    return (numbers + words) | linear_model.LogisticRegression()


def _twice_named() -> Any:
    """Of two features of one name the first counts, at the place of the other, of which no trace is left."""
    numbers: Any = compose.SelectType(int) | preprocessing.StandardScaler()
    united = compose.TransformerUnion(numbers, compose.Discard("town", "b_town"))
    return united | compose.SelectType(float) | preprocessing.MinMaxScaler() | linear_model.LinearRegression()


MODELS: dict[str, tuple[str, Callable[[], Any]]] = {
    "scaled": (
        "binary",
        lambda: preprocessing.StandardScaler() | linear_model.LogisticRegression(optim.SGD(0.1)),
    ),
    "steep, and so certain": (
        "binary",
        lambda: linear_model.LogisticRegression(optim.SGD(20), optim.losses.Log(2, 3), intercept_lr=5),
    ),
    "clipped": (
        "regression",
        lambda: preprocessing.MinMaxScaler() | linear_model.LinearRegression(clip_gradient=1.5),
    ),
    "means only, then all": (
        "regression",
        lambda: (
            preprocessing.StandardScaler(with_std=False)
            | preprocessing.MinMaxScaler()
            | preprocessing.StandardScaler()
            | linear_model.LinearRegression()
        ),
    ),
    "a union": ("binary", _union),
    "a union with a penalty": ("binary", _with_penalty),
    "selections": ("regression", _selected),
    "auto": ("binary", lambda: build(["auto", "linear_model.LogisticRegression"])),
    "names that come twice": ("regression", _twice_named),
    "few places": ("binary", _hashed),
}


def _line(optimizer: Any, loss: Any = None, **options: Any) -> Any:
    return preprocessing.StandardScaler() | linear_model.LinearRegression(optimizer, loss, **options)


def _encoded(optimizer: Any, **options: Any) -> Any:
    """Of a category that is not met there is a zero, which an optimizer remembers."""
    words = compose.SelectType(str) | preprocessing.OneHotEncoder()
    united = words + (compose.SelectType(Number) | preprocessing.MinMaxScaler())
    return united | linear_model.LogisticRegression(optimizer, **options)


def _perceptron() -> Any:
    words = compose.SelectType(str) | preprocessing.OneHotEncoder()
    united = words + (compose.SelectType(Number) | preprocessing.StandardScaler())
    return united | linear_model.Perceptron(l2=0.1, clip_gradient=0.5)


def _default() -> Any:
    return build(auto.whole("auto", find_task("regression")))


WITH_OPTIONS: dict[str, tuple[str, Callable[[], Any]]] = {
    "auto for numbers": ("regression", _default),
    "RMSProp": ("binary", lambda: _encoded(optim.RMSProp(0.5, rho=0.3))),
    "RMSProp with a penalty": ("regression", lambda: _line(optim.RMSProp(0.1), l2=0.1)),
    "Adam": ("binary", lambda: _encoded(optim.Adam(0.5, 0.3, 0.7))),
    "Adam, whole numbers": ("regression", lambda: _line(optim.Adam(1, 0, 0, 1), Huber(2), intercept_init=3)),
    "AdaGrad": ("binary", lambda: _encoded(optim.AdaGrad(optim.schedulers.InverseScaling(1, 2)))),
    "AdaGrad as it is": ("regression", lambda: linear_model.LinearRegression(optim.AdaGrad(3), Quantile(1))),
    "Momentum": ("binary", lambda: _encoded(optim.Momentum(1, 1), loss=optim.losses.Hinge(2))),
    "Momentum with a penalty": ("regression", lambda: _line(optim.Momentum(0.1, 0.5), Huber(), l2=0.3)),
    "rates that fall": (
        "regression",
        lambda: _line(
            optim.SGD(optim.schedulers.InverseScaling(0.5, 0.3)),
            intercept_lr=optim.schedulers.InverseScaling(1),
        ),
    ),
    "the best rates": (
        "binary",
        lambda: _encoded(optim.SGD(Optimal(optim.losses.Hinge())), intercept_lr=Optimal(Log(), 0.1)),
    ),
    "hinge": ("binary", lambda: linear_model.LogisticRegression(loss=optim.losses.Hinge(0))),
    "Huber's loss of classes": ("binary", lambda: linear_model.LogisticRegression(loss=Huber(0.5))),
    "absolute, clipped": ("regression", lambda: _line(None, optim.losses.Absolute(), clip_gradient=0.5)),
    "quantile": ("regression", lambda: _line(optim.RMSProp(1), Quantile(0.9))),
    "insensitive": ("regression", lambda: _line(None, optim.losses.EpsilonInsensitiveHinge(2.0))),
    "a perceptron": ("binary", linear_model.Perceptron),
    "perceptron, scaled and encoded": ("binary", _perceptron),
    "labels scaled, plain": ("regression", lambda: TargetStandardScaler(linear_model.LinearRegression())),
    "labels scaled, for a tree": (
        "regression",
        lambda: TargetStandardScaler(tree.HoeffdingTreeRegressor(grace_period=4, delta=0.6, tau=0.5)),
    ),
}
ALL = MODELS | WITH_OPTIONS
CASES = [pytest.param(*case, id=name) for name, case in ALL.items()]
FOR_STRANGE = [
    *("clipped", "a union with a penalty", "selections", "auto"),
    *("auto for numbers", "RMSProp", "Adam", "AdaGrad as it is", "Momentum", "hinge", "insensitive"),
]


def _labels(task: str) -> st.SearchStrategy[Any]:
    return st.booleans() if task == "binary" else st.one_of(st.floats(-100, 100), st.integers(-9, 9))


@pytest.mark.parametrize(("task", "make"), CASES)
@settings(max_examples=40)
@given(data=st.data())
def test_it_says_and_keeps_what_river_does(task: str, make: Callable[[], Any], data: st.DataObject) -> None:
    agree(make, task, data.draw(streams(rows(NUMBERS), _labels(task))))


@pytest.mark.parametrize(("task", "make"), [pytest.param(*ALL[name], id=name) for name in FOR_STRANGE])
@settings(max_examples=40)
@given(data=st.data())
def test_river_goes_on_from_a_record_that_it_cannot_take(
    task: str, make: Callable[[], Any], data: st.DataObject
) -> None:
    values = st.one_of(PLAIN, PLAIN, PLAIN, STRANGE)
    labels = st.one_of(_labels(task), _labels(task), STRANGE)
    agree(make, task, data.draw(streams(rows(values, st.one_of(TOWNS, values)), labels)))
