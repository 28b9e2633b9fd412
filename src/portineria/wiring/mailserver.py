"""What speaks to mail servers: how a login is tried, and a server without any tenant behind it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from portineria.clock import Clock
from portineria.doors.crew import AsyncCrew
from portineria.doors.stream import LIMIT, TcpDial
from portineria.doors.tlsversions import Lookers
from portineria.fault import NoFile
from portineria.run.asking import Patience
from portineria.run.ports import Crew
from portineria.secret import Secret

WHOLE = 4
"""A whole conversation may take so many times what a single wait may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How logins are tried. `seconds` bounds each wait; `password` is used instead of the
    profile's; `closer` asks more than the login needs."""

    closer: bool = False
    seconds: float = LIMIT
    password: Secret | None = field(default=None, repr=False)

    @property
    def patience(self) -> Patience:
        return Patience(line=self.seconds, whole=WHOLE * self.seconds)


@dataclass(frozen=True, slots=True)
class MailServers:
    """Everything that is needed to speak to mail servers, and to look at them."""

    dial: TcpDial
    lookers: Lookers
    clock: Clock
    crew: Crew


@asynccontextmanager
async def open_servers(ca: Path | None, manner: Manner) -> AsyncIterator[MailServers]:
    """For servers that no profile describes. Raises NoFile for a file of authorities."""
    from portineria.wiring.opening import system_clock

    try:
        dial = TcpDial(ca, limit=manner.seconds)
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or "it holds no certificate in PEM"
        raise NoFile(
            f"the file of authorities cannot be used: {why}", where=str(ca), try_=NoFile.mend
        ) from None
    yield MailServers(dial, Lookers(limit=manner.seconds), system_clock(), AsyncCrew())
