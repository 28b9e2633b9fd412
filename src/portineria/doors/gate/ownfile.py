"""Files of a gateway for its owner alone, made whole; and the one place that only one may take."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from portineria.doors.files import private_folder
from portineria.fault import OperatorFault, StateFault

LOCK = "run.lock"


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
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            who = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            raise OperatorFault(
                f"a gateway runs already from this state folder, as process {who or 'unknown'}",
                where=str(folder),
                try_="portineria gateway down stops it; a second one needs a folder of its own: "
                "--state",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
