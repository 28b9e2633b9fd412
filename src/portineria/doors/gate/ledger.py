"""What several gateways must count together: connections, messages, failed logins.

A connection of a mailbox is a numbered ticket: it is had once fewer older tickets stand than the
mailbox has connections, so whoever asked first has it first, on whichever machine. A process says
every few seconds that it lives; the tickets of one that fell silent are nobody's any more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portineria.doors.gate.sqlstore import Rows, Sql
from portineria.gateway.limits import Pacing
from portineria.gateway.manners import NotToday, Paced, Wait

LIVES = 10.0
"""Seconds after its last sign of life for which a process counts as alive."""
WORDS_KEPT = 3600.0


@dataclass(frozen=True, slots=True)
class Word:
    """What one gateway tells the others: `failed` a login, or `unlock` an address or a name."""

    kind: str
    address: str
    name: str


@dataclass(slots=True)
class Ledger:
    """`process` is this one's name, which no other has. Raises StateFault, NetworkFault."""

    sql: Sql
    process: str
    _heard: int = -1
    _tickets: dict[int, str] = field(default_factory=dict)
    """Its own, and what place each is for."""

    def live(self) -> None:
        """Say that this process lives, and bury those that do not. One that was taken for dead,
        while the database was out of its reach, has its tickets again, in their old order."""
        with self.sql.whole("process") as rows:
            now = self.sql.now(rows)
            known = rows("SELECT name FROM process WHERE name = ?", self.process)
            rows("DELETE FROM process WHERE until < ? AND name <> ?", now, self.process)
            rows("DELETE FROM word WHERE at < ?", now - WORDS_KEPT)
            rows(
                "INSERT INTO process VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET until = excluded.until",
                self.process,
                now + LIVES,
            )
            rows("DELETE FROM ticket WHERE process NOT IN (SELECT name FROM process)")
            for ticket, place in () if known else list(self._tickets.items()):
                rows(
                    "INSERT INTO ticket VALUES (?, ?, ?) ON CONFLICT (n) DO NOTHING",
                    ticket,
                    place,
                    self.process,
                )

    def leave(self) -> None:
        with self.sql.whole("process") as rows:
            rows("DELETE FROM ticket WHERE process = ?", self.process)
            rows("DELETE FROM process WHERE name = ?", self.process)

    # --- connections of a mailbox ---

    def queue(self, place: str) -> int:
        """A ticket, behind all that there are."""
        with self.sql.whole(place) as rows:
            said = "INSERT INTO ticket (place, process) VALUES (?, ?) RETURNING n"
            ticket = int(rows(said, place, self.process)[0][0])
        self._tickets[ticket] = place
        return ticket

    def has(self, place: str, ticket: int, most: int) -> bool:
        """Whether it is this ticket's turn."""
        with self.sql.whole() as rows:
            older = rows(
                "SELECT count(*) FROM ticket JOIN process ON process.name = ticket.process "
                "WHERE place = ? AND n < ? AND until >= ?",
                place,
                ticket,
                self.sql.now(rows),
            )
            return bool(older[0][0] < most)

    def give_back(self, ticket: int) -> None:
        self._tickets.pop(ticket, None)
        with self.sql.whole() as rows:
            rows("DELETE FROM ticket WHERE n = ?", ticket)

    # --- messages of a mailbox ---

    def ask(self, mailbox: str, pacing: Pacing, patience: float) -> Wait | NotToday:
        with self.sql.whole(f"paced {mailbox}") as rows:
            one = _paced(rows, mailbox)
            answer = one.ask(pacing, patience, self.sql.now(rows))
            _keep(rows, mailbox, one.to_row())
            return answer

    def delivered(self, mailbox: str, pacing: Pacing, recipients: int) -> None:
        with self.sql.whole(f"paced {mailbox}") as rows:
            one = _paced(rows, mailbox)
            one.delivered(pacing, recipients, self.sql.now(rows))
            _keep(rows, mailbox, one.to_row())

    def throttled(self, mailbox: str) -> None:
        with self.sql.whole(f"paced {mailbox}") as rows:
            one = _paced(rows, mailbox)
            one.throttled(self.sql.now(rows))
            _keep(rows, mailbox, one.to_row())

    def kept(self) -> dict[str, Paced]:
        """What counts of every mailbox."""
        with self.sql.whole() as rows:
            found = rows("SELECT mailbox, document FROM paced")
            return {mailbox: Paced.from_row(json.loads(text)) for mailbox, text in found}

    def keep(self, changed: Mapping[str, Mapping[str, Any] | None]) -> None:
        """`Paced.to_row` of these, None where nothing counts any more: for a gateway that counts
        by itself."""
        with self.sql.whole() as rows:
            for mailbox, row in changed.items():
                if row is None:
                    rows("DELETE FROM paced WHERE mailbox = ?", mailbox)
                else:
                    _keep(rows, mailbox, row)

    # --- words ---

    def say(self, words: list[Word]) -> None:
        with self.sql.whole("word") as rows:
            now = self.sql.now(rows)
            for word in words:
                said = "INSERT INTO word (kind, address, name, process, at) VALUES (?, ?, ?, ?, ?)"
                rows(said, word.kind, word.address, word.name, self.process, now)

    def hear(self) -> list[Word]:
        """What others said since the last time; of before the first time nothing."""
        with self.sql.whole() as rows:
            if self._heard < 0:
                self._heard = int(rows("SELECT coalesce(max(n), 0) FROM word")[0][0])
                return []
            found = rows(
                "SELECT n, kind, address, name, process FROM word WHERE n > ? ORDER BY n",
                self._heard,
            )
        if found:
            self._heard = found[-1][0]
        return [Word(*told) for _, *told, process in found if process != self.process]


def refuse_other_key(sql: Sql, fingerprint: str) -> str | None:
    """Agree on the key that passwords are hashed under; else the fingerprint of the other."""
    with sql.whole("gatekey") as rows:
        found = rows("SELECT fingerprint FROM gatekey")
        if not found:
            rows("INSERT INTO gatekey VALUES (?)", fingerprint)
    return next((other for (other,) in found if other != fingerprint), None)


def _paced(rows: Rows, mailbox: str) -> Paced:
    found = rows("SELECT document FROM paced WHERE mailbox = ?", mailbox)
    return Paced.from_row(json.loads(found[0][0])) if found else Paced()


def _keep(rows: Rows, mailbox: str, row: Mapping[str, Any]) -> None:
    rows(
        "INSERT INTO paced VALUES (?, ?) "
        "ON CONFLICT (mailbox) DO UPDATE SET document = excluded.document",
        mailbox,
        json.dumps(row),
    )
