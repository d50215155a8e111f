"""Versions in the registry: written once, thinned, found, checked, loaded safely."""

import pickle
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import linear_model

from engine.core.serialize import as_dict
from engine.errors import RegistryError, SnapshotError
from engine.models.serialization import digest
from engine.registry.audit_entry import REGISTRY, Draft, sealed
from engine.registry.registry import Registry
from engine.registry.retention import RetentionIndex
from engine.registry.serving import decisions, served_at
from engine.registry.version_ref import VersionRef
from tests.engine.models.test_serialization_hostile import ATTACKS
from tests.support.hostile_models import SAVED, forged
from tests.support.registries import RUN, decision, items, make, version


def names(registry: Registry, *, here: bool = True) -> list[str]:
    return [kept.entry.name for kept in registry.versions() if kept.here or not here]


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "models").rglob("*") if path.is_file()]


def test_a_version_can_be_read_back_and_says_all_that_is_known_of_it(tmp_path: Path) -> None:
    registry = make(tmp_path)
    saved = version("m0.w3", window=3, parent="m0.w1")
    registry.record(items(saved), 50)
    kept = registry.find("m0.w3")
    assert registry.read(kept) == saved.saved
    assert kept.row == saved.row()
    assert kept.place == "test-1/main/m0.w3"
    assert list(registry.faults()) == []


def test_a_replay_writes_nothing_twice_even_when_its_bytes_are_others(tmp_path: Path) -> None:
    registry = make(tmp_path)
    registry.record([*items(version("m0.w3")), (decision(0), None)], 50)
    before = [*registry.log.entries()]
    registry.record([*items(version("m0.w3", model={"other": 1})), (decision(0), None)], 50)
    assert [*registry.log.entries()] == before
    assert len(files(tmp_path)) == 1


def test_a_replay_under_another_configuration_that_decides_otherwise_is_told(tmp_path: Path) -> None:
    registry = make(tmp_path)
    registry.record([(decision(0, "rollback", model="m1"), None)], 50)
    for _ in range(2):
        registry.record([(decision(0, "clear"), None)], 50)
    assert [(entry.name, entry.body["action"]) for entry in registry.log.entries()] == [
        ("0", "rollback"),
        ("0/2", "clear"),
    ]
    assert [entry.body["action"] for entry in decisions([*registry.log.entries()])] == ["clear"]


def test_runs_of_one_name_are_numbered_and_a_change_of_configuration_is_told(tmp_path: Path) -> None:
    registry = make(tmp_path)
    body = {"config_sha256": "a"}
    assert [registry.begin("demo", "ada", body) for _ in range(3)] == ["demo-1", "demo-2", "demo-3"]
    assert registry.begin("demo-3", "ada", body) == "demo-3-1"
    registry.go_on("demo-2", "ada", body)
    registry.go_on("demo-2", "ada", {"config_sha256": "b"})
    registry.go_on("demo-2", "ada", {"config_sha256": "b"})
    told = [entry.body["config_sha256"] for entry in registry.log.entries(run="demo-2")]
    assert told == ["a", "b"]


def test_a_run_that_was_killed_before_its_first_snapshot_is_the_same_run_by_its_mark(tmp_path: Path) -> None:
    registry = make(tmp_path)
    body = {"config_sha256": "a"}
    assert registry.begin("demo", "ada", body, "x") == "demo-1"
    assert registry.begin("demo", "ada", body, "y") == "demo-2"
    assert registry.begin("demo", "ada", body, "x") == "demo-1"
    assert registry.begin("other", "ada", body, "x") == "other-1"
    registry.go_on("demo-1", "ada", body)
    assert len([*registry.log.entries(run="demo-1")]) == 1
    assert registry.begin("demo", "ada", {"config_sha256": "b"}, "x") == "demo-1"
    entries = [*registry.log.entries(run="demo-1")]
    assert [entry.body["config_sha256"] for entry in entries] == ["a", "b"]


@pytest.mark.parametrize("reference", ["m0.w1", "test-2/m0.w1", "test-2/main/m0.w1"])
def test_a_version_is_found_by_its_name_in_the_last_run(tmp_path: Path, reference: str) -> None:
    registry = make(tmp_path)
    for run in ("test-1", "test-2"):
        registry.record(items(version("m0.w1"), run=run), 50)
    assert registry.find(reference).place == "test-2/main/m0.w1"


def test_what_is_not_there_or_not_clear_is_told(tmp_path: Path) -> None:
    registry = make(tmp_path)
    with pytest.raises(RegistryError, match=r"m0\.w1: no such version"):
        registry.find("m0.w1")
    registry.record(items(version("m0.w1")), 50)
    [(draft, saved)] = items(version("m0.w1", model={"b": 1}))
    registry.record([(Draft(RUN, "other", *_rest(draft)), saved)], 50)
    with pytest.raises(
        RegistryError, match=r"several keys have one; name it in full: test-1/main/m0\.w1, test"
    ):
        registry.find("m0.w1")
    assert registry.find("test-1/other/m0.w1").entry.key == "other"


