"""What the profile lets us log in to a mailbox with: never invented, and not shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from portineria.clock import Clock
from portineria.doors.identity import AppTokens, Authority
from portineria.doors.privatemap import read_private_map
from portineria.doors.profiles import AppIdentity, Probe
from portineria.doors.proof import AppCredential
from portineria.doors.references import Reference
from portineria.doors.signins import SCOPES, SignIns
from portineria.m365.endpoints import Endpoints
from portineria.mail.conversation import Credential, Password, Token
from portineria.secret import Secret
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.unseen import Unseen


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
    _sign_ins: SignIns | None = field(default=None, repr=False)
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
        if self._sign_ins is None:
            self._sign_ins = SignIns(self.authority, user, self.clock)
        person = self._sign_ins.of(mailbox.upn, mailbox.address)
        if isinstance(person, Unseen):
            return person
        scope = f"{self.endpoints.mail_resource}/{SCOPES[protocol]}"
        return Token(mailbox.address, await person.token(scope))

    def _kept(self, reference: Reference | None, mailbox: Mailbox) -> Secret | None:
        if reference is None:
            return None
        kept = self._held(reference)
        return kept.get(mailbox.upn.lower()) or kept.get(mailbox.address.lower())

    def _held(self, reference: Reference) -> dict[str, Secret]:
        if reference.name not in self._files:
            self._files[reference.name] = read_private_map(reference)
        return self._files[reference.name]
