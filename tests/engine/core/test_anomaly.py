"""Anomaly detection: scorers learn at once and unlabelled; labels, where they come, only score."""

from random import Random
from typing import Any

import pytest
from river import anomaly, base, preprocessing

from engine.core.engine import Engine
from engine.errors import ModelError
from engine.events import Event, Report
from engine.records.events import Outcome, Prediction
from engine.records.values import Example, Label, Record
from tests.support.engines import ScriptedJudge, make_engine

TREES = {"type": "anomaly.HalfSpaceTrees", "n_trees": 5, "height": 4, "window_size": 50, "seed": 1}
FILTERED = [
    "preprocessing.MinMaxScaler",
    {"type": "anomaly.QuantileFilter", "anomaly_detector": TREES, "q": 0.95},
]
BARE = ["preprocessing.MinMaxScaler", TREES]


def engine(model: Any = FILTERED, judge: ScriptedJudge | None = None, **labels: Any) -> Engine:
    return make_engine(
        judge=judge,
        model={"task": "anomaly", "model": model},
        labels={"wait": 1000, "max_waiting": 1000} | labels,
    )


def rows(count: int, seed: int = 0) -> list[tuple[dict[str, float], bool]]:
    """Points around 0, and one in 20 far out."""
    random = Random(seed)  # noqa: S311 - test data
    far = [number % 20 == 19 for number in range(count)]
    return [({"a": random.gauss(8 if out else 0, 1), "b": random.gauss(0, 1)}, out) for out in far]


def predictions(events: list[Event]) -> list[Prediction]:
    return [event for event in events if isinstance(event, Prediction)]


def test_scores_and_decisions_are_those_of_a_bare_river_loop() -> None:
    tried = engine()
    stream = [Example(str(n), float(n), features) for n, (features, _) in enumerate(rows(300))]
    served = predictions(tried.process(stream))
    detector = anomaly.HalfSpaceTrees(n_trees=5, height=4, window_size=50, seed=1)
    model = preprocessing.MinMaxScaler() | anomaly.QuantileFilter(detector, q=0.95)
    for prediction, (features, _) in zip(served, rows(300), strict=True):
        score = model.score_one(features)
        assert (prediction.score, prediction.prediction) == (score, model["QuantileFilter"].classify(score))
        model.learn_one(features)
    assert any(prediction.prediction for prediction in served)
    assert (tried.counts.at_once, tried.counts.learned) == (300, 300)


def test_a_late_label_changes_scores_and_no_prediction() -> None:
    with_labels: list[Record] = []
    without: list[Record] = []
    for number, (features, _) in enumerate(rows(400)):
        without.append(Example(str(number), float(number), features))
        with_labels.append(without[-1])
        if number >= 30:
            with_labels.append(Label(str(number - 30), float(number), value=rows(400)[number - 30][1]))
    by_hand: dict[str, Any] = {
        "model": {"task": "anomaly", "model": FILTERED},
        "labels": {"wait": 1000, "max_waiting": 1000},
        "supervision": {"automatic": False},
    }
    # Only a person may change what serves: else what labels show would.
    one, other = (make_engine(**by_hand) for _ in range(2))
    assert predictions(one.process(with_labels)) == predictions(other.process(without))
    assert one.scores["RollingROCAUC"] > 0.8
    assert 0 < one.scores["loss"] < 0.2
    assert "loss" not in other.scores
    assert one.counts.matched == 370


def test_windows_close_without_any_label_and_their_rows_hold_the_scores() -> None:
    judge = ScriptedJudge()
    events = engine(judge=judge).process(
        [Example(str(n), float(n), features) for n, (features, _) in enumerate(rows(50))]
    )
    assert sum(isinstance(event, Report) for event in events) == 1, "its verdict is applied one window later"
    assert [job.window for job in judge.seen] == [0, 1]
    columns = judge.seen[1].current.columns
    assert set(columns) == {"a", "b", "label", "prediction", "score"}
    assert all(isinstance(score, float) for score in columns["score"])
    assert set(columns["label"]) == {None}


