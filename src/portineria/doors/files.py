"""State that survives: private folders, atomic writes, durable lines, one process a tenant."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from portineria.fault import Locked, StateFault


def private_folder(path: Path) -> Path:
    """Make the folder and its missing parents, mode 0700. Raises StateFault.

    One that is there already and belongs to us is closed to others.
    """
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise StateFault(
            f"the folder cannot be used: {error.strerror or error}",
            where=str(path),
            try_="choose another state folder with --state or PORTINERIA_STATE",
        ) from error
    return path


def stamp(path: Path) -> tuple[int, int, int] | None:
    """What is another one where the file was written since; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def write_atomic(path: Path, content: bytes | Iterable[bytes], mode: int = 0o600) -> None:
    """Replace a file as a whole: after a crash there is the old one or the new one.

    What comes in pieces is written as it comes; where making them fails, the old one is there.

    Raises OSError, and leaves nothing beside it then.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    try:
        try:
            for part in (content,) if isinstance(content, bytes) else _packed(content):
                _write_all(descriptor, part)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same octets in fewer pieces: each costs a call of the system."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        if len(waiting) >= _PACK:
            yield bytes(waiting)
            waiting.clear()
    yield bytes(waiting)


_PACK = 64 * 1024


def append_durably(path: Path, line: bytes) -> None:
    """Append, and return only when it is on the disk; a new file is 0600."""
    new = not path.exists()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    try:
        _write_all(descriptor, line)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make names durable: a file that was written is lost while its folder is not."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class Lock:
    """Held while one process works on a tenant; the system lets go of it when that dies.

    A context manager. Entering raises Locked, naming the other process, where it is held.
    With `passing` the file goes away at the end.
    """

    def __init__(self, path: Path, *, passing: bool = False) -> None:
        self._path = path
        self._passing = passing
        self._descriptor: int | None = None

    def __enter__(self) -> Lock:
        descriptor = self._held()
        while not self._still_named(descriptor):
            # Its holder removed it between our opening and our locking: that file is nobody's.
            os.close(descriptor)
            descriptor = self._held()
        self._descriptor = descriptor
        # The number is for people: where the disk is full the lock holds without it.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        return self

    def _held(self) -> int:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StateFault(
                f"the tenant's lock cannot be opened: {error.strerror}",
                where=str(self._path),
                try_=StateFault.mend,
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise Locked(
                f"another process (pid {holder or 'unknown'}) is working on this tenant",
                where=str(self._path),
                try_=f"wait until it has finished; ps -p {holder} shows what it is"
                if holder.isdigit()
                else "wait until it has finished",
                evidence={"pid": holder},
            ) from error
        return descriptor

    def _still_named(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """The file stays, or goes while it is still locked: then whoever waits for it sees that."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            if self._passing:
                self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None
