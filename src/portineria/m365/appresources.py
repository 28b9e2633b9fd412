"""Reading and writing what applications of our own are made of, one object at a time.

Entra's part is written in an administrator's own session, everything else as the control app.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from portineria.fault import NotSignedIn
from portineria.m365.data import Row
from portineria.m365.exchange import rights, scopes
from portineria.m365.graph import ownapps
from portineria.m365.graph.ownapps import Certificate
from portineria.m365.session import Session
from portineria.policy.change import ENTRA, OF_APPS, Change, Family, Target, Verb, Written
from portineria.tenant.access import EXCHANGE_ONLINE

FAMILIES = OF_APPS | {Family.RECIPIENT_PERMISSION}


async def _app_role(session: Session, key: str) -> Row:
    return await ownapps.app_role(session, key, EXCHANGE_ONLINE)


async def _send_as(session: Session, key: str) -> Row:
    names = await rights.principal_names(session, key.partition("/")[2])
    return await scopes.send_as(session, key, names.ids)


ROWS: Mapping[Family, Callable[[Session, str], Awaitable[Row]]] = {
    Family.APPLICATION: ownapps.registration,
    Family.SERVICE_PRINCIPAL: ownapps.principal,
    Family.APP_ROLE: _app_role,
    Family.EXCHANGE_PRINCIPAL: scopes.registration,
    Family.GROUP: scopes.group,
    Family.GROUP_MEMBER: scopes.member,
    Family.ROLE_ASSIGNMENT: scopes.assignment,
    Family.RECIPIENT_PERMISSION: _send_as,
}
"""Each raises NotFound where the object is not there."""

_NAMED: Mapping[Family, Callable[[Session, str], Awaitable[tuple[str, ...]]]] = {
    Family.APPLICATION: ownapps.named,
    Family.SERVICE_PRINCIPAL: ownapps.principals_named,
    Family.GROUP: scopes.group_named,
}


async def named(session: Session, target: Target) -> tuple[str, ...]:
    """Keys of the objects with exactly this name, of the families that are given an id."""
    return await _NAMED[target.family](session, target.name)


def unnamed(family: Family) -> bool:
    """Whether objects of this family have their key before they are made."""
    return family not in _NAMED


async def write(
    session: Session, admin: Session | None, change: Change, certificate: Certificate
) -> Written:
    """Exactly one remote write. Raises NotSignedIn where a person is needed and none signed in,
    ValueError for a verb that the family does not know."""
    family = change.target.family
    if family in ENTRA:
        if admin is None:
            raise NotSignedIn(
                "this is written by an administrator, and nobody has signed in",
                where=f"{family.value} «{change.target.name}»",
                try_=NotSignedIn.mend,
            )
        return await _entra(admin, change, certificate)
    hand = _HANDS.get((family, change.verb))
    if hand is None:
        raise ValueError(f"{family} knows no {change.verb}")
    made = await hand(session, change.target.key, dict(change.after or {}))
    return Written(made or change.target.key)


async def _entra(admin: Session, change: Change, certificate: Certificate) -> Written:
    key, after = change.target.key, dict(change.after or {})
    match change.target.family, change.verb:
        case Family.APPLICATION, Verb.CREATE:
            return Written(await ownapps.register(admin, after))
        case Family.APPLICATION, Verb.UPDATE:
            await ownapps.set_certificates(admin, key, after["keyCredentials"], certificate)
        case Family.APPLICATION, Verb.DELETE:
            await ownapps.deregister(admin, key)
        case Family.SERVICE_PRINCIPAL, Verb.CREATE:
            return Written(await ownapps.create_principal(admin, after["appId"]))
        case Family.SERVICE_PRINCIPAL, Verb.DELETE:
            await ownapps.delete_principal(admin, key)
        case Family.APP_ROLE, Verb.CREATE:
            await ownapps.assign_app_role(admin, key, EXCHANGE_ONLINE)
        case Family.APP_ROLE, Verb.DELETE:
            await ownapps.withdraw_app_role(admin, key, EXCHANGE_ONLINE)
        case _:
            raise ValueError(f"{change.target.family} knows no {change.verb}")
    return Written(key)


Hand = Callable[[Session, str, Mapping[str, Any]], Awaitable[str | None]]


async def _register(session: Session, key: str, after: Mapping[str, Any]) -> None:
    await scopes.register(session, key, after)


async def _create_group(session: Session, _: str, after: Mapping[str, Any]) -> str:
    return await scopes.create_group(session, after)


async def _assign(session: Session, key: str, after: Mapping[str, Any]) -> None:
    await scopes.assign(session, key, after)


def _by_key(hand: Callable[[Session, str], Awaitable[None]]) -> Hand:
    """A write that needs to know nothing but the object."""

    async def write(session: Session, key: str, _: Mapping[str, Any]) -> None:
        await hand(session, key)

    return write


_HANDS: Mapping[tuple[Family, Verb], Hand] = {
    (Family.EXCHANGE_PRINCIPAL, Verb.CREATE): _register,
    (Family.EXCHANGE_PRINCIPAL, Verb.DELETE): _by_key(scopes.deregister),
    (Family.GROUP, Verb.CREATE): _create_group,
    (Family.GROUP, Verb.DELETE): _by_key(scopes.delete_group),
    (Family.GROUP_MEMBER, Verb.CREATE): _by_key(scopes.add_member),
    (Family.GROUP_MEMBER, Verb.DELETE): _by_key(scopes.remove_member),
    (Family.ROLE_ASSIGNMENT, Verb.CREATE): _assign,
    (Family.ROLE_ASSIGNMENT, Verb.DELETE): _by_key(scopes.withdraw),
    (Family.RECIPIENT_PERMISSION, Verb.CREATE): _by_key(scopes.add_send_as),
    (Family.RECIPIENT_PERMISSION, Verb.DELETE): _by_key(scopes.remove_send_as),
}
