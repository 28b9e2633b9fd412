"""Single objects of the tenant, read and written in the fields of policy.change.Family.

Implements run.ports.Resources by shape. Reads give Microsoft's own names and JSON values, with
policies by Name and Conditional Access in normal form, so that they compare with a plan.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from portineria.fault import Fault, NoFile, NotFound
from portineria.m365 import appresources
from portineria.m365.data import Row, text, truth
from portineria.m365.exchange import authentication, mailboxes, rights
from portineria.m365.exchange import tenant as exchange_tenant
from portineria.m365.exchange.match import one
from portineria.m365.graph import conditional_access, security_defaults, users
from portineria.m365.graph.ownapps import Certificate
from portineria.m365.session import Session
from portineria.m365.writing import write
from portineria.policy.change import Change, Family, Fields, Missing, Target, Written
from portineria.tenant.access import AuthenticationPolicy
from portineria.tenant.unseen import Unseen

_BOOLEANS = frozenset(
    {
        "ImapEnabled",
        "PopEnabled",
        "SmtpClientAuthenticationDisabled",
        "AllowLegacyTLSClients",
        "RejectDirectSend",
        *authentication.FLAGS,
    }
)
_ABSENT: Mapping[str, Any] = {
    "RejectDirectSend": False,
    "DefaultAuthenticationPolicy": None,
    "AuthenticationPolicy": None,
    "AllowLegacyTLSClients": None,
    "grantControls": None,
    "isTrusted": False,
}
"""What a member means that is not in the answer. Source: Exchange dossier 1.12."""
_SINGLE = (Family.TRANSPORT, Family.ORGANIZATION, Family.SECURITY_DEFAULTS)
_COLLECTIONS = {
    Family.CONDITIONAL_ACCESS: conditional_access.POLICIES,
    Family.NAMED_LOCATION: conditional_access.LOCATIONS,
}


_BATCHED: Mapping[Family, tuple[str, tuple[str, ...]]] = {
    Family.MAILBOX: ("Get-CASMailbox", ("Guid",)),
    Family.USER: ("Get-User", ("ExternalDirectoryObjectId", "Guid")),
}
"""The command that reads one of a family, and the members by which its row is known."""


def no_certificate(thumbprint: str) -> bytes:
    raise NoFile(
        f"the certificate {thumbprint} is not on this machine",
        where="keys",
        try_="apply the plan where it was made, or make it again here: portineria app create",
    )


class TenantResources:
    """Reads and writes one object at a time; keeps nothing but the names of policies."""

    def __init__(
        self,
        session: Session,
        admin: Session | None = None,
        certificate: Certificate = no_certificate,
    ) -> None:
        """`admin` is the session of a person who signed in, for what only one may write;
        `certificate` gives our own certificates by thumbprint."""
        self._session = session
        self._admin = admin
        self._certificate = certificate
        self._policies: tuple[AuthenticationPolicy, ...] = ()

    async def read(self, target: Target, fields: Sequence[str]) -> Fields | Missing | Unseen:
        """The named fields as they are now. Raises ServiceFault and NetworkFault."""
        if target.family is Family.SESSIONS:
            return Unseen("sign-in sessions cannot be read back")
        key: str | Missing | Unseen = target.key
        if not target.key and target.family not in _SINGLE:
            key = await self._only(target)
        if not isinstance(key, str):
            return key
        try:
            row = await _ROWS[target.family](self._session, key)
        except NotFound:
            return Missing()
        return await self._fields(row, fields)

    async def read_each(
        self, asked: Sequence[tuple[Target, Sequence[str]]]
    ) -> list[Fields | Missing | Unseen]:
        """As `read`, for several of one family. One listing tells all policies, or locations;
        mailboxes and users are asked for in one batch, and what fails of one is Unseen.
        """
        family = asked[0][0].family
        if family in _BATCHED:
            return await self._read_batch(family, asked)
        collection = _COLLECTIONS[family]
        rows = await conditional_access.listed(self._session, collection)
        found: list[Fields | Missing | Unseen] = []
        for target, fields in asked:
            row = rows.get(target.key)
            found.append(Missing() if row is None else await self._fields(row, fields))
        return found

    async def _read_batch(
        self, family: Family, asked: Sequence[tuple[Target, Sequence[str]]]
    ) -> list[Fields | Missing | Unseen]:
        cmdlet, keys = _BATCHED[family]
        calls = [(cmdlet, {"Identity": target.key}) for target, _ in asked]
        answers = await self._session.exchange_batch(calls)
        found: list[Fields | Missing | Unseen] = []
        for (target, fields), answer in zip(asked, answers, strict=True):
            try:
                row = one(answer, target.key, cmdlet, keys)
                found.append(await self._fields(row, fields))
            except NotFound:
                found.append(Missing())
            except Fault as fault:
                found.append(Unseen(fault.why))
        return found

    async def _only(self, target: Target) -> str | Missing | Unseen:
        keys = await self.find(target)
        if isinstance(keys, Unseen):
            return keys
        if len(keys) > 1:
            return Unseen(f"several objects are called {target.name}")
        return keys[0] if keys else Missing()

    async def find(self, target: Target) -> tuple[str, ...] | Unseen:
        """Keys of the objects of this family that bear exactly `target.name`."""
        match target.family:
            case Family.TRANSPORT | Family.ORGANIZATION | Family.SECURITY_DEFAULTS:
                return ("",)
            case Family.CONDITIONAL_ACCESS | Family.NAMED_LOCATION:
                collection = _COLLECTIONS[target.family]
                return await conditional_access.named(self._session, collection, target.name)
            case Family.AUTHENTICATION_POLICY | Family.MAILBOX_PLAN:
                return await self._named_in_exchange(target.family, target.name)
            case Family.MAILBOX | Family.USER | Family.SESSIONS:
                return await self._person(target)
            case _:
                if appresources.unnamed(target.family):
                    return await self._by_key(target)
                return await appresources.named(self._session, target)

    async def write(self, change: Change) -> Written:
        """Exactly one remote write. Raises ServiceFault, its AmbiguousWrite, NetworkFault."""
        if change.target.family in appresources.FAMILIES:
            return await appresources.write(self._session, self._admin, change, self._certificate)
        return await write(self._session, change)

    async def _by_key(self, target: Target) -> tuple[str, ...] | Unseen:
        """What has its key before it is made is found by it."""
        permission = target.family is Family.MAILBOX_PERMISSION
        fields = ("AccessRights",) if permission else ()
        there = await self.read(target, fields) if target.key else Missing()
        return there if isinstance(there, Unseen) else _key_if_there(target, there)

    async def _fields(self, row: Row, fields: Sequence[str]) -> Fields | Unseen:
        found: dict[str, Any] = {}
        for name in fields:
            if name not in row and name not in _ABSENT:
                return Unseen(f"the answer does not show {name}")
            value = row.get(name, _ABSENT.get(name))
            if name in ("AuthenticationPolicy", "DefaultAuthenticationPolicy"):
                value = await self._policy_name(value)
            found[name] = _value(name, value)
        return found

    async def _policy_name(self, identifier: object) -> str | None:
        """The Name; policies are listed once more when an identifier is not among the known."""
        if not text(identifier):
            return None
        name = authentication.name_of(identifier, self._policies)
        if name not in {policy.name for policy in self._policies}:
            self._policies = await authentication.policies(self._session)
            name = authentication.name_of(identifier, self._policies)
        return name

    async def _named_in_exchange(self, family: Family, name: str) -> tuple[str, ...]:
        if family is Family.MAILBOX_PLAN:
            plans = await exchange_tenant.plans(self._session)
            return tuple(plan.guid for plan in plans if plan.name == name)
        self._policies = await authentication.policies(self._session)
        return tuple(policy.name for policy in self._policies if policy.name == name)

    async def _person(self, target: Target) -> tuple[str, ...]:
        if target.family is not Family.MAILBOX:
            return await users.identify(self._session, target.name)
        guid = await mailboxes.identify(self._session, target.name)
        return () if guid is None else (guid,)


def _key_if_there(target: Target, there: Fields | Missing) -> tuple[str, ...]:
    return () if isinstance(there, Missing) else (target.key,)


def _value(name: str, value: Any) -> Any:
    return truth(value) if name in _BOOLEANS else value


async def _permission(session: Session, key: str) -> Row:
    """Raises NotFound where the right is not held, as for any object that is not there."""
    guid, _, principal = key.partition("/")
    names = await rights.principal_names(session, principal)
    held = rights.grants_full_access(await rights.permissions(session, guid), names)
    if isinstance(held, Unseen):
        return {}
    if not held:
        raise NotFound(f"{principal} holds no FullAccess", where="Get-MailboxPermission")
    return {"AccessRights": ["FullAccess"]}


async def _security_defaults(session: Session, _: str) -> Row:
    return {"isEnabled": await security_defaults.read(session)}


async def _policy(session: Session, key: str) -> Row:
    return await conditional_access.fetch(session, conditional_access.POLICIES, key)


async def _location(session: Session, key: str) -> Row:
    return await conditional_access.fetch(session, conditional_access.LOCATIONS, key)


_ROWS: Mapping[Family, Callable[[Session, str], Awaitable[Row]]] = {
    Family.MAILBOX: mailboxes.switches,
    Family.USER: authentication.user,
    Family.TRANSPORT: lambda session, _: exchange_tenant.transport_row(session),
    Family.ORGANIZATION: lambda session, _: exchange_tenant.organization_row(session),
    Family.MAILBOX_PLAN: exchange_tenant.plan_row,
    Family.AUTHENTICATION_POLICY: authentication.fetch,
    Family.SECURITY_DEFAULTS: _security_defaults,
    Family.CONDITIONAL_ACCESS: _policy,
    Family.NAMED_LOCATION: _location,
    Family.MAILBOX_PERMISSION: _permission,
    **appresources.ROWS,
}
