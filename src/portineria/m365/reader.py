"""Reads a tenant family by family. Implements run.look.TenantReader by shape."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace

from portineria.fault import Fault
from portineria.m365 import ownapps
from portineria.m365.data import Row, lower, text
from portineria.m365.exchange import authentication, mailboxes, recipients, rights
from portineria.m365.exchange import tenant as exchange_tenant
from portineria.m365.exchange.recipients import Tell
from portineria.m365.graph import (
    apps,
    conditional_access,
    groups,
    mailapps,
    organization,
    roles,
    security_defaults,
    signins,
    users,
)
from portineria.m365.session import Session
from portineria.tenant.access import (
    AuthenticationPolicy,
    ConditionalAccessPolicy,
    MailboxPlan,
    NamedLocation,
    Organization,
    Transport,
)
from portineria.tenant.apps import App, MailboxRight, OwnApp
from portineria.tenant.mailbox import Mailbox, RecipientKind
from portineria.tenant.people import Domain, Group, Licences, User
from portineria.tenant.signin import MailApp, SignIn, Wanted
from portineria.tenant.unseen import Unseen


class TenantReading:
    """Every method raises ServiceFault or NetworkFault, and gives the whole or nothing."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def domains(self) -> tuple[Domain, ...]:
        return await organization.domains(self._session)

    async def licences(self) -> Licences:
        return await organization.licences(self._session)

    async def security_defaults(self) -> bool:
        return await security_defaults.read(self._session)

    async def conditional_access(self) -> tuple[ConditionalAccessPolicy, ...]:
        return await conditional_access.policies(self._session)

    async def named_locations(self) -> tuple[NamedLocation, ...]:
        return await conditional_access.locations(self._session)

    async def authentication_policies(self) -> tuple[AuthenticationPolicy, ...]:
        return await authentication.policies(self._session)

    async def transport(self) -> Transport:
        return await exchange_tenant.transport(self._session)

    async def organization(self) -> Organization:
        known = await self._policies()
        return await exchange_tenant.organization(self._session, known)

    async def mailbox_plans(self) -> tuple[MailboxPlan, ...]:
        return await exchange_tenant.plans(self._session)

    async def mailboxes(self, tell: Tell) -> tuple[Mailbox, ...]:
        """The policies of their users are by Name, as everywhere."""
        known = await self._policies()
        boxes = await mailboxes.listing(self._session, tell)
        names: dict[str, str | None] = {}
        for box in boxes:
            given = box.authentication_policy
            if isinstance(given, str) and given not in names:
                names[given] = authentication.name_of(given, known)
        return tuple(
            replace(box, authentication_policy=names[box.authentication_policy])
            if isinstance(box.authentication_policy, str)
            else box
            for box in boxes
        )

    async def recipient(self, name: str) -> Mailbox | None:
        """Its switches are unseen, because there are none."""
        found = await recipients.find(self._session, name)
        if found is None:
            return None
        return _stranger(*found)

    async def recipients(self, names: Collection[str], tell: Tell) -> Mapping[str, Mailbox]:
        """The same for many names at once: everybody is listed, however many are asked about."""
        found = await recipients.find_many(self._session, names, tell)
        return {name: _stranger(*each) for name, each in found.items()}

    async def users(self, tell: Tell) -> Mapping[str, User]:
        found: dict[str, User] = {}
        async for page, total in users.pages(self._session):
            found.update((user.id, user) for user in page)
            tell("accounts", len(found), total)
        return found

    async def user_consent(self) -> bool | Unseen:
        return await organization.user_consent(self._session)

    async def role_members(self, wanted: Collection[str]) -> Mapping[str, frozenset[str]]:
        return await roles.holders(self._session, wanted)

    async def group(self, name: str) -> tuple[Group, ...]:
        return await groups.expand(self._session, name)

    async def per_user_mfa(self, user_ids: Sequence[str]) -> Mapping[str, bool | Unseen]:
        return await users.per_user_mfa(self._session, user_ids)

    async def app(self, client_id: str) -> App | None:
        """The directory's half and Exchange's; the latter is Unseen where it fails."""
        found = await apps.app(self._session, client_id)
        if found is None:
            return None
        try:
            row = await rights.registration(self._session, client_id)
        except Fault as fault:
            return replace(found, registered_as=Unseen(fault.why))
        return replace(found, registered_as=text(row.get("ObjectId")) if row else None)

    async def own_apps(self) -> tuple[OwnApp, ...]:
        return await ownapps.own_apps(self._session)

    async def rights(
        self, app: App, guids: Collection[str]
    ) -> Mapping[tuple[str, str], MailboxRight]:
        """FullAccess in batches of ten; the scoped SMTP role only where the app has it at all."""
        row = await rights.registration(self._session, app.id)
        names = rights.names_of(row, app.principal_id)
        full = await rights.full_access(self._session, names, tuple(guids))
        smtp = await self._scoped_smtp(app, guids)
        return {
            (app.id, guid): MailboxRight(full_access=full[guid], scoped_smtp=smtp[guid])
            for guid in guids
        }

    async def _scoped_smtp(self, app: App, guids: Collection[str]) -> dict[str, bool | Unseen]:
        try:
            has_role = await rights.has_smtp_role(self._session, app.principal_id)
        except Fault as fault:
            return dict.fromkeys(guids, Unseen(fault.why))
        if not has_role:
            return dict.fromkeys(guids, False)
        return await rights.scoped_smtp(self._session, app.id, tuple(guids))

    async def mail_apps(self) -> tuple[MailApp, ...]:
        return await mailapps.mail_apps(self._session)

    def sign_ins(self, wanted: Wanted) -> AsyncIterator[tuple[SignIn, ...]]:
        """A page at a time, newest first: where it breaks off, what was given is a part."""
        return signins.pages(self._session, wanted)

    async def _policies(self) -> tuple[AuthenticationPolicy, ...]:
        """Only for their names: where they cannot be listed, identifiers stay as they are."""
        try:
            return await authentication.policies(self._session)
        except Fault:
            return ()


def _stranger(row: Row, kind: RecipientKind) -> Mailbox:
    none = Unseen("it is not a mailbox of Exchange Online")
    return replace(mailboxes.mailbox(lower(row.get("Guid")), row, none, none), kind=kind)
