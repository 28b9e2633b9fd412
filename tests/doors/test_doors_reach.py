"""Where mail servers are: the next address where one does not answer, and the good one first."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest
from legowner import Ear

from portineria.clock import VirtualClock
from portineria.doors.gate import reach as reaching
from portineria.doors.gate.house import Behind
from portineria.doors.gate.leg import Leg
from portineria.doors.gate.reach import HELD, Reach, resolved

GOOD, OTHER = "127.0.0.1", "127.0.0.2"
CONTEXT = ssl.create_default_context()


class Town:
    """Listeners at one port of several loopback addresses, and the names that lead to them."""

    def __init__(self) -> None:
        self.port = 0
        self.addresses = [OTHER, GOOD]
        self.asked = 0
        self.answers = True
        self.knocks: Counter[str] = Counter()
        self.clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.reach = Reach(self.clock, self.resolve)
        self._open: list[asyncio.Server] = []

    async def resolve(self, host: str, port: int) -> list[str]:
        self.asked += 1
        if not self.answers:
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return list(self.addresses)

    async def listen(self, address: str) -> None:
        async def knocked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.knocks[address] += 1
            with suppress(ConnectionError):
                await reader.read()
            writer.close()

        server = await asyncio.start_server(knocked, address, self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._open.append(server)

    async def connect(self) -> None:
        """Raises OSError."""
        leg = Leg(Ear())
        await self.reach.connect(leg, Behind("mail.example", self.port, True, CONTEXT))
        assert leg.transport is not None
        leg.close()
        await asyncio.sleep(0.05)

    def close(self) -> None:
        for server in self._open:
            server.close()


@asynccontextmanager
async def town(*addresses: str) -> AsyncIterator[Town]:
    found = Town()
    for address in addresses:
        await found.listen(address)
    try:
        yield found
    finally:
        found.close()


async def test_the_next_address_is_tried_and_the_one_that_answered_is_first_from_then_on() -> None:
    async with town(GOOD) as here:
        await here.connect()
        await here.listen(OTHER)  # it would answer now, and is not asked
        await here.connect()
        assert here.knocks == {GOOD: 2}
        here.clock.advance(HELD)
        await here.connect()
        assert here.knocks == {GOOD: 3}, "so it stays when names are asked again"


async def test_an_address_that_says_nothing_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with town(GOOD) as here:
        with socket.socket() as silent, socket.socket() as first, socket.socket() as second:
            silent.bind((OTHER, here.port))
            silent.listen(0)
            for one in (first, second):  # its queue is full: Linux answers no further knock
                one.setblocking(False)
                one.connect_ex((OTHER, here.port))
            monkeypatch.setattr(reaching, "SOON", 0.2)
            await here.connect()
            monkeypatch.setattr(reaching, "SOON", 60.0)
            async with asyncio.timeout(20):
                await here.connect()
        assert here.knocks == {GOOD: 2}


async def test_names_are_asked_once_a_minute_and_what_was_known_is_good_enough() -> None:
    async with town(GOOD) as here:
        for _ in range(3):
            await here.connect()
        assert here.asked == 1
        here.clock.advance(HELD)
        here.answers = False
        await here.connect()
        assert (here.asked, here.knocks[GOOD]) == (2, 4)
        await here.connect()
        assert here.asked == 2, "and not at every login where nobody answers"


async def test_a_server_that_moved_is_found_at_its_new_address() -> None:
    async with town(GOOD, OTHER) as here:
        here.addresses = [GOOD]
        await here.connect()
        here.addresses = [OTHER]
        here.clock.advance(HELD)
        await here.connect()
        assert here.knocks == {GOOD: 1, OTHER: 1}


async def test_where_no_address_answers_the_last_ones_reason_is_told() -> None:
    async with town(GOOD) as here:
        here.addresses = [OTHER, "127.0.0.3"]
        with pytest.raises(ConnectionRefusedError):
            await here.connect()
        here.answers = False
        with pytest.raises(socket.gaierror):
            await Reach(here.clock, here.resolve).connect(
                Leg(Ear()), Behind("gone.example", here.port, True, CONTEXT)
            )


async def test_an_address_is_its_own_and_each_is_named_once() -> None:
    assert await resolved("127.0.0.1", 993) == ["127.0.0.1"]
    assert await resolved("::1", 993) == ["::1"]
