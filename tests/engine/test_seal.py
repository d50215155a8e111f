"""Seals: what was changed, moved or made by somebody else is refused before it is used."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ConfigError, SnapshotError
from engine.seal import KEY, closed, load_key, opened

SECRET = b"sixteen bytes at"


@given(content=st.binary(max_size=50), what=st.text(max_size=10), key=st.sampled_from([None, SECRET]))
def test_an_envelope_gives_back_what_it_is_for_and_what_was_put_in(
    content: bytes, what: str, key: bytes | None
) -> None:
    assert opened(closed(content, what, key), key, what) == (what, content)


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255), key=st.sampled_from([None, SECRET]))
def test_no_byte_of_it_can_be_changed_and_none_cut_off(at: int, flip: int, key: bytes | None) -> None:
    envelope = bytearray(closed(b"content", "step\0key", key))
    at %= len(envelope)
    with pytest.raises(SnapshotError):
        opened(bytes(envelope[:at]), key)
    envelope[at] ^= flip
    with pytest.raises(SnapshotError):
        opened(bytes(envelope), key)


def test_it_is_of_use_for_nothing_else() -> None:
    with pytest.raises(SnapshotError, match="step/b: holds what was written for 'step/a'"):
        opened(closed(b"content", "step\0a", SECRET), SECRET, "step\0b")


def test_with_a_key_nothing_without_it_is_taken_and_the_other_way_round() -> None:
    with pytest.raises(SnapshotError, match="sealed without a key, and RIVERKEEPER_KEY is set"):
        opened(closed(b"", "", None), SECRET)
    with pytest.raises(SnapshotError, match="sealed with a key; set RIVERKEEPER_KEY"):
        opened(closed(b"", "", SECRET), None)
    with pytest.raises(SnapshotError, match="sealed with another key"):
        opened(closed(b"", "", SECRET), SECRET + b"!")


def test_a_short_key_is_refused_with_how_to_make_one_and_never_shown() -> None:
    with pytest.raises(ConfigError, match="at least 16 bytes, got 8; `openssl rand -hex 32`") as refused:
        load_key({KEY: "tooshort"})
    assert "tooshort" not in str(refused.value)
    assert load_key({KEY: SECRET.decode()}) == SECRET
    assert load_key({}) is load_key({KEY: ""}) is None
