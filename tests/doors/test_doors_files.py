"""State on the disk: private, whole, durable, and one process a tenant."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from portineria.doors.files import Lock, append_durably, private_folder, write_atomic
from portineria.fault import GuardStop, OperatorFault


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_folder_and_its_missing_parents_are_ours_alone(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "a" / "b")
    assert mode(folder) == 0o700
    assert mode(folder.parent) == 0o700


def test_a_folder_that_stood_open_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    assert mode(private_folder(folder)) == 0o700


def test_a_folder_that_cannot_be_made_is_the_operators_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorFault) as caught:
        private_folder(tmp_path / "file" / "below")
    assert "--state" in caught.value.try_


def test_a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "profile"
    write_atomic(path, b"one")
    write_atomic(path, b"two" * 100_000)
    assert path.read_bytes() == b"two" * 100_000
    assert mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_replacement_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "profile"
    write_atomic(path, b"old")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"


def test_lines_are_added_at_the_end_of_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    append_durably(path, b"one\n")
    append_durably(path, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    assert mode(path) == 0o600


def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic link"):
        append_durably(tmp_path / "link", b"x")
    assert not (tmp_path / "elsewhere").exists()


def test_a_second_process_is_told_which_one_holds_the_tenant(tmp_path: Path) -> None:
    path = tmp_path / "tenant.lock"
    attempt = (
        "import sys; from pathlib import Path; from portineria.doors.files import Lock\n"
        "from portineria.fault import GuardStop\n"
        "try:\n"
        "    with Lock(Path(sys.argv[1])): print('got it')\n"
        "except GuardStop as stop: print(stop.why)\n"
    )

    def another() -> str:
        done = subprocess.run(
            [sys.executable, "-c", attempt, str(path)], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    with Lock(path):
        assert f"pid {os.getpid()}" in another()
    assert another() == "got it"


def test_the_same_process_cannot_hold_it_twice_either(tmp_path: Path) -> None:
    path = tmp_path / "tenant.lock"
    with Lock(path), pytest.raises(GuardStop), Lock(path):
        pass
    with Lock(path):
        pass


def test_a_passing_lock_takes_its_file_with_it(tmp_path: Path) -> None:
    path = tmp_path / "running.lock"
    with Lock(path, passing=True):
        assert path.exists()
        with pytest.raises(GuardStop), Lock(path, passing=True):
            pass
    assert not path.exists()


def test_a_file_that_went_away_before_it_was_locked_is_not_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "running.lock"
    real, calls = fcntl.flock, []

    def late(descriptor: int, how: int) -> None:
        if not calls:
            path.unlink()  # whoever held it until now has ended
        calls.append(how)
        real(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with Lock(path):
        assert len(calls) == 2
        assert path.read_text() == f"{os.getpid()}\n"
        with pytest.raises(GuardStop), Lock(path):
            pass
