import math
from collections.abc import Iterable
from random import Random
from statistics import median

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river.drift import ADWIN

from engine.monitoring.detectors.loss_drift import LossDrift, LossDriftState


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


@given(cut=st.sampled_from([0, 50, 100]) | st.integers(0, 2500), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_a_restored_detector_goes_on_as_if_it_had_not_been(cut: int, seed: int) -> None:
    losses = [*errors(seed, 0.2, 2000), *errors(seed + 100, 0.6, 500)]
    whole = LossDrift(0.002)
    expected = alarms(whole, losses)
    first, again = LossDrift(0.002), LossDrift(0.002)
    before = alarms(first, losses[:cut])
    saved = msgspec.msgpack.encode(first.state())
    alarms(first, errors(9, 0.9, 500))  # a state is a value: what comes later does not change it
    again.restore(msgspec.msgpack.decode(saved, type=LossDriftState))
    after = alarms(again, losses[cut:])
    assert expected
    assert before + [cut + index for index in after] == expected


def test_a_model_without_any_loss_at_first_alarms_when_it_starts_to_lose() -> None:
    drift = LossDrift(0.002)
    assert alarms(drift, [0.0] * 1000) == []
    assert alarms(drift, errors(2, 0.5, 500)) != []


@given(st.integers(0, 10_000), st.floats(0.1, 5.0))
@settings(max_examples=20, deadline=None)
def test_alarms_come_at_the_losses_at_which_adwin_itself_raises_them(seed: int, jump: float) -> None:
    """ADWIN is given its values in blocks here; one that is given each at once alarms at the same ones."""
    random = Random(seed)  # noqa: S311 - test data
    losses = [random.random() * (1.0 if i < 400 else jump) for i in range(900)]
    ours, alarms, expected = LossDrift(0.05), [], []
    first: list[float] = []
    unit, adwin = 1.0, ADWIN()  # type: ignore[no-untyped-call]
    for place, loss in enumerate(losses):
        if ours.update(loss):
            alarms.append(place)
        if len(first) < 100:
            first.append(loss)
            if len(first) == 100:
                unit = median(first)
                adwin = ADWIN(delta=0.05, grace_period=100, min_window_length=30)  # type: ignore[no-untyped-call]
                for one in first:
                    adwin.update(one / unit)  # type: ignore[no-untyped-call]
            continue
        before = adwin.estimation
        adwin.update(loss / unit)  # type: ignore[no-untyped-call]
        if adwin.drift_detected:
            first = []
            if adwin.estimation > before:
                expected.append(place)
    assert alarms == expected
