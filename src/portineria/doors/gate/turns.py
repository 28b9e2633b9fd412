"""Whose turn it is at a mailbox: counted in this process alone, or together with others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar
from typing import Protocol as Shape

from portineria.clock import Clock
from portineria.doors.gate.gatelog import log
from portineria.doors.gate.ledger import Ledger
from portineria.fault import Fault
from portineria.gateway.limits import Pacing
from portineria.gateway.manners import NotToday, Pace, Slots, Wait

LOOK = 0.2
"""Seconds between two looks whether a ticket's turn has come."""
SIGN = 2.0
"""Seconds between two signs of life."""
SILENT = 10.0
"""Seconds without an answer of the database after which a balancer should look elsewhere."""
Found = TypeVar("Found")
Answer = Wait | NotToday


@dataclass(frozen=True, slots=True)
class Place:
    """One of a mailbox's connections, while it is had."""

    mailbox: str
    smtp: bool
    ticket: int = 0


class Turns(Shape):
    async def take(self, mailbox: str, *, smtp: bool) -> Place | None:
        """Wait for a connection; None where patience ended. Raises Fault."""
        ...

    def give_back(self, place: Place) -> None: ...
    def ask(self, mailbox: str) -> Answer | Awaitable[Answer]:
        """For one message."""
        ...

    def delivered(self, mailbox: str, recipients: int) -> None: ...
    def throttled(self, mailbox: str) -> None: ...
    async def keep(self) -> None:
        """What has to be done now and then, until cancelled."""
        ...

    async def leave(self) -> None:
        """The last thing that is asked."""
        ...

    @property
    def trouble(self) -> str:
        """Why no turns can be given, or nothing."""
        ...


@dataclass(slots=True)
class OwnTurns:
    """Implements Turns by memory. With a `ledger` a day's recipients outlive the process."""

    pacing: Pacing
    patience: float
    clock: Clock
    ledger: Ledger | None = None
    pace: Pace = field(init=False)
    slots: dict[bool, Slots] = field(init=False)
    trouble: str = ""

    def __post_init__(self) -> None:
        self.pace = Pace(self.pacing, self.patience)
        if self.ledger is not None:
            self.pace.mailboxes.update(self.ledger.kept())
        self.slots = {
            True: Slots(self.pacing.smtp_connections),
            False: Slots(self.pacing.mailbox_connections),
        }

    async def take(self, mailbox: str, *, smtp: bool) -> Place | None:
        slots = self.slots[smtp]
        if not slots.take(mailbox):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            slots.wait(mailbox, turn)
            try:
                async with asyncio.timeout(self.patience):
                    await turn
            except TimeoutError:
                if not turn.done() or turn.cancelled():  # else it came in the last moment
                    slots.give_up(mailbox, turn)
                    return None
        return Place(mailbox, smtp)

    def give_back(self, place: Place) -> None:
        """Its connection goes to whoever waited longest."""
        turn = self.slots[place.smtp].release(place.mailbox)
        if isinstance(turn, asyncio.Future) and not turn.done():
            turn.set_result(None)

    def ask(self, mailbox: str) -> Answer:
        return self.pace.ask(mailbox, self._now())

    def delivered(self, mailbox: str, recipients: int) -> None:
        self.pace.delivered(mailbox, recipients, self._now())

    def throttled(self, mailbox: str) -> None:
        self.pace.throttled(mailbox, self._now())

    async def keep(self) -> None:
        while True:
            await self.clock.sleep(SILENT)
            self.pace.sweep(self._now())
            await self.leave()

    async def leave(self) -> None:
        if self.ledger is None or not self.pace.changed:
            return
        changed, self.pace.changed = self.pace.changed, set()
        boxes = self.pace.mailboxes
        rows = {name: boxes[name].to_row() if name in boxes else None for name in changed}
        try:
            await asyncio.to_thread(self.ledger.keep, rows)
        except Fault as fault:
            self.pace.changed |= changed
            log.error("what mailboxes have sent cannot be kept: %s", fault.why)

    def _now(self) -> float:
        return self.clock.now().timestamp()


@dataclass(slots=True)
class SharedTurns:
    """Implements Turns by a ledger that other processes use too. Its calls wait in a thread."""

    pacing: Pacing
    patience: float
    clock: Clock
    ledger: Ledger
    _owed: set[int] = field(default_factory=set)
    """Tickets to be given back; one that could not be is given back at the next sign of life."""
    _answered: float = field(init=False)
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "portineria-ledger"), repr=False
    )

    def __post_init__(self) -> None:
        self.ledger.live()
        self._answered = self.clock.tick()

    @property
    def trouble(self) -> str:
        silent = self.clock.tick() - self._answered
        return "the gateways' database does not answer" if silent > SILENT else ""

    async def take(self, mailbox: str, *, smtp: bool) -> Place | None:
        most = self.pacing.smtp_connections if smtp else self.pacing.mailbox_connections
        if not most:
            return Place(mailbox, smtp)
        name = f"{'smtp' if smtp else 'mail'} {mailbox}"
        ticket = await self._call(self.ledger.queue, name)
        place = Place(mailbox, smtp, ticket)
        end = self.clock.tick() + self.patience
        try:
            while not await self._call(self.ledger.has, name, ticket, most):
                if self.clock.tick() >= end:
                    self.give_back(place)
                    return None
                await self.clock.sleep(LOOK)
        except BaseException:
            self.give_back(place)
            raise
        return place

    def give_back(self, place: Place) -> None:
        if place.ticket:
            self._owed.add(place.ticket)
            self._later(self._settle)

    async def ask(self, mailbox: str) -> Answer:
        try:
            return await self._call(self.ledger.ask, mailbox, self.pacing, self.patience)
        except Fault as fault:
            log.error("%s", fault.why)
            told = "451 4.3.0 The gateway cannot tell now whose turn it is. Try again later."
            return NotToday("whose turn it is could not be told", told)

    def delivered(self, mailbox: str, recipients: int) -> None:
        self._later(self.ledger.delivered, mailbox, self.pacing, recipients)

    def throttled(self, mailbox: str) -> None:
        self._later(self.ledger.throttled, mailbox)

    async def keep(self) -> None:
        while True:
            try:
                await self._call(self.ledger.live)
                await self._call(self._settle)
            except Fault as fault:
                log.error("%s (%s)", fault.why, fault.where)
            await self.clock.sleep(SIGN)

    async def leave(self) -> None:
        try:
            await self._call(self.ledger.leave)
        except Fault as fault:
            log.error("%s", fault.why)
        self._thread.shutdown(wait=False)

    def _settle(self) -> None:
        for ticket in list(self._owed):
            self.ledger.give_back(ticket)
            self._owed.discard(ticket)

    async def _call(self, work: Callable[..., Found], *told: Any) -> Found:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, work, *told)
        self._answered = self.clock.tick()
        return found

    def _later(self, work: Callable[..., object], *told: Any) -> None:
        self._thread.submit(self._quietly, work, *told)

    def _quietly(self, work: Callable[..., object], *told: Any) -> None:
        try:
            work(*told)
        except Fault as fault:
            log.error("%s (%s)", fault.why, fault.where)
