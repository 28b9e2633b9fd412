"""Files of a gateway for its owner alone, made whole; and the one place that only one may take."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portineria.doors.files import private_folder
from portineria.fault import OperatorFault, StateFault

LOCK = "run.lock"
LOOKED_AT = 0.05
"""Seconds that somebody is given who has taken the lock, to look or to write down who it is."""


def make_private(path: Path, content: bytes) -> None:
    """A file for its owner alone, unless it is there. Whole: another process may read it."""
    if path.exists():
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        try:
            os.link(fresh, path)
        except FileExistsError:
            return
    finally:
        fresh.unlink(missing_ok=True)


def unusable(path: Path, why: str) -> StateFault:
    return StateFault(
        f"the gateway's file cannot be used: {why}", where=str(path), try_=StateFault.mend
    )


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Be the one gateway of this state folder. Raises OperatorFault where another one is.

    The lock goes with the process, however it ends.
    """
    private_folder(folder)
    path = folder / LOCK
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if not (_locked(descriptor) or _locked(descriptor, after=LOOKED_AT)):
            raise OperatorFault(
                f"a gateway runs already from this state folder, as process {_pid(descriptor)}",
                where=str(folder),
                try_="portineria gateway down stops it; a second one needs a folder of its own: "
                "--state",
            )
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(folder: Path) -> int | None:
    """The process of the gateway of this state folder, whether it answers or not; 0 where it does
    not say which, None where there is none."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        if _locked(descriptor):
            return None
        time.sleep(LOOKED_AT)  # who has just taken it has not said so before that
        return _pid(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, after: float = 0.0) -> bool:
    time.sleep(after)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _pid(descriptor: int) -> int:
    """0 where it is not written yet."""
    told = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    return int(told) if told.isdecimal() else 0
