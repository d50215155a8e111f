"""River's published progressive scores come out of the engine to the digit.

Published: the benchmark pages of River's documentation, binary classification, data set Phishing,
column Accuracy. The logistic regression there is trained with `SGD(0.005)` behind a standard scaler.
"""

from typing import Any

import pytest
from river import datasets

from engine.pipeline.engine import Engine
from engine.records.values import Example
from tests.laws.engines import make_config

LOGISTIC = [
    "preprocessing.StandardScaler",
    {"type": "linear_model.LogisticRegression", "optimizer": {"type": "optim.SGD", "lr": 0.005}},
]


@pytest.mark.parametrize(
    ("model", "published"),
    [
        (LOGISTIC, 0.8872),
        ("naive_bayes.GaussianNB", 0.884708),
        ("tree.HoeffdingTreeClassifier", 0.879904),
        ({"type": "tree.HoeffdingAdaptiveTreeClassifier", "seed": 42}, 0.874299),
    ],
)
def test_phishing(model: Any, published: float) -> None:
    config = make_config(
        model={"task": "binary", "model": model},
        window={"count": 250},
        monitoring={"reports": False},
        supervision={"min_events": 100, "on_loss_drift": False},
    )
    engine = Engine(config)
    engine.process(Example(str(i), float(i), x, y) for i, (x, y) in enumerate(datasets.Phishing()))
    engine.close()
    assert round(engine.scores["Accuracy"], 6) == published
