"""River's published scores come out of the engine to the digit, and so does River's own loop beside it.

Published: the tables, of six significant digits, on the benchmark pages of River's documentation
(`docs/benchmarks/*/index.md`), made with River 0.19.0. The models are those of `benchmarks/config.py`, the
metrics those of `evaluate.tracks`. Like ours, the published scores leave out what was asked before the model
could say anything: Naive Bayes' 0.884708 is 1105 of 1249, the first of Phishing's 1250 events left out; of
1250 no count of hits gives it. Linear models and regressors answer from the first event on: none is left out.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from river import (
    base,
    datasets,
    dummy,
    evaluate,
    linear_model,
    metrics,
    naive_bayes,
    neighbors,
    optim,
    preprocessing,
    proba,
    rules,
    stats,
    tree,
)
from river.tree.splitter import GaussianSplitter

from engine.core.engine import Engine
from engine.events import Decision
from engine.records.values import Example
from tests.support.engines import make_config

pytestmark = pytest.mark.integration

METRICS: dict[str, tuple[str, ...]] = {
    "binary": ("Accuracy", "F1"),
    "multiclass": ("Accuracy", "MicroF1", "MacroF1"),
    "regression": ("MAE", "RMSE", "R2"),
}
SCALER = "preprocessing.StandardScaler"
scaler = preprocessing.StandardScaler
metrics_of: Any = metrics.base.Metrics
alma: Any = linear_model.ALMAClassifier
SGD = {"type": "optim.SGD", "lr": 0.005}
SWINN = {"type": "neighbors.SWINN", "seed": 2}
EXACT = {"type": "neighbors.LazySearch", "window_size": 1000}

# By the name that the tables use: as our configuration says it, and as River's does.
MODELS: dict[str, tuple[Any, Callable[[], base.Estimator]]] = {
    "Logistic regression": (
        [SCALER, {"type": "linear_model.LogisticRegression", "optimizer": SGD}],
        lambda: scaler() | linear_model.LogisticRegression(optimizer=optim.SGD(0.005)),
    ),
    "ALMA": (
        [SCALER, "linear_model.ALMAClassifier"],
        lambda: scaler() | alma(),
    ),
    "Naive Bayes": ("naive_bayes.GaussianNB", naive_bayes.GaussianNB),
    "Hoeffding Tree": ("tree.HoeffdingTreeClassifier", tree.HoeffdingTreeClassifier),
    "Hoeffding Adaptive Tree": (
        {"type": "tree.HoeffdingAdaptiveTreeClassifier", "seed": 42},
        lambda: tree.HoeffdingAdaptiveTreeClassifier(seed=42),
    ),
    "k-Nearest Neighbors": (
        [SCALER, {"type": "neighbors.KNNClassifier", "engine": SWINN}],
        lambda: scaler() | neighbors.KNNClassifier(engine=neighbors.SWINN(seed=2)),
    ),
    "Last Class": ("dummy.NoChangeClassifier", dummy.NoChangeClassifier),
    "Linear Regression": (
        [SCALER, "linear_model.LinearRegression"],
        lambda: scaler() | linear_model.LinearRegression(),
    ),
    "Hoeffding Tree (regression)": (
        [SCALER, "tree.HoeffdingTreeRegressor"],
        lambda: scaler() | tree.HoeffdingTreeRegressor(),
    ),
    "Adaptive Model Rules": ([SCALER, "rules.AMRules"], lambda: scaler() | rules.AMRules()),
    "Mean predictor": (
        {"type": "dummy.StatisticRegressor", "statistic": {"type": "stats.Mean"}},
        lambda: dummy.StatisticRegressor(stats.Mean()),
    ),
    # Not among River's: the exact search, for comparison.
    "exact": (
        [SCALER, {"type": "neighbors.KNNClassifier", "engine": EXACT}],
        lambda: scaler() | neighbors.KNNClassifier(engine=neighbors.LazySearch(window_size=1000)),
    ),
}


def make_engine(task: str, name: str) -> Engine:
    """Windows close and the champion's state is kept, but nothing can open a suspicion."""
    return Engine(
        make_config(
            model={"task": task, "model": MODELS[name][0]},
            scores={"metrics": METRICS[task]},
            window={"count": 250},
            monitoring={"reports": False},
            supervision={"min_events": 100, "on_loss_drift": False, "on_baseline": False},
        )
    )


