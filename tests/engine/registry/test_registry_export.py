"""A version in one file: plain River loads it, an import checks it and runs nothing of it."""

import io
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import linear_model

from engine.core.serialize import as_dict
from engine.errors import RegistryError
from engine.models.serialization import dump, load
from engine.registry.export import HOW_TO_LOAD, export, read_export
from tests.support.registries import items, make, version

MODEL: Any = linear_model.LogisticRegression()
MODEL.learn_one({"a": 1.0}, True)
VERSION = version("m0.w3", window=3, model=MODEL)


def exported(key: bytes | None = None, **changes: Any) -> bytes:
    return export(as_dict(VERSION) | changes, {"run": "test-1"}, VERSION.saved, MODEL, key)


def test_plain_river_loads_it_in_the_three_lines_that_it_states(tmp_path: Path) -> None:
    path = tmp_path / "m.zip"
    path.write_bytes(exported())
    names: dict[str, Any] = {}
    exec("\n".join(HOW_TO_LOAD).replace("PATH", repr(str(path))), names)  # noqa: S102 - our own three lines
    assert names["model"].predict_proba_one({"a": 2.0}) == MODEL.predict_proba_one({"a": 2.0})


def test_what_is_imported_is_what_was_exported(tmp_path: Path) -> None:
    row, saved = read_export(exported(), None, "m.zip")
    assert (row, saved) == (as_dict(VERSION), VERSION.saved)
    registry = make(tmp_path)
    kept = registry.add("imported-1", row, saved, "ada", {"file": "m.zip"})
    assert registry.read(kept) == VERSION.saved
    registry.add("imported-1", row, saved, "ada", {"file": "m.zip"})
    assert len(registry.versions()) == 1
    assert list(registry.faults()) == []


def test_the_same_version_is_the_same_file() -> None:
    assert exported(b"k") == exported(b"k")


def test_with_a_key_only_what_is_signed_with_it_is_taken_in() -> None:
    assert read_export(exported(b"key"), b"key", "m.zip")
    assert read_export(exported(b"key"), None, "m.zip")
    for content in (exported(), exported(b"another of 16 bytes")):
        with pytest.raises(RegistryError, match=r"m.zip: not signed with this registry's key; it is refused"):
            read_export(content, b"key", "m.zip")


@given(st.data())
def test_no_flipped_byte_is_taken_for_the_version(data: Any) -> None:
    content = bytearray(exported(b"key"))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    with suppress(RegistryError):
        # If it is let through, it was in what an import does not look at: the plain pickle, or padding.
        assert read_export(bytes(content), b"key", "m.zip") == (as_dict(VERSION), VERSION.saved)


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


BAD: dict[str, tuple[bytes, str]] = {
    "no archive": (b"hello", "expected a file that 'registry export' wrote"),
    "cut off": (exported()[:-30], "expected a file that 'registry export' wrote"),
    "a bomb": (
        zipped({"manifest.json": b"0" * 10_000_000}, zipfile.ZIP_DEFLATED),
        "could grow without bound",
    ),
    "nothing in it": (zipped({}), "expected manifest.json and model.saved in it"),
    "no JSON": (zipped({"manifest.json": b"{", "model.saved": b""}), "does not describe a version"),
    "no text": (
        zipped({"manifest.json": b'{"load": ["\xff"]}', "model.saved": b""}),
        "does not describe a version",
    ),
    "no version": (zipped({"manifest.json": b"{}", "model.saved": b""}), "does not describe a version"),
    "a list": (zipped({"manifest.json": b"[1]", "model.saved": b""}), "does not describe a version"),
    "huge": (
        zipped({"manifest.json": b" " * (2 << 20), "model.saved": b""}),
        "expected manifest.json and model.saved",
    ),
    "another model": (exported(sha256="ab" * 32), "does not have the SHA-256 and size that"),
}


WRONG: dict[str, Any] = {
    "sha256": 5, "sha256 ": "ab", "name": ["m0"], "parent": None, "time": "noon", "learned": 1.5,
    "size": "many",
    "scores": {"loss": "low"}, "targets": "m0", "positions": [1], "surprise": 1, "libraries": {"river": 1},
}  # fmt: skip


@pytest.mark.parametrize("field", WRONG)
def test_a_manifest_of_wrong_types_is_one_line(field: str) -> None:
    with pytest.raises(
        RegistryError, match=r"m\.zip: its manifest does not describe a version|not have the SHA"
    ):
        read_export(exported(**{field: WRONG[field]}), None, "m.zip")


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_one_clear_error(what: str) -> None:
    content, said = BAD[what]
    with pytest.raises(RegistryError, match=said):
        read_export(content, None, "m.zip")


def test_a_hostile_plain_pickle_in_it_is_not_even_looked_at(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return open, (str(tmp_path / "ran"), "w")

    with zipfile.ZipFile(io.BytesIO(exported())) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    members["model.pickle"] = pickle.dumps(Evil())
    row, saved = read_export(zipped(members), None, "m.zip")
    registry = make(tmp_path / "registry")
    kept = registry.add("imported-1", row, saved, "ada", {})
    registry.load(kept, (), "ada", "")
    assert not (tmp_path / "ran").exists()


def test_a_model_that_plain_pickle_cannot_write_is_told() -> None:
    with pytest.raises(RegistryError, match="plain pickle cannot write this model"):
        export(as_dict(VERSION), {}, VERSION.saved, lambda: None, None)


def test_the_version_of_another_river_is_refused_with_both_versions_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.errors import SnapshotError  # noqa: PLC0415
    from engine.models import serialization  # noqa: PLC0415 - to be another version for a moment

    with monkeypatch.context() as patched:
        patched.setattr(serialization, "VERSIONS", serialization.VERSIONS | {"river": "0.1"})
        old = version("m0.w9", model=MODEL)
    registry = make(tmp_path)
    registry.record(items(old), 5)
    with pytest.raises(SnapshotError, match=r"saved with river 0.1, this is river .* replay the stream"):
        registry.load(registry.find("m0.w9"), (), "ada", "")
    assert load(dump(MODEL, "model"), "model")
