"""River's published progressive scores come out of the engine to the digit, and out of plain River.

Published: the benchmark pages of River's documentation, with the models of `benchmarks/config.py` in
River's repository. Predictions made before the model could say anything are skipped there too. The
k-nearest neighbours there searched with `window_size=100`, which River no longer has; today's default
engine, seeded, gives the published numbers.
"""

from typing import Any

import pytest
from river import datasets, evaluate, metrics

from engine.models.config import ModelConfig
from engine.models.tasks import make_model
from engine.pipeline.engine import Engine
from engine.records.config import Task
from engine.records.values import Example
from tests.laws.engines import make_config

SCALER = "preprocessing.StandardScaler"
LOGISTIC = [
    SCALER,
    {"type": "linear_model.LogisticRegression", "optimizer": {"type": "optim.SGD", "lr": 0.005}},
]
NEIGHBORS = [
    SCALER,
    {"type": "neighbors.KNNClassifier", "engine": {"type": "neighbors.SWINN", "seed": 42}},
]
ADAPTIVE = {"type": "tree.HoeffdingAdaptiveTreeClassifier", "seed": 42}
LINEAR = [SCALER, "linear_model.LinearRegression"]
TREE = [SCALER, "tree.HoeffdingTreeRegressor"]
RULES = [SCALER, "rules.AMRules"]


def progressive(data: str, model: Any) -> tuple[float, float]:
    """Accuracy or mean absolute error: the engine's and plain River's."""
    dataset = getattr(datasets, data)()
    regression = dataset.task == "Regression"
    task: Task = "regression" if regression else "binary"
    metric: Any = getattr(metrics, "MAE" if regression else "Accuracy")()
    config = make_config(
        model={"task": task, "model": model},
        window={"count": 250},
        monitoring={"reports": False},
        supervision={"min_events": 100, "on_loss_drift": False},
    )
    engine = Engine(config)
    engine.process(Example(str(i), float(i), x, y) for i, (x, y) in enumerate(dataset))
    engine.close()
    fresh = make_model(ModelConfig(task=task, model=model))
    evaluate.progressive_val_score(dataset, fresh, metric)
    return engine.scores[type(metric).__name__], metric.get()


@pytest.mark.parametrize(
    ("data", "model", "published"),
    [
        ("Phishing", LOGISTIC, "0.8872"),
        ("Phishing", [SCALER, "linear_model.ALMAClassifier"], "0.8256"),
        ("Phishing", "naive_bayes.GaussianNB", "0.884708"),
        ("Phishing", "tree.HoeffdingTreeClassifier", "0.879904"),
        ("Phishing", ADAPTIVE, "0.874299"),
        ("Phishing", NEIGHBORS, "0.881505"),
        ("Bananas", LOGISTIC, "0.543208"),
        ("Bananas", ADAPTIVE, "0.616531"),
        pytest.param("Bananas", NEIGHBORS, "0.885073", marks=pytest.mark.integration),
        ("TrumpApproval", LINEAR, "1.31455"),
        ("TrumpApproval", TREE, "0.956103"),
        ("TrumpApproval", RULES, "1.39847"),
        ("ChickWeights", LINEAR, "23.7587"),
        ("ChickWeights", TREE, "23.1619"),
        ("ChickWeights", RULES, "24.1943"),
    ],
)
def test_published(data: str, model: Any, published: str) -> None:
    ours, rivers = progressive(data, model)
    digits = len(published.partition(".")[2])
    assert f"{ours:.{digits}f}" == published
    assert ours == rivers
