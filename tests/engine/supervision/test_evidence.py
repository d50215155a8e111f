import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.supervision.config import SupervisionConfig
from engine.supervision.evidence import Trial, threshold
from tests.support.suspicions import make_supervisor, suspect

Draw = Callable[[np.random.Generator, int], np.ndarray]
"""Rows of losses: of the champion, then of each of two shadows."""

ALPHA = 0.1
SEEDS = 200
SLACK = 3 * math.sqrt(SEEDS * ALPHA * (1 - ALPHA))
"""Three standard errors of the number of wrong decisions at the promised rate."""


def errors(random: np.random.Generator, count: int) -> np.ndarray:
    return (random.random((3, count)) < 0.3).astype(float)


def briers(random: np.random.Generator, count: int) -> np.ndarray:
    return random.beta(0.5, 2.0, (3, count))


def correlated(random: np.random.Generator, count: int) -> np.ndarray:
    return np.clip(random.random(count) + random.normal(0, 0.05, (3, count)), 0, 1)


def heavy_tailed(random: np.random.Generator, count: int) -> np.ndarray:
    return random.pareto(1.1, (3, count))


def unequal_shapes(random: np.random.Generator, count: int) -> np.ndarray:
    """The champion's losses are rare and large, the shadows' constant, of the same mean."""
    champion = (random.random(count) < 0.02).astype(float)
    return np.vstack([champion, np.full((2, count), 0.02)])


def worse(random: np.random.Generator, count: int) -> np.ndarray:
    """The shadows are worse; the first bets cannot know."""
    return (random.random((3, count)) < np.array([[0.2], [0.25], [0.3]])).astype(float)


def ever_decided(draw: Draw, count: int, window: int, *, bounded: bool) -> int:
    """In how many seeds a whole suspicion, looked at after each event, ever wants a rollback."""
    config = SupervisionConfig(alpha=ALPHA, min_events=1, tolerance=0.0, cooldown=0)
    wrong = 0
    for seed in range(SEEDS):
        supervisor = make_supervisor(config, bounded=bounded)
        rows = draw(np.random.default_rng(seed), count).tolist()
        for loss in rows[0][:200]:
            supervisor.on_loss(loss, None)  # The unit of a loss without bound is known before a suspicion.
        suspect(supervisor, ["one", "two"])
        for number, (champion, one, two) in enumerate(zip(*rows, strict=True), 1):
            if supervisor.compare(number, champion, {"one": one, "two": two}, number) is not None:
                wrong += 1
                break
            if number % window == 0:
                supervisor.next_window(number)
    return wrong


@pytest.mark.parametrize(
    ("draw", "count", "bounded"),
    [
        pytest.param(errors, 3000, True, marks=pytest.mark.long),
        (briers, 800, True),
        (correlated, 800, True),
        (heavy_tailed, 800, False),
        (unequal_shapes, 800, True),
        (worse, 800, True),
    ],
)
def test_a_shadow_that_is_no_better_is_seldom_ever_chosen_however_often_one_looks(
    draw: Draw, count: int, bounded: bool
) -> None:
    assert ever_decided(draw, count, window=100, bounded=bounded) <= SEEDS * ALPHA + SLACK


def test_a_plain_test_looked_at_so_often_would_choose_far_too_often() -> None:
    """The streams above do tempt: a z-test at the same level, looked at after each event, falls for them."""
    wrong = 0
    for seed in range(SEEDS):
        champion, shadow, _ = errors(np.random.default_rng(seed), 800)
        difference = champion - shadow
        seen = np.arange(1, 801)
        mean = difference.cumsum() / seen
        spread = np.sqrt(np.maximum((difference**2).cumsum() / seen - mean**2, 1e-12))
        wrong += bool((mean * np.sqrt(seen) > 1.2816 * spread)[30:].any())
    assert wrong > SEEDS * ALPHA + SLACK


