"""People who signed in for a profile: whose token opens a mailbox, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from portineria.clock import Clock
from portineria.doors.files import stamp
from portineria.doors.identity import Authority, UserTokens
from portineria.doors.privatemap import read_private_map
from portineria.doors.profile import PeopleTokens
from portineria.doors.vault import Vault
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen

SCOPES = {
    Protocol.IMAP: "IMAP.AccessAsUser.All",
    Protocol.POP: "POP.AccessAsUser.All",
    Protocol.SMTP: "SMTP.Send",
}
"""Delegated scopes. Source: Microsoft Learn, Authenticate an IMAP, POP or SMTP connection."""


@dataclass(slots=True)
class SignIns:
    """One of these lives as long as its event loop. What somebody else puts into the list is
    found there: a new sign-in, or what another process was given meanwhile."""

    authority: Authority
    user: PeopleTokens
    clock: Clock
    _held: dict[str, Secret] = field(default_factory=dict, repr=False)
    _stamp: tuple[int, int, int] | None = None
    _people: dict[str, UserTokens] = field(default_factory=dict, repr=False)

    def of(self, upn: str, address: str) -> UserTokens | Unseen:
        """The tokens that open this mailbox: its owner's, or those of who opens it for others.

        Raises OperatorFault for a list that cannot be used.
        """
        self._read()
        upn, address = upn.lower(), address.lower()
        delegate = self.user.delegates.get(address) or self.user.delegates.get(upn)
        names = (delegate,) if delegate else (upn, address)
        name = next((name for name in names if name in self._held), None)
        if name is None and delegate:
            return Unseen(f"the profile holds no sign-in of {delegate}, who opens it for others")
        if name is None:
            return Unseen("the profile holds no sign-in of this person under probe.user")
        if name not in self._people:
            self._people[name] = self._signed_in(name, self._held[name])
        return self._people[name]

    def _read(self) -> None:
        """Again only where it changed: a vault does with every token that it is told."""
        reference = self.user.refresh_tokens
        now = stamp(reference.path)
        if now is not None and now == self._stamp:
            return
        before, self._held = self._held, read_private_map(reference)
        self._stamp = now
        for name, person in self._people.items():
            if name in self._held and self._held[name] != before.get(name):
                person.adopt(self._held[name])

    def _signed_in(self, name: str, refresh: Secret) -> UserTokens:
        """A vault is told each new token; a list that people write is theirs, and only read."""
        vault = Vault.at(self.user.refresh_tokens.path)
        keep = partial(vault.keep, name) if vault else _forget
        return UserTokens(self.authority, self.user.client_id, refresh, self.clock, keep)


def _forget(_: Secret) -> None:
    return
