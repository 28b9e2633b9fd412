"""Groups with their members, nested ones included.

Source: Graph dossier 3.3; Graph reference, group: List transitiveMembers.
"""

from __future__ import annotations

import re

from portineria.fault import Fault, NotFound
from portineria.m365.data import Row, literal, text, texts, truth
from portineria.m365.session import Session
from portineria.tenant.naming import folded
from portineria.tenant.people import Group, Member, MemberKind
from portineria.tenant.unseen import Unseen

READ = "GroupMember.Read.All"

_FIELDS = "id,displayName,mail,groupTypes,mailEnabled,securityEnabled"
_ID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)


async def expand(session: Session, name: str) -> tuple[Group, ...]:
    """The groups of this id, address or display name (which is not unique), with their members.

    A group whose members cannot be read says so in `members`; a name that nobody bears gives
    no group. Raises ServiceFault where the groups themselves cannot be read.
    """
    rows = await _found(session, name)
    return tuple([await _with_members(session, row) for row in rows])


async def _found(session: Session, name: str) -> list[Row]:
    if _ID.match(name):
        try:
            path = f"/groups/{name}?$select={_FIELDS}"
            return [(await session.graph("GET", path, needs=READ)).body]
        except NotFound:
            return []
    named = f"displayName eq {literal(name)}"
    if "@" in name:
        named += f" or mail eq {literal(name)}"
    rows = await session.graph_list(f"/groups?$filter={named}&$select={_FIELDS}", needs=READ)
    wanted = folded(name)
    return [
        row
        for row in rows
        if wanted in (folded(text(row.get("displayName"))), folded(text(row.get("mail"))))
    ]


async def _with_members(session: Session, row: Row) -> Group:
    key = text(row.get("id"))
    members: frozenset[str] | Unseen
    others: tuple[Member, ...] = ()
    try:
        members, others = await _members(session, key)
    except Fault as fault:
        members = Unseen(fault.why)
    types = texts(row.get("groupTypes"))
    return Group(
        id=key,
        name=text(row.get("displayName")),
        members=members,
        others=others,
        kind=_kind(row, types),
        address=text(row.get("mail")).lower(),
        dynamic="DynamicMembership" in types,
    )


def _kind(row: Row, types: tuple[str, ...]) -> str:
    """What Microsoft's screens call such a group."""
    if "Unified" in types:
        return "Microsoft 365 group"
    security, mail = truth(row.get("securityEnabled")), truth(row.get("mailEnabled"))
    if mail:
        return "mail-enabled security group" if security else "distribution group"
    return "security group"


async def _members(session: Session, key: str) -> tuple[frozenset[str], tuple[Member, ...]]:
    """Whoever is in a group, through all its groups: ids of accounts, and everybody else.

    Of what the application may not read, only the id and the type are told.
    """
    people: set[str] = set()
    others: dict[str, Member] = {}
    path = f"/groups/{key}/transitiveMembers?$select=id,displayName,mail&$top=999"
    async for page in session.graph_pages(path, needs=READ):
        for row in page:
            member = text(row.get("id"))
            type_ = text(row.get("@odata.type")).rpartition(".")[2]
            if type_ == "user":
                people.add(member)
            else:
                others[member] = Member(
                    id=member,
                    kind=_TYPES.get(type_, MemberKind.OTHER),
                    name=text(row.get("displayName")),
                    address=text(row.get("mail")).lower(),
                )
    return frozenset(people), tuple(others[member] for member in sorted(others))


_TYPES = {
    "group": MemberKind.GROUP,
    "device": MemberKind.DEVICE,
    "orgContact": MemberKind.CONTACT,
    "servicePrincipal": MemberKind.APPLICATION,
}


async def member_ids(session: Session, key: str) -> frozenset[str]:
    """Object ids of a group's people, through all its groups."""
    found: set[str] = set()
    path = f"/groups/{key}/transitiveMembers/microsoft.graph.user?$select=id&$count=true&$top=999"
    async for page in session.graph_pages(path, needs=READ, advanced=True):
        found.update(text(row.get("id")) for row in page)
    return frozenset(found)