def test_an_example_is_an_outcome_at_once_and_again_when_its_label_comes() -> None:
    tried = engine()
    first = tried.process([Example("1", 0.0, {"a": 1.0}), Example("2", 0.0, {"a": 1.0}, label=True)])
    later = tried.process([Label("1", 1.0, value=False)])
    told = [(e.example.id, e.label) for e in [*first, *later] if isinstance(e, Outcome)]
    assert told == [("1", None), ("2", True), ("1", False)]
    assert (tried.counts.learned, tried.counts.matched, tried.counts.inline) == (2, 1, 1)
    assert len(tried.review.windows.learnable()) == 2


def test_without_ids_and_labels_every_example_is_an_outcome_and_none_waits() -> None:
    judge = ScriptedJudge()
    tried = make_engine(
        judge=judge, model={"task": "anomaly", "model": FILTERED}, record={"id": ""}, labels={"wait": 1000}
    )
    events = tried.process(
        [Example(f"f:{n}", float(n), features) for n, (features, _) in enumerate(rows(50))]
    )
    assert [event.sequence for event in events if isinstance(event, Outcome)] == list(range(50))
    assert [job.window for job in judge.seen] == [0, 1]
    counts = tried.counts
    assert (counts.unlabelled, counts.waiting, counts.learned, counts.expired) == (50, 0, 50, 0)
    tried.process([Example("f:50", 50.0, {"a": 0.0, "b": 0.0}, label=True)])
    assert (tried.counts.inline, tried.counts.unlabelled, tried.counts.learned) == (1, 50, 51)
    assert tried.counts.add_up()


def test_an_example_whose_label_never_comes_counts_as_unlabelled_and_not_as_expired() -> None:
    tried = engine(wait=10)
    tried.process([Example(str(n), float(n), features) for n, (features, _) in enumerate(rows(50))])
    counts = tried.counts
    assert (counts.learned, counts.expired, counts.unlabelled + counts.waiting) == (50, 0, 50)
    assert counts.unlabelled > 30
    assert counts.add_up()


def test_a_detector_without_a_threshold_serves_scores_only_and_has_no_loss() -> None:
    tried = engine(BARE)
    served = predictions(
        tried.process([Example(str(n), 0.0, features, out) for n, (features, out) in enumerate(rows(300))])
    )
    assert {prediction.prediction for prediction in served} == {None}
    assert all(isinstance(prediction.score, float) for prediction in served)
    assert tried.scores["RollingROCAUC"] > 0.8
    assert "loss" not in tried.scores


class Rarity(base.AnomalyDetector):
    """Scores by how rarely it has seen this value."""

    def __init__(self) -> None:
        self.seen: dict[Any, int] = {}
        self.rows = 0

    def learn_one(self, x: dict[Any, Any]) -> None:
        self.rows += 1
        self.seen[x["a"]] = self.seen.get(x["a"], 0) + 1

    def score_one(self, x: dict[Any, Any]) -> float:
        return 1.0 - self.seen.get(x["a"], 0) / max(self.rows, 1)

    def classify(self, score: float) -> bool:
        return score > 0.5


def test_a_vetted_detector_takes_over_from_one_that_has_learned_that_a_fault_is_normal() -> None:
    tried = make_engine(
        dict.fromkeys(range(10, 21), "fail"),
        model={"task": "anomaly", "model": f"{__name__}:Rarity"},
        supervision={"min_events": 15, "cooldown": 10, "patience": 50, "alpha": 0.2, "reset": False},
    )
    stream: list[Record] = []
    for number in range(600):
        out, fault = number % 4 == 0, 200 <= number < 400
        stream.append(Example(str(number), float(number), {"a": 10.0 if out or fault else 0.0}, out))
    served = predictions(tried.process(stream))
    # To the one that learned the fault the usual has become rare. The other serves as soon as it weighs more,
    # and takes over when it has proved better.
    right = [bool(prediction.prediction) == (int(prediction.id) % 4 == 0) for prediction in served[400:]]
    led = [prediction.leader == "m0.w9" or prediction.model == "m1" for prediction in served[400:]]
    assert right == led
    assert 1 < led.index(True) < 10
    assert all(led[10:])
    assert served[-1].model == "m1"


@pytest.mark.parametrize(
    "model",
    ["anomaly.GaussianScorer", "linear_model.LogisticRegression", "preprocessing.StandardScaler"],
)
def test_what_is_no_unsupervised_detector_is_refused(model: str) -> None:
    with pytest.raises(ModelError, match="needs a detector that learns from features alone"):
        engine(model)
