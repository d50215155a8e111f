"""The engine's progressive scores, and every prediction that they are made of, are River's own.

River's side is `evaluate.iter_progressive_val_score`, which `progressive_val_score` is the last step of. It
asks and answers in the order of `stream.simulate_qa`; the engine gets the same order as examples and labels,
with honest event times. Where the two differ:

- While the champion is suspected several models serve together. Here only a person may change what serves.
- At the end of the data River answers everything that is still open, however late that would be. The engine
  learns a label only when it comes; until then the prediction waits, and `finish` does not change that.
- River keeps open questions without bound. The engine's expire after `labels.wait` seconds: `wait` must be
  at least the longest delay, and a label that comes exactly `wait` after its example is still in time.
- A label and an example of the same time: River gives the answer before it asks. The engine takes records as
  they come, so whoever merges them decides.
- Classes that a model keeps in a set: of those that are as probable River serves whichever its hashes put
  first, the engine the first in their own order, so that every process serves the same.
- A regressor that says infinity or NaN: River scores it, and the mean is spoilt for good. The engine serves
  `None`, counts it under `not_ready`, and scores the rest.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate, islice
from math import inf, isfinite, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import base, compose, datasets, evaluate, metrics, stream
from river.datasets import synth

from engine.models.factory import build
from engine.records.events import Outcome, Prediction
from engine.records.values import Example, Label, Record, Unreadable
from tests.support.engines import LOGISTIC, make_engine

Row = tuple[dict[Any, Any], Any]
Step = tuple[float, Any]
Delay = int | timedelta | str
START = datetime(2024, 1, 1, tzinfo=UTC)
NEAREST = {"type": "neighbors.LazySearch", "window_size": 30}
TREE = {"type": "tree.HoeffdingTreeClassifier", "grace_period": 10}

CLASSIFIERS: list[Any] = [
    "naive_bayes.GaussianNB",
    TREE,
    {"type": "tree.HoeffdingAdaptiveTreeClassifier", "grace_period": 10, "seed": 1},
    ["preprocessing.StandardScaler", {"type": "neighbors.KNNClassifier", "engine": NEAREST}],
    {"type": "ensemble.BaggingClassifier", "model": TREE, "n_models": 3, "seed": 1},
    {"type": "forest.ARFClassifier", "n_models": 3, "seed": 1},
    "dummy.NoChangeClassifier",
]
MODELS: dict[str, list[Any]] = {
    "binary": [LOGISTIC, ["preprocessing.StandardScaler", "linear_model.ALMAClassifier"], *CLASSIFIERS],
    "multiclass": [
        ["preprocessing.StandardScaler", "linear_model.SoftmaxRegression"],
        {"type": "multiclass.OneVsRestClassifier", "classifier": {"type": "linear_model.LogisticRegression"}},
        *CLASSIFIERS,
    ],
    "regression": [
        ["preprocessing.StandardScaler", "linear_model.LinearRegression"],
        ["preprocessing.StandardScaler", "linear_model.PARegressor"],
        {"type": "tree.HoeffdingTreeRegressor", "grace_period": 10},
        ["preprocessing.StandardScaler", {"type": "rules.AMRules", "n_min": 20}],
        ["preprocessing.StandardScaler", {"type": "neighbors.KNNRegressor", "engine": NEAREST}],
        {"type": "forest.ARFRegressor", "n_models": 3, "seed": 1},
        {"type": "dummy.StatisticRegressor", "statistic": {"type": "stats.Mean"}},
    ],
}
ORDERED_BY_HASH = {"KNNClassifier", "NoChangeClassifier"}
# For the first, River asks a classifier for a class; for the second, for probabilities.
METRICS: dict[str, tuple[str, str]] = {
    "binary": ("Accuracy", "LogLoss"),
    "multiclass": ("MacroF1", "CrossEntropy"),
    "regression": ("MAE", "RMSE"),
}
CASES = [(task, metric) for task in METRICS for metric in METRICS[task]]
GENERATORS: dict[str, list[Callable[[int], Any]]] = {
    "binary": [
        lambda seed: synth.SEA(seed=seed, noise=0.1),
        lambda seed: ((x, y == 1) for x, y in synth.Agrawal(seed=seed)),
    ],
    "multiclass": [
        lambda seed: synth.LED(seed=seed, noise_percentage=0.1),
        lambda seed: synth.RandomRBF(seed_model=seed, seed_sample=seed, n_classes=4, n_features=3),
    ],
    "regression": [lambda seed: synth.Friedman(seed=seed), lambda seed: synth.Planes2D(seed=seed)],
}
LABELS: dict[str, st.SearchStrategy[Any]] = {
    "binary": st.booleans(),
    "multiclass": st.sampled_from(["a", "b", "c"]),
    "regression": st.integers(-5, 5) | st.floats(-100, 100),
}


@st.composite
def streams(draw: st.DrawFn, task: str) -> list[Row]:
    """Of a generator of River's; or of few values, many of them the same, and any of them missing."""
    length = draw(st.integers(0, 60))
    if draw(st.booleans()):
        generator = draw(st.sampled_from(GENERATORS[task]))
        return list(islice(generator(draw(st.integers(0, 1000))), 2 * length))
    values = st.integers(-3, 3) | st.floats(-100, 100) | st.booleans()
    row = st.tuples(st.dictionaries(st.sampled_from("abc"), values), LABELS[task])
    return draw(st.lists(row, min_size=length, max_size=length))


