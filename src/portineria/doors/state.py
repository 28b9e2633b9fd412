"""The state folder: private, made when it is needed, never loosened."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from portineria.fault import OperatorFault

FOLDERS = ("profiles", "runs", "snapshots", "tokens", "lab")
PRIVATE = 0o700


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
    def lab(self) -> Path:
        return self.root / "lab"

    def make(self) -> StateFolder:
        """Make what is missing, for its owner alone. Raises OperatorFault.

        A folder that stood there already is refused when others may read it: it may hold other
        things, so its mode is not changed.
        """
        try:
            for folder in (self.root, *(self.root / name for name in FOLDERS)):
                _make_private(folder)
        except OSError as error:
            raise OperatorFault(
                f"the state folder cannot be made: {error.strerror}",
                where=str(error.filename or self.root),
                try_="name another one with --state or PORTINERIA_STATE",
            ) from None
        return self


def _make_private(folder: Path) -> None:
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=PRIVATE, exist_ok=True)
        folder.chmod(PRIVATE)
    if not folder.is_dir():
        raise OperatorFault(
            "the state folder is a file", where=str(folder), try_="name a folder with --state"
        )
    refuse_readable_by_others(folder, "the state folder", "chmod 700")


def refuse_readable_by_others(path: Path, what: str, cure: str) -> None:
    """Raise OperatorFault when anybody but the owner has a right to `path`."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise OperatorFault(
            f"{what} is open to others (mode {mode:04o})",
            where=str(path),
            try_=f"{cure} {path}",
        )
