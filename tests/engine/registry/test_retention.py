"""Which versions of a run are kept."""

from hypothesis import given
from hypothesis import strategies as st

from engine.registry.retention import RetentionIndex
from engine.rows import Reason, VersionRow

_REASONS: tuple[Reason, ...] = ("passed", "served together")


def version(name: str, window: int, reason: Reason) -> VersionRow:
    """A version that may go."""
    return VersionRow(
        key="main",
        name=name,
        parent="",
        role="champion",
        reason=reason,
        window=window,
        records=0,
        positions={},
        learned=0,
        learned_from=None,
        learned_to=None,
        time=0.0,
        scores={},
        targets=(),
        size=0,
        sha256="",
    )


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from(_REASONS)), max_size=30),
    st.integers(1, 8),
)
def test_so_many_are_kept_whatever_the_order_in_which_windows_are_judged(
    added: list[tuple[int, Reason]], keep: int
) -> None:
    index = RetentionIndex()
    for number, (window, reason) in enumerate(added):
        index.add(version(f"v{number}", window, reason))
        index.spare(keep)
    assert len(index.passed) == min(len(added), keep)


@given(st.permutations(range(12)), st.integers(3, 8))
def test_the_newest_and_the_oldest_stay(windows: list[int], keep: int) -> None:
    index = RetentionIndex()
    for window in windows:
        index.add(version(f"v{window}", window, "passed"))
    index.spare(keep)
    assert {0, 11} <= {*index.passed.values()}
