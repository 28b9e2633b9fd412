"""TLS sessions with mail servers that are taken up again: a handshake without certificates.

One is asked of OpenSSL in some minutes, for to ask costs more than to use it. The name was checked
when the session began; it is taken up with the same context and the same server alone. To offer one
costs half of what it saves: a server that does not take it up (each of its processes may have a key
of its own, as Dovecot's have) is not offered it until the next.
Source: RFC 8446, 2.2; RFC 5077.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from portineria.clock import Clock
from portineria.doors.gate.house import Behind
from portineria.doors.gate.leg import Leg

LIFE = 300.0
"""Seconds after which the next login's session takes its place; after twice that it is not used."""
ENOUGH = 4
"""Offers after which it counts how many were taken up."""
Place = tuple[ssl.SSLContext, str, int]


@dataclass(slots=True)
class _Kept:
    session: ssl.SSLSession = field(repr=False)
    since: float
    offered: int = 0
    taken: int = 0

    @property
    def pays(self) -> bool:
        return self.offered < ENOUGH or 2 * self.taken >= self.offered


@dataclass(slots=True)
class Resumption:
    clock: Clock
    _kept: dict[Place, _Kept] = field(default_factory=dict, repr=False)

    def keep(self, behind: Behind, leg: Leg | None) -> None:
        """Called after a login, when the server has sent what is needed for it."""
        place, now = (behind.context, behind.host, behind.port), self.clock.tick()
        kept = self._kept.get(place)
        if leg is None or leg.tls is None:
            return
        if kept is not None and leg.resume is kept.session:
            kept.offered += 1
            kept.taken += bool(leg.tls.session_reused)
        if kept is not None and now - kept.since < LIFE:
            return
        session = leg.tls.session
        if session is not None:
            self._kept[place] = _Kept(session, now)

    def session(self, behind: Behind) -> ssl.SSLSession | None:
        kept = self._kept.get((behind.context, behind.host, behind.port))
        if kept is None or not kept.pays or self.clock.tick() - kept.since > 2 * LIFE:
            return None
        return kept.session