def dataset(name: str) -> Any:
    return getattr(datasets, name)()


def stream(data: str) -> Iterator[Example]:
    return (Example(str(i), float(i), x, y) for i, (x, y) in enumerate(dataset(data)))


def scores(task: str, data: str, name: str, skipped: int) -> tuple[float, ...]:
    """The engine's scores, which are those of River's own loop to the last bit."""
    tried = make_engine(task, name)
    events = tried.process(stream(data))
    assert not any(isinstance(event, Decision) for event in events)
    assert tried.counts.learned == tried.counts.records
    assert tried.counts.not_ready == skipped
    ours = tuple(tried.scores[metric] for metric in METRICS[task])
    assert ours == river_scores(task, data, name)
    return ours


def river_scores(task: str, data: str, name: str) -> tuple[float, ...]:
    metric: Any = metrics_of([getattr(metrics, metric)() for metric in METRICS[task]])
    evaluate.progressive_val_score(dataset(data), MODELS[name][1](), metric)
    return tuple(metric.get())


def shown(values: tuple[float, ...]) -> tuple[float, ...]:
    """As the tables show them."""
    return tuple(float(f"{value:.6g}") for value in values)


@pytest.mark.parametrize(
    ("task", "data", "name", "skipped", "published"),
    [
        ("binary", "Phishing", "Logistic regression", 0, (0.8872, 0.871233)),
        ("binary", "Phishing", "ALMA", 0, (0.8256, 0.810764)),
        ("binary", "Phishing", "Naive Bayes", 1, (0.884708, 0.871429)),
        ("binary", "Phishing", "Hoeffding Tree", 1, (0.879904, 0.860595)),
        ("binary", "Phishing", "Hoeffding Adaptive Tree", 1, (0.874299, 0.856095)),
        ("binary", "Phishing", "Last Class", 1, (0.515612, 0.447489)),
        ("binary", "Bananas", "Logistic regression", 0, (0.543208, 0.197015)),
        ("binary", "Bananas", "ALMA", 0, (0.506415, 0.482595)),
        ("binary", "Bananas", "Hoeffding Adaptive Tree", 1, (0.616531, 0.42825)),
        ("multiclass", "ImageSegments", "Last Class", 1, (0.148116, 0.148116, 0.148116)),
        ("regression", "TrumpApproval", "Linear Regression", 0, (1.31455, 3.91198, -4.23035)),
        ("regression", "TrumpApproval", "Hoeffding Tree (regression)", 0, (0.956103, 2.24987, -0.730022)),
        ("regression", "TrumpApproval", "Adaptive Model Rules", 0, (1.39847, 2.43336, -1.02372)),
        ("regression", "TrumpApproval", "Mean predictor", 0, (1.56755, 2.20286, -0.658483)),
        ("regression", "ChickWeights", "Linear Regression", 0, (23.7587, 37.0377, 0.727954)),
        ("regression", "ChickWeights", "Hoeffding Tree (regression)", 0, (23.1619, 36.7336, 0.732402)),
        ("regression", "ChickWeights", "Adaptive Model Rules", 0, (24.1943, 37.2166, 0.725319)),
        ("regression", "ChickWeights", "Mean predictor", 0, (50.2509, 71.1144, -0.00292947)),
        # The published search for neighbours, SWINN, is approximate and draws at random, without a seed: each
        # run gives other numbers. With the seeds 0 to 39, Phishing's published 0.881505 (1101 of 1249 events)
        # comes out 33 times, one event less 4 times and one more 3 times; the published 0.885073 of Bananas
        # (4690 of 5299) comes out 20 times, one event less 14 times and one more 6 times. Seed 2, which
        # gives both, is the published configuration with its one free choice made.
        pytest.param(
            *("binary", "Phishing", "k-Nearest Neighbors", 1, (0.881505, 0.867145)),
            marks=pytest.mark.integration,
        ),
        pytest.param(
            *("binary", "Bananas", "k-Nearest Neighbors", 1, (0.885073, 0.870838)),
            marks=[pytest.mark.integration, pytest.mark.long],  # a third of this file's time
        ),
    ],
)
def test_the_published_scores_come_out(
    task: str, data: str, name: str, skipped: int, published: tuple[float, ...]
) -> None:
    assert shown(scores(task, data, name, skipped)) == published


