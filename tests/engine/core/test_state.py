"""A snapshot is a value: it goes round exactly, and whatever happens to its bytes is refused clearly."""

import hashlib
from functools import cache
from typing import Any

import msgspec
import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from engine.core.engine import Engine
from engine.core.state import EngineState
from engine.errors import SnapshotError
from engine.evaluation.calibration import Calibration
from engine.packing import FORMAT, pack, unpack
from engine.records.events import DeadLetter, Output
from engine.records.values import Example, Label
from tests.support.engines import SETUPS, ScriptedJudge, make_config, make_stream

KIND = "engine snapshot"
every_setup = pytest.mark.parametrize("name", SETUPS)


@cache
def snapshot(name: str = "challengers") -> bytes:
    """In the middle of a suspicion."""
    engine = Engine(make_config(**SETUPS[name]), evaluator=ScriptedJudge(dict.fromkeys((4, 5, 6), "fail")))
    engine.begin()
    engine.process(make_stream(3, 400))
    return engine.snapshot()


def body(saved: bytes) -> dict[str, Any]:
    """What is inside, with no type."""
    found: dict[str, Any] = msgspec.msgpack.decode(saved.split(b"\n", 2)[2], strict=False)
    return found


def wrapped(content: object, **header: Any) -> bytes:
    """Bytes whose header is right, whatever their content is."""
    inside = content if isinstance(content, bytes) else msgspec.msgpack.encode(content)
    digest = hashlib.sha256(inside).hexdigest()
    stated = {"format": FORMAT, "kind": KIND, "escaped": False, "sha256": digest} | header
    return b"riverkeeper state\n" + orjson.dumps(stated) + b"\n" + inside


def refused(saved: bytes) -> str:
    """The reason for which bytes are refused: nothing but `SnapshotError` may be raised."""
    with pytest.raises(SnapshotError) as caught:
        unpack(saved, KIND, EngineState)
    return str(caught.value)


@every_setup
def test_a_snapshot_goes_round_field_by_field(name: str) -> None:
    state = unpack(snapshot(name), KIND, EngineState)
    again = unpack(pack(state, KIND), KIND, EngineState)
    for field in EngineState.__struct_fields__:
        assert getattr(again, field) == getattr(state, field), field
    assert pack(state, KIND) == snapshot(name)


@every_setup
def test_an_engine_that_is_restored_takes_the_same_snapshot(name: str) -> None:
    engine = Engine.restore(snapshot(name), make_config(**SETUPS[name]), ScriptedJudge())
    taken, saved = (unpack(one, KIND, EngineState) for one in (engine.snapshot(), snapshot(name)))
    for field in set(EngineState.__struct_fields__) - {"pool", "supervisor", "scores", "detectors"}:
        assert getattr(taken, field) == getattr(saved, field), field


@every_setup
@pytest.mark.parametrize("field", EngineState.__struct_fields__)
def test_a_snapshot_names_no_class_of_ours(name: str, field: str) -> None:
    """Classes move and are renamed; River's own are the only ones that a snapshot names."""
    assert _ours(body(snapshot(name))[field]) == []


def _ours(value: object) -> list[bytes]:
    if isinstance(value, bytes):
        return [value[at : at + 60] for at in [value.find(b"engine.")] if at >= 0]
    if isinstance(value, dict):
        return [name for one in (*value, *value.values()) for name in _ours(one)]
    if isinstance(value, list | tuple):
        return [name for one in value for name in _ours(one)]
    return []


@given(st.integers(0, 10**9), st.integers(1, 255))
@settings(max_examples=200)
def test_a_byte_that_is_damaged_is_found(at: int, by: int) -> None:
    damaged = bytearray(snapshot())
    damaged[at % len(damaged)] ^= by
    assert KIND in refused(bytes(damaged))


@given(st.integers(0, 299), st.integers(1, 255))
@settings(max_examples=200)
def test_a_byte_that_is_damaged_in_the_header_is_found(at: int, by: int) -> None:
    damaged = bytearray(snapshot())
    damaged[at % damaged.index(b"\n", 20)] ^= by
    assert KIND in refused(bytes(damaged))