@st.composite
def timed_streams(draw: st.DrawFn, task: str) -> list[Row]:
    """With a time `at`, several often at once and some out of order, and how long the label takes, `late`."""
    plain = draw(streams(task))
    gap = st.sampled_from([0, 0, 1, 2, 5, draw(st.sampled_from([1, -3]))])
    gaps = draw(st.lists(gap, min_size=len(plain), max_size=len(plain)))
    late = draw(st.lists(st.integers(0, 9), min_size=len(plain), max_size=len(plain)))
    return [
        (x | {"at": START + timedelta(seconds=second), "late": timedelta(seconds=delay)}, y)
        for (x, y), second, delay in zip(plain, accumulate(gaps), late, strict=True)
    ]


def seconds(moment: Any) -> float:
    return (moment - START).total_seconds() if isinstance(moment, datetime) else float(moment)


def questions_and_answers(rows: list[Row], moment: str | None, delay: Delay) -> Iterator[Record]:
    """Examples and labels in River's order, each with the time at which it comes."""
    for i, x, y in stream.simulate_qa(rows, moment, delay):
        asked = i if moment is None else x[moment]
        features = {name: value for name, value in x.items() if name not in {"at", "late"}}
        if y is None:
            yield Example(str(i), seconds(asked), features)
        else:
            yield Label(str(i), seconds(asked + (x[delay] if isinstance(delay, str) else delay)), y)


def longest_wait(records: Iterable[Record]) -> float:
    """The seconds that the label which is the longest in coming takes."""
    asked: dict[str, float] = {}
    now, wait = -inf, 0.0
    for record in records:
        assert not isinstance(record, Unreadable)
        now = max(now, record.time)
        if isinstance(record, Example):
            asked[record.id] = record.time
        else:
            wait = max(wait, now - asked[record.id])
    return wait


def engine_steps(records: list[Record], task: str, metric: str, spec: Any) -> list[Step]:
    """For each answer: the score with it, and what was served when its question was asked."""
    tried = make_engine(
        model={"task": task, "model": spec},
        scores={"metrics": [metric]},
        labels={"wait": longest_wait(records) or 1.0},
        supervision={"min_events": 5, "automatic": False},
    )
    probable = not wants_class(task, metric)
    served: dict[int, Any] = {}
    steps: list[Step] = []
    for record in records:
        for event in tried.process([record]):
            if isinstance(event, Prediction):
                served[event.sequence] = event.probability if probable else event.prediction
            elif isinstance(event, Outcome):
                steps.append((tried.scores[metric], served.pop(event.sequence)))
    assert tried.counts.learned == tried.counts.predicted == len(steps), "none expired, none is left"
    return steps


def assert_same(steps: list[Step], expected: list[Step]) -> None:
    """The same predictions, and scores that differ in their last digit at most.

    A macro average adds up its classes in the order in which it met them, and ours meets them in another.
    """
    assert [served for _, served in steps] == [served for _, served in expected]
    scores, rivers = [score for score, _ in steps], [score for score, _ in expected]
    assert scores == pytest.approx(rivers, rel=1e-12, abs=1e-15, nan_ok=True)


class FirstOfTies(base.Classifier):
    """River's model, its classes in their own order; all else is as River says it."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def learn_one(self, x: Any, y: Any) -> None:
        self.model.learn_one(x, y)

    def predict_proba_one(self, x: Any, **kwargs: Any) -> Any:
        return dict(sorted(self.model.predict_proba_one(x, **kwargs).items()))


def river_steps(rows: list[Row], task: str, metric: str, model: Any, **when: Any) -> list[Step]:
    if task == "multiclass" and ORDERED_BY_HASH & {type(part).__name__ for part in parts_of(model)}:
        model = FirstOfTies(model)
    kept = getattr(metrics, metric)()
    steps = evaluate.iter_progressive_val_score(rows, model, kept, step=1, yield_predictions=True, **when)
    found, scored = [], False
    for step in steps:
        served = as_served(task, step["Prediction"])
        scored = scored or served is not None
        found.append((kept.get() if scored else nan, served))
    return found


def parts_of(model: Any) -> list[Any]:
    """The steps of a pipeline, or the one that there is."""
    return list(model.steps.values()) if isinstance(model, compose.Pipeline) else [model]


def wants_class(task: str, metric: str) -> bool:
    return task == "regression" or getattr(metrics, metric)().requires_labels


def as_served(task: str, output: Any) -> Any:
    """River's output as the engine serves it."""
    if isinstance(output, dict) and task == "binary":
        return output.get(True, 0.0) if output else None
    return None if output == {} else output


