"""What a program that embeds the engine may do with it, and what it is told when it may not."""

import copy
import gc
import pickle
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from engine.config import EngineConfig
from engine.core.engine import Engine
from engine.errors import UsageError
from engine.events import Event
from engine.records.values import Example, Label, Record
from engine.registry.versions import Version
from tests.support.engines import SETUPS, ScriptedJudge, make_config, make_stream

cloudpickle = pytest.importorskip("cloudpickle")  # comes with scikit-learn


def quiet(**sections: Any) -> EngineConfig:
    """A configuration whose engine starts no process."""
    return make_config(**{"monitoring": {"reports": False}, **sections})


def pickled(engine: Engine) -> Engine:
    return pickle.loads(pickle.dumps(engine))  # type: ignore[no-any-return]  # noqa: S301 - our own


def cloudpickled(engine: Engine) -> Engine:
    return pickle.loads(cloudpickle.dumps(engine))  # type: ignore[no-any-return]  # noqa: S301 - our own


def told(events: list[Event]) -> list[Event]:
    """Events without the bytes of models, which know which equal strings were one object."""
    return [replace(event, saved=b"", digest="") if isinstance(event, Version) else event for event in events]


def test_an_iterator_that_raises_changes_nothing() -> None:
    def source() -> Iterator[Record]:
        yield Example("a", 1.0, {"a": 1.0})
        raise OSError("the source is gone")

    engine = Engine(quiet())
    before = engine.snapshot()
    with pytest.raises(OSError, match="the source is gone"):
        engine.process(source())
    assert engine.snapshot() == before


def test_an_iterator_that_asks_the_engine_is_drained_first() -> None:
    engine, found = Engine(quiet()), []

    def source() -> Iterator[Record]:
        found.append(engine.process([Example("inner", 1.0, {"a": 1.0})]))
        yield Example("outer", 2.0, {"a": 1.0})

    found.append(engine.process(source()))
    assert [[event.id for event in events if hasattr(event, "id")] for events in found] == [
        ["inner"],
        ["outer"],
    ]


@pytest.mark.parametrize(
    "given", [Example("a", 1.0, {}), Label("a", 1.0, True), {"id": "a"}, b'{"id": "a"}', "{}", None, 5]
)
def test_a_single_record_in_place_of_a_list_is_refused(given: Any) -> None:
    engine = Engine(quiet())
    with pytest.raises(UsageError, match=r"expected a list of records.*write process\(\[record\]\)"):
        engine.process(given)
    assert engine.counts.records == 0


CALLS: list[Callable[[Engine], object]] = [
    lambda engine: engine.process([]),
    lambda engine: engine.snapshot(),
    lambda engine: engine.finish(),
    lambda engine: engine.begin(),
    pickle.dumps,
]


class Held:
    """An evaluator that calls back in the middle of a batch."""

    waited = 0.0

    def __init__(self) -> None:
        self.judge = ScriptedJudge()
        self.call: Callable[[], None] = lambda: None

    def submit(self, job: Any) -> None:
        self.call()
        self.judge.submit(job)

    def collect(self, key: str, window: int) -> Any:
        return self.judge.collect(key, window)

    def close(self) -> None:
        """Nothing to do."""


def test_a_second_call_is_refused_while_one_is_under_way_and_changes_nothing() -> None:
    stream, held = make_stream(3, 200), Held()
    said: list[str] = []
    engine = Engine(make_config(), evaluator=held)

    def ask() -> None:
        for call in CALLS:
            try:
                call(engine)
            except UsageError as error:
                said.append(str(error))

    def disturb() -> None:
        other = threading.Thread(target=ask)
        other.start()
        other.join()
        ask()

    held.call = disturb
    events = engine.process(stream)
    from_threads = [line for line in said if "in use by another thread" in line and "Put a lock" in line]
    from_within = [line for line in said if "called from within a call of its own" in line]
    assert len(from_threads) == len(from_within) == len(said) / 2 > 0
    assert len(said) % (2 * len(CALLS)) == 0
    assert events == Engine(make_config(), evaluator=ScriptedJudge()).process(stream)


def test_a_call_that_raises_leaves_the_engine_to_the_next() -> None:
    held = Held()

    def fail() -> None:
        raise OSError("no evaluator")

    held.call = fail
    engine = Engine(make_config(), evaluator=held)
    with pytest.raises(OSError, match="no evaluator"):
        engine.process(make_stream(3, 200))
    engine.snapshot()


def test_a_closed_engine_gives_its_snapshot_and_says_how_to_go_on() -> None:
    stream = make_stream(3, 200)
    with Engine(quiet()) as engine:
        engine.process(stream[:100])
    engine.close()
    calls: list[Callable[[], object]] = [lambda: engine.process(stream[100:]), engine.finish, engine.begin]
    for call in calls:
        with pytest.raises(
            UsageError, match=r"'main' is closed.*Engine\.restore\(engine\.snapshot\(\), config\)"
        ):
            call()
    whole = Engine(quiet())
    whole.process(stream[:100])
    again = Engine.restore(engine.snapshot(), quiet())
    assert told(again.process(stream[100:])) == told(whole.process(stream[100:]))


@pytest.mark.parametrize("name", ["plain", "challengers", "anomaly"])
@pytest.mark.parametrize(
    "copied",
    [
        copy.deepcopy,
        copy.copy,
        pickled,
        cloudpickled,
    ],
)
def test_a_copy_goes_on_as_the_engine_does_and_apart_from_it(
    name: str, copied: Callable[[Engine], Engine]
) -> None:
    stream = make_stream(3, 300)
    engine = Engine(quiet(**SETUPS[name]), "k")
    engine.process(stream[:150])
    other = copied(engine)
    assert (other.key, other.counts, other.scores) == (engine.key, engine.counts, engine.scores)
    assert told(other.process(stream[150:])) == told(engine.process(stream[150:]))
    assert told(other.finish()) == told(engine.finish())


def test_copies_and_engines_that_were_dropped_leave_no_thread() -> None:
    threads = threading.active_count()
    engine = Engine(quiet())
    engine.process(make_stream(3, 200))
    del engine
    gc.collect()
    assert threading.active_count() == threads
