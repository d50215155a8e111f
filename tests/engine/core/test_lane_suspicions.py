"""The native lane beside shadows and challengers: whoever takes a record, the same is served and known."""

from itertools import cycle, repeat
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.lanes.compare import Engines, by_engine, by_lane
from benchmarks.lanes.streams import ENCODED, LOGISTIC
from benchmarks.lanes.suspicions import suspicious_settings, suspicious_stream
from benchmarks.lanes.tasks import TASKS, of_task
from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.core.serialize import encode
from engine.models.config import ChallengerConfig
from engine.records.decode import Decoder
from engine.tasks.registry import find_task
from tests.support.compiled import needs_crate

pytestmark = needs_crate

_ALL = 10**9

CHANGES = (b"reset", b"rollback", b"mask", b"promotion")


def suspected(
    seed: int, *, kinds: bool, expires: bool = True, task: str = "binary", **supervision: Any
) -> tuple[Engines, list[bytes]]:
    """Engines that soon suspect their champion, and a stream of which labels may come too late."""
    random = Random(seed)  # noqa: S311 - test data
    sections = suspicious_settings(random, kinds=kinds)
    sections["supervision"] |= supervision
    if not expires:
        sections.pop("labels", None)
    lines = suspicious_stream(random, 700, kinds=kinds)
    sections, lines = of_task(task, random, sections, lines)
    return Engines(EngineConfig.from_dict(sections), verdicts=seed), lines


@settings(max_examples=25, deadline=None)
@given(
    task=st.sampled_from(TASKS),
    seed=st.integers(0, 10_000),
    kinds=st.booleans(),
    cuts=st.lists(st.integers(1, 300), min_size=1, max_size=4),
    most=st.sampled_from([[_ALL], [1], [2, 7], [_ALL, 3]]),
    restarts=st.sampled_from([0, 0, 3]),
)
def test_whoever_takes_a_record_the_same_is_served_and_known(  # noqa: PLR0913, PLR0917 - what streams and ways there are
    task: str, seed: int, kinds: bool, cuts: list[int], most: list[int], restarts: int
) -> None:
    engines, lines = suspected(seed, kinds=kinds, task=task)
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


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("serve", ["together", "switch"])
@pytest.mark.parametrize("kinds", [False, True])
def test_nearly_all_records_are_taken_natively_under_a_suspicion(task: str, serve: str, kinds: bool) -> None:
    found = []
    for seed in range(8):
        quiet = {"serve": serve, "guard": False, "compare_after": 0}
        engines, lines = suspected(seed, kinds=kinds, expires=False, task=task, **quiet)
        with engines.begun() as engine:
            engine.begin()
            found.append(natively(engine, lines))
    taken, native = map(sum, zip(*found, strict=True))
    assert taken > 1000
    assert native > 0.9 * taken


@pytest.mark.parametrize("task", TASKS)
def test_one_that_proves_better_takes_over_at_the_same_record(task: str) -> None:
    changed = 0
    for seed in range(24):
        engines, lines = suspected(seed, kinds=False, task=task, automatic=True, alpha=0.5, cooldown=0)
        expected = by_engine(engines, lines, repeat(100))
        assert [*expected.differences(by_lane(engines, lines, repeat(100), repeat(_ALL)))] == []
        decisions = expected.written.get("decisions", b"")
        changed += sum(decisions.count(b'"action":"%s"' % kind) for kind in CHANGES)
    assert changed >= 3


def challenged(**more: Any) -> dict[str, Any]:
    """Sections with a challenger that takes part in half of the predictions."""
    challenger = {"model": [*LOGISTIC[:1], {"type": LOGISTIC[1], "l2": 0.1}], "share": 0.5}
    return {
        "model": {"task": "binary", "model": LOGISTIC},
        "window": {"count": 100},
        "supervision": {"guard": False, "on_loss_drift": False, "on_loss_rise": False},
        "challengers": {"other": challenger},
    } | more


def test_a_challenger_goes_along_natively() -> None:
    lines = suspicious_stream(Random(1), 600, kinds=True)[:600]  # noqa: S311 - test data
    kind = {"kind": {"field": "kind", "example": "ex", "label": "late"}}
    engines = Engines(EngineConfig.from_dict(challenged(record=kind, monitoring={"reports": False})))
    ran = by_lane(engines, lines, repeat(70), cycle([_ALL, 5]))
    assert [*by_engine(engines, lines, repeat(100)).differences(ran)] == []
    assert by_lane(engines, lines, repeat(100), repeat(_ALL)).native > 0.9 * len(lines)
    assert b'"challengers":{"other":' in ran.written["reports"]


def test_a_challenger_that_cannot_learn_what_came_before_it_is_reported_once() -> None:
    model = {"task": "binary", "model": ENCODED}
    kind = {"kind": {"field": "kind", "example": "ex", "label": "late"}}
    before = EngineConfig.from_dict(
        {"model": model, "record": kind, "monitoring": {"reports": False}, "window": {"count": 100}}
    )
    after = before.model_copy(update={"challengers": {"plain": ChallengerConfig(model=LOGISTIC)}})
    examples = [
        b'{"kind": "ex", "id": "i%d", "time": %d, "a": 0.5, "town": "x"}' % (at, at) for at in range(9)
    ]
    labels = [b'{"kind": "late", "id": "i%d", "time": %d, "label": true}' % (at, 9 + at) for at in range(9)]
    with Engine(before) as engine:
        engine.begin()
        engine.process_lines(examples)
        saved = engine.snapshot()
    found = []
    for native in (False, True):
        with Engine.restore(saved, after) as engine:
            take = engine.process_lines if native else by_records(after, engine)
            decisions = encode(take(labels))[0]["decisions"].text
            found.append((decisions, engine.counts, engine.scores, engine.trials.run_losses()))
            assert engine.native_records == 9 * native
    assert found[0] == found[1]
    assert found[0][0].count(b"challenger plain cannot learn example 'i0'") == 1


def by_records(config: EngineConfig, engine: Engine) -> Any:
    """Takes lines as records."""
    decode = Decoder(config.record, find_task(config.model.task).labels).decode
    return lambda lines: engine.process([decode(line, "", at) for at, line in enumerate(lines)])
