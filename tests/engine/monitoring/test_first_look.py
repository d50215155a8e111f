"""The always-on counts: exact, whatever the blocks, and quiet where nothing has changed."""

import math
from collections import Counter
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.engine import Engine
from engine.events import Event
from engine.monitoring.config import MonitoringConfig
from engine.monitoring.drift.psi import psi, psi_by_chance
from engine.monitoring.first_look.bins import Bins, make_bins
from engine.monitoring.first_look.counter import BLOCK, FirstLookCounter, FirstLookState
from engine.monitoring.first_look.verdict import PreliminaryVerdict
from engine.monitoring.types import Table
from engine.records.values import Example
from tests.support.engines import ReportingJudge, ScriptedJudge, make_config

CONFIG = MonitoringConfig()
CELLS = st.none() | st.floats(-5, 5) | st.integers(-5, 5) | st.sampled_from(["a", "b", "c"]) | st.booleans()


def bins_of(values: list[Any]) -> Bins:
    return make_bins(Table({"a": values}), [], 50)["a"]


@given(
    st.lists(st.floats(-5, 5) | st.integers(-5, 5) | st.none(), min_size=3, max_size=80).filter(
        lambda values: len([value for value in values if value is not None]) > 1
    ),
    st.lists(CELLS, max_size=60),
)
def test_numbers_are_counted_between_the_deciles_of_the_reference(before: list[Any], now: list[Any]) -> None:
    bins = bins_of(before)
    known = [float(value) for value in before if value is not None]
    assert (sum(bins.before), bins.missing, bins.rows) == (len(known), len(before) - len(known), len(before))
    assert bins.before[0] == bins.before[-1] == 0, "nothing of the reference is outside it"
    places = [0] * bins.size
    missing, strange = bins.count(now, places)
    numbers = [float(value) for value in now if type(value) in {float, int}]
    assert missing == now.count(None)
    assert strange == len(now) - missing - len(numbers)
    assert sum(places) == len(numbers)
    assert places[0] == sum(value < min(known) for value in numbers)
    assert places[-1] == sum(value > max(known) for value in numbers)
    for place, (low, high) in enumerate(zip(bins.edges, bins.edges[1:], strict=False), 1):
        assert places[place] == sum(low <= value < high for value in numbers)


@given(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=80), st.lists(CELLS, max_size=60))
def test_categories_are_counted_by_those_of_the_reference(before: list[Any], now: list[Any]) -> None:
    bins = bins_of(before)
    places = [0] * bins.size
    missing, strange = bins.count(now, places)
    counts = Counter(value for value in now if isinstance(value, str))
    for name, place in bins.places.items():
        assert (places[place], bins.before[place]) == (counts[str(name)], before.count(str(name)))
    assert strange == sum(type(value) in {float, int} for value in now)
    assert sum(places) == len(now) - missing - strange


@pytest.mark.parametrize(
    "values", [[1.0], [None, None], [1, "a"], [f"u{n}" for n in range(100)], [True, 1.0]]
)
def test_what_cannot_be_counted_is_left_out(values: list[Any]) -> None:
    assert make_bins(Table({"a": values}), [], 50) == {}


def test_ignored_columns_labels_and_those_beyond_the_limit_are_left_out() -> None:
    columns = {name: [1.0, 2.0] for name in ("a", "b", "c", "label", "prediction", "score")}
    assert list(make_bins(Table(columns), ["a"], 2)) == ["b", "c"]


def engine(**sections: Any) -> Engine:
    config = make_config(
        window={"count": 1000, "sample": 1000},
        supervision={"min_events": 500, "on_loss_drift": False},
        **sections,
    )
    return Engine(config, evaluator=ScriptedJudge())


def looks(events: list[Event]) -> list[PreliminaryVerdict]:
    return [event for event in events if isinstance(event, PreliminaryVerdict)]


def stream(count: int, seed: int = 1, **spoil: Any) -> list[Example]:
    """Rows with a number, a skewed one, a category and gaps; from the middle on `spoil` changes them."""
    random = Random(seed)  # noqa: S311 - test data
    rows = []
    for n in range(count):
        x = random.gauss(0, 1)
        features: dict[str, Any] = {"x": x, "skewed": random.expovariate(1), "c": random.choice("aabc")}
        if random.random() < 0.1:
            del features["skewed"]
        if n >= count // 2:
            features |= {name: change(features.get(name), random) for name, change in spoil.items()}
            features = {name: value for name, value in features.items() if value is not None}
        rows.append(Example(str(n), float(n), features, label=x + random.gauss(0, 1) > 0))
    return rows


