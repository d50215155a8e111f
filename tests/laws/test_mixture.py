"""What is served by several models together loses hardly more than any one of them, whatever comes."""

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.supervision.mixture import CHAMPION, SHARE, Mixture, bound
from engine.tasks.aggregation import RATE, Aggregation, around
from engine.tasks.registry import find_task

SPAN, MARGIN = (-5.0, 20.0), 2.0
NAMES = ["champion", "vetted", "fresh", "masked"]
TASKS = ["binary", "multiclass", "regression"]
chances = st.sampled_from([0.0, 1.0, 1e-9]) | st.floats(0.0, 1.0)
MOST_SPELLS = 8
"""How often the champion may come to serve alone: its weight cannot be halved more often."""

CLASSES = ["a", "b", "c"]


OUTPUTS: dict[str, st.SearchStrategy[Any]] = {
    "binary": chances.map(lambda p: {False: 1.0 - p, True: p}) | st.sampled_from([{True: 1.0}, {False: 1.0}]),
    "multiclass": st.lists(chances, min_size=1, max_size=3).map(
        lambda said: dict(zip(CLASSES, said, strict=False))
    ),
    "regression": st.floats(-1e6, 1e6) | st.floats(-5.0, 20.0),
}
LABELS: dict[str, st.SearchStrategy[Any]] = {
    "binary": st.booleans(),
    "multiclass": st.sampled_from([*CLASSES, "new"]),
    "regression": st.floats(-1e6, 1e6) | st.floats(-5.0, 20.0),
}


@st.composite
def events(draw: st.DrawFn, task: str) -> list[tuple[dict[str, Any], Any]]:
    """What models put out for each example, some of them nothing, and the label that follows."""
    outputs = st.fixed_dictionaries(
        {"champion": OUTPUTS[task]}, optional=dict.fromkeys(NAMES[1:], OUTPUTS[task])
    )
    # The same again and again is what hurts a mixture most.
    some = draw(st.lists(st.tuples(outputs, LABELS[task]), min_size=1, max_size=4))
    times = draw(st.lists(st.integers(1, 60), min_size=len(some), max_size=len(some)))
    return [event for event, count in zip(some, times, strict=True) for _ in range(count)]


def made_of(names: list[str]) -> Mixture:
    mixture = Mixture("champion", SPAN)
    for name in names[1:]:
        mixture.join(name)
    mixture.start()
    return mixture


def losses_of(
    how: Aggregation, mixture: Mixture, outputs: Mapping[str, Any], label: Any
) -> tuple[dict[str, float], float]:
    """Of each model, and of what they serve together."""
    span = around(outputs.values(), SPAN, MARGIN) if how.spans else SPAN
    together = how.combine([(share, outputs[name]) for name, share in mixture.shares(outputs)], span)
    losses = {name: how.loss(said, label, span) for name, said in outputs.items()}
    return losses, how.loss(together, label, span)


@pytest.mark.parametrize("task", TASKS)
@given(st.data())
@settings(max_examples=60)
def test_a_forecast_put_together_loses_no_more_than_the_weights_allow(task: str, data: st.DataObject) -> None:
    how = find_task(task).aggregation
    outputs = data.draw(st.lists(OUTPUTS[task], min_size=1, max_size=4))
    given_ = data.draw(st.lists(st.floats(1e-9, 1.0), min_size=len(outputs), max_size=len(outputs)))
    weights = [weight / math.fsum(given_) for weight in given_]
    together = how.combine(list(zip(weights, outputs, strict=True)), SPAN)
    label = data.draw(LABELS[task])
    allowed = -math.log(
        sum(
            w * math.exp(-RATE * how.loss(said, label, SPAN))
            for w, said in zip(weights, outputs, strict=True)
        )
    )
    assert how.loss(together, label, SPAN) <= allowed / RATE + 1e-9


@pytest.mark.parametrize("task", TASKS)
@given(st.data())
@settings(max_examples=60)
def test_the_loss_of_what_is_served_together_is_bounded_by_the_champions(
    task: str, data: st.DataObject
) -> None:
    how, mixture = find_task(task).aggregation, made_of(NAMES)
    regret = 0.0
    for number, (outputs, label) in enumerate(data.draw(events(task)), 1):
        losses, loss = losses_of(how, mixture, outputs, label)
        regret += loss - losses["champion"]
        mixture.update(losses, loss)
        assert regret <= bound(CHAMPION, number) + 1e-9
        assert not mixture.alone
        assert math.fsum(mixture.weights.values()) == pytest.approx(1.0)
        assert mixture.regret == pytest.approx(regret)