def _rest(draft: Draft) -> tuple[Any, ...]:
    return draft.kind, draft.name, draft.time, draft.who, draft.body


@given(
    st.lists(
        st.tuples(st.sampled_from(["passed", "replaced", "in charge", "end"]), st.integers(0, 2)),
        max_size=40,
    ),
    st.integers(1, 6),
)
def test_whatever_is_thinned_out_nobody_needs(steps: list[tuple[str, int]], keep: int) -> None:
    random = Random(len(steps))  # noqa: S311 - test data
    index, there = RetentionIndex(), dict[str, str]()
    for window, (reason, parents) in enumerate(steps):
        name = f"v{window}"
        parent = random.choice([*there]) if parents and there else ""
        targets = tuple(random.sample([*there], min(len(there), 3)))
        row = version(name, window=window, parent=parent, targets=targets).row()
        index.add(msgspec.structs.replace(row, reason=reason))
        there[name] = reason
        needed = {parent, *targets}
        for gone in index.spare(keep):
            assert there.pop(gone) == "passed"
            assert gone not in needed
        free = [each for each in there if there[each] == "passed" and each not in index.stays | index.targets]
        assert len(free) <= keep


def test_of_windows_that_passed_a_few_stay_and_the_bytes_of_others_go(tmp_path: Path) -> None:
    registry = make(tmp_path)
    registry.record(items(version("m0.start", reason="start")), 5)
    for window in range(30):
        registry.record(items(version(f"m0.w{window}", window=window)), 5)
    assert names(registry)[0] == "m0.start"
    assert names(registry)[-1] == "m0.w29"
    assert len(names(registry)) == 6
    assert len(files(tmp_path)) == 6
    assert len(names(registry, here=False)) == 31, "what is known of them stays"
    gone = next(kept for kept in registry.versions() if not kept.here)
    with pytest.raises(
        RegistryError, match="its bytes were removed to save space; 'riverkeeper registry rebu"
    ):
        registry.read(gone)
    assert list(registry.faults()) == []


def test_bytes_that_two_versions_share_stay_until_both_are_gone(tmp_path: Path) -> None:
    registry = make(tmp_path)
    same = {"the": "same"}
    registry.record(items(version("m0.w0", model=same)), 1)
    registry.record(items(version("m0.w0", model=same), run="test-2"), 1)
    registry.record(items(version("m0.w1", window=1)), 1)
    assert registry.read(registry.find("test-2/m0.w0"))
    registry.record(items(version("m0.w1", window=1), run="test-2"), 1)
    assert len(files(tmp_path)) == 1
    assert list(registry.faults()) == []


def test_collecting_frees_what_nobody_has_and_a_dry_one_nothing(tmp_path: Path) -> None:
    registry = make(tmp_path)
    for window in range(8):
        registry.record(items(version(f"m0.w{window}", window=window)), 50)
    orphan = registry._blobs.put(b"a run that was killed between bytes and entry")
    before = len(files(tmp_path))
    gone, freed = registry.collect(3, dry=True)
    assert (len(gone), len(files(tmp_path))) == (5, before)
    assert registry.collect(3) == (gone, freed)
    assert freed > 0
    assert orphan not in [*registry._blobs.names()]
    assert len(files(tmp_path)) == 3
    assert list(registry.faults()) == []
    assert registry.collect(3)[0] == []


def test_a_flipped_bit_in_any_model_is_found(tmp_path: Path) -> None:
    registry = make(tmp_path)
    registry.record(items(*(version(f"m0.w{window}", window=window) for window in range(3))), 50)
    for number, path in enumerate(files(tmp_path), 1):
        content = bytearray(path.read_bytes())
        content[number * 7] ^= 1
        path.write_bytes(content)
        faults = [*registry.faults()]
        assert len(faults) == number
        assert all("damaged" in fault for fault in faults)
    files(tmp_path)[0].unlink()
    assert sum("cannot be read" in fault for fault in registry.faults()) == 1


def test_an_entry_that_was_changed_gives_out_no_model(tmp_path: Path) -> None:
    registry = make(tmp_path)
    registry.record(items(version("m0.w0"), version("m0.w1", window=1)), 50)
    other = registry.find("m0.w1").row.sha256
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as raw, raw:
        raw.execute(
            "UPDATE riverkeeper_log SET text = replace(text, ?, ?) WHERE name = 'm0.w0'",
            (registry.find("m0.w0").row.sha256, other),
        )
    with pytest.raises(RegistryError, match="its entry in the log is not as it was written"):
        registry.read(registry.find("m0.w0"))


def test_without_its_key_a_sealed_registry_gives_out_no_model(tmp_path: Path) -> None:
    make(tmp_path, key=b"secret").record(items(version("m0.w0")), 50)
    for key in (None, b"guess"):
        registry = make(tmp_path, key=key)
        with pytest.raises(RegistryError, match="or is sealed with another key"):
            registry.read(registry.find("m0.w0"))


