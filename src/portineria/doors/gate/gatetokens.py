"""Tokens for the mail server behind: one application's, or for SMTP those of one beside it.

A token lives in this process's memory alone: it is good for an hour, and who starts the gateway
has the application's credential anyway (docs/decisions/0012-gateway-tokens.md). It is asked for
again while the last one is still good, so that no client waits for Microsoft.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from portineria.clock import Clock
from portineria.doors.identity import AppTokens
from portineria.fault import Fault
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol

YOUNG = 300.0
"""Seconds: a token that is no older is not asked for again because somebody was refused with it."""
AHEAD = 600.0
"""Seconds before its end at which the next one is asked for."""
EVERY = 20.0
log = logging.getLogger("portineria.gateway")


@dataclass(slots=True)
class GateTokens:
    """Implements gate.Tokens."""

    apps: Mapping[Protocol, AppTokens] = field(repr=False)
    scope: str
    clock: Clock
    _got: dict[int, float] = field(default_factory=dict)

    async def token(self, protocol: Protocol, mailbox: str) -> Secret:
        app = self.apps[protocol]
        had = app.left(self.scope) > 0
        token = await app.token(self.scope)
        if not had:
            self._got[id(app)] = self.clock.tick()
        return token

    def renew(self, protocol: Protocol, mailbox: str) -> bool:
        app = self.apps[protocol]
        if self.clock.tick() - self._got.get(id(app), float("-inf")) < YOUNG:
            return False
        app.forget()
        return True

    async def keep(self) -> None:
        """Ask ahead, until cancelled. What fails is asked for again, by the next client at last."""
        while True:
            await self.clock.sleep(EVERY)
            for app in {id(one): one for one in self.apps.values()}.values():
                if not 0 < app.left(self.scope) < AHEAD:
                    continue
                try:
                    await app.ahead(self.scope)
                    self._got[id(app)] = self.clock.tick()
                except Fault as fault:
                    log.warning("the next token is not to be had yet: %s", fault.why)
