"""What an earlier run has left: whether one may go on with it, and that nothing of it is lost."""

from pathlib import Path

import pytest

from dataflows.lifecycle.run_id import identity, known_store, note_store
from dataflows.runtime.earlier_run import (
    check_store,
    has_results,
    keep_aside,
    remove_leftovers,
    remove_results,
)
from dataflows.runtime.recovery_store import make_store
from engine.errors import ConfigError, OutputError


def run_of(folder: Path, store: Path | None = None) -> Path:
    """A run with a line of results, and its store."""
    folder.mkdir(parents=True)
    mark = identity(folder)
    (folder / "predictions.jsonl").write_bytes(b"{}\n")
    if store is not None:
        note_store(folder, store)
        make_store(store, 1, mark)
    return folder


def test_results_are_what_somebody_may_want(tmp_path: Path) -> None:
    assert not has_results(tmp_path)
    for name in ("identity", "status.json", "predictions.jsonl", ".lock"):
        (tmp_path / name).touch()
    (tmp_path / "identity").write_text("x-1")
    (tmp_path / "reports" / "a-000001.json").mkdir(parents=True)
    assert not has_results(tmp_path), "a run that was killed before it wrote anything"
    (tmp_path / "reports" / "a-000002.json").write_bytes(b"{}")
    assert has_results(tmp_path)


def test_results_are_kept_aside_under_the_next_number(tmp_path: Path) -> None:
    for number in (1, 2, 10, 11):
        run = run_of(tmp_path / "a[b]")
        if number == 10:
            (tmp_path / "a[b].9").mkdir()
        aside = keep_aside(run)
        assert (aside.name, run.exists()) == (f"a[b].{number}", False)
        assert (aside / "predictions.jsonl").read_bytes() == b"{}\n"


def test_only_a_run_s_own_files_are_removed(tmp_path: Path) -> None:
    run = run_of(tmp_path / "x")
    (run / "notes.jsonl").write_text("somebody's own")
    (run / ".lock").touch()
    remove_results(run)
    assert sorted(path.name for path in run.iterdir()) == [".lock", "notes.jsonl"]


def test_what_a_killed_run_has_left_of_a_file_goes_and_other_files_stay(tmp_path: Path) -> None:
    partial = ".a.00112233aabbccdd.partial"
    left = [tmp_path / partial, tmp_path / "reports" / partial]
    kept = [tmp_path / ".mine.partial", tmp_path / "reports/main-1.json", tmp_path / "data" / partial]
    for path in left + kept:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    remove_leftovers(tmp_path)
    assert [path.exists() for path in left] == [False, False]
    assert all(path.exists() for path in kept)


def test_a_run_goes_on_with_its_own_store_alone(tmp_path: Path) -> None:
    run, other = run_of(tmp_path / "x", tmp_path / "state"), run_of(tmp_path / "y", tmp_path / "theirs")
    check_store(run, tmp_path / "state", overwrite=False)
    with pytest.raises(OutputError, match="theirs: keeps the progress of 'y', expected 'x'; name the folder"):
        check_store(run, tmp_path / "theirs", overwrite=False)
    with pytest.raises(ConfigError, match="expected one of them"):
        check_store(other, tmp_path / "theirs", overwrite=True)


def test_a_mistyped_store_does_not_begin_anew(tmp_path: Path) -> None:
    run = run_of(tmp_path / "x", tmp_path / "state")
    mistyped = tmp_path / "stat"
    with pytest.raises(OutputError, match=r"stat: keeps no run, .*expected --recovery /.*/state to go on"):
        check_store(run, mistyped, overwrite=False)
    assert not mistyped.exists()
    check_store(run, mistyped, overwrite=True)
    make_store(mistyped, 1, "elsewhere")
    (tmp_path / "moved").mkdir()
    for name in ("x", "state"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    assert known_store(tmp_path / "moved" / "x") == tmp_path / "moved" / "state"


def test_a_run_without_a_store_can_get_one(tmp_path: Path) -> None:
    check_store(run_of(tmp_path / "x"), tmp_path / "state", overwrite=False)
    run = run_of(tmp_path / "y", tmp_path / "gone")
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    check_store(run, tmp_path / "gone", overwrite=False)


def test_a_store_whose_results_are_elsewhere_says_where(tmp_path: Path) -> None:
    run = run_of(tmp_path / "x", tmp_path / "state")
    aside = keep_aside(run)
    run_of(run)
    with pytest.raises(
        OutputError, match=rf"whose results were kept aside in {aside}; to go on with it, rename"
    ):
        check_store(run, tmp_path / "state", overwrite=False)
    aside.rename(tmp_path / "hidden")
    with pytest.raises(OutputError, match=r"the progress of x-\w{8}, whose results are not in"):
        check_store(run, tmp_path / "state", overwrite=False)
