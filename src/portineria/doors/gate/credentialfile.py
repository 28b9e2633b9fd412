"""Credentials of devices in a database, and the key that their passwords are hashed under.

The key is a file of its own, never in the database: who has the one without the other can guess
nothing. Both are 0600 in `gateway` of the state folder, unless the database is elsewhere.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from portineria.doors.files import private_folder
from portineria.doors.gate.ownfile import make_private, unusable
from portineria.doors.gate.sqlstore import Rows, Sql
from portineria.doors.state import refuse_readable_by_others
from portineria.fault import StateFault
from portineria.gateway.admission import Credential
from portineria.gateway.credentials import (
    ALPHABET,
    LENGTH,
    clash,
    from_row,
    is_called,
    stands,
    to_row,
)
from portineria.secret import Secret

TABLE = "credential"
FILE = "credentials.sqlite"


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
        make_private(path, secrets.token_bytes(32))
        refuse_readable_by_others(path, "the gateway's key", "chmod 600", StateFault)
        key = path.read_bytes()
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from None
    if len(key) != 32:
        raise unusable(path, "it is not 32 octets long")
    return key


class Credentials:
    """Implements gateway.credentials.CredentialStore. Raises StateFault, NetworkFault."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql
        self._seen = -1

    def close(self) -> None:
        self._sql.close()

    def every(self) -> list[Credential]:
        with self._sql.whole() as rows:
            return self._every(rows)

    def add(self, one: Credential, now: datetime) -> Credential | None:
        with self._sql.whole(TABLE) as rows:
            other = clash(one, self._every(rows), now)
            if other is None:
                self._keep(rows, one)
            return other

    def revoke(self, name: str, at: datetime) -> list[Credential]:
        with self._sql.whole(TABLE) as rows:
            meant = [c for c in self._every(rows) if stands(c, at) and is_called(c, name)]
            gone = [replace(one, revoked=at) for one in meant]
            for one in gone:
                self._keep(rows, one)
            return gone

    def rotate(self, fresh: Credential, old: str, until: datetime) -> bool:
        with self._sql.whole(TABLE) as rows:
            found = [c for c in self._every(rows) if c.id == old and stands(c, fresh.created)]
            for one in found:
                self._keep(rows, fresh)
                self._keep(rows, replace(one, until=min(until, one.until or until)))
            return bool(found)

    def changed(self) -> bool:
        with self._sql.whole() as rows:
            found = rows("SELECT n FROM revision WHERE of = ?", TABLE)
        before, self._seen = self._seen, found[0][0] if found else 0
        return self._seen != before

    def _every(self, rows: Rows) -> list[Credential]:
        found = rows("SELECT document FROM credential")
        every = [from_row(json.loads(document)) for (document,) in found]
        return sorted(every, key=lambda one: (one.created, one.id))

    def _keep(self, rows: Rows, one: Credential) -> None:
        rows(
            "INSERT INTO credential (id, document) VALUES (?, ?) "
            "ON CONFLICT (id) DO UPDATE SET document = excluded.document",
            one.id,
            json.dumps(to_row(one)),
        )
        rows(
            "INSERT INTO revision VALUES (?, 1) ON CONFLICT (of) DO UPDATE SET n = revision.n + 1",
            TABLE,
        )


def login_names(folder: Path) -> list[str]:
    """All of them, for a shell's completion; none where the list is not there or cannot be read."""
    path = folder / FILE
    if not path.exists():
        return []
    try:
        rows = sqlite3.connect(path).execute("SELECT document FROM credential").fetchall()
        names = [name for (text,) in rows for name in json.loads(text)["names"]]
    except (sqlite3.Error, ValueError, KeyError):
        return []
    return list(dict.fromkeys(names))
