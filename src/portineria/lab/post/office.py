"""What all conversations of the post office share: the tenant, the mail, the counters.

The ways to check a password and to read a token are handed in, so a test may put its own.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from portineria.lab.login.signin import by_password
from portineria.lab.login.tokens import read
from portineria.lab.post.bearer import ReadToken
from portineria.lab.post.mailboxes import MailStore
from portineria.lab.post.refusals import TooManyConnections
from portineria.lab.post.sentences import Session
from portineria.lab.post.wire import Wire
from portineria.lab.weather import Weather
from portineria.lab.world import World

MINUTE = 60.0
DAY = 86_400.0


class SignIn(Protocol):
    """Checks a password as the login service does. Raises login.refusals.SignInFault."""

    def __call__(
        self, world: World, weather: Weather, upn: str, password: str, address: str
    ) -> Awaitable[object]: ...


def _forget(_record: dict[str, Any]) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Limits:
    """Per mailbox (dossier exchange-online 4.2)."""

    connections: int = 3
    messages_per_minute: int = 30
    recipients_per_day: int = 10_000


@dataclass(slots=True)
class PostOffice:
    """One tenant's mail hosts. `weather` is asked anew each time, for it can be replaced.

    `record` gets one flat dict for every AUTH, every first command on a mailbox and every
    message sent; it never holds a password, a token or the message.
    """

    world: World
    weather: Callable[[], Weather]
    record: Callable[[dict[str, Any]], None] = _forget
    sign_in: SignIn = by_password
    read_token: ReadToken = read
    limits: Limits = field(default_factory=Limits)
    store: MailStore = field(default_factory=MailStore)
    connections: Counter[str] = field(default_factory=Counter)
    _sessions: int = 0
    _sent: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)

    def forget(self) -> None:
        """No mail, no counters: for a tenant that was seeded anew."""
        self.store = MailStore()
        self.connections.clear()
        self._sent.clear()

    def session(self) -> Session:
        """A new conversation's names; ids never repeat."""
        self._sessions += 1
        return Session(
            host="LA1P000CA0016.outlook.office365.com",
            server="LA1P000MB0007.LABP000.PROD.OUTLOOK.COM",
            id=f"08DE{self._sessions:012X}",
        )

    def wire(self) -> Wire:
        return Wire(self.world, self.weather())

    def connect(self, guid: str) -> None:
        """One more SMTP connection of this mailbox. Raises TooManyConnections."""
        if self.connections[guid] >= self.limits.connections:
            raise TooManyConnections
        self.connections[guid] += 1

    def disconnect(self, guid: str) -> None:
        self.connections[guid] = max(0, self.connections[guid] - 1)

    def recipients_today(self, guid: str) -> int:
        return sum(count for _, count in self._log(guid))

    def wait_for_turn(self, guid: str) -> float:
        """Seconds until this mailbox may send again: the excess of a minute is delayed (4.2)."""
        now, most = self.world.clock.tick(), self.limits.messages_per_minute
        recent = [at for at, _ in self._log(guid) if now - at < MINUTE]
        return 0.0 if len(recent) < most else recent[-most] + MINUTE - now

    def note_sent(self, guid: str, recipients: int) -> None:
        self._log(guid).append((self.world.clock.tick(), recipients))

    def _log(self, guid: str) -> deque[tuple[float, int]]:
        log = self._sent.setdefault(guid, deque())
        while log and self.world.clock.tick() - log[0][0] >= DAY:
            log.popleft()
        return log
