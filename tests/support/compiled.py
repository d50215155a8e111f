"""A compiled model beside its River twin: the same outputs to the last bit, and the same bytes when saved."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import strategies as st

from engine.models.native import crate_version
from engine.models.operations import task_ops
from engine.models.running import RunningModel
from engine.models.serialization import dump, load

needs_crate = pytest.mark.skipif(
    crate_version() is None, reason="riverkeeper-native is not built (docs/native.md says how)"
)

Step = tuple[str, dict[str, Any], Any]
"""What is asked of a model: predict, learn, or save; features; a label."""


def streams(rows: st.SearchStrategy[dict[str, Any]], labels: st.SearchStrategy[Any]) -> Any:
    """Steps in which rows are predicted and learned, some of them later or never, and moments to save at."""
    asked = st.sampled_from(["predict", "predict", "learn", "learn", "late", "save"])
    return st.lists(st.tuples(asked, rows, labels), max_size=20)


def asked(stream: Iterable[Step]) -> Iterable[Step]:
    """The steps with what is late in its place: a row that was predicted before."""
    predicted: list[dict[str, Any]] = []
    for verb, row, label in stream:
        if verb == "predict":
            predicted.append(row)
            yield verb, row, label
        elif verb == "late" and predicted:
            yield "learn", predicted.pop(0), label
        else:
            yield ("learn" if verb == "late" else verb), row, label


def said(verb: Callable[..., Any], *given: Any) -> str:
    """What comes of a call, to the last bit, and of which types; or what it raises."""
    try:
        return repr(verb(*given))
    except Exception as error:  # noqa: BLE001 - River raises anything
        return repr(error)


def saved(model: Any) -> bytes:
    """The model as a snapshot has it."""
    return dump(model, "model")


def held(found: Any) -> str:
    """All that an object holds, by value.

    River that fails midway may leave a text among numbers, and then a snapshot also says which of the numbers
    are one object.
    """
    if isinstance(found, dict):
        return f"{type(found)}{[(held(key), held(value)) for key, value in found.items()]}"
    if isinstance(found, set):  # the hash of a number that is none is that of its place in memory
        return f"{type(found)}{sorted(map(held, found))}"
    if isinstance(found, list | tuple):
        return f"{type(found)}{[held(one) for one in found]}"
    return f"{type(found)}{held(vars(found))}" if hasattr(found, "__dict__") else repr(found)


def agree(
    make: Callable[[], Any], task: str, stream: list[Step], state: Callable[[Any], Any] = saved
) -> None:
    """Holds a running model against River on a stream, and again after both were saved and loaded."""
    twin: Any = make()
    ops = task_ops(task, twin)
    running = RunningModel(make(), ops)
    _agree(running, twin, state, stream)
    again = saved(running.model)
    _agree(RunningModel(load(again, "model"), ops), load(again, "model"), state, stream)


def take_turns(make: Callable[[], Any], task: str, stream: list[Step]) -> None:
    """Holds a model against River that runs compiled and in River, in turn from each moment to save at on."""
    twin: Any = make()
    model: Any = make()
    ops = task_ops(task, twin)
    running: RunningModel | None = RunningModel(model, ops)
    for verb, row, label in asked(stream):
        if verb == "save":
            running = RunningModel(model, ops) if running is None else None
        elif verb == "predict":
            predicted = running.predict(row) if running else ops.predict(model, row)
            assert repr(predicted) == repr(ops.predict(twin, row))
        else:
            if running is None:
                ops.learn(model, row, label)
            else:
                running.learn(row, label)
            ops.learn(twin, row, label)
        model = running.model if running else model
    assert saved(model) == saved(twin)


def _agree(running: RunningModel, twin: Any, state: Callable[[Any], Any], stream: list[Step]) -> None:
    ops = running.ops
    for verb, row, label in asked(stream):
        if verb == "predict":
            assert said(running.predict, row) == said(ops.predict, twin, row)
        elif verb == "learn":
            assert said(running.learn, row, label) == said(ops.learn, twin, row, label)
        else:
            assert state(running.model) == state(twin)
    assert state(running.model) == state(twin)
