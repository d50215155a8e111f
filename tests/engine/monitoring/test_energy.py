"""The energy distance: scipy's, quiet on clean columns of every shape, and not blind."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import energy_distance  # type: ignore[import-untyped]

from engine.monitoring.config import MonitoringConfig
from engine.monitoring.drift.energy import ENERGY, energy, energy_by_chance
from tests.engine.monitoring.test_distances import NUMBERS
from tests.support.verdicts import found, put, verdict

Shape = Callable[[np.random.Generator, int], np.ndarray]

SHAPES: dict[str, Shape] = {
    "normal": lambda random, rows: random.normal(size=rows),
    "skewed": lambda random, rows: random.exponential(size=rows),
    "long tail": lambda random, rows: random.pareto(1.5, size=rows),
    "longest tail": lambda random, rows: np.exp(2 * random.normal(size=rows)),
    "rare flag": lambda random, rows: (random.random(rows) < 0.01).astype(float),
    "flag": lambda random, rows: (random.random(rows) < 0.3).astype(float),
    "counts": lambda random, rows: random.poisson(2, size=rows).astype(float),
    "hours": lambda random, rows: random.integers(0, 24, size=rows).astype(float),
    "mostly 0": lambda random, rows: (random.random(rows) < 0.05) * np.exp(2 * random.normal(size=rows)),
}
SIZES = [(1000, 1000), (1000, 50), (50, 1000), (30, 30), (300, 5)]


@given(NUMBERS.filter(lambda values: max(values) - min(values) > 0.01), NUMBERS)
def test_the_distance_is_scipy_s_whatever_the_unit(before: list[float], now: list[float]) -> None:
    expected = energy_distance(before, now) / math.sqrt(np.std(before))
    assert energy(before, now) == pytest.approx(expected, rel=1e-9)
    larger = energy([8 * value for value in before], [8 * value for value in now])
    assert larger == pytest.approx(energy(before, now), rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("before", "now"), SIZES)
def test_clean_columns_stay_below_what_chance_explains(shape: str, before: int, now: int) -> None:
    random = np.random.default_rng([before, now, len(shape)])
    ratios = []
    for _ in range(200):
        reference, current = (SHAPES[shape](random, rows).tolist() for rows in (before, now))
        if min(reference) < max(reference):
            ratios.append(energy(reference, current) / energy_by_chance(reference, current))
    assert len(ratios) > 40
    assert max(ratios) < 1


@pytest.mark.parametrize("shape", ["normal", "skewed", "counts", "hours"])
def test_a_shift_and_a_change_of_scale_are_found(shape: str) -> None:
    random = np.random.default_rng(3)
    reference, current = (SHAPES[shape](random, 1000) for _ in range(2))
    spread = float(np.std(reference))
    for changed in (current + 0.5 * spread, current * 2, np.mean(current) + (current - np.mean(current)) / 3):
        values = reference.tolist(), changed.tolist()
        assert energy(*values) > max(ENERGY.warn, energy_by_chance(*values))
    moved = reference.tolist(), (current + 2 * spread).tolist()
    assert energy(*moved) > max(ENERGY.fail, energy_by_chance(*moved))


@given(
    NUMBERS.filter(lambda values: max(values) - min(values) > 0.01), st.lists(st.floats(-9, 9), min_size=1)
)
def test_the_limit_is_a_number_for_any_samples(before: list[float], now: list[float]) -> None:
    assert 0 < energy_by_chance(before, now) < math.inf


def test_the_configuration_chooses_it_for_all_numbers_or_for_a_column() -> None:
    hot = put("temp", [30.0 + index / 50 for index in range(300)])
    for drift in ({"numeric_method": "energy"}, {"columns": {"temp": {"method": "energy"}}}):
        config = MonitoringConfig.model_validate({"drift": drift})
        result = verdict(hot, config=config, full=True)
        assert {("drift", "temp", "fail"), ("range", "temp", "fail")} <= found(result)
        (check,) = [check for check in result.checks if (check.name, check.column) == ("drift", "temp")]
        assert check.limit == ENERGY.fail
        assert ENERGY.label.encode() in result.snapshot
        assert b"could not be run" not in result.snapshot
        assert verdict(config=config).status == "pass"


def test_a_method_of_the_other_kind_leaves_a_column_as_it_is() -> None:
    config = MonitoringConfig.model_validate(
        {"drift": {"columns": {"carrier": {"method": "energy", "warn": 1}}}}
    )
    swapped = put("carrier", ["X", "Y"])
    assert verdict(swapped, config=config).checks == verdict(swapped).checks


@pytest.mark.parametrize(
    ("drift", "message"),
    [
        ({"numeric_method": "jensen_shannon"}, "numeric_method: expected one of wasserstein, energy"),
        ({"category_method": "energy"}, "category_method: expected one of jensen_shannon, got 'energy'"),
        ({"columns": {"temp": {"method": "psi"}}}, "expected one of wasserstein, energy, jensen_shannon"),
        ({"numeric_method": "energy", "numeric_fail": 0.1}, r"numeric_warn \(0.2\) is above numeric_fail"),
    ],
)
def test_a_method_that_is_not_there_is_an_error(drift: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MonitoringConfig.model_validate({"drift": drift})
