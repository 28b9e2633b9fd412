"""A few connections to the mail server that wait, greeted, for somebody's token.

Over a path of 30 ms a login takes a handshake and three or four ways to and fro; all but the last
can be gone before anybody asks. A connection that waits holds no token, and is given up before the
server would: Exchange Online hangs up on whoever says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from portineria.clock import Clock
from portineria.doors.gate.house import Behind
from portineria.doors.gate.leg import Leg, Owner
from portineria.doors.gate.reach import Reach
from portineria.gateway.upstream import UpstreamLogin
from portineria.tenant.mailbox import Protocol

OLDEST = 45.0
"""Seconds that one waits. A minute is what servers give before a login (Dovecot: 60 s); Exchange
Online names no number."""
CONNECT = 15.0
RETRY = 5.0
"""Seconds until the next try where the mail server could not be reached."""


class _Waiting(Owner):
    """Implements leg.Owner until a session takes the leg over."""

    def __init__(self, behind: Behind, login: UpstreamLogin, born: float) -> None:
        self.leg = Leg(self, None if behind.starttls else behind.context, behind.host)
        self.login = login
        self.born = born
        self.dead = False
        self.warmed: Callable[[tuple[bytes, ...]], None] = lambda _: None
        self._behind = behind

    @property
    def ready(self) -> bool:
        return self.login.warm and not self.dead

    def connected(self, leg: Leg) -> None:
        return

    def held(self, leg: Leg, octets: bytes) -> None:
        return

    def received(self, leg: Leg, octets: memoryview) -> None:
        before = self.login.warm
        self.login.receive(bytes(octets))
        if before or self.login.outcome is not None:
            self.dead = True  # it said something unasked, most likely goodbye
            leg.close()
            return
        if self.login.warm:
            self.warmed(self.login.offers)
        self._go_on()

    def secured(self, leg: Leg) -> None:
        if leg.context is None:
            self.login.tls_started()
            self._go_on()

    def ended(self, leg: Leg, why: str) -> None:
        self.dead = True
        leg.close()

    def full(self, leg: Leg, is_full: bool) -> None:
        return

    def _go_on(self) -> None:
        if out := self.login.take():
            self.leg.send(out)
        if self.login.wants_tls and self.leg.tls is None:
            self.leg.begin_tls(self._behind.context)


@dataclass(slots=True)
class Pool:
    """`size` connections a protocol, of those protocols that somebody listens for."""

    size: int
    servers: Mapping[Protocol, Behind]
    make: Mapping[Protocol, Callable[[], UpstreamLogin]]
    clock: Clock
    reach: Reach
    heard: Callable[[Protocol, tuple[bytes, ...]], None] = lambda *_: None
    """Told what a server offers, by each connection that gets warm."""
    taken: int = 0
    missed: int = 0
    _waiting: dict[Protocol, list[_Waiting]] = field(default_factory=dict)
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, protocol: Protocol) -> tuple[Leg, UpstreamLogin] | None:
        """The one that waits longest, or None: none is ready."""
        now = self.clock.tick()
        found = self._waiting.get(protocol, [])
        self._wanted.set()
        for one in found:
            if one.ready and now - one.born < OLDEST:
                found.remove(one)
                self.taken += 1
                return one.leg, one.login
        self.missed += self.size > 0
        return None

    @property
    def ready(self) -> int:
        return sum(one.ready for some in self._waiting.values() for one in some)

    async def keep(self) -> None:
        """Fill up and renew, until cancelled; then what waits is closed."""
        try:
            while True:
                if not await self._fill():
                    await asyncio.sleep(RETRY)
                    continue
                self._wanted.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(1.0):
                        await self._wanted.wait()
        finally:
            for some in self._waiting.values():
                for one in some:
                    one.leg.close()

    async def look(self, protocol: Protocol) -> None:
        """One connection, to hear what the server offers, and away.

        Where it is not reached, the first client tells.
        """
        one = await self._open(protocol)
        if one is None:
            return
        end = self.clock.tick() + CONNECT
        while not (one.ready or one.dead) and self.clock.tick() < end:
            await self.clock.sleep(0.02)
        one.leg.close()

    async def _fill(self) -> bool:
        """Whether every server that was asked could be reached."""
        now, reached = self.clock.tick(), True
        for protocol in self.make:
            some = self._waiting.setdefault(protocol, [])
            for one in [one for one in some if one.dead or now - one.born >= OLDEST]:
                some.remove(one)
                one.leg.close()
            missing = self.size - len(some)
            made = [self._open(protocol) for _ in range(missing)]
            opened = await asyncio.gather(*made)
            some += filter(None, opened)
            reached = reached and None not in opened
        return reached

    async def _open(self, protocol: Protocol) -> _Waiting | None:
        behind = self.servers[protocol]
        one = _Waiting(behind, self.make[protocol](), self.clock.tick())
        one.warmed = lambda offers: self.heard(protocol, offers)
        try:
            async with asyncio.timeout(CONNECT):
                await self.reach.connect(one.leg, behind)
        except OSError:
            return None
        return one
