import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon  # type: ignore[import-untyped]
from scipy.stats import wasserstein_distance  # type: ignore[import-untyped]

from engine.monitoring.drift.jensen_shannon import jensen_shannon
from engine.monitoring.drift.wasserstein import wasserstein

NUMBERS = st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=2, max_size=60)
CATEGORIES = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=60)


@given(NUMBERS.filter(lambda values: max(values) - min(values) > 0.01), NUMBERS)
def test_the_wasserstein_distance_is_scipy_s(before: list[float], now: list[float]) -> None:
    expected = wasserstein_distance(before, now) / np.std(before)
    assert wasserstein(before, now) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(CATEGORIES, CATEGORIES)
def test_the_jensen_shannon_distance_is_scipy_s(before: list[str], now: list[str]) -> None:
    shares = [[Counter(side)[name] for name in "abcdef"] for side in (before, now)]
    expected = 0.0 if before == now else jensenshannon(*shares)
    found = jensen_shannon(before, now)
    assert found == pytest.approx(0.0 if math.isnan(expected) else expected, abs=1e-7)
    assert found == jensen_shannon(before[::-1], now[::-1])