@pytest.mark.parametrize("task", TASKS)
@given(st.data())
@settings(max_examples=60)
def test_with_late_labels_what_is_outstanding_may_be_lost_beyond_the_bound(
    task: str, data: st.DataObject
) -> None:
    """Beyond the bound the champion serves alone, until its weight is half of what it was the time before."""
    how, mixture = find_task(task).aggregation, made_of(NAMES)
    delay = data.draw(st.integers(1, 30))
    waiting: list[tuple[dict[str, float], float | None]] = []
    regret = stopped = 0.0
    for outputs, label in data.draw(events(task)):
        losses, together = losses_of(how, mixture, outputs, label)
        loss = None if mixture.alone else together
        regret += 0.0 if loss is None else loss - losses["champion"]
        waiting.append((losses, loss))
        if len(waiting) > delay:
            spells = mixture.spells
            mixture.update(*waiting.pop(0), delay)
            stopped += mixture.bound if mixture.spells > spells else 0.0
        most = stopped + mixture.bound + (delay + 1) * (mixture.spells + 1)
        assert regret <= most
        assert mixture.spells <= MOST_SPELLS


def test_one_that_is_right_gets_the_weight_and_another_gets_it_soon_when_that_is_wrong() -> None:
    mixture = Mixture("champion", SPAN)
    for name in NAMES[1:]:
        mixture.join(name)
    others = (1 - CHAMPION) / 3
    assert mixture.weights == pytest.approx(
        {"champion": CHAMPION, "vetted": others, "fresh": others, "masked": others}
    )
    for right in ("fresh", "vetted"):
        for _ in range(20):
            mixture.update({name: 0.0 if name == right else 0.5 for name in NAMES}, None)
        assert mixture.leader == right
        assert mixture.weights[right] > 0.95
        assert min(mixture.weights.values()) >= SHARE * others


def test_one_that_joins_later_has_a_part_and_one_that_replaces_another_has_its_weight() -> None:
    mixture = Mixture("champion", SPAN)
    mixture.join("vetted")
    mixture.start()
    for _ in range(20):
        mixture.update({"champion": 0.5, "vetted": 0.0}, 0.1)
    before = mixture.weights["vetted"]
    mixture.join("masked", instead_of="vetted")
    assert mixture.weights["masked"] == before
    mixture.join("fresh")
    assert mixture.weights["fresh"] == pytest.approx((1 - CHAMPION) / 2)
    assert mixture.first == pytest.approx(CHAMPION * (1 - mixture.weights["fresh"]))
    assert math.fsum(mixture.weights.values()) == pytest.approx(1.0)
    assert mixture.prior == pytest.approx(
        {"champion": CHAMPION, "masked": (1 - CHAMPION) / 2, "fresh": (1 - CHAMPION) / 2}
    )


def test_beyond_the_bound_the_champion_serves_alone_until_it_has_lost_most_of_its_weight() -> None:
    mixture = made_of(["champion", "vetted"])
    mixture.update({"champion": 0.0, "vetted": 1.0}, 0.1)
    assert not mixture.alone
    mixture.update({"champion": 0.0, "vetted": 1.0}, 0.1)
    assert mixture.alone
    assert mixture.leader == "champion"
    times = 0
    while mixture.alone:
        mixture.update({"champion": 1.0, "vetted": 0.0}, None)
        times += 1
    assert mixture.weights["champion"] < 0.25
    assert 2 < times < 10
    # The next time it takes half of that.
    while not mixture.alone:
        mixture.update({"champion": 0.0, "vetted": 1.0}, 1.0)
    assert mixture.spells == 2
    while mixture.alone:
        mixture.update({"champion": 1.0, "vetted": 0.0}, None)
    assert mixture.weights["champion"] < 0.125


def test_what_is_small_beside_the_span_tells_models_apart_that_differ_little() -> None:
    how = find_task("regression").aggregation
    close = around([10.0, 10.5], (0.0, 1000.0), 1.0)
    assert close == (9.0, 11.5)
    assert how.loss(10.0, 10.5, close) == pytest.approx(0.04)
    assert how.loss(10.0, 10.5, (0.0, 1000.0)) < 1e-6


def test_a_model_that_did_better_before_begins_with_more() -> None:
    mixture = Mixture("champion", SPAN)
    mixture.join("guarded")
    mixture.join("fresh")
    mixture.start("guarded", 1.0)
    assert mixture.weights["fresh"] == pytest.approx((1 - CHAMPION) / 2, rel=0.01)
    assert mixture.weights["guarded"] == pytest.approx(0.43, abs=0.01)
    assert mixture.first == mixture.weights["champion"]
