"""One-time links to one mailbox's settings: kept under a digest, so that whoever reads the folder
has no link; read once, and gone.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from portineria.doors.files import private_folder, write_atomic
from portineria.secret import Secret

OCTETS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a link shows: a page, or a file of a kind and a name."""

    kind: str
    name: str
    text: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Links:
    folder: Path

    def make(self, kept: Kept) -> Secret:
        """The end of a link. Raises OSError."""
        token = Secret(secrets.token_urlsafe(OCTETS))
        private_folder(self.folder)
        row = {**asdict(kept), "until": kept.until.isoformat()}
        write_atomic(self._path(token.reveal()), json.dumps(row).encode())
        return token

    def is_there(self, token: str, now: datetime) -> bool:
        return self._read(self._path(token), now) is not None

    def take(self, token: str, now: datetime) -> Kept | None:
        """What it shows, for whoever comes first; None for everybody else, and afterwards."""
        path = self._path(token)
        mine = path.with_suffix(f".{secrets.token_hex(8)}")
        try:
            path.rename(mine)  # of two who ask at once, one has it
        except OSError:
            return None
        try:
            return self._read(mine, now)
        finally:
            mine.unlink(missing_ok=True)

    def sweep(self, now: datetime) -> None:
        """Take away what nobody came for."""
        for path in self.folder.glob("*.json"):
            if self._read(path, now) is None:
                path.unlink(missing_ok=True)

    def _read(self, path: Path, now: datetime) -> Kept | None:
        try:
            row = json.loads(path.read_text(encoding="utf-8"))
            kept = Kept(**{**row, "until": datetime.fromisoformat(row["until"])})
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return kept if now < kept.until else None

    def _path(self, token: str) -> Path:
        return self.folder / f"{hashlib.sha256(token.encode()).hexdigest()}.json"
