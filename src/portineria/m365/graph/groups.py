"""Groups with their members, nested ones included. Source: Graph dossier 3.3."""

from __future__ import annotations

import re

from portineria.fault import Fault, NotFound
from portineria.m365.data import Row, literal, text
from portineria.m365.session import Session
from portineria.tenant.people import Group
from portineria.tenant.unseen import Unseen

READ = "GroupMember.Read.All"

_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


async def expand(session: Session, name: str) -> tuple[Group, ...]:
    """The groups of this id or display name (names are not unique), with their members.

    A group whose members cannot be read says so in `members`; a name that nobody bears gives
    no group. Raises ServiceFault where the groups themselves cannot be read.
    """
    rows = await _found(session, name)
    return tuple([await _with_members(session, row) for row in rows])


async def _found(session: Session, name: str) -> list[Row]:
    if _ID.match(name):
        try:
            path = f"/groups/{name}?$select=id,displayName"
            return [(await session.graph("GET", path, needs=READ)).body]
        except NotFound:
            return []
    rows = await session.graph_list(
        f"/groups?$filter=displayName eq {literal(name)}&$select=id,displayName", needs=READ
    )
    return [row for row in rows if text(row.get("displayName")).lower() == name.lower()]


async def _with_members(session: Session, row: Row) -> Group:
    key = text(row.get("id"))
    try:
        members: frozenset[str] | Unseen = await member_ids(session, key)
    except Fault as fault:
        members = Unseen(fault.why)
    return Group(id=key, name=text(row.get("displayName")), members=members)


async def member_ids(session: Session, key: str) -> frozenset[str]:
    """Object ids of a group's people, through all its groups."""
    found: set[str] = set()
    path = f"/groups/{key}/transitiveMembers/microsoft.graph.user?$select=id&$count=true&$top=999"
    async for page in session.graph_pages(path, needs=READ, advanced=True):
        found.update(text(row.get("id")) for row in page)
    return frozenset(found)
