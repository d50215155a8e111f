"""Laws 3 and 7 on spoilt records, as many as a test may take; `python -m benchmarks.fuzz` runs a million."""

import pytest

from benchmarks.fuzz import BLOCK, POLICIES, Tally, fuzz
from benchmarks.mutations import EMBEDDED, MUTATIONS


@pytest.fixture(scope="module")
def tally() -> Tally:
    """`fuzz` itself raises where a law is broken."""
    return fuzz(20_000, seed=1, block=2_000)


def test_spoilt_records_stop_nothing_train_nothing_and_are_all_counted(tally: Tally) -> None:
    assert tally.counts.add_up()
    assert tally.counts.records == tally.done.total() == 20_000
    assert tally.counts.rejected == tally.rejected.total()
    assert tally.counts.unmatched == tally.unmatched.total()
    assert tally.counts.warned == tally.warned.total()


def test_the_fuzz_run_is_worth_the_trouble(tally: Tally) -> None:
    """Without this, it could pass because nothing is spoilt, or because all is turned away."""
    assert tally.done.keys() == MUTATIONS.keys() | {"none", EMBEDDED}
    assert min(tally.done.values()) > 50
    hurt = tally.rejected["none"] + tally.warned["none"]
    assert hurt < tally.done["none"] / 100, "what is not spoilt goes on, whatever time its neighbours claim"
    assert tally.unmatched["none"] < tally.done["none"] / 10
    assert min(tally.counts.warned, tally.counts.matched, tally.counts.expired) > 1000
    always = {"truncated", "random bytes", "bad UTF-8", "UTF-16", "byte order mark", "oversized", "odd kind"}
    for what in always:
        assert tally.rejected[what] == tally.done[what]
    assert len(POLICIES) <= 20_000 / 2_000, "each policy has its turn"
    assert BLOCK > 2_000


def test_the_same_seed_gives_the_same_run() -> None:
    assert fuzz(1_000, seed=3, block=500) == fuzz(1_000, seed=3, block=500)
    assert fuzz(1_000, seed=3) != fuzz(1_000, seed=4)
