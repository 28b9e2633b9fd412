"""TLS sessions with mail servers that are taken up again: a handshake without certificates.

One is asked of OpenSSL in some minutes, for to ask costs more than to use it. The name was checked
when the session began; it is taken up with the same context and the same server alone.
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
Place = tuple[ssl.SSLContext, str, int]


@dataclass(slots=True)
class Resumption:
    clock: Clock
    _kept: dict[Place, tuple[ssl.SSLSession, float]] = field(default_factory=dict, repr=False)

    def keep(self, behind: Behind, leg: Leg | None) -> None:
        """Called after a login, when the server has sent what is needed for it."""
        place, now = (behind.context, behind.host, behind.port), self.clock.tick()
        kept = self._kept.get(place)
        if leg is None or leg.tls is None or (kept is not None and now - kept[1] < LIFE):
            return
        session = leg.tls.session
        if session is not None:
            self._kept[place] = (session, now)

    def session(self, behind: Behind) -> ssl.SSLSession | None:
        kept = self._kept.get((behind.context, behind.host, behind.port))
        return None if kept is None or self.clock.tick() - kept[1] > 2 * LIFE else kept[0]
