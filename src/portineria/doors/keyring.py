"""What the profile lets us log in to a mailbox with: never invented, and not shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address, IPv6Address

from portineria.clock import Clock
from portineria.doors.identity import AppTokens, Authority, UserTokens
from portineria.doors.privatemap import read_private_map
from portineria.doors.profiles import AppIdentity, PeopleTokens, Probe
from portineria.doors.proof import AppCredential
from portineria.doors.references import Reference
from portineria.doors.vault import Vault
from portineria.m365.endpoints import Endpoints
from portineria.mail.conversation import Credential, Password, Token
from portineria.secret import Secret
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.unseen import Unseen

SCOPES = {
    Protocol.IMAP: "IMAP.AccessAsUser.All",
    Protocol.POP: "POP.AccessAsUser.All",
    Protocol.SMTP: "SMTP.Send",
}
"""Delegated scopes. Source: Microsoft Learn, Authenticate an IMAP, POP or SMTP connection."""


def credential_of(app: AppIdentity) -> AppCredential:
    """The application's proof, read from where the profile says it is. Raises OperatorFault."""
    if app.certificate is not None:
        app.certificate.refuse_open()
    return AppCredential(
        client_id=app.client_id,
        secret=app.secret.read() if app.secret else None,
        certificate_file=app.certificate.path if app.certificate else None,
        passphrase=app.password.read() if app.password else None,
    )


@dataclass(slots=True)
class Keyring:
    """Credentials for real logins, by caller. One of these lives as long as its event loop."""

    authority: Authority
    endpoints: Endpoints
    probe: Probe
    clock: Clock
    _apps: dict[str, AppTokens] = field(default_factory=dict, repr=False)
    _people: dict[str, UserTokens] = field(default_factory=dict, repr=False)
    _files: dict[str, dict[str, Secret]] = field(default_factory=dict, repr=False)

    async def credential(
        self, caller: Caller, mailbox: Mailbox, protocol: Protocol
    ) -> Credential | Unseen:
        """What `caller` logs in to `mailbox` with, or why there is none.

        Raises OperatorFault for a file that cannot be used, and what the token service says
        (PermissionFault, ServiceFault, NetworkFault): a refusal there is an answer too.
        """
        match caller:
            case Basic():
                return self._password(mailbox)
            case AppOnly(client_id):
                return await self._app_token(client_id, mailbox)
            case UserThrough(client_id):
                return await self._person_token(client_id, mailbox, protocol)

    @property
    def sources(self) -> tuple[IPv4Address | IPv6Address, ...]:
        """The addresses of this machine that the profile lets us log in from."""
        return self.probe.sources

    def _password(self, mailbox: Mailbox) -> Credential | Unseen:
        found = self._kept(self.probe.passwords, mailbox)
        if found is None:
            return Unseen("the profile names no password for it under probe.passwords")
        return Password(mailbox.upn, found)

    async def _app_token(self, client_id: str, mailbox: Mailbox) -> Credential | Unseen:
        held = (self.probe.app, self.probe.smtp_app)
        app = next((one for one in held if one and one.client_id == client_id), None)
        if app is None:
            return Unseen(f"the profile holds no credential of app {client_id} under probe.app")
        if client_id not in self._apps:
            self._apps[client_id] = AppTokens(self.authority, credential_of(app), self.clock)
        token = await self._apps[client_id].token(self.endpoints.exchange_scope)
        return Token(mailbox.address, token)

    async def _person_token(
        self, client_id: str | None, mailbox: Mailbox, protocol: Protocol
    ) -> Credential | Unseen:
        user = self.probe.user
        if user is None or client_id not in {None, user.client_id}:
            return Unseen("the profile holds no sign-in of people through that client")
        delegate = user.delegates.get(mailbox.address) or user.delegates.get(mailbox.upn.lower())
        names = (delegate,) if delegate else (mailbox.upn.lower(), mailbox.address.lower())
        held = self._held(user.refresh_tokens)
        name = next((name for name in names if name in held), None)
        if name is None and delegate:
            return Unseen(f"the profile holds no sign-in of {delegate}, who opens it for others")
        if name is None:
            return Unseen("the profile holds no sign-in of this person under probe.user")
        if name not in self._people:
            self._people[name] = self._signed_in(user, name, held[name])
        scope = f"{self.endpoints.mail_resource}/{SCOPES[protocol]}"
        return Token(mailbox.address, await self._people[name].token(scope))

    def _signed_in(self, user: PeopleTokens, name: str, refresh: Secret) -> UserTokens:
        """A vault is told each new token; a list that people write is theirs, and only read."""
        vault = Vault.at(user.refresh_tokens.path)
        keep = partial(vault.keep, name) if vault else _forget
        return UserTokens(self.authority, user.client_id, refresh, self.clock, keep)

    def _kept(self, reference: Reference | None, mailbox: Mailbox) -> Secret | None:
        if reference is None:
            return None
        kept = self._held(reference)
        return kept.get(mailbox.upn.lower()) or kept.get(mailbox.address.lower())

    def _held(self, reference: Reference) -> dict[str, Secret]:
        if reference.name not in self._files:
            self._files[reference.name] = read_private_map(reference)
        return self._files[reference.name]


def _forget(_: Secret) -> None:
    return
