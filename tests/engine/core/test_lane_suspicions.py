"""The native lane while a champion is suspected: whoever takes a record, the same is served and known."""

from itertools import cycle, repeat
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.lanes.compare import Engines, by_engine, by_lane
from benchmarks.lanes.suspicions import suspicious_settings, suspicious_stream
from engine.config import EngineConfig
from engine.core.engine import Engine
from tests.support.compiled import needs_crate

pytestmark = needs_crate

_ALL = 10**9


def suspected(
    seed: int, *, kinds: bool, expires: bool = True, **supervision: Any
) -> tuple[Engines, list[bytes]]:
    """Engines that soon suspect their champion, and a stream of which labels may come too late."""
    random = Random(seed)  # noqa: S311 - test data
    sections = suspicious_settings(random, kinds=kinds)
    sections["supervision"] |= supervision
    if not expires:
        sections.pop("labels", None)
    lines = suspicious_stream(random, 700, kinds=kinds)
    return Engines(EngineConfig.from_dict(sections), verdicts=seed), lines


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    kinds=st.booleans(),
    cuts=st.lists(st.integers(1, 300), min_size=1, max_size=4),
    most=st.sampled_from([[_ALL], [1], [2, 7], [_ALL, 3]]),
    restarts=st.sampled_from([0, 0, 3]),
)
def test_whoever_takes_a_record_the_same_is_served_and_known(
    seed: int, kinds: bool, cuts: list[int], most: list[int], restarts: int
) -> None:
    engines, lines = suspected(seed, kinds=kinds)
    expected = by_engine(engines, lines, cycle(cuts) if restarts else repeat(100), restarts)
    ran = by_lane(engines, lines, cycle(cuts), cycle(most), restarts)
    assert [*expected.differences(ran)] == []
    assert expected.same(ran)


def natively(engine: Engine, lines: list[bytes]) -> tuple[int, int]:
    """Records, and those taken natively, while there is a suspicion before and after them."""
    taken = native = 0
    for at in range(0, len(lines), 10):
        part, before, suspecting = lines[at : at + 10], engine.native_records, engine.supervisor.suspecting
        engine.process_lines(part)
        if suspecting and engine.supervisor.suspecting:
            taken, native = taken + len(part), native + engine.native_records - before
    return taken, native


@pytest.mark.parametrize("serve", ["together", "switch"])
@pytest.mark.parametrize("kinds", [False, True])
def test_nearly_all_records_are_taken_natively_under_a_suspicion(serve: str, kinds: bool) -> None:
    found = []
    for seed in range(8):
        quiet = {"serve": serve, "guard": False, "compare_after": 0}
        engines, lines = suspected(seed, kinds=kinds, expires=False, **quiet)
        with engines.begun() as engine:
            engine.begin()
            found.append(natively(engine, lines))
    taken, native = map(sum, zip(*found, strict=True))
    assert taken > 1000
    assert native > 0.9 * taken


def test_a_shadow_that_proves_better_takes_over_at_the_same_record() -> None:
    changed = 0
    for seed in range(12):
        engines, lines = suspected(seed, kinds=False, automatic=True, alpha=0.5, cooldown=0)
        expected = by_engine(engines, lines, repeat(100))
        assert [*expected.differences(by_lane(engines, lines, repeat(100), repeat(_ALL)))] == []
        decisions = expected.written.get("decisions", b"")
        changed += sum(decisions.count(b'"action":"%s"' % kind) for kind in (b"reset", b"rollback", b"mask"))
    assert changed >= 2
