"""One summary over all keys: what one engine would have scored that had served them all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.engine import Engine
from engine.core.overall_summary import overall
from engine.core.streams import ALL_KEYS
from engine.evaluation.config import ScoresConfig
from engine.evaluation.metrics import choose
from engine.evaluation.progressive_scores import Scores
from engine.evaluation.run_scores import RunScores, ScoreTotals, run_scores
from engine.events import Summary
from engine.records.values import Example
from tests.support.engines import make_config, make_engine, make_stream
from tests.support.scored import TASKS, accepted, fill, loss_of, make, rivers_own, streams

OWN = "tests.support.own_metrics"
WINDOWED = {"RollingROCAUC", "RollingPRAUC"}


def _merged(parts: list[Scores], names: list[str], task: str) -> RunScores:
    tallies = [ScoreTotals.restored(part.totals().state(), [OWN]) for part in parts]
    for tally in tallies[1:]:
        tallies[0].merge(tally)
    return run_scores(tallies[0], choose(ScoresConfig(metrics=[*names]), task), task)


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data())
@settings(max_examples=40)
def test_merged_scores_are_those_of_all_the_events(task: str, data: st.DataObject) -> None:
    names = accepted(task)
    keys = data.draw(st.lists(streams(task, largest=15), min_size=2, max_size=4))
    found = _merged([fill(make(task, *names), task, events) for events in keys], names, task)
    everything = [event for events in keys for event in events]
    for name in names:
        expected = float("nan") if name in WINDOWED else rivers_own(name, task, everything)
        assert found.scores[name] == pytest.approx(expected, rel=1e-6, abs=1e-6, nan_ok=True), name
    if everything:
        losses = [loss_of(task, *event) for event in everything]
        assert found.scores["loss"] == pytest.approx(sum(losses) / len(losses))
    one = fill(make(task), task, everything).run_scores()
    assert [b.events for b in found.calibration] == [b.events for b in one.calibration]
    assert found.calibration_error == pytest.approx(one.calibration_error)


def test_each_keys_baseline_is_its_own() -> None:
    """Over all keys the last label is the last one of the same key, in whatever order keys were served."""
    parts = [fill(make("multiclass", "Accuracy"), "multiclass", [({"a": 1.0}, name)] * 3) for name in "ab"]
    found = _merged(parts, ["Accuracy"], "multiclass").baselines
    assert found["last_label"]["Accuracy"] == found["majority"]["Accuracy"] == 1.0
    assert found["last_label"]["loss"] == pytest.approx(1 / 6)


def test_a_metric_of_the_users_own_cannot_be_added_and_says_so() -> None:
    name = f"{OWN}:hits"
    parts = [fill(make("binary", name), "binary", [({True: 1.0}, True)]) for _ in range(2)]
    assert str(_merged(parts, [name], "binary").scores[name]) == "nan"


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(0, 200)), min_size=1, max_size=4))
@settings(max_examples=20)
def test_the_order_of_keys_makes_no_difference_and_counts_add_up(keys: list[tuple[int, int]]) -> None:
    config = make_config(
        scores={"metrics": ["Accuracy", "LogLoss", "ROCAUC"]},
        business={"hits": {"expression": "prediction == label"}},
        monitoring={"reports": False},
    )
    engines = {}
    for number, (seed, length) in enumerate(keys):
        engines[f"k{number}"] = Engine(config, f"k{number}")
        engines[f"k{number}"].process(make_stream(seed, length))
    shares = {key: engine.share() for key, engine in engines.items()}
    found = overall(shares, config)
    assert found.key == ALL_KEYS
    assert found.counts.add_up()
    assert found.counts.records == sum(length for _, length in keys)
    again = overall(dict(reversed(shares.items())), config)
    assert repr(again) == repr(found), "to the last digit"
    hits, events = found.standing.business["hits"], found.standing.business["hits"].events
    if events:
        assert hits.mean == pytest.approx(found.standing.scores["Accuracy"])


def test_a_share_is_a_value() -> None:
    engine = make_engine()
    engine.process([Example("1", 0.0, {"a": 1.0}, label=True), Example("2", 0.0, {"a": 1.0}, label=True)])
    share = engine.share()
    before = repr(overall({"main": share}, make_config()))
    engine.process([Example("3", 0.0, {"a": 1.0}, label=False)])
    assert repr(overall({"main": share}, make_config())) == before


def test_of_one_key_the_whole_is_its_summary() -> None:
    engine = make_engine()
    engine.process(make_stream(3, 200))
    summary = next(event for event in engine.finish() if isinstance(event, Summary))
    found = overall({"main": engine.share()}, make_config())
    assert (found.counts, repr(found.standing)) == (summary.counts, repr(summary.standing))


def test_an_engine_with_a_metric_of_the_users_own_is_restored_without_further_leave() -> None:
    engine = make_engine(scores={"metrics": [f"{OWN}:hits"]})
    engine.process(make_stream(3, 200))
    restored = Engine.restore(engine.snapshot(), make_config(scores={"metrics": [f"{OWN}:hits"]}))
    assert restored.scores == engine.scores
    assert restored.scores[f"{OWN}:hits"] > 0
    restored.close()
