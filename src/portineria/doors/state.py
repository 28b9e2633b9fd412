"""The state folder: private, made when it is needed, never loosened."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from portineria.fault import OperatorFault, StateFault

FOLDERS = ("profiles", "runs", "snapshots", "tokens", "keys", "lab")
PRIVATE = 0o700
ELSEWHERE = "give it back to yourself (chown, chmod 700), or name another one with --state"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The folders below one root. Reading a property makes nothing; `make` does."""

    root: Path

    @property
    def profiles(self) -> Path:
        return self.root / "profiles"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def snapshots(self) -> Path:
        return self.root / "snapshots"

    @property
    def tokens(self) -> Path:
        return self.root / "tokens"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def lab(self) -> Path:
        return self.root / "lab"

    def make(self) -> StateFolder:
        """Make what is missing, for its owner alone, and see that it can be written.

        Raises StateFault. A folder that stood there already is refused when others may read it:
        it may hold other things, so its mode is not changed.
        """
        try:
            for folder in (self.root, *(self.root / name for name in FOLDERS)):
                _make_private(folder)
                _refuse_unwritable(folder)
        except OSError as error:
            raise StateFault(
                f"the state folder cannot be used: {error.strerror}",
                where=str(error.filename or self.root),
                try_=ELSEWHERE,
            ) from None
        return self


def _make_private(folder: Path) -> None:
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=PRIVATE, exist_ok=True)
        folder.chmod(PRIVATE)
    if not folder.is_dir():
        raise StateFault(
            "a file stands where the state folder belongs",
            where=str(folder),
            try_="move it away, or name a folder with --state",
        )
    refuse_readable_by_others(folder, "the state folder", "chmod 700", StateFault)


def _refuse_unwritable(folder: Path) -> None:
    """Asked before any work: a journal that cannot be begun stops a run too late."""
    if not os.access(
        folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids
    ):
        raise StateFault(
            "the state folder cannot be written: it is another's, or read-only",
            where=str(folder),
            try_=ELSEWHERE,
        )


def refuse_readable_by_others(path: Path, what: str, cure: str, kind: type[OperatorFault]) -> None:
    """Raise a fault of this kind when anybody but the owner has a right to `path`."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise kind(
            f"{what} is open to others (mode {mode:04o})",
            where=str(path),
            try_=f"{cure} {path}",
        )