@given(st.integers(0, 10**9))
@settings(max_examples=100)
def test_what_is_cut_off_is_found(length: int) -> None:
    saved = snapshot()
    assert KIND in refused(saved[: length % len(saved)])


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_whatever_stands_behind_a_good_header_is_refused(content: bytes) -> None:
    assert "not a state of this format" in refused(wrapped(content))


@given(st.data())
@settings(max_examples=150)
def test_a_body_that_is_damaged_under_a_good_hash_raises_nothing_else(data: st.DataObject) -> None:
    """Who writes the bytes can write the hash: then it is the decoder that must refuse, or decode."""
    inside = bytearray(snapshot().split(b"\n", 2)[2])
    for _ in range(data.draw(st.integers(1, 4))):
        inside[data.draw(st.integers(0, len(inside) - 1))] = data.draw(st.integers(0, 255))
    try:
        unpack(wrapped(bytes(inside)), KIND, EngineState)
    except SnapshotError as error:
        assert "was it written by another version?" in str(error)  # noqa: PT017 - some damage decodes


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"kind": "flow"}, "expected a saved engine snapshot, got a saved flow"),
        ({"kind": None}, "expected a saved engine snapshot, got a saved None"),
        ({"format": FORMAT + 1}, f"expected format {FORMAT}, got {FORMAT + 1}"),
        ({"format": "1"}, f"expected format {FORMAT}, got '1'"),
        ({"sha256": "0" * 64}, "damaged: its content does not have the SHA-256 that its header states"),
        ({"sha256": None}, "damaged: its content does not have the SHA-256 that its header states"),
    ],
)
def test_another_header_is_refused(header: dict[str, Any], reason: str) -> None:
    assert reason in refused(wrapped(body(snapshot()), **header))


@pytest.mark.parametrize("saved", [b"", b"riverkeeper\n{}\n", b"riverkeeper state\n", b"{}", b"\x80\x05."])
def test_other_bytes_are_refused(saved: bytes) -> None:
    assert KIND in refused(saved)


@pytest.mark.parametrize("line", [b"[]", b"null", b"3", b"{", b"\xff", b'"x"'])
def test_a_header_that_is_no_object_is_refused(line: bytes) -> None:
    assert "header" in refused(b"riverkeeper state\n" + line + b"\n" + b"\x80")


@pytest.mark.parametrize("field", EngineState.__struct_fields__)
def test_a_missing_field_is_named(field: str) -> None:
    state = body(snapshot())
    del state[field]
    assert f"missing required field `{field}`" in refused(wrapped(state))


def test_an_unknown_field_is_named_at_any_depth() -> None:
    state = body(snapshot())
    assert "unknown field `more`" in refused(wrapped(state | {"more": 1}))
    state["pool"]["checkpoints"]["more"] = 1
    reason = refused(wrapped(state))
    assert "unknown field `more`" in reason
    assert "$.pool.checkpoints" in reason


@pytest.mark.parametrize("field", EngineState.__struct_fields__)
def test_a_field_of_another_type_is_named(field: str) -> None:
    assert f"$.{field}" in refused(wrapped(body(snapshot()) | {field: 0.5}))


class Anything(Struct):
    value: Any


class Outputs(Struct):
    outputs: list[Output]


@pytest.mark.parametrize("value", [2**64, -(2**70), "\ud800", "\0i1", {"\ud800": [2**64, "\0t"]}])
def test_what_messagepack_cannot_hold_comes_back_as_it_was(value: object) -> None:
    both = [value, 2**64, {"nested": "\ud801"}]
    assert unpack(pack(Anything(both), "a test"), "a test", Anything).value == both


@pytest.mark.parametrize("value", [object(), 1j], ids=["object", "complex"])
def test_what_cannot_be_saved_is_refused_with_its_kind(value: object) -> None:
    with pytest.raises(SnapshotError, match="a test: cannot be saved: "):
        pack(Anything(value), "a test")


@pytest.mark.parametrize(
    ("value", "plain"),
    [(np.int64(3), 3), (np.float32(0.5), 0.5), (np.bool_(True), True), (np.str_("a"), "a")],
)
def test_a_scalar_of_numpy_is_saved_as_pythons(value: object, plain: object) -> None:
    assert unpack(pack(Anything(value), "a test"), "a test", Anything).value == plain


SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(), max_size=5),
    st.sampled_from(["\ud800", "a\udfff", 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**400]),
    st.sampled_from([np.int64(3), np.float32(0.5), np.float64(0.5), np.bool_(True), np.str_("a\ud800")]),
)
NAMES = st.sampled_from(["a", "b", "\ud800", np.str_("b"), 3, 2**70])


@given(
    st.lists(
        st.builds(Example, NAMES, st.floats(0, 100), st.dictionaries(NAMES, SCALARS, max_size=3), SCALARS)
        | st.builds(Example, NAMES, st.floats(0, 100), st.dictionaries(NAMES, SCALARS, max_size=3))
        | st.builds(Label, NAMES, st.floats(0, 100), SCALARS, NAMES, st.sampled_from([3, 2**70])),
        max_size=12,
    ),
    st.sampled_from(["multiclass", "regression", "binary"]),
)
@settings(max_examples=150)
def test_whatever_an_embedding_program_hands_in_a_snapshot_can_be_taken_and_restored(
    records: list[Example | Label], task: str
) -> None:
    model = "linear_model.LinearRegression" if task == "regression" else "naive_bayes.GaussianNB"
    config = make_config(
        model={"task": task, "model": model},
        labels={"wait": 50, "corrections": "learn", "max_waiting": 12},
        supervision={"min_events": 5, "on_loss_drift": False},
    )
    engine = Engine(config, evaluator=ScriptedJudge())
    events = engine.process(records)
    again = Engine.restore(engine.snapshot(), config, ScriptedJudge())
    assert again.counts == engine.counts
    assert again.labels.state() == engine.labels.state()
    assert sum(isinstance(event, DeadLetter) for event in events) == (
        engine.counts.rejected + engine.counts.unmatched
    )


def test_a_probability_that_is_a_whole_number_stays_one() -> None:
    """River's sigmoid gives 0 and 1 as whole numbers, and reports tell them from 0.0 and 1.0."""
    output: Output = {True: 1, False: 0.0}
    (restored,) = unpack(pack(Outputs([output]), "a test"), "a test", Outputs).outputs
    assert isinstance(restored, dict)
    assert [type(value) for value in restored.values()] == [int, float]


def _forged(change: str) -> bytes:
    """A snapshot with one part that an engine cannot have come to."""
    state = body(snapshot())
    draws = next(iter(state["review"]["windows"]["open"].values()))["draws"]
    match change:
        case "a random state":
            draws["random"] = [-1, *draws["random"][1:]]
        case "a random state that is too short":
            draws["random"] = draws["random"][1:]
        case "a sample of no rows":
            draws["size"] = 0
        case "a weight":
            draws["weight"] = 0.0
        case "fewer values than none":
            next(iter(state["review"]["first_look"]["counted"].values()))["missing"] = -1
        case "an output of another task":
            state["labels"]["pending"][0][1]["output"] = 0.5
    return wrapped(state)


@pytest.mark.parametrize(
    "change",
    [
        *("a random state", "a random state that is too short", "a sample of no rows", "a weight"),
        "an output of another task",
        "fewer values than none",
    ],
)
def test_a_forged_snapshot_is_refused_with_an_error_of_ours(change: str) -> None:
    config = make_config(**SETUPS["challengers"])
    Engine.restore(_forged(""), config, ScriptedJudge())
    with pytest.raises(SnapshotError, match="not a state"):
        Engine.restore(_forged(change), config, ScriptedJudge())


def test_a_value_of_any_type_that_is_nested_too_deep_is_refused() -> None:
    class Held(Struct):
        value: Any

    with pytest.raises(SnapshotError, match="not a state"):
        unpack(wrapped(b"\x81\xa5value" + b"\x91" * 100_000), KIND, Held)


def test_a_calibration_has_its_tenths() -> None:
    with pytest.raises(msgspec.ValidationError, match="tenths"):
        msgspec.msgpack.decode(msgspec.msgpack.encode({"events": [1]}), type=Calibration)
