"""Authentication policies, and which user or organisation has which.

A policy may be named by its Name, its Guid or a distinguished name; here it is always the Name.
Source: Exchange dossier 1.8; the shape of Get-User's AuthenticationPolicy is not captured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portineria.m365.data import Row, text, truth
from portineria.m365.exchange.match import one
from portineria.m365.session import Session
from portineria.tenant.access import AuthenticationPolicy

FLAGS = ("AllowBasicAuthImap", "AllowBasicAuthPop", "AllowBasicAuthSmtp")


async def policies(session: Session) -> tuple[AuthenticationPolicy, ...]:
    rows = await session.exchange_list("Get-AuthenticationPolicy", sized=False)
    return tuple(policy(row) for row in rows)


def policy(row: Row) -> AuthenticationPolicy:
    allowed = {name for name, value in row.items() if truth(value) is True}
    return AuthenticationPolicy(
        name=text(row.get("Name")),
        guid=text(row.get("Guid")).lower(),
        allow_basic_imap="AllowBasicAuthImap" in allowed,
        allow_basic_pop="AllowBasicAuthPop" in allowed,
        allow_basic_smtp="AllowBasicAuthSmtp" in allowed,
        allows_other_basic=any(
            name.startswith("AllowBasicAuth") and name not in FLAGS for name in allowed
        ),
    )


def name_of(identifier: object, known: Iterable[AuthenticationPolicy]) -> str | None:
    """The Name that an identifier stands for; None where nothing is assigned.

    An identifier of no known policy is kept as it is: better a strange name than none.
    """
    value = text(identifier).strip()
    if not value:
        return None
    names = {entry.name.lower(): entry.name for entry in known}
    guids = {entry.guid: entry.name for entry in known}
    bare = _common_name(value)
    return names.get(bare.lower()) or guids.get(value.lower()) or bare


def _common_name(value: str) -> str:
    """CN of a distinguished name, its escapes undone; last part of a canonical one."""
    if value[:3].upper() == "CN=":
        name, position = "", 3
        while position < len(value) and value[position] != ",":
            position += value[position] == "\\"
            name += value[position : position + 1]
            position += 1
        return name
    return value.rsplit("\\", 1)[-1]


async def fetch(session: Session, name: str) -> Row:
    """One policy's row. Raises NotFound."""
    data = await session.exchange("Get-AuthenticationPolicy", {"Identity": name})
    return one(data, name, "Get-AuthenticationPolicy", ("Name", "Guid", "Identity"))


async def create(session: Session, name: str, after: Mapping[str, Any]) -> None:
    """A new policy denies everything that `after` does not allow."""
    allowed = {flag: True for flag in FLAGS if after.get(flag)}
    await session.exchange("New-AuthenticationPolicy", {"Name": name, **allowed})


async def update(session: Session, name: str, after: Mapping[str, Any]) -> None:
    flags = {flag: bool(after[flag]) for flag in FLAGS if flag in after}
    await session.exchange("Set-AuthenticationPolicy", {"Identity": name, **flags})


async def delete(session: Session, name: str) -> None:
    parameters = {"Identity": name, "Confirm": False}
    await session.exchange("Remove-AuthenticationPolicy", parameters)


async def user(session: Session, key: str) -> Row:
    """Get-User's row by directory id. Raises NotFound."""
    data = await session.exchange("Get-User", {"Identity": key})
    return one(data, key, "Get-User", ("ExternalDirectoryObjectId", "Guid"))


async def assign(session: Session, key: str, name: str | None) -> None:
    await session.exchange("Set-User", {"Identity": key, "AuthenticationPolicy": name})
