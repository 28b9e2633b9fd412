"""Where gateways keep what they have in common: an SQLite file on one machine, PostgreSQL on many.

Both speak the same small SQL. A transaction may be given a name: no other one of that name goes on
beside it, on any machine, so what is counted in it stays true until it is written.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from typing import Protocol as Shape

from portineria.clock import Clock
from portineria.doors.files import private_folder
from portineria.doors.gate.ownfile import make_private, unusable
from portineria.doors.state import refuse_readable_by_others
from portineria.fault import BadCredential, NetworkFault, OperatorFault, StateFault
from portineria.secret import Secret

if TYPE_CHECKING:
    import psycopg

Rows = Callable[..., list[tuple[Any, ...]]]
"""Say a statement with its values, `?` for each; what it answers."""
TABLES = (
    "CREATE TABLE IF NOT EXISTS credential (id TEXT PRIMARY KEY, document TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS revision (of TEXT PRIMARY KEY, n BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS gatekey (fingerprint TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS process (name TEXT PRIMARY KEY, until DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE IF NOT EXISTS ticket (n {serial}, place TEXT NOT NULL, process TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS ticket_place ON ticket (place, n)",
    "CREATE TABLE IF NOT EXISTS paced (mailbox TEXT PRIMARY KEY, document TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS word (n {serial}, kind TEXT NOT NULL, address TEXT NOT NULL, "
    "name TEXT NOT NULL, process TEXT NOT NULL, at DOUBLE PRECISION NOT NULL)",
)
WAIT = 10.0
"""Seconds that a statement waits for another process."""
CONNECT = 5


class Sql(Shape):
    """One database. Calls come from any thread, one at a time."""

    def whole(self, name: str = "") -> AbstractContextManager[Rows]:
        """All that is said inside, or nothing of it. Raises StateFault, NetworkFault."""
        ...

    def now(self, rows: Rows) -> float:
        """Seconds since 1970, the same for everybody who shares the database."""
        ...

    def close(self) -> None: ...


class SqliteFile:
    """Implements Sql by a file for its owner alone."""

    def __init__(self, path: Path, clock: Clock) -> None:
        private_folder(path.parent)
        self._path, self._clock, self._mutex = path, clock, threading.RLock()
        with self._faults():
            make_private(path, b"")
            refuse_readable_by_others(path, "the list of credentials", "chmod 600", StateFault)
            self._line = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=WAIT
            )
            self._line.execute("PRAGMA journal_mode = WAL")
            for table in TABLES:
                serial = "INTEGER PRIMARY KEY AUTOINCREMENT"
                self._line.execute(table.format(serial=serial))

    @contextmanager
    def whole(self, name: str = "") -> Iterator[Rows]:
        # Of named ones, in which something is counted, only one goes on at a time.
        with self._mutex, self._faults():
            self._line.execute("BEGIN IMMEDIATE" if name else "BEGIN")
            try:
                yield lambda said, *values: self._line.execute(said, values).fetchall()
            except BaseException:
                self._line.execute("ROLLBACK")
                raise
            self._line.execute("COMMIT")

    def now(self, rows: Rows) -> float:
        return self._clock.now().timestamp()

    def close(self) -> None:
        self._line.close()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unusable(self._path, error.strerror or str(error)) from None
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise unusable(self._path, str(error)) from None


class Postgres:
    """Implements Sql by a server. `conninfo` is libpq's, or a URL; it may hold a password.

    A connection that broke is made again by the next transaction. Raises OperatorFault at once
    where the driver is missing or `conninfo` cannot be read.
    """

    def __init__(self, conninfo: Secret, where: str) -> None:
        try:
            import psycopg
            from psycopg.conninfo import conninfo_to_dict
        except ImportError:
            raise OperatorFault(
                "the driver for PostgreSQL is not installed",
                where=where,
                try_="pip install 'portineria[postgres]'",
            ) from None
        try:
            told = conninfo_to_dict(conninfo.reveal())
        except psycopg.Error:
            raise BadCredential(
                "this is no connection to PostgreSQL",
                where=where,
                try_="write host=db.contoso.com dbname=portineria user=portineria password=...",
            ) from None
        self._psycopg, self._conninfo, self._mutex = psycopg, conninfo, threading.RLock()
        host, name = told.get("host") or "a local socket", told.get("dbname") or ""
        self._where = f"PostgreSQL at {host}, database {name}".removesuffix(", database ")
        self._line: psycopg.Connection[tuple[Any, ...]] | None = None
        with self.whole("tables") as rows:
            for table in TABLES:
                rows(table.format(serial="BIGSERIAL PRIMARY KEY"))

    @contextmanager
    def whole(self, name: str = "") -> Iterator[Rows]:
        with self._mutex, self._faults():
            line = self._connected()

            def rows(said: str, *values: object) -> list[tuple[Any, ...]]:
                cursor = line.execute(said.replace("?", "%s").encode(), values)
                return cursor.fetchall() if cursor.description else []

            with line.transaction():
                if name:
                    rows("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", name)
                yield rows

    def now(self, rows: Rows) -> float:
        return float(rows("SELECT extract(epoch FROM clock_timestamp())")[0][0])

    def close(self) -> None:
        if self._line is not None:
            self._line.close()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._line is None or self._line.closed:
            limits = f"-c statement_timeout={int(WAIT * 1000)} -c lock_timeout={int(WAIT * 1000)}"
            self._line = self._psycopg.connect(
                self._conninfo.reveal(),
                autocommit=True,
                options=limits,
                connect_timeout=CONNECT,
                application_name="portineria gateway",
            )
        return self._line

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.OperationalError as error:
            if self._line is not None:
                with suppress(self._psycopg.Error):
                    self._line.close()
            self._line = None
            raise NetworkFault(
                f"the gateways' database does not answer: {_first_line(error)}",
                where=self._where,
                try_="look whether it runs, and whether this machine may connect to it",
            ) from None
        except (self._psycopg.Error, ValueError, KeyError, TypeError) as error:
            raise StateFault(
                f"the gateways' database cannot be used: {_first_line(error)}",
                where=self._where,
                try_="look what its log says, and whether the user may make tables there",
            ) from None


def _first_line(error: Exception) -> str:
    """What a driver says first. libpq names host, port, user and database, and no password."""
    return (str(error).splitlines() or [type(error).__name__])[0]
