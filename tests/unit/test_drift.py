import math
import pickle
from collections.abc import Iterable
from random import Random

import pytest

from engine.monitoring.drift import LossDrift


def alarms(drift: LossDrift, losses: Iterable[float]) -> list[int]:
    return [index for index, loss in enumerate(losses) if drift.update(loss)]


def errors(seed: int, rate: float, count: int, unit: float = 1.0) -> list[float]:
    random = Random(seed)  # noqa: S311
    return [unit * (random.random() < rate) for _ in range(count)]


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_rise_alarms_soon_whatever_the_unit_of_the_loss(unit: float) -> None:
    drift = LossDrift(0.002)
    assert alarms(drift, errors(1, 0.2, 3000, unit)) == []
    found = alarms(drift, errors(2, 0.4, 1000, unit))
    assert found
    assert found[0] < 400


def test_a_fall_is_a_change_but_no_alarm_and_a_later_rise_is_one() -> None:
    drift = LossDrift(0.002)
    assert alarms(drift, errors(1, 0.5, 3000)) == []
    assert alarms(drift, errors(2, 0.1, 3000)) == []
    assert alarms(drift, errors(3, 0.5, 1000)) != []


def test_losses_that_do_not_change_do_not_alarm() -> None:
    random = Random(4)  # noqa: S311
    assert alarms(LossDrift(0.002), [random.expovariate(0.01) for _ in range(30_000)]) == []


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_changes_nothing(bad: float) -> None:
    losses = [*errors(1, 0.2, 2000), *errors(2, 0.6, 500)]
    clean, dirty = LossDrift(0.002), LossDrift(0.002)
    expected = [clean.update(loss) for loss in losses]
    got = []
    for loss in losses:
        assert dirty.update(bad) is False
        got.append(dirty.update(loss))
    assert any(expected)
    assert got == expected


@pytest.mark.parametrize("cut", [0, 50, 100, 1999, 2100])
def test_a_pickled_detector_goes_on_as_if_it_had_not_been(cut: int) -> None:
    losses = [*errors(1, 0.2, 2000), *errors(2, 0.6, 500)]
    whole = LossDrift(0.002)
    expected = alarms(whole, losses)
    first = LossDrift(0.002)
    before = alarms(first, losses[:cut])
    saved = pickle.dumps(first)
    alarms(first, errors(9, 0.9, 500))  # a snapshot is a value: what comes later does not change it
    after = alarms(pickle.loads(saved), losses[cut:])  # noqa: S301
    assert expected
    assert before + [cut + index for index in after] == expected


def test_a_model_without_any_loss_at_first_alarms_when_it_starts_to_lose() -> None:
    drift = LossDrift(0.002)
    assert alarms(drift, [0.0] * 1000) == []
    assert alarms(drift, errors(2, 0.5, 500)) != []
