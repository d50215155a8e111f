"""Saved bytes that were damaged, cut off or come from elsewhere."""

import pickle
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import SnapshotError
from engine.models.serialization import SCHEMA, load
from tests.support.hostile_models import BODY, HEADER, MAGIC, MODEL, SAVED, forged


def loaded(saved: bytes) -> Any:
    """The content, or the error if it is one of ours; anything else raises."""
    try:
        return load(saved, "model")
    except SnapshotError as error:
        return error


@given(st.binary(max_size=80))
@settings(max_examples=100)
def test_any_bytes_under_a_valid_header_give_a_value_or_our_error(body: bytes) -> None:
    found = loaded(forged(body))
    assert not isinstance(found, SnapshotError) or str(found).startswith("model: ")


@given(st.integers(0, len(SAVED) - 1), st.integers(1, 255))
@settings(max_examples=150)
def test_a_flipped_byte_is_found_or_changes_nothing(position: int, flip: int) -> None:
    damaged = bytearray(SAVED)
    damaged[position] ^= flip
    found = loaded(bytes(damaged))
    if not isinstance(found, SnapshotError):
        assert position < len(SAVED) - len(BODY)
        assert found.predict_proba_one({"a": 1.0}) == MODEL.predict_proba_one({"a": 1.0})


@given(st.integers(0, len(SAVED) - 1))
@settings(max_examples=60)
def test_bytes_that_are_cut_off_are_refused(length: int) -> None:
    with pytest.raises(SnapshotError):
        load(SAVED[:length], "model")


@pytest.mark.parametrize(
    ("saved", "expected"),
    [
        (b"", "expected bytes saved by Riverkeeper"),
        (pickle.dumps(MODEL), "expected bytes saved by Riverkeeper"),
        (MAGIC + b"\nnot json\n" + BODY, "damaged header"),
        (MAGIC + b"\n[]\n" + BODY, "cut off in its header"),
        (MAGIC + b"\n" + HEADER, "cut off in its header"),
        (forged(BODY, schema=SCHEMA - 1), f"expected schema {SCHEMA}, got {SCHEMA - 1}"),
        (forged(BODY, kind="state"), "expected a saved model, got a saved state"),
        (forged(BODY, versions=3), "states no versions"),
        (forged(BODY, versions=None), "states no versions"),
        (forged(BODY, versions={}), "saved with river None, this is river"),
        (forged(BODY, sha256="0" * 64), "damaged: its content does not have the SHA-256"),
        (SAVED + b"x", "damaged: its content does not have the SHA-256"),
    ],
)
def test_what_is_wrong_with_the_file_is_said(saved: bytes, expected: str) -> None:
    with pytest.raises(SnapshotError) as caught:
        load(saved, "model")
    assert expected in str(caught.value)


@pytest.mark.parametrize("name", ["river", "python"])
def test_another_version_is_named_with_the_way_out(name: str) -> None:
    versions = orjson.loads(HEADER)["versions"]
    with pytest.raises(SnapshotError) as caught:
        load(forged(BODY, versions=versions | {name: "0.1"}), "model")
    assert f"saved with {name} 0.1, this is {name} {versions[name]}" in str(caught.value)
    assert "replay the stream" in str(caught.value)
    assert load(forged(BODY, versions=versions | {"numpy": "0.1"}), "model").weights == MODEL.weights
