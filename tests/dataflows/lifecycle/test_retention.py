"""The newest reports stay; which these are does not depend on when the run was interrupted."""

from hypothesis import given
from hypothesis import strategies as st

from dataflows.lifecycle.retention import Retention, removals


@given(
    st.lists(st.floats(0, 100), max_size=60).map(sorted),
    st.integers(1, 8),
    st.none() | st.floats(0.5, 50),
    st.integers(0, 60),
)
def test_the_newest_are_kept_and_none_is_too_old(
    ends: list[float], count: int, seconds: float | None, interrupted: int
) -> None:
    retention, files = Retention(count, seconds), set()
    for number, end in enumerate(ends):
        if number == interrupted:
            retention = Retention(count, seconds, retention.state())
        files.add(f"{number}")
        files -= set(retention.add(f"{number}", end))
        young = [n for n in range(number + 1) if seconds is None or end - ends[n] <= seconds]
        assert files == {str(n) for n in young[-count:]}
        assert [path for path, _ in retention.state()] == [str(n) for n in young[-count:]]


def test_a_time_that_leaps_ahead_removes_what_was_before_and_nothing_twice() -> None:
    retention = Retention(9, 10.0)
    assert [retention.add(str(n), end) for n, end in enumerate([1.0, 2.0, 1e9, 3.0, 4.0])] == [
        [],
        [],
        ["0", "1"],
        [],
        [],
    ]


def test_a_report_goes_with_the_page_drawn_from_it() -> None:
    assert removals("reports/main-000001.json") == ("reports/main-000001.json", "reports/main-000001.html")