@pytest.mark.parametrize(
    ("data", "published", "exact"),
    [("Phishing", 1101, 1101), pytest.param("Bananas", 4690, 4689, marks=pytest.mark.long)],
)
def test_an_exact_search_for_neighbours_is_right_as_often_as_published_give_or_take_one_event(
    data: str, published: int, exact: int
) -> None:
    accuracy, _ = scores("binary", data, "exact", skipped=1)
    assert accuracy == pytest.approx(exact / (dataset(data).n_samples - 1), rel=1e-12)
    assert abs(exact - published) <= 1


@pytest.mark.parametrize(
    ("task", "data", "name", "published"),
    [
        (
            *("binary", "Bananas", "Logistic regression"),
            {
                106: (0.490566037735849, 0.3414634146341463),
                1060: (0.5622641509433962, 0.2418300653594771),
                2120: (0.5495283018867925, 0.1688424717145344),
            },
        ),
        (
            *("regression", "ChickWeights", "Linear Regression"),
            {
                11: (30.432219699626994, 31.267456151778337, -1257.4692714745631),
                110: (7.506893871110683, 13.098273311725844, -4.124041411671393),
                319: (10.253235573939358, 17.040182474587255, 0.6659707835095393),
            },
        ),
    ],
)
def test_scores_along_the_way(
    task: str, data: str, name: str, published: dict[int, tuple[float, ...]]
) -> None:
    """The pages' charts give every score at fifty steps, in full."""
    tried = make_engine(task, name)
    for step, example in enumerate(stream(data), start=1):
        tried.process([example])
        if step in published:
            ours = [tried.scores[name] for name in METRICS[task]]
            assert ours == pytest.approx(published[step], rel=1e-12), "they come from another processor"


# What no longer comes out, and why: River itself has changed. With the old arithmetic put back, it does.
@pytest.mark.integration
@pytest.mark.long
@pytest.mark.parametrize(
    ("task", "data", "published", "now"),
    [
        ("binary", "Bananas", 0.61521, 0.615399),
        ("multiclass", "ImageSegments", 0.731919, 0.733651),
    ],
)
def test_gaussian_naive_bayes_has_changed_in_river(
    task: str, data: str, published: float, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """River 0.19 took the sample variance of a class, this one the population's (`ddof` 0)."""
    assert shown(scores(task, data, "Naive Bayes", skipped=1))[0] == now
    monkeypatch.setattr(naive_bayes.GaussianNB, "_make_gaussian", staticmethod(proba.Gaussian))
    assert shown(river_scores(task, data, "Naive Bayes"))[0] == published


@pytest.mark.integration
@pytest.mark.long
@pytest.mark.parametrize(
    ("task", "data", "published", "now"),
    [
        ("binary", "Bananas", 0.642197, 0.64314),
        ("multiclass", "ImageSegments", 0.776094, 0.778259),
    ],
)
def test_hoeffding_trees_have_changed_in_river(
    task: str, data: str, published: float, now: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """River 0.19 took the logarithm of a leaf's density, and left out a feature whose density came to 0;
    this one computes the density's logarithm, which does not underflow.
    """
    assert shown(scores(task, data, "Hoeffding Tree", skipped=1))[0] == now
    monkeypatch.delattr(GaussianSplitter, "cond_log_proba")
    assert shown(river_scores(task, data, "Hoeffding Tree"))[0] == published
