import importlib
import inspect
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from river import base, compose, feature_extraction, linear_model, preprocessing, proba, rules, tree

from engine.errors import SnapshotError
from engine.models.serialization import digest, dump, load

MODULES = (
    *("linear_model", "tree", "forest", "ensemble", "naive_bayes", "neighbors", "rules", "anomaly"),
    *("drift", "optim", "cluster", "multiclass", "preprocessing", "imblearn", "model_selection", "reco"),
)


def _instances() -> Iterator[Any]:
    """Every model with River's own parameters for its tests."""
    for module in MODULES:
        for name, kind in inspect.getmembers(importlib.import_module(f"river.{module}"), inspect.isclass):
            if inspect.isabstract(kind) or not hasattr(kind, "_unit_test_params"):
                continue
            try:
                # Makes a generator of its own for every chunk, and without a seed none is like another.
                seeded = {"seed": 1} if name == "STREAMKMeans" else {}
                every = [seeded | parameters for parameters in kind._unit_test_params()]
                for number, parameters in enumerate(every):
                    yield pytest.param(kind(**parameters), id=f"{module}.{name}-{number}")
            except TypeError:
                continue  # It has parameters that River does not say.


ROWS = [({"a": float(i % 7), "b": float(i * i % 11)}, i % 3 == 0) for i in range(40)]
MODELS = list(_instances())


def _learn(model: Any, rows: list[Any]) -> None:
    # Some of River's models want text, several targets or more: saving must not care how far they came.
    for features, label in rows:
        try:
            if isinstance(model, base.Regressor):
                model.learn_one(features, features["a"] + features["b"])
            elif isinstance(model, base.Classifier):
                model.learn_one(features, label)
            elif isinstance(model, base.DriftDetector):
                model.update(features["a"])
            elif hasattr(model, "learn_one"):
                model.learn_one(features)
        except (TypeError, AttributeError):
            return


def _says(model: Any) -> list[str]:
    said = []
    for verb in ("predict_proba_one", "predict_one", "score_one", "transform_one"):
        for features, _ in ROWS[:5]:
            try:
                said.append(repr(getattr(model, verb)(features)))
            except Exception as error:  # noqa: BLE001 - then the restored one must raise the same
                said.append(type(error).__name__)
    return said


def test_there_are_models_to_save() -> None:
    assert len(MODELS) > 110


@pytest.mark.parametrize("model", MODELS)
def test_a_restored_model_predicts_and_learns_on_as_the_saved_one(model: Any) -> None:
    model = model.clone() if hasattr(model, "clone") else model
    random.seed(1)
    _learn(model, ROWS[:30])
    restored = load(dump(model, "model"), "model")
    assert type(restored) is type(model)
    assert _says(restored) == _says(model)
    for either in (model, restored):
        random.seed(2)
        _learn(either, ROWS[30:])
    assert _says(restored) == _says(model)
    if isinstance(model, base.DriftDetector):
        assert restored.drift_detected == model.drift_detected


@pytest.mark.parametrize("kind", [feature_extraction.BagOfWords, feature_extraction.TFIDF])
def test_a_model_of_text_comes_back(kind: Any) -> None:
    model = kind(on="a")
    model.learn_one({"a": "The river and THE keeper"})
    restored = load(dump(model, "model"), "model")
    assert restored.transform_one({"a": "the River"}) == model.transform_one({"a": "the River"})


def test_a_saved_model_is_a_value() -> None:
    model = compose.Pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    _learn(model, ROWS[:20])
    saved, before = dump(model, "model"), _says(model)
    _learn(model, ROWS[20:])
    assert _says(model) != before
    assert _says(load(saved, "model")) == before


def test_the_same_content_is_saved_as_the_same_bytes() -> None:
    model = linear_model.LogisticRegression()
    assert dump(model, "model") == dump(model, "model")
    assert digest(dump(model, "model")) != digest(dump([model], "model"))


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12).reshape(3, 4)[:, ::2],
        np.array(3.5),
        np.array([]),
        np.zeros((0, 3), dtype=np.float32),
        np.array([True, False]),
        np.array(["a", "büro"]),
        np.array(["a", None, 3], dtype=object),
        np.array([1 + 2j]),
        np.array(["2013-01-01"], dtype="datetime64[D]"),
        np.array([b"ab"]),
        np.arange(3, dtype=">i4"),
    ],
    ids=lambda array: f"{array.dtype}-{array.shape}",
)
def test_an_array_comes_back_with_its_type_shape_and_order(array: Any) -> None:
    restored = load(dump(array, "state"), "state")
    assert restored.dtype == array.dtype
    assert restored.shape == array.shape
    assert restored.tolist() == array.tolist()
    assert restored.flags.writeable
    assert restored.flags.f_contiguous == array.flags.f_contiguous


@pytest.mark.parametrize("value", [np.float64(1.5), np.int32(3), np.bool_(True), np.datetime64("2013-01-01")])
def test_a_numpy_scalar_comes_back_as_it_was(value: Any) -> None:
    restored = load(dump(value, "state"), "state")
    assert type(restored) is type(value)
    assert restored == value


@pytest.mark.parametrize("kind", [np.random.RandomState, np.random.default_rng])
def test_a_random_generator_goes_on_where_it_was(kind: Any) -> None:
    generator = kind(3)
    generator.normal()
    restored = load(dump(generator, "state"), "state")
    assert restored.normal() == generator.normal()


