"""River's own models keep all laws, over all tasks; those that do not are in docs/models.md."""

from collections.abc import Callable
from typing import Any

import pytest
from river import (
    anomaly,
    compose,
    datasets,
    dummy,
    ensemble,
    feature_extraction,
    forest,
    imblearn,
    linear_model,
    multiclass,
    naive_bayes,
    neighbors,
    optim,
    preprocessing,
    rules,
    stats,
    tree,
)

from engine.checks import check_model
from engine.contract.config import ContractConfig, FieldConfig

pytestmark = pytest.mark.integration

_friedman: Any = datasets.synth.Friedman
_segments: Any = datasets.ImageSegments
_bayes: Any = naive_bayes.MultinomialNB
_aggressive: Any = linear_model.PAClassifier
_aggressive_regressor: Any = linear_model.PARegressor
LINEAR = linear_model.LogisticRegression

SAMPLES: dict[str, list[Any]] = {
    "binary": list(datasets.Phishing().take(300)),
    "multiclass": list(_segments().take(60)),
    "regression": [
        ({f"x{name}": value for name, value in x.items()}, y) for x, y in _friedman(seed=1).take(300)
    ],
    "anomaly": [(features, None) for features, _ in datasets.Phishing().take(300)],
}

MODELS: list[tuple[str, Callable[[], Any]]] = [
    ("binary", lambda: preprocessing.StandardScaler() | LINEAR(optimizer=optim.Adam())),
    ("binary", lambda: preprocessing.MinMaxScaler() | _aggressive()),
    ("binary", linear_model.ALMAClassifier),
    ("binary", linear_model.Perceptron),
    ("binary", naive_bayes.GaussianNB),
    ("binary", naive_bayes.BernoulliNB),
    ("binary", dummy.NoChangeClassifier),
    ("binary", dummy.PriorClassifier),
    ("binary", lambda: neighbors.KNNClassifier(engine=neighbors.LazySearch(window_size=100))),
    ("binary", lambda: tree.HoeffdingTreeClassifier(grace_period=50)),
    ("binary", lambda: tree.HoeffdingAdaptiveTreeClassifier(grace_period=50, seed=1)),
    ("binary", lambda: forest.ARFClassifier(n_models=2, seed=1)),
    ("binary", lambda: forest.AMFClassifier(n_estimators=2, seed=1)),
    ("binary", lambda: ensemble.BaggingClassifier(LINEAR(), n_models=3, seed=1)),
    ("binary", lambda: ensemble.ADWINBoostingClassifier(LINEAR(), n_models=3, seed=1)),
    ("binary", lambda: imblearn.RandomUnderSampler(LINEAR(), {False: 0.5, True: 0.5}, seed=1)),
    ("multiclass", lambda: preprocessing.StandardScaler() | linear_model.SoftmaxRegression()),
    ("multiclass", lambda: preprocessing.StandardScaler() | multiclass.OneVsRestClassifier(LINEAR())),
    ("multiclass", naive_bayes.GaussianNB),
    ("multiclass", lambda: tree.HoeffdingTreeClassifier(grace_period=50)),
    ("multiclass", lambda: tree.HoeffdingAdaptiveTreeClassifier(grace_period=50, seed=1)),
    ("regression", lambda: preprocessing.StandardScaler() | linear_model.LinearRegression()),
    ("regression", linear_model.BayesianLinearRegression),
    ("regression", lambda: preprocessing.StandardScaler() | _aggressive_regressor()),
    ("regression", lambda: neighbors.KNNRegressor(engine=neighbors.LazySearch(window_size=100))),
    ("regression", tree.HoeffdingTreeRegressor),
    ("regression", lambda: forest.ARFRegressor(n_models=2, seed=1)),
    ("regression", rules.AMRules),
    ("regression", lambda: dummy.StatisticRegressor(stats.Mean())),
    ("anomaly", lambda: preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(n_trees=3, seed=1)),
    ("anomaly", lambda: anomaly.QuantileFilter(anomaly.OneClassSVM(), q=0.95)),
]


@pytest.mark.parametrize(("task", "make"), MODELS, ids=lambda value: value if isinstance(value, str) else "")
def test_models_of_river_keep_all_laws(task: str, make: Callable[[], Any]) -> None:
    assert check_model(make, task, SAMPLES[task]) == []


TEXTS: list[Any] = [
    ({"text": f"w{number % 11} w{number % 7} w{number % 3}", "shop": f"s{number % 5}"}, number % 3 == 0)
    for number in range(100)
]
REQUIRED = ContractConfig(
    fields={name: FieldConfig(type="text", required=True) for name in ("text", "shop")}, extra="ignore"
)


@pytest.mark.parametrize(
    "make",
    [
        lambda: feature_extraction.BagOfWords(on="text") | _bayes(),
        lambda: feature_extraction.TFIDF(on="text") | LINEAR(),
        lambda: compose.Select("shop") | preprocessing.OneHotEncoder() | LINEAR(),
        lambda: preprocessing.FeatureHasher(n_features=16, seed=1) | LINEAR(),
        lambda: feature_extraction.TargetAgg(by="shop", how=stats.Mean()) | LINEAR(),
    ],
    ids=["words", "tfidf", "one-hot", "hashed", "aggregated"],
)
def test_transformers_of_river_keep_all_laws(make: Callable[[], Any]) -> None:
    assert check_model(make, "binary", TEXTS, contract=REQUIRED) == []
