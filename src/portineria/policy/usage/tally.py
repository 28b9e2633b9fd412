"""Counts sign-ins as they come, and keeps none of them.

What is held grows with the mailboxes and the clients that they use, never with the log: names
that have no mailbox are one counter together, and of addresses and programs the first few dozen
are told apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from portineria.policy.usage.use import Evidence, Method, Outsiders
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.signin import WITH_PASSWORD, Event, SignIn
from portineria.tenant.snapshot import Snapshot

APART = 32
"""Different addresses, countries or programs of one use that are counted apart."""
SHOWN = 8
"""Of those, the most frequent that are told."""

Key = tuple[str, Method, Protocol | None, str]
"""Mailbox guid ("" for none), method, protocol where it is told, client id ("" for passwords)."""


@dataclass(slots=True)
class Few:
    """Counts what it has met, up to APART different ones; then only that there were more."""

    counts: Counter[str] = field(default_factory=Counter)
    more: bool = False

    def add(self, value: str) -> None:
        if not value:
            return
        if value in self.counts or len(self.counts) < APART:
            self.counts[value] += 1
        else:
            self.more = True

    def most(self) -> tuple[tuple[str, int], ...]:
        return tuple(self.counts.most_common(SHOWN))


@dataclass(slots=True)
class Count:
    """The evidence of one use in the making."""

    mailbox: Mailbox | None
    name: str = ""
    results: Counter[int] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None
    last_in: datetime | None = None
    addresses: Few = field(default_factory=Few)
    countries: Few = field(default_factory=Few)
    agents: Few = field(default_factory=Few)

    def add(self, sign_in: SignIn) -> None:
        at = sign_in.at
        self.results[sign_in.error] += 1
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)
        if sign_in.error == 0:
            self.last_in = at if self.last_in is None else max(self.last_in, at)
        self.name = sign_in.app_name or self.name
        self.addresses.add(sign_in.address)
        self.countries.add(sign_in.country)
        self.agents.add(sign_in.agent)

    def evidence(self) -> Evidence:
        return Evidence(
            results=tuple(self.results.most_common()),
            first=self.first,
            last=self.last,
            last_in=self.last_in,
            addresses=self.addresses.most(),
            more_addresses=self.addresses.more or len(self.addresses.counts) > SHOWN,
            countries=self.countries.most(),
            agents=self.agents.most(),
        )


@dataclass(slots=True)
class Tally:
    """Sign-ins of one tenant, by use. `protocols` and `mailboxes` (guids) are all that is counted,
    where some are named."""

    snapshot: Snapshot
    protocols: frozenset[Protocol] = frozenset(Protocol)
    mailboxes: frozenset[str] | None = None
    counts: dict[Key, Count] = field(default_factory=dict)
    _outside: Count = field(default_factory=lambda: Count(None))

    def add(self, sign_ins: Iterable[SignIn]) -> None:
        for sign_in in sign_ins:
            self._add(sign_in)

    @property
    def outsiders(self) -> Outsiders:
        results = self._outside.results
        return Outsiders(
            tries=results.total(), got_in=results[0], addresses=self._outside.addresses.most()
        )

    def _add(self, sign_in: SignIn) -> None:
        method = _method(sign_in)
        protocol = WITH_PASSWORD.get(sign_in.client.lower()) if method is Method.BASIC else None
        if protocol is not None and protocol not in self.protocols:
            return
        box = None if method is Method.APP else self._mailbox(sign_in)
        if box is None and method is not Method.APP:
            if self.mailboxes is None:
                self._outside.add(sign_in)
            return
        if box is not None and self.mailboxes is not None and box.guid not in self.mailboxes:
            return
        app = "" if method is Method.BASIC else sign_in.app_id
        key = (box.guid if box else "", method, protocol, app)
        count = self.counts.get(key)
        if count is None:
            count = self.counts[key] = Count(box)
        count.add(sign_in)

    def _mailbox(self, sign_in: SignIn) -> Mailbox | None:
        by_id = self.snapshot.mailbox(sign_in.user_id) if sign_in.user_id else None
        return by_id or (self.snapshot.mailbox(sign_in.name) if sign_in.name else None)


def _method(sign_in: SignIn) -> Method:
    if sign_in.event is Event.APPLICATION:
        return Method.APP
    return Method.BASIC if sign_in.password else Method.USER
