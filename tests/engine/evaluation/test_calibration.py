import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.evaluation.calibration import Calibration
from tests.support.scored import fill, make, streams

events = st.lists(
    st.tuples(st.one_of(st.floats(0, 1), st.sampled_from([i / 10 for i in range(11)])), st.booleans())
)


def _filled(found: list[tuple[float, bool]]) -> Calibration:
    calibration = Calibration()
    for probability, happened in found:
        calibration.add(probability, happened=happened)
    return calibration


@given(events)
def test_the_error_is_the_mean_gap_between_what_was_said_and_what_happened(
    found: list[tuple[float, bool]],
) -> None:
    """As in Guo et al. (2017), equations 2 to 5, with ten bins that are open below."""
    expected = 0.0
    calibration = _filled(found)
    for number, bin_ in enumerate(calibration.bins()):
        inside = [
            (p, y) for p, y in found if number / 10 < p <= (number + 1) / 10 or (number == 0 and p == 0.0)
        ]
        assert bin_.events == len(inside)
        if inside:
            said = sum(p for p, _ in inside) / len(inside)
            happened = sum(y for _, y in inside) / len(inside)
            assert bin_.said == pytest.approx(said)
            assert bin_.happened == happened
            expected += len(inside) / len(found) * abs(said - happened)
    assert calibration.error() == (pytest.approx(expected) if found else None)


def test_who_says_what_is_so_has_no_error_and_who_is_sure_of_the_opposite_has_one_of_one() -> None:
    assert _filled([(0.25, happened) for happened in (True, False, False, False)]).error() == 0.0
    assert _filled([(1.0, False), (0.0, True)]).error() == 1.0


@given(events, events)
def test_calibrations_can_be_added(first: list[tuple[float, bool]], second: list[tuple[float, bool]]) -> None:
    merged = _filled(first)
    merged.merge(_filled(second))
    whole = _filled(first + second)
    assert (merged.events, merged.observed) == (whole.events, whole.observed)
    assert merged.error() == pytest.approx(whole.error())


def test_a_probability_that_is_none_is_passed_over_and_one_beyond_its_bounds_is_certain() -> None:
    calibration = _filled([(math.nan, True)])
    assert calibration.error() is None
    calibration.correct(math.nan, 1)
    assert calibration == Calibration()
    assert _filled([(1.0000001, True), (-1e-9, False), (math.inf, True)]).error() == 0.0


@given(streams("binary", smallest=1))
def test_in_a_binary_task_the_probability_is_that_of_the_positive_class(
    found: list[tuple[object, bool]],
) -> None:
    expected = Calibration()
    for output, label in found:
        expected.add(output[True], happened=label)  # type: ignore[index]  # a mapping of two
    assert fill(make("binary"), "binary", found).run_scores().calibration == expected.bins()


@given(streams("multiclass", smallest=1))
def test_of_several_classes_the_probability_is_that_of_being_right(found: list[tuple[object, str]]) -> None:
    expected = Calibration()
    for output, label in found:
        shares: dict[str, float] = output  # type: ignore[assignment]  # a mapping of three
        top = max(shares, key=lambda name: shares[name])
        expected.add(shares[top], happened=top == label)
    assert fill(make("multiclass"), "multiclass", found).run_scores().calibration == expected.bins()


def test_values_have_no_calibration() -> None:
    standing = fill(make("regression"), "regression", [(1.0, 1.0)]).run_scores()
    assert standing.calibration_error is None
    assert standing.calibration == ()