_GAUSSIAN: Any = proba.Gaussian


@pytest.mark.parametrize("seed", [None, 3])
def test_a_distribution_draws_on_where_it_was(seed: int | None) -> None:
    drawn, new = _GAUSSIAN(seed), _GAUSSIAN(seed)
    for distribution in (drawn, new):
        for value in (1.0, 2.0, 4.0):
            distribution.update(value)
    drawn.sample()
    restored, restored_new = load(dump([drawn, new], "state"), "state")
    assert restored.sample() == drawn.sample()
    assert (restored_new.sample() == new.sample()) == (seed is not None)


def test_generators_that_were_never_drawn_from_take_no_room() -> None:
    def saved(*seeds: int | None) -> int:
        return len(dump([_GAUSSIAN(seed) for seed in seeds], "state"))

    assert saved(*[None] * 100) < saved(1, 2, 3)


def test_any_text_number_and_key_comes_back() -> None:
    whole = [2**64, -(2**64), 2**200, -0.0, float("inf"), True, None]
    content = {"\ud800": 1, "a": "\udfff", 1: "x", 1.5: b"\xff", (1, "b"): whole, None: {"\ud800": {}}}
    restored = load(dump(content, "state"), "state")
    assert repr(restored) == repr(content)
    itself: list[Any] = []
    itself.append({"itself": itself})
    (inner,) = load(dump(itself, "state"), "state")
    assert inner["itself"][0] is inner


def test_an_array_within_another_keeps_its_identity() -> None:
    array = np.arange(3)
    first, second = load(dump([array, array], "state"), "state")
    assert first is second


@pytest.mark.parametrize(
    "kind",
    [
        tree.HoeffdingTreeRegressor,
        tree.HoeffdingAdaptiveTreeRegressor,
        rules.AMRules,
        tree.ISOUPTreeRegressor,
    ],
)
def test_a_tree_comes_back_however_long_one_feature_only_grew(kind: Any) -> None:
    """River keeps its values in a tree that nothing balances: plain pickle would recurse for each."""

    def label(number: int) -> Any:
        return {"u": number / 7, "v": -1.0} if kind is tree.ISOUPTreeRegressor else number / 7

    # The adaptive tree draws how often it learns each example: without a seed it may split too late.
    seed = {"seed": 1} if kind is tree.HoeffdingAdaptiveTreeRegressor else {}
    model = kind(n_min=1500) if kind is rules.AMRules else kind(grace_period=1500, **seed)
    for number in range(1000):
        model.learn_one({"a": float(number), "b": number % 7}, label(number))
    restored = load(dump(model, "model"), "model")
    for number in range(1000, 2000):  # the first split comes at 1500
        features = {"a": float(number * 7919 % 2000), "b": number % 5}
        assert restored.predict_one(features) == model.predict_one(features)
        restored.learn_one(features, label(number))
        model.learn_one(features, label(number))
    assert isinstance(model, rules.AMRules) or model.n_branches, "it has split"


@pytest.mark.parametrize("label", [lambda number: number / 7, lambda number: {"u": number / 7}])
def test_a_tree_that_regresses_on_texts_comes_back(label: Any) -> None:
    kind: Any = tree.ISOUPTreeRegressor if isinstance(label(1), dict) else tree.HoeffdingTreeRegressor
    model = kind(grace_period=30, leaf_prediction="mean")
    for number in range(20):
        model.learn_one({"town": "UT"[number % 2]}, label(number))
    restored = load(dump(model, "model"), "model")
    for number in range(40):
        restored.learn_one({"town": "UTK"[number % 3]}, label(number))
        model.learn_one({"town": "UTK"[number % 3]}, label(number))
    assert dump(restored, "model") == dump(model, "model")


@pytest.mark.parametrize(
    "content",
    [
        lambda: 1,
        SimpleNamespace(model=lambda: 1),
        (number for number in range(3)),
        np.zeros(2, dtype=[("a", "O")]),
        np.zeros(2, dtype="V8"),
    ],
    ids=["lambda", "nested lambda", "generator", "fields", "void"],
)
def test_what_cannot_be_saved_says_so(content: Any) -> None:
    with pytest.raises(SnapshotError, match=r"model: cannot be saved: "):
        dump(content, "model")


class Stubborn:
    """A user's model that fails in its own code while it is saved."""

    def __getstate__(self) -> Any:
        raise ValueError("not now")


def test_a_model_that_raises_while_it_is_saved_is_named_as_such() -> None:
    with pytest.raises(SnapshotError, match="not now"):
        dump(Stubborn(), "model")


class Own(base.Classifier):
    """A user's model."""

    def learn_one(self, x: dict[Any, Any], y: Any) -> None:
        del x
        self.last = y

    def predict_one(self, x: dict[Any, Any]) -> Any:  # type: ignore[override]  # noqa: ARG002
        return getattr(self, "last", None)


def test_a_class_of_the_users_own_needs_its_module_to_be_allowed() -> None:
    model = Own()
    model.learn_one({}, True)
    saved = dump(model, "model")
    with pytest.raises(SnapshotError, match=r"holds .*Own, which is not allowed.*'allow' of the model"):
        load(saved, "model")
    assert load(saved, "model", [__name__]).predict_one({}) is True
    with pytest.raises(SnapshotError, match="not allowed"):
        load(saved, "model", [__name__[:-1]])
