"""Losses of whole windows as a reason to suspect: above the usual, or behind the baseline."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.supervision.config import SupervisionConfig
from engine.supervision.decisions import ProposedDecision
from engine.supervision.supervisor import Supervisor
from tests.support.suspicions import make_supervisor, suspect

EVENTS = 500


def make(*, bounded: bool = True, **more: object) -> Supervisor:
    config = SupervisionConfig.model_validate({"min_events": 100, "tolerance": 0.01} | more)
    return make_supervisor(config, bounded=bounded)


def feed(supervisor: Supervisor, losses: list[float], baseline: float = 0.9) -> list[ProposedDecision | None]:
    return [supervisor.on_window(number, EVENTS, loss, baseline) for number, loss in enumerate(losses)]


def test_a_loss_clearly_above_the_usual_is_suspect_and_its_window_is_remembered_once() -> None:
    supervisor = make()
    *quiet, found = feed(supervisor, [0.1, 0.11, 0.09, 0.2])
    assert quiet == [None, None, None]
    assert found is not None
    assert found.action == "suspect"
    assert "the loss rose to 0.2000; against the baseline's 0.9000, up to 0.1841 is usual" in found.reason
    assert (supervisor.distrusts(3), supervisor.distrusts(3), supervisor.distrusts(2)) == (True, False, False)


@pytest.mark.parametrize("bounded", [True, False])
def test_chance_alone_hardly_ever_raises_it(bounded: bool) -> None:
    """Brier-like losses of a model that stays as it is, and errors with a tail: 20,000 windows each."""
    random = np.random.default_rng(1)
    shape = (20_000, EVENTS)
    losses = random.beta(0.4, 2.0, shape) if bounded else random.exponential(1.0, shape)
    found = feed(make(bounded=bounded, on_baseline=False), losses.mean(axis=1).tolist())
    assert sum(finding is not None for finding in found) <= 1


def test_a_loss_that_rises_with_the_baselines_says_nothing_of_the_model() -> None:
    supervisor = make()
    pairs = [(0.1, 0.2), (0.1, 0.2), (0.2, 0.4), (0.1, 0.2)]
    assert [supervisor.on_window(n, EVENTS, *pair) for n, pair in enumerate(pairs)] == [None] * 4
    assert supervisor.on_window(4, EVENTS, 0.23, 0.25) is not None


def test_a_slow_rise_moves_the_usual() -> None:
    assert feed(make(), [0.1 + 0.001 * number for number in range(200)]) == [None] * 200


def test_too_few_labels_say_nothing() -> None:
    supervisor = make()
    feed(supervisor, [0.1, 0.1])
    assert supervisor.on_window(2, 99, 0.9, 0.1) is None
    assert supervisor.on_window(3, 0, None, None) is None


def test_while_the_loss_is_high_every_window_counts_and_the_usual_does_not_follow() -> None:
    supervisor = make(on_baseline=False)
    feed(supervisor, [0.1] * 5)
    suspect(supervisor, [])
    assert feed(supervisor, [0.3] * 7) == [None] * 7, "a suspicion is open already"
    assert all(supervisor.distrusts(number) for number in range(7))


def test_a_change_that_is_accepted_is_the_new_usual() -> None:
    supervisor = make(patience=2)
    feed(supervisor, [0.1] * 5)
    suspect(supervisor, ["s"])
    supervisor.on_verdict("fail", "window 5")
    accepted = supervisor.on_verdict("fail", "window 6")
    assert accepted is not None
    assert accepted.action == "accept"
    assert feed(supervisor, [0.3, 0.3, 0.31]) == [None] * 3


def test_behind_the_baseline_is_suspect_only_when_it_fell_there() -> None:
    supervisor = make(on_loss_rise=False)
    assert feed(supervisor, [0.3, 0.3, 0.25], 0.2) == [None] * 3, "it has never been ahead"
    assert feed(supervisor, [0.1], 0.2) == [None]
    (found,) = feed(supervisor, [0.21], 0.2)
    assert found is not None
    assert "worse than the baseline: loss 0.2100 against 0.2000" in found.reason
    assert feed(supervisor, [0.21, 0.199, 0.21], 0.2) == [None] * 3, "until it is clearly ahead again"


def test_what_is_switched_off_is_no_reason() -> None:
    supervisor = make(on_loss_rise=False, on_baseline=False)
    assert feed(supervisor, [0.1, 0.1, 0.9], 0.2) == [None] * 3
    assert not supervisor.distrusts(2)


@given(st.lists(st.floats(0, 1), max_size=30), st.booleans())
def test_while_labels_are_held_no_loss_is_a_reason(losses: list[float], open_one: bool) -> None:
    supervisor = make()
    if open_one:
        suspect(supervisor, [])
    supervisor.on_labels(failed=True, reason="turned")
    assert feed(supervisor, losses, 0.1) == [None] * len(losses)
