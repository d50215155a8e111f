"""`keep` in a dataflow of one's own: killed and resumed, it gives what a Keeper alone gives."""

# Bytewax's compiled functions have no types.
# mypy: disable-error-code="no-untyped-call"

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import bytewax.operators as op
import orjson
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, TestingSource, cluster_main, run_main

from dataflows.operators import keep
from engine import Event, Keeper, ModelError, Prediction, Summary, Version

CONFIG: Mapping[str, Any] = {
    "model": {"task": "binary", "model": "naive_bayes.GaussianNB"},
    "record": {"key": "shop", "time_unit": "s"},
    "window": {"count": 50},
    "monitoring": {"reports": False},
}
KEYS = ("a", "b", "c")

Keyed = tuple[str, bytes]


def lines(count: int) -> list[Keyed]:
    random = Random(3)  # noqa: S311 - test data
    rows = [
        {"id": i, "time": i, "shop": KEYS[i % 3], "x": (x := random.gauss(0, 1)), "label": x > 0.2}
        for i in range(count)
    ]
    return [(str(row["shop"]), orjson.dumps(row)) for row in rows]


def flow(items: Sequence[Any], out: list[tuple[str, Event]]) -> Dataflow:
    made = Dataflow("own")
    keyed = op.input("in", made, TestingSource(items, batch_size=35))
    op.output("out", keep("keep", keyed, CONFIG), TestingSink(out))
    return made


def by_key(events: Iterable[tuple[str, Event]]) -> dict[str, list[Event]]:
    """Without versions: the bytes of a saved model depend on which equal strings are one object."""
    found: dict[str, list[Event]] = defaultdict(list)
    for key, event in events:
        if not isinstance(event, Version):
            found[key].append(event)
    return found


def once(events: Sequence[Event]) -> list[Event]:
    return [*{repr(event): event for event in events}.values()]


@pytest.fixture
def recovery(tmp_path: Path) -> RecoveryConfig:
    init_db_dir(tmp_path, 1)
    return RecoveryConfig(str(tmp_path))


def test_events_are_those_of_a_keeper_alone() -> None:
    out: list[tuple[str, Event]] = []
    run_main(flow(lines(450), out))
    with Keeper(CONFIG) as keeper:
        wanted = [(key, event) for key, line in lines(450) for event in keeper.process([line])]
        wanted += [(key, event) for key, engine in keeper.engines.items() for event in engine.finish()]
    kept = by_key(out)
    assert kept == by_key(wanted)
    assert [type(kept[key][-1]) for key in KEYS] == [Summary] * 3


def test_workers_of_one_process_share_a_keeper() -> None:
    one: list[tuple[str, Event]] = []
    run_main(flow(lines(150), one))
    two: list[tuple[str, Event]] = []
    cluster_main(flow(lines(150), two), [], 0, worker_count_per_proc=2)
    assert by_key(two) == by_key(one)


def test_an_aborted_flow_goes_on_with_the_events_of_one_that_was_not(recovery: RecoveryConfig) -> None:
    whole: list[tuple[str, Event]] = []
    run_main(flow(lines(450), whole))
    parts: list[tuple[str, Event]] = []
    stopped = [*lines(200), TestingSource.ABORT(), *lines(450)[200:]]
    for _ in range(2):
        run_main(flow(stopped, parts), recovery_config=recovery, epoch_interval=timedelta(0))
    # What came after the last whole epoch comes again.
    assert {key: once(events) for key, events in by_key(parts).items()} == by_key(whole)


def test_a_flow_that_has_ended_says_nothing_again_and_goes_on_with_more(recovery: RecoveryConfig) -> None:
    parts: list[tuple[str, Event]] = []
    ended = [*lines(300), TestingSource.EOF(), *lines(306)[300:]]
    run_main(flow(ended, parts), recovery_config=recovery)
    first = len(parts)
    run_main(flow(ended, parts), recovery_config=recovery)
    added = by_key(parts[first:])
    for key in KEYS:
        assert [event.sequence for event in added[key] if isinstance(event, Prediction)] == [100, 101]
    before = len(parts)
    run_main(flow(ended, parts), recovery_config=recovery)
    assert parts[before:] == []


def test_one_dataflow_that_runs_twice_begins_anew() -> None:
    out: list[tuple[str, Event]] = []
    made = flow(lines(90), out)
    run_main(made)
    first = [*out]
    out.clear()
    run_main(made)
    assert by_key(out) == by_key(first)


def test_a_model_that_cannot_be_built_is_found_when_the_flow_is_built() -> None:
    made = Dataflow("own")
    keyed = op.input("in", made, TestingSource(lines(1)))
    with pytest.raises(ModelError, match="NoSuchTree"):
        keep("keep", keyed, {"model": {"task": "binary", "model": "tree.NoSuchTree"}})