def test_a_difference_that_matters_is_found_in_most_streams() -> None:
    found = []
    for seed in range(60):
        random = np.random.default_rng(seed)
        difference = random.normal(0.05, 0.2, 1500)
        trial = Trial(threshold(0.01, 2, 1))
        at = 1500
        for number, one in enumerate(difference.tolist()):
            trial.add(0.5 + one, 0.5, 1.0)
            if trial.decided:
                at = number
                break
        found.append(at)
    assert sum(at < 1500 for at in found) >= 54
    assert float(np.median(found)) < 800


def test_a_large_difference_is_found_sooner_than_a_small_one() -> None:
    def events(difference: float) -> int:
        trial = Trial(threshold(0.01, 1, 1))
        while not trial.decided:
            trial.add(0.5 + difference, 0.5, 1.0)
        return trial.events

    assert events(0.4) < events(0.2) < events(0.1) < events(0.05) < 3000


@pytest.mark.parametrize("alpha", [0.001, 0.01, 0.3])
@pytest.mark.parametrize("shadows", [1, 2, 7])
def test_the_shares_of_all_trials_of_all_shadows_add_up_to_alpha_at_most(alpha: float, shadows: int) -> None:
    shares = [shadows * math.exp(-threshold(alpha, shadows, number)) for number in range(1, 5000)]
    assert sum(shares) <= alpha
    assert sum(shares) > 0.99 * alpha


_losses = st.tuples(st.floats(0, 1), st.floats(0, 1))


@given(st.lists(_losses, max_size=60))
@settings(max_examples=60)
def test_a_trial_counts_what_it_saw_and_its_capital_never_runs_out(losses: list[tuple[float, float]]) -> None:
    trial = Trial(threshold(0.01, 1, 1))
    for champion, shadow in losses:
        before = trial.log_capital
        trial.add(champion, shadow, 1.0)
        step = trial.log_capital - before
        assert math.isfinite(trial.log_capital)
        assert math.log(0.25) - 1e-9 <= step <= math.log(1.75) + 1e-9
        assert step * (champion - shadow) >= 0
    assert trial.events == len(losses)
    assert trial.champion == pytest.approx(sum(champion for champion, _ in losses))
    assert trial.shadow == pytest.approx(sum(shadow for _, shadow in losses))


@given(st.lists(_losses, min_size=1, max_size=40), _losses, _losses)
@settings(max_examples=40)
def test_a_bet_is_made_before_the_event_that_settles_it(
    past: list[tuple[float, float]], one: tuple[float, float], two: tuple[float, float]
) -> None:
    def bet(last: tuple[float, float]) -> float | None:
        trial = Trial(1.0)
        for champion, shadow in past:
            trial.add(champion, shadow, 1.0)
        before = trial.log_capital
        trial.add(*last, 1.0)
        difference = last[0] - last[1]
        return math.expm1(trial.log_capital - before) / difference if abs(difference) > 0.01 else None

    first, second = bet(one), bet(two)
    if first is not None and second is not None:
        assert first == pytest.approx(second, abs=1e-6)
        assert -1e-9 <= first <= 0.75 + 1e-9


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=30), st.floats(0.001, 1000))
@settings(max_examples=30)
def test_the_unit_of_a_loss_does_not_matter(losses: list[tuple[float, float]], unit: float) -> None:
    plain, scaled = Trial(1.0), Trial(1.0)
    for champion, shadow in losses:
        plain.add(champion, shadow, 1.0)
        scaled.add(champion * unit, shadow * unit, unit)
    assert scaled.log_capital == pytest.approx(plain.log_capital, abs=1e-6)


def test_one_huge_difference_counts_no_more_than_the_unit() -> None:
    huge, one = Trial(1.0), Trial(1.0)
    for _ in range(20):
        huge.add(1e9, 0.0, 1.0)
        one.add(1.0, 0.0, 1.0)
    assert huge.log_capital == one.log_capital


def test_equal_losses_leave_the_capital_alone() -> None:
    trial = Trial(0.5)
    for _ in range(100):
        trial.add(0.3, 0.3, 1.0)
    assert trial.log_capital == 0.0
    assert not trial.decided
