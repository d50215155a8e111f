"""How models grow: what `riverkeeper check` measures, for models of River and for some that should not be.

`python -m benchmarks.growth` prints the table in docs/models.md: bytes of the saved model after the first and
the last measurement, the bytes an event that it keeps growing by, and where.
"""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from river import (
    anomaly,
    compose,
    datasets,
    ensemble,
    feature_extraction,
    forest,
    linear_model,
    naive_bayes,
    neighbors,
    preprocessing,
    rules,
    stats,
    tree,
)

from engine.checks.growth import Growth, measure
from engine.checks.trial import Labelled, prepare


class Hoarder(linear_model.LogisticRegression):
    """A mistake: it keeps every example."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Any] = []

    def learn_one(self, x: Any, y: Any, w: float = 1.0) -> None:
        """Learns and keeps."""
        self.rows.append((x, y))
        super().learn_one(x, y, w)


class Visits:
    """A mistake: it counts the visits of each user, and forgets none."""

    def __init__(self) -> None:
        self.visits: dict[str, int] = {}

    def learn_one(self, x: Any, y: Any) -> None:
        """Counts."""
        del y
        self.visits[x["user"]] = self.visits.get(x["user"], 0) + 1

    def predict_proba_one(self, x: Any) -> dict[bool, float]:
        """The more visits, the fewer returns."""
        returned = 1 / (2 + self.visits.get(x["user"], 0))
        return {True: returned, False: 1 - returned}


def shop(count: int = 1000) -> list[Labelled]:
    """Orders: a user, nearly always a new one, one of 20 shops, a price, three words; was it returned?"""
    random = Random(1)  # noqa: S311 - benchmark data
    words = [f"word{number}" for number in range(200)]
    rows: list[Labelled] = []
    for _ in range(count):
        price, store = round(random.lognormvariate(3, 1), 2), f"shop{random.randrange(20)}"
        user, text = f"u{random.randrange(10**9)}", " ".join(random.choices(words, k=3))
        rows.append(({"user": user, "shop": store, "price": price, "text": text}, random.random() < 0.3))
    return rows


def valued(rows: list[Labelled]) -> list[Labelled]:
    """The same orders with the price to be predicted."""
    return [
        ({name: value for name, value in features.items() if name != "price"}, features["price"])
        for features, _ in rows
    ]


def _pipeline(*steps: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: compose.Pipeline(*(step() for step in steps))


def _aggregate(by: str) -> Callable[[], Any]:
    mean = partial(feature_extraction.TargetAgg, by=by, how=stats.Mean())
    return _pipeline(mean, preprocessing.StandardScaler, linear_model.LinearRegression)


def _encoded(feature: str, encoder: Callable[[], Any]) -> Callable[[], Any]:
    return _pipeline(partial(compose.Select, feature), encoder, linear_model.LogisticRegression)


def _rows(data: Any, most: int = 2000) -> list[Labelled]:
    return list(data().take(most))


def models() -> list[tuple[str, Callable[[], Any], str, list[Labelled]]]:
    """Each with its name, what makes it, its task and its stream."""
    phishing, bananas, polls = map(_rows, (datasets.Phishing, datasets.Bananas, datasets.TrumpApproval))
    orders = shop()
    scaler, logistic = preprocessing.StandardScaler, linear_model.LogisticRegression
    onehot = preprocessing.OneHotEncoder
    words = partial(feature_extraction.BagOfWords, on="text")
    window = partial(neighbors.LazySearch, window_size=1000)
    return [
        ("StandardScaler, LogisticRegression", _pipeline(scaler, logistic), "binary", phishing),
        ("GaussianNB", naive_bayes.GaussianNB, "binary", phishing),
        ("KNNClassifier, window 1000", lambda: neighbors.KNNClassifier(engine=window()), "binary", phishing),
        ("HoeffdingTreeClassifier", tree.HoeffdingTreeClassifier, "binary", phishing),
        (
            "HoeffdingAdaptiveTreeClassifier",
            partial(tree.HoeffdingAdaptiveTreeClassifier, seed=1),
            "binary",
            phishing,
        ),
        ("ARFClassifier, 3 trees", partial(forest.ARFClassifier, n_models=3, seed=1), "binary", phishing),
        ("SRPClassifier, 3 models", partial(ensemble.SRPClassifier, n_models=3, seed=1), "binary", phishing),
        ("SGTClassifier", tree.SGTClassifier, "binary", phishing),
        ("AMFClassifier", partial(forest.AMFClassifier, seed=1), "binary", bananas),
        (
            "StandardScaler, LinearRegression",
            _pipeline(scaler, linear_model.LinearRegression),
            "regression",
            polls,
        ),
        ("KNNRegressor", neighbors.KNNRegressor, "regression", polls),
        ("HoeffdingTreeRegressor", tree.HoeffdingTreeRegressor, "regression", polls),
        (
            "HoeffdingAdaptiveTreeRegressor",
            partial(tree.HoeffdingAdaptiveTreeRegressor, seed=1),
            "regression",
            polls,
        ),
        ("AMRules", rules.AMRules, "regression", polls),
        ("HalfSpaceTrees", partial(anomaly.HalfSpaceTrees, seed=1), "anomaly", phishing),
        ("OneHotEncoder of 20 shops", _encoded("shop", onehot), "binary", orders),
        ("OneHotEncoder of users", _encoded("user", onehot), "binary", orders),
        (
            "FeatureHasher of users",
            _encoded("user", partial(preprocessing.FeatureHasher, n_features=64, seed=1)),
            "binary",
            orders,
        ),
        ("TargetAgg by shop", _aggregate("shop"), "regression", valued(orders)),
        ("TargetAgg by user", _aggregate("user"), "regression", valued(orders)),
        ("BagOfWords, MultinomialNB", _pipeline(words, naive_bayes.MultinomialNB), "binary", orders),
        ("a dict of visits by user", Visits, "binary", orders),
        ("a list of all examples", Hoarder, "binary", phishing),
    ]


def _verdict(growth: Growth, model: Any) -> str:
    if growth.unsaved:
        return f"cannot be saved {growth.unsaved.partition(':')[0]}"
    if growth.steps:
        return ", ".join(f"{step} {rate:.0f}" for step, rate in growth.steps.items())
    limited = hasattr(model, "max_size") or hasattr(getattr(model, "model", None), "max_size")
    return "no: up to its max_size" if limited else "no"


def main() -> None:
    """Measures and prints."""
    print(f"{'model':36}{'events':>6}{'bytes':>11}{'events':>8}{'bytes':>11}  keeps growing (bytes an event)")
    for name, make, task, sample in models():
        growth = measure(prepare(make, task, sample))
        sizes = [*growth.sizes.items()]
        cells = "".join(f"{events:>8,}{size:>11,}" for events, size in sizes[:: max(1, len(sizes) - 1)])
        print(f"{name:34}{cells:38}  {_verdict(growth, make())}")


if __name__ == "__main__":
    main()
