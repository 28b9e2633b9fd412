"""Who holds which directory role. Source: Graph dossier 3.3.

Assignments that wait to be activated (PIM) are not among them: a holder may appear later.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from portineria.m365.data import members, text
from portineria.m365.graph.groups import member_ids
from portineria.m365.session import Session

READ = "RoleManagement.Read.Directory"
PATH = "/roleManagement/directory/roleAssignments?$expand=principal"


async def holders(session: Session, wanted: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Principal ids by role template id, for every wanted role, those in groups included.

    Only assignments for the whole directory count: Conditional Access ignores a role that is
    held for an administrative unit (Microsoft Learn, "Conditional Access: users, groups").
    """
    found: dict[str, set[str]] = {role: set() for role in wanted}
    groups: dict[str, frozenset[str]] = {}
    async for page in session.graph_pages(PATH, needs=READ):
        for row in page:
            role, principal = text(row.get("roleDefinitionId")), text(row.get("principalId"))
            if role not in found or text(row.get("directoryScopeId")) not in ("", "/"):
                continue
            found[role].add(principal)
            if text(members(row.get("principal")).get("@odata.type")).endswith(".group"):
                if principal not in groups:
                    groups[principal] = await member_ids(session, principal)
                found[role] |= groups[principal]
    return {role: frozenset(holding) for role, holding in found.items()}
