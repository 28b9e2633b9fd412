"""What `app check` needs of an open tenant: its own applications, a reader, logins, a memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portineria.doors.firstseen import FirstSeenFile
from portineria.doors.keyring import credential_of
from portineria.doors.ownapp import OwnCredential
from portineria.doors.profile import AppIdentity, Profile
from portineria.fault import BadJournal, NoSuch, UsageFault
from portineria.m365.mailappreader import MailAppReading
from portineria.mail.conversation import Token
from portineria.policy.drift import Memory
from portineria.run.appcheck import Hands, LogIn
from portineria.run.given import GivenByRuns
from portineria.run.memory import memory_of
from portineria.run.ports import Progress
from portineria.run.probe import Ask, Probe, Tls, probe
from portineria.secret import Secret
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.wiring.opening import authority
from portineria.wiring.tenant import Tenant


def apps_for(
    profile: Profile, protocols: Iterable[Protocol], client_id: str | None
) -> Mapping[Protocol, str]:
    """Which application comes by each protocol: the one that was named, else the profile's.

    Without protocols, all for which there is an application. Raises UsageFault, NoSuch.
    """
    known = _identities(profile)
    if client_id is not None and client_id not in known:
        raise UsageFault(
            f"the profile holds no credential of app {client_id}",
            where="--app",
            try_=f"name one of these: {', '.join(known)}" if known else "name it under probe.app",
        )
    mail, smtp = profile.probe.app, profile.probe.smtp_app
    usual = {Protocol.IMAP: mail, Protocol.POP: mail, Protocol.SMTP: smtp or mail}
    found = {one: client_id or app.client_id for one, app in usual.items() if app is not None}
    if client_id is not None:
        found = dict.fromkeys(usual, client_id)
    asked = tuple(protocols) or tuple(found) or (Protocol.IMAP,)
    for one in asked:
        if one not in found:
            raise NoSuch(
                f"the profile names no mail app for {one.value.upper()}",
                where=str(profile.path),
                try_="make one: portineria app create policy.yaml; or name yours under probe.app",
            )
    return {one: found[one] for one in asked}


def _identities(profile: Profile) -> dict[str, AppIdentity]:
    named = (profile.probe.app, profile.probe.smtp_app)
    return {app.client_id: app for app in named if app is not None}


def hands_of(tenant: Tenant, progress: Progress) -> Hands:
    """Raises OperatorFault for a credential that cannot be read."""
    profile = tenant.profile
    login = authority(profile, tenant.tenant_id)
    scope = profile.endpoints.exchange_scope
    return Hands(
        reader=MailAppReading(tenant.session),
        own={
            client_id: OwnCredential(login, credential_of(app), tenant.clock, scope)
            for client_id, app in _identities(profile).items()
        },
        log_in=_logging_in(tenant),
        memory=FirstSeenFile(tenant.state, tenant.tenant_id),
        given=GivenByRuns(_memory(tenant)),
        clock=tenant.clock,
        crew=tenant.crew,
        progress=progress,
        tenant_id=tenant.tenant_id,
        audience=scope.removesuffix("/.default"),
    )


def _logging_in(tenant: Tenant) -> LogIn:
    async def log_in(box: Mailbox, protocol: Protocol, user: str, token: Secret) -> Probe:
        server = getattr(tenant.profile.endpoints, protocol.value)
        ask = Ask(
            protocol=protocol,
            host=server.host,
            port=server.port,
            tls=Tls.STARTTLS if protocol is Protocol.SMTP else Tls.IMPLICIT,
            mailbox=box.address,
            credential=Token(user, token),
            caller="app",
        )
        return await probe(tenant.dial, tenant.clock, ask)

    return log_in


def _memory(tenant: Tenant) -> Memory:
    """What earlier runs left; a damaged journal says nothing, and stops nothing here."""
    try:
        return memory_of(tenant.runs())
    except BadJournal:
        return Memory()