def test_every_example_is_counted_and_where_the_others_went() -> None:
    tried = engine(contract={"fields": {"x": {"type": "number", "max": 2}}})
    found = looks(tried.process(stream(3300)))
    assert [look.window for look in found] == [0, 1, 2]
    assert sum(look.rows for look in found) == 3000
    rejected = sum(look.rejected for look in found)
    assert 0 < rejected <= tried.counts.rejected
    assert [look.reason for look in found[:2]] == ["no reference yet"] * 2
    assert {check.column for check in found[2].checks} == {"x", "skewed", "c"}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"x": lambda x, _: x * 10}, "x moved, PSI"),
        ({"c": lambda c, r: "z" if r.random() < 0.6 else c}, "c moved, PSI"),
        ({"skewed": lambda s, r: None if r.random() < 0.5 else s}, "skewed missing +"),
    ],
)
def test_a_change_is_seen_at_the_close_of_its_own_window(spoil: dict[str, Any], said: str) -> None:
    found = looks(engine(contract={}).process(stream(8000, **spoil)))
    before = [look for look in found[:4] if look.status != "pass"]
    assert before == []
    assert said in found[4].reason
    assert found[4].status == "fail"


def test_values_of_another_type_warn() -> None:
    tally = FirstLookCounter(CONFIG)
    tally.refer_to(Table({"x": [1.0, 2.0] * 50}))
    tally.begin()
    for n in range(100):
        tally.add({"x": "text" if n % 10 == 0 else 1.0 + n % 2})
    found = tally.close("main", 0, 0.0, 0, 0)
    assert found is not None
    assert (found.status, found.reason) == ("warn", "x changed type in 10.0% of its values")


def test_a_first_verdict_that_fails_makes_a_full_report() -> None:
    judge = ReportingJudge()
    config = make_config(window={"count": 1000, "sample": 1000}, supervision={"min_events": 500})
    made = Engine(config, evaluator=judge)
    made.process(stream(8000, x=lambda x, _: x + 5))
    made.finish()
    assert [job.window for job in judge.begun] == [4], "where it began; the others are no worse"


@pytest.mark.long
def test_clean_windows_hardly_ever_fail() -> None:
    found = [look for seed in range(12) for look in looks(engine().process(stream(8000, seed)))]
    features = [check for look in found for check in look.checks if check.column in {"x", "skewed", "c"}]
    assert len(features) > 400
    assert all(check.status == "pass" for check in features)


@given(st.integers(2, 12), st.integers(200, 3000), st.integers(0, 50))
@settings(max_examples=40)
def test_chance_alone_stays_below_its_limit(bins: int, rows: int, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - test data
    now, before = ([0] * bins for _ in range(2))
    for counts, size in ((now, rows), (before, 1000)):
        for _ in range(size):
            counts[random.randrange(bins)] += 1
    assert psi(before, now) < psi_by_chance(bins, 1000, rows)


@given(st.lists(st.integers(0, 500), min_size=2, max_size=10), st.integers(1, 9))
def test_psi_is_0_for_the_same_shares_and_never_below(counts: list[int], times: int) -> None:
    assert psi(counts, counts) == pytest.approx(0, abs=1e-12)
    assert psi([count * times for count in counts], counts) >= 0
    assert math.isfinite(psi(counts, list(reversed(counts))))


@given(st.integers(0, 3 * BLOCK), st.integers(0, 3 * BLOCK))
@settings(max_examples=15)
def test_counts_do_not_depend_on_blocks_or_restores(cut: int, length: int) -> None:
    reference = Table({"x": [float(n % 50) for n in range(200)], "prediction": [True, False] * 100})
    whole, first = FirstLookCounter(CONFIG), FirstLookCounter(CONFIG)
    rows = [{"x": float(n % 70)} for n in range(length)]
    for tally in (whole, first):
        tally.refer_to(reference)
        tally.begin()
    for row in rows:
        whole.add(row)
    for row in rows[:cut]:
        first.add(row)
    again = FirstLookCounter(CONFIG)
    again.restore(
        msgspec.msgpack.decode(msgspec.msgpack.encode(first.state()), type=FirstLookState), reference
    )
    for row in rows[cut:]:
        again.add(row)
    assert again.close("main", 0, 0.0, 3, 4) == whole.close("main", 0, 0.0, 3, 4)


def test_a_column_that_is_ignored_now_is_dropped_from_a_restored_count() -> None:
    tally = FirstLookCounter(CONFIG)
    tally.refer_to(Table({"x": [1.0, 2.0], "y": [1.0, 2.0]}))
    tally.begin()
    tally.add({"x": 1.0, "y": 1.0})
    other = FirstLookCounter(MonitoringConfig.model_validate({"drift": {"ignore": ["y"]}}))
    other.restore(tally.state(), Table({"x": [1.0, 2.0], "y": [1.0, 2.0]}))
    found = other.close("main", 0, 0.0, 0, 0)
    assert found is not None
    assert {check.column for check in found.checks} == {"x"}


def test_a_feature_named_as_a_column_of_ours_is_counted_under_its_own_name() -> None:
    tally = FirstLookCounter(CONFIG)
    tally.refer_to(Table({"feature:score": [1.0, 2.0, 3.0]}))
    tally.begin()
    for _ in range(200):
        tally.add({"score": 2.0})
    found = tally.close("main", 0, 0.0, 0, 0)
    assert found is not None
    assert found.reason == ""


def test_switched_off_there_are_none() -> None:
    off = engine(monitoring={"first_look": {"enabled": False}})
    assert looks(off.process(stream(2000))) == []
    assert off.review.first_look.state().rows == 0
