"""What the mail server behind lets one mailbox do, met by waiting in turn instead of by failing.

Nothing here waits or reads a clock: it says how long to wait, and the owner does. Turns are given
in the order in which they were asked for, each mailbox by itself, so nobody starves and no mailbox
holds up another.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portineria.gateway.limits import Pacing

MINUTE, DAY = 60.0, 86_400.0
TOGETHER = 600.0
"""Seconds whose recipients are counted together: a day is at most that much longer."""
BACK_OFF = 30.0
"""Seconds that a mailbox rests after the mail server said that it is too much."""
LONGEST_BACK_OFF = 600.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on in so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class NotToday:
    """Come again later; `reply` is what an SMTP client hears."""

    why: str
    reply: str


@dataclass(slots=True)
class Paced:
    """What counts of one mailbox. `now` is a second of a clock that outlives a restart."""

    starts: deque[float] = field(default_factory=deque)
    """When the last messages might begin, in the order of asking."""
    sent: deque[tuple[float, int]] = field(default_factory=deque)
    """Recipients, of some minutes together, and the last moment of those."""
    recipients: int = 0
    rest_until: float = 0.0
    rested: float = 0.0

    def ask(self, pacing: Pacing, patience: float, now: float) -> Wait | NotToday:
        """For one message. A turn that is given counts, whatever becomes of the message."""
        self.forget(now)
        most = pacing.recipients_per_day
        if most and self.recipients >= most:
            return NotToday(
                "the mailbox has used up its recipients of a day",
                "452 4.5.3 This mailbox has used up its recipients of a day. Try again later.",
            )
        start = max(now, self.rest_until)
        per_minute = pacing.messages_per_minute
        if per_minute and len(self.starts) >= per_minute:
            start = max(start, self.starts[-per_minute] + MINUTE)
        if self.starts:
            start = max(start, self.starts[-1])
        if start - now > patience:
            return NotToday(
                "the mailbox's turn is too far away",
                "451 4.7.1 This mailbox sends too much at once. Try again in a minute.",
            )
        self.starts.append(start)
        return Wait(start - now)

    def delivered(self, pacing: Pacing, recipients: int, now: float) -> None:
        self.rested = 0.0
        if not pacing.recipients_per_day:
            return
        self.recipients += recipients
        if self.sent and now // TOGETHER == self.sent[-1][0] // TOGETHER:
            recipients += self.sent.pop()[1]
        self.sent.append((now, recipients))

    def throttled(self, now: float) -> None:
        """The mail server said that it is too much: rest, longer each time."""
        self.rested = min(LONGEST_BACK_OFF, max(BACK_OFF, self.rested * 2))
        self.rest_until = now + self.rested

    def forget(self, now: float) -> bool:
        """Leave out what is too old to count; whether anything is left."""
        while self.starts and self.starts[0] <= now - MINUTE:
            self.starts.popleft()
        while self.sent and self.sent[0][0] <= now - DAY:
            self.recipients -= self.sent.popleft()[1]
        return bool(self.starts or self.sent or self.rest_until > now)

    def to_row(self) -> dict[str, Any]:
        return {
            "starts": list(self.starts),
            "sent": list(self.sent),
            "rest_until": self.rest_until,
            "rested": self.rested,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Paced:
        """Raises KeyError, TypeError, ValueError for what is none."""
        sent = deque((float(at), int(number)) for at, number in row["sent"])
        return cls(
            starts=deque(map(float, row["starts"])),
            sent=sent,
            recipients=sum(number for _, number in sent),
            rest_until=float(row["rest_until"]),
            rested=float(row["rested"]),
        )


class Pace:
    """Messages and recipients, mailbox by mailbox, of one process."""

    def __init__(self, pacing: Pacing, patience: float) -> None:
        self._pacing = pacing
        self._patience = patience
        self.mailboxes: dict[str, Paced] = {}
        self.changed: set[str] = set()
        """Mailboxes of which something new counts, or nothing any more; its reader empties it."""

    def ask(self, mailbox: str, now: float) -> Wait | NotToday:
        return self._one(mailbox).ask(self._pacing, self._patience, now)

    def delivered(self, mailbox: str, recipients: int, now: float) -> None:
        self._one(mailbox).delivered(self._pacing, recipients, now)

    def throttled(self, mailbox: str, now: float) -> None:
        self._one(mailbox).throttled(now)

    def sweep(self, now: float) -> None:
        """Forget mailboxes of which nothing counts any more."""
        for name, one in list(self.mailboxes.items()):
            if not one.forget(now):
                del self.mailboxes[name]
                self.changed.add(name)

    @property
    def held(self) -> int:
        return len(self.mailboxes)

    def _one(self, mailbox: str) -> Paced:
        self.changed.add(mailbox)
        return self.mailboxes.setdefault(mailbox, Paced())


class Slots:
    """Connections of a mailbox at once. `most` 0: no limit. Waiters are the owner's own objects."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[str, int] = {}
        self._waiting: dict[str, deque[object]] = {}

    def take(self, mailbox: str) -> bool:
        """Whether there is room at once; whoever waits already comes first."""
        if self._most and (self._taken.get(mailbox, 0) >= self._most or self._waiting.get(mailbox)):
            return False
        self._taken[mailbox] = self._taken.get(mailbox, 0) + 1
        return True

    def wait(self, mailbox: str, waiter: object) -> None:
        self._waiting.setdefault(mailbox, deque()).append(waiter)

    def give_up(self, mailbox: str, waiter: object) -> None:
        """Whoever waited waits no more."""
        queue = self._waiting.get(mailbox)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            if not queue:
                del self._waiting[mailbox]

    def release(self, mailbox: str) -> object | None:
        """One connection less. Who waited longest and has its place now; None: nobody waited."""
        queue = self._waiting.get(mailbox)
        if queue:
            waiter = queue.popleft()
            if not queue:
                del self._waiting[mailbox]
            return waiter
        left = self._taken[mailbox] - 1
        if left:
            self._taken[mailbox] = left
        else:
            del self._taken[mailbox]
        return None

    @property
    def held(self) -> int:
        return len(self._taken) + len(self._waiting)


_TOO_MUCH = re.compile(
    rb"^(?:432|421|451|452|450|454)[ -](?:4\.3\.2|4\.5\.\d|4\.7\.\d{3})\b"
    rb"|STOREDRV\.\w+; ?(?:mailbox|server) (?:server )?is (?:too )?busy"
    rb"|concurrent connections limit exceeded|message submission rate"
    rb"|\[(?:UNAVAILABLE|LIMIT|INUSE)\]|\[(?:SYS/TEMP|IN-USE)\]|server busy|request is throttled",
    re.IGNORECASE,
)


def is_too_much(said: bytes) -> bool:
    """Whether an answer of the mail server asks to come slower.

    Source: Microsoft Learn, Troubleshoot SMTP AUTH client submission (432 4.3.2, 4.5.127 and the
    rate answers); RFC 5530 (UNAVAILABLE, LIMIT, INUSE), RFC 3206 (SYS/TEMP), RFC 2449 (IN-USE).
    """
    return _TOO_MUCH.search(said) is not None