@pytest.mark.parametrize(("task", "metric"), CASES)
@given(st.data())
@settings(max_examples=12)
def test_scores_and_predictions_are_rivers(task: str, metric: str, data: st.DataObject) -> None:
    spec = data.draw(st.sampled_from(MODELS[task]))
    rows = data.draw(streams(task))
    records: list[Record] = [Example(str(i), float(i), x, y) for i, (x, y) in enumerate(rows)]
    expected = river_steps(rows, task, metric, build(spec))
    assert_same(engine_steps(records, task, metric, spec), expected)
    asked_first = list(questions_and_answers(rows, None, 0))
    assert_same(engine_steps(asked_first, task, metric, spec), expected)


@pytest.mark.parametrize(("task", "metric"), CASES)
@given(st.data())
@settings(max_examples=12)
def test_scores_and_predictions_are_rivers_when_labels_come_some_events_later(
    task: str, metric: str, data: st.DataObject
) -> None:
    spec = data.draw(st.sampled_from(MODELS[task]))
    rows, delay = data.draw(streams(task)), data.draw(st.integers(0, 15))
    records = list(questions_and_answers(rows, None, delay))
    expected = river_steps(rows, task, metric, build(spec), delay=delay)
    assert_same(engine_steps(records, task, metric, spec), expected)


@pytest.mark.parametrize(("task", "metric"), CASES)
@given(st.data())
@settings(max_examples=12)
def test_scores_and_predictions_are_rivers_when_labels_come_some_time_later(
    task: str, metric: str, data: st.DataObject
) -> None:
    """`late` is a delay of each event's own: labels overtake each other."""
    spec = data.draw(st.sampled_from(MODELS[task]))
    rows = data.draw(timed_streams(task))
    delay = data.draw(st.just("late") | st.integers(0, 12).map(lambda late: timedelta(seconds=late)))
    records = list(questions_and_answers(rows, "at", delay))
    model = compose.Discard("at", "late") | build(spec)
    expected = river_steps(rows, task, metric, model, moment="at", delay=delay)
    assert_same(engine_steps(records, task, metric, spec), expected)


@pytest.mark.parametrize("spec", MODELS["regression"])
@pytest.mark.parametrize(
    ("name", "moment", "delay"), [("ChickWeights", "time", 4), ("TrumpApproval", "ordinal_date", 7)]
)
def test_scores_and_predictions_are_rivers_by_a_time_column_of_real_data(
    name: str, moment: str, delay: int, spec: Any
) -> None:
    """Fifty chicks are weighed at once: ties, of questions and of answers, with questions."""
    rows = list(getattr(datasets, name)())
    records = list(questions_and_answers(rows, moment, delay))
    expected = river_steps(rows, "regression", "MAE", build(spec), moment=moment, delay=delay)
    assert_same(engine_steps(records, "regression", "MAE", spec), expected)


def test_what_is_open_at_the_end_is_answered_by_river_and_still_waits_in_the_engine() -> None:
    rows, delay = list(synth.SEA(seed=1).take(100)), 7
    records = list(questions_and_answers(rows, None, delay))
    expected = [score for score, _ in river_steps(rows, "binary", "Accuracy", build(LOGISTIC), delay=delay)]
    tried = make_engine(labels={"wait": delay}, window={"count": 1000})
    tried.process(records[:-delay])
    tried.finish()
    assert tried.counts.waiting == delay
    assert tried.scores["Accuracy"] == expected[-delay - 1]
    tried.process(records[-delay:])
    assert tried.scores["Accuracy"] == expected[-1]


def test_events_of_before_1970_wait_for_their_labels_as_long_as_any_other() -> None:
    tried = make_engine(labels={"wait": 7})
    tried.process([Example("a", -1e8, {"a": 1.0}), Label("a", -1e8 + 7, value=True)])
    assert tried.counts.learned == 1
    tried.process([Example("b", -1e7, {"a": 1.0}), *(Label(f"{i}", -1e7 + 8, value=True) for i in range(3))])
    assert tried.counts.expired == 1


def test_an_infinite_prediction_spoils_rivers_score_and_is_not_served_by_the_engine() -> None:
    task: str = "regression"
    spec = "linear_model.LinearRegression"
    rows: list[Row] = [({"a": value}, 3.0) for value in (1.0, 1e200, 1e200, 1.0, 1.0)]
    said = river_steps(rows, task, "MAE", build(spec))
    assert [isfinite(value) for _, value in said] == [True, True, False, True, True]
    assert not isfinite(said[-1][0])
    tried = make_engine(model={"task": task, "model": spec}, scores={"metrics": ["MAE"]})
    events = tried.process(Example(str(i), float(i), x, y) for i, (x, y) in enumerate(rows))
    served = [event.prediction for event in events if isinstance(event, Prediction)]
    finite = [value if isfinite(value) else None for _, value in said]
    assert served == finite
    assert tried.counts.not_ready == 1
    assert tried.scores["MAE"] == sum(abs(value - 3.0) for value in finite if value is not None) / 4
