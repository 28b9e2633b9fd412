"""Tokens for the mail server behind: one application's, or for SMTP those of one beside it; or
those of the person who signed in for the mailbox, where the grant says so.

A token lives in this process's memory alone: it is good for an hour, and who starts the gateway
has the application's credential anyway (docs/decisions/0012-gateway-tokens.md). It is asked for
again while the last one is still good, so that no client waits for Microsoft. Of people a refresh
token is kept, in the profile's vault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from portineria.clock import Clock
from portineria.doors.gate.gatelog import log
from portineria.doors.identity import AppTokens, UserTokens
from portineria.doors.signins import SCOPES, SignIns
from portineria.fault import BadCredential, Fault
from portineria.gateway.admission import Entrance
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen

YOUNG = 300.0
"""Seconds: a token that is no older is not asked for again because somebody was refused with it."""
AHEAD = 600.0
"""Seconds before its end at which the next one is asked for."""
EVERY = 20.0


@dataclass(slots=True)
class _Used:
    """A source of tokens that somebody wanted one of, for what, and when the last one came."""

    entrance: Entrance
    source: AppTokens | UserTokens
    scope: str
    got: float = float("-inf")


@dataclass(slots=True, kw_only=True)
class GateTokens:
    """Implements gate.Tokens. `scope` is the application's, `resource` what people's begin with;
    `profile` is where either is named."""

    apps: Mapping[Protocol, AppTokens] = field(repr=False)
    people: SignIns | None = field(repr=False)
    scope: str
    resource: str
    profile: str
    clock: Clock
    _used: dict[tuple[int, str], _Used] = field(default_factory=dict, repr=False)

    async def token(self, entrance: Entrance) -> Secret:
        used = self._source(entrance)
        had = used.source.left(used.scope) > 0
        token = await used.source.token(used.scope)
        if not had:
            used.got = self.clock.tick()
        return token

    def renew(self, entrance: Entrance) -> bool:
        used = self._source(entrance)
        if self.clock.tick() - used.got < YOUNG:
            return False
        used.source.forget()
        return True

    def lacking(self, entrances: Iterable[Entrance]) -> Iterator[tuple[Entrance, Fault]]:
        """What nothing here opens, and why: told before anybody knocks."""
        for one in entrances:
            try:
                self._source(one)
            except Fault as fault:
                yield one, fault

    def _source(self, entrance: Entrance) -> _Used:
        """Raises BadCredential, and OperatorFault for a list that cannot be used."""
        source, scope = self._person(entrance) if entrance.person else self._app(entrance.protocol)
        return self._used.setdefault((id(source), scope), _Used(entrance, source, scope))

    def _app(self, protocol: Protocol) -> tuple[AppTokens, str]:
        if protocol in self.apps:
            return self.apps[protocol], self.scope
        raise BadCredential(
            "the profile names no mail app, which opens the mailboxes for the gateway",
            where=self.profile,
            try_="portineria app create policy.yaml makes one and names it under probe.app",
        )

    def _person(self, entrance: Entrance) -> tuple[UserTokens, str]:
        found: UserTokens | Unseen = Unseen("nobody signed in for this profile")
        if self.people is not None:
            found = self.people.of(entrance.person, entrance.mailbox)
        if isinstance(found, Unseen):
            raise BadCredential(
                f"{entrance.mailbox} is opened by a person's sign-in, and there is none: "
                f"{found.because}",
                where=self.profile,
                try_=f"let that person sign in: portineria connect user {entrance.person}",
            )
        return found, f"{self.resource}/{SCOPES[entrance.protocol]}"

    async def keep(self) -> None:
        """Ask ahead, until cancelled. What fails is asked for again, by the next client at last."""
        while True:
            await self.clock.sleep(EVERY)
            for used in list(self._used.values()):
                if not 0 < used.source.left(used.scope) < AHEAD:
                    continue
                try:
                    self._source(used.entrance)  # whoever was taken out of the list stays out
                    await used.source.ahead(used.scope)
                    used.got = self.clock.tick()
                except Fault as fault:
                    log.warning("the next token is not to be had yet: %s", fault.why)
