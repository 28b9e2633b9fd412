"""One change, one remote write. Which verbs a family knows is in policy.change.Family."""

from __future__ import annotations

from typing import Any

from portineria.m365.exchange import authentication, mailboxes, rights
from portineria.m365.exchange import tenant as exchange_tenant
from portineria.m365.graph import conditional_access, security_defaults, users
from portineria.m365.session import Session
from portineria.policy.change import Change, Family, Verb, Written


async def write(session: Session, change: Change) -> Written:
    """Raises ValueError for a verb that the family does not know, else what Session raises."""
    key, after = change.target.key, dict(change.after or {})
    match change.target.family, change.verb:
        case Family.CONDITIONAL_ACCESS | Family.NAMED_LOCATION, _:
            return await _conditional_access(session, change, after)
        case Family.AUTHENTICATION_POLICY, _:
            return await _authentication_policy(session, change, after)
        case Family.MAILBOX_PERMISSION, (Verb.CREATE | Verb.DELETE):
            return await _permission(session, change)
        case Family.SESSIONS, Verb.CREATE:
            await users.revoke_sessions(session, key)
        case _, Verb.UPDATE:
            await _update(session, change.target.family, key, after)
        case _:
            raise _unknown(change)
    return Written()


async def _update(session: Session, family: Family, key: str, after: dict[str, Any]) -> None:
    match family:
        case Family.MAILBOX:
            await mailboxes.set_switches(session, key, after)
        case Family.USER:
            await authentication.assign(session, key, after["AuthenticationPolicy"])
        case Family.TRANSPORT:
            await exchange_tenant.set_transport(session, after)
        case Family.ORGANIZATION:
            await exchange_tenant.set_organization(session, after)
        case Family.MAILBOX_PLAN:
            await exchange_tenant.set_plan(session, key, after)
        case Family.SECURITY_DEFAULTS:
            await security_defaults.write(session, after)
        case _:
            raise ValueError(f"{family} is not updated")


async def _conditional_access(session: Session, change: Change, after: dict[str, Any]) -> Written:
    collection = (
        conditional_access.POLICIES
        if change.target.family is Family.CONDITIONAL_ACCESS
        else conditional_access.LOCATIONS
    )
    if change.verb is Verb.CREATE:
        return Written(await conditional_access.create(session, collection, after))
    if not change.target.key:
        raise ValueError("a change of a Conditional Access object needs its id")
    if change.verb is Verb.DELETE:
        await conditional_access.delete(session, collection, change.target.key)
    else:
        if change.target.family is Family.NAMED_LOCATION:
            after.setdefault("@odata.type", "#microsoft.graph.ipNamedLocation")
        await conditional_access.update(session, collection, change.target.key, after)
    return Written()


async def _authentication_policy(
    session: Session, change: Change, after: dict[str, Any]
) -> Written:
    name = change.target.key or change.target.name
    match change.verb:
        case Verb.CREATE:
            await authentication.create(session, name, after)
            return Written(name)
        case Verb.UPDATE:
            await authentication.update(session, name, after)
        case Verb.DELETE:
            await authentication.delete(session, name)
    return Written()


async def _permission(session: Session, change: Change) -> Written:
    guid, _, principal = change.target.key.partition("/")
    if change.verb is Verb.CREATE:
        await rights.add_full_access(session, guid, principal)
        return Written(change.target.key)
    await rights.remove_full_access(session, guid, principal)
    return Written()


def _unknown(change: Change) -> ValueError:
    return ValueError(f"{change.target.family} knows no {change.verb}")
