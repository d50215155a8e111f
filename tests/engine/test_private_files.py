"""Files of ours: links are not followed, and what others could have written is refused."""

import os
from pathlib import Path

import pytest

from engine.errors import OutputError
from engine.private_files import (
    SHARED,
    check_private,
    open_appending,
    open_new,
    private_folder,
    write_whole,
)


def test_a_private_folder_and_file_are_their_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "registry"
    private_folder(folder)
    write_whole(folder / "model", b"content")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "model").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["model"]


def test_a_shared_file_leaves_out_what_the_umask_takes_away(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "report", b"content", SHARED)
    finally:
        os.umask(before)
    assert (tmp_path / "report").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o770])
def test_what_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "registry"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(OutputError, match="only its owner may write"):
        private_folder(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").touch(mode=0o600)
    os.chown(tmp_path / "store", 4321, -1)
    with pytest.raises(OutputError, match="belongs to user id 4321"):
        check_private(tmp_path / "store")


def test_a_link_in_the_place_of_a_file_leads_nowhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    (tmp_path / "link").symlink_to(elsewhere)
    for opened in (open_new, open_appending):
        with pytest.raises(OSError, match=r"exists|symbolic"):
            opened(tmp_path / "link")
    write_whole(tmp_path / "link", b"ours")
    assert elsewhere.read_text() == "theirs"
    assert not (tmp_path / "link").is_symlink()
    assert (tmp_path / "link").read_bytes() == b"ours"


def test_what_killed_processes_left_of_a_file_goes_and_what_is_being_written_stays(tmp_path: Path) -> None:
    left, new = tmp_path / ".model.0123.partial", tmp_path / ".model.4567.partial"
    left.touch()
    new.touch()
    os.utime(left, (1.0, 1.0))
    write_whole(tmp_path / "model", b"content")
    assert not left.exists()
    assert new.exists()