def test_a_model_that_has_grown_is_not_even_read(tmp_path: Path) -> None:
    registry = make(tmp_path)
    registry.record(items(version("m0.w0")), 50)
    [path] = files(tmp_path)
    with path.open("r+b") as grown:
        grown.truncate(1 << 40)
    with pytest.raises(RegistryError, match=r"damaged: expected \d+ bytes .*, got 1099511627776"):
        registry.read(registry.find("m0.w0"))


def kept_with(registry: Registry, saved: bytes) -> VersionRef:
    """A version with these bytes, as somebody who can write to the storage would place them."""
    [(draft, _)] = items(version("m0.w0"))
    body = {**draft.body, "sha256": digest(saved), "size": len(saved)}
    registry.record([(Draft(RUN, "main", "version", "m0.w0", 1.0, "", body), saved)], 50)
    return registry.find("m0.w0")


def test_a_model_comes_alive_and_the_log_says_who_loaded_it(tmp_path: Path) -> None:
    registry = make(tmp_path)
    model: Any = linear_model.LogisticRegression()
    model.learn_one({"a": 1.0}, True)
    registry.record(items(version("m0.w0", model=model)), 50)
    loaded = registry.load(registry.find("m0.w0"), (), "ada", "a look")
    assert loaded.predict_proba_one({"a": 1.0}) == model.predict_proba_one({"a": 1.0})
    [entry] = registry.log.entries(run=REGISTRY)
    assert (entry.kind, entry.who, entry.body["why"], entry.body["version"]) == (
        "load", "ada", "a look", "test-1/main/m0.w0",
    )  # fmt: skip


@pytest.mark.parametrize("attack", [*ATTACKS, "cut off", "bit-flipped", "not ours"])
def test_a_hostile_model_runs_nothing_and_the_log_says_that_it_was_refused(
    tmp_path: Path, attack: str
) -> None:
    sentinel = tmp_path / "ran"
    saved = {"cut off": SAVED[:-9], "bit-flipped": SAVED[:-9] + b"\0" + SAVED[-8:], "not ours": b"PK\3\4"}
    if attack in ATTACKS:
        content = ATTACKS[attack](f"touch {sentinel}", f"open('{sentinel}', 'w').close()")
        saved[attack] = forged(pickle.dumps(content))
    registry = make(tmp_path)
    with pytest.raises(SnapshotError):
        registry.load(kept_with(registry, saved[attack]), (), "eve", "a try")
    [entry] = registry.log.entries(run=REGISTRY)
    assert entry.kind == "refused"
    assert entry.body["error"]
    assert not sentinel.exists()


def served(time: float, *changes: tuple[int, str, str, float]) -> tuple[str, str]:
    registry_entries = [decision(n, "rollback", model=m, previous=p, time=t) for n, m, p, t in changes]
    entries = [
        *_written(items(version("m0.w1", window=1, time=5.0), version("m1.start", window=3, time=30.0))),
        *_sealed(registry_entries),
    ]
    found = served_at(entries, time)
    return found.model, found.version.name if found.version else ""


def _written(drafts: Any) -> list[Any]:
    return _sealed([draft for draft, _ in drafts])


def _sealed(drafts: list[Draft]) -> list[Any]:
    return [sealed(draft, number, 1.0, "", None) for number, draft in enumerate(drafts, 1)]


@pytest.mark.parametrize(
    ("time", "expected"),
    [(0.0, ("m0", "")), (10.0, ("m0", "m0.w1")), (30.0, ("m1", "m1.start")), (99.0, ("m2", ""))],
)
def test_who_served_at_a_moment(time: float, expected: tuple[str, str]) -> None:
    assert served(time, (0, "m1", "m0", 30.0), (1, "m1", "m1", 40.0), (2, "m2", "m1", 50.0)) == expected


def test_an_entry_whose_body_is_another_version_is_one_clear_error(tmp_path: Path) -> None:
    registry = make(tmp_path)
    row = as_dict(version("m0.w2"))
    registry.log.append([Draft("test-1", "main", "version", "m0.w1", 1.0, "eve", row)], 1.0)
    for use in (lambda: registry.find("m0.w1"), lambda: registry.collect(1, dry=True)):
        with pytest.raises(RegistryError, match=r"expected version m0\.w1, got 'm0\.w2'"):
            use()


def test_a_version_with_a_name_longer_than_the_log_takes_can_be_taken_in_and_collected(
    tmp_path: Path,
) -> None:
    registry = make(tmp_path)
    made = version("m" * 600)
    kept = registry.add("imported-1", as_dict(made), made.saved, "ada", {})
    assert registry.read(kept) == made.saved
    assert [one.row.name for one in registry.collect(0, dry=True)[0]] == [kept.entry.name]
