"""Credentials of devices in an SQLite file, and the key that their passwords are hashed under.

Both are 0600 in `gateway` of the state folder. Who has the file without the key can guess nothing.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from portineria.doors.files import private_folder
from portineria.doors.state import refuse_readable_by_others
from portineria.fault import StateFault
from portineria.gateway.admission import Credential
from portineria.gateway.credentials import clash, from_row, is_called, stands, to_row
from portineria.secret import Secret

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""One case and no 0, 1, i, l, o: typed on a printer's panel without a shift key or a doubt."""
LENGTH = 26
"""31 to the power of 26 is more than 2 to the power of 128."""
_TABLE = "CREATE TABLE IF NOT EXISTS credential (id TEXT PRIMARY KEY, document TEXT NOT NULL)"


def generated() -> Secret:
    """A device's password: more than 128 bits."""
    return Secret("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def new_id() -> str:
    return secrets.token_hex(4)


def hash_key(folder: Path) -> bytes:
    """The gateway's own key, made where there is none. Raises StateFault."""
    private_folder(folder)
    path = folder / "hash.key"
    try:
        _make(path, secrets.token_bytes(32))
        refuse_readable_by_others(path, "the gateway's key", "chmod 600", StateFault)
        key = path.read_bytes()
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    if len(key) != 32:
        raise _unusable(path, "it is not 32 octets long")
    return key


class SqliteCredentials:
    """Implements gateway.credentials.CredentialStore. Raises StateFault where the file fails."""

    def __init__(self, folder: Path) -> None:
        private_folder(folder)
        self._path = folder / "credentials.sqlite"
        self._seen = -1
        with self._faults():
            _make(self._path, b"")
            refuse_readable_by_others(
                self._path, "the list of credentials", "chmod 600", StateFault
            )
            self._file = sqlite3.connect(self._path, isolation_level=None)
            self._file.execute(_TABLE)

    def close(self) -> None:
        self._file.close()

    def every(self) -> list[Credential]:
        with self._faults():
            rows = self._file.execute("SELECT document FROM credential ORDER BY rowid").fetchall()
            return [from_row(json.loads(document)) for (document,) in rows]

    def add(self, one: Credential, now: datetime) -> Credential | None:
        with self._whole():
            other = clash(one, self.every(), now)
            if other is None:
                self._keep(one)
            return other

    def revoke(self, name: str, at: datetime) -> list[Credential]:
        with self._whole():
            meant = [c for c in self.every() if stands(c, at) and is_called(c, name)]
            gone = [replace(one, revoked=at) for one in meant]
            for one in gone:
                self._keep(one)
            return gone

    def rotate(self, fresh: Credential, old: str, until: datetime) -> bool:
        with self._whole():
            found = [c for c in self.every() if c.id == old and stands(c, fresh.created)]
            for one in found:
                self._keep(fresh)
                self._keep(replace(one, until=min(until, one.until or until)))
            return bool(found)

    def changed(self) -> bool:
        with self._faults():
            version = int(self._file.execute("PRAGMA data_version").fetchone()[0])
        before, self._seen = self._seen, version
        return version != before

    def _keep(self, one: Credential) -> None:
        self._file.execute(
            "INSERT INTO credential VALUES (?, ?) "
            "ON CONFLICT (id) DO UPDATE SET document = excluded.document",
            (one.id, json.dumps(to_row(one))),
        )

    @contextmanager
    def _whole(self) -> Iterator[None]:
        with self._faults():
            self._file.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._file.execute("ROLLBACK")
                raise
            self._file.execute("COMMIT")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _unusable(self._path, error.strerror or str(error)) from None
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise _unusable(self._path, str(error)) from None


def login_names(folder: Path) -> list[str]:
    """All of them, for a shell's completion; none where the list is not there or cannot be read."""
    path = folder / "credentials.sqlite"
    if not path.exists():
        return []
    try:
        rows = sqlite3.connect(path).execute("SELECT document FROM credential").fetchall()
        names = [name for (text,) in rows for name in json.loads(text)["names"]]
    except (sqlite3.Error, ValueError, KeyError):
        return []
    return list(dict.fromkeys(names))


def _make(path: Path, content: bytes) -> None:
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


def _unusable(path: Path, why: str) -> StateFault:
    return StateFault(
        f"the gateway's file cannot be used: {why}", where=str(path), try_=StateFault.mend
    )
