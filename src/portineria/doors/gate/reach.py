"""Connections to mail servers, by addresses that are asked for once a minute, the good one first.

outlook.office365.com has many, of both families, and a machine may have a road to one family alone.
The next address is tried when one does not answer soon; the one that answered is first from then
on, so that only the first login waits. Where names are not answered, what was known is good enough.
Source: RFC 8305, 3 to 5; one after the other here, because logins come again and again.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from portineria.clock import Clock
from portineria.doors.gate.house import Behind
from portineria.doors.gate.leg import Leg

HELD = 60.0
"""Seconds after which addresses are asked for again."""
SOON = 3.0
"""Seconds that an address has while another one is left."""
CONNECT = 30.0
"""Seconds that all of them have together."""

Resolve = Callable[[str, int], Awaitable[list[str]]]


async def resolved(host: str, port: int) -> list[str]:
    """Addresses in the order that the machine prefers (RFC 6724). Raises OSError."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(CONNECT):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(slots=True)
class _Known:
    addresses: list[str]
    since: float

    def prefer(self, address: str) -> None:
        self.addresses.sort(key=lambda one: one != address)


class Reach:
    def __init__(self, clock: Clock, resolve: Resolve = resolved) -> None:
        self._clock = clock
        self._resolve = resolve
        self._hosts: dict[tuple[str, int], _Known] = {}

    async def connect(self, leg: Leg, behind: Behind) -> None:
        """Raises OSError (TimeoutError is one), that of the last address."""
        known = await self._known(behind.host, behind.port)
        loop, left = asyncio.get_running_loop(), list(known.addresses)
        end = loop.time() + CONNECT
        while True:
            address = left.pop(0)
            soon = min(end, loop.time() + SOON) if left else end
            try:
                async with asyncio.timeout_at(soon):
                    await loop.create_connection(lambda: leg, address, behind.port)
            except OSError:
                if not left or leg.transport is not None:
                    raise
                continue
            if address != known.addresses[0]:
                known.prefer(address)
            return

    async def _known(self, host: str, port: int) -> _Known:
        now, known = self._clock.tick(), self._hosts.get((host, port))
        if known is not None:
            if now - known.since < HELD:
                return known
            known.since = now  # whoever comes meanwhile goes by what is known
        try:
            addresses = await self._resolve(host, port)
        except OSError:
            if known is None:
                raise
            return known
        fresh = self._hosts[host, port] = _Known(addresses, now)
        if known is not None:
            fresh.prefer(known.addresses[0])
        return fresh
