"""Which applications may open mail: consents of mail scopes, and application permissions.

The log of sign-ins says which application got a token, and not for which protocol: what it may do
is all there is to go by. Source: Graph dossier 4.1, 4.2; Exchange dossier 3.1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from portineria.fault import Fault
from portineria.m365.data import text
from portineria.m365.graph.apps import GRAPH, READ, resource
from portineria.m365.graph.batch import BATCH, read_each
from portineria.m365.session import Session
from portineria.tenant.access import EXCHANGE_ONLINE
from portineria.tenant.mailbox import Protocol
from portineria.tenant.signin import MailApp

SCOPES = {
    "imap.accessasuser.all": Protocol.IMAP,
    "pop.accessasuser.all": Protocol.POP,
    "smtp.send": Protocol.SMTP,
}
ROLES = {
    "IMAP.AccessAsApp": Protocol.IMAP,
    "POP.AccessAsApp": Protocol.POP,
    "SMTP.SendAsApp": Protocol.SMTP,
}


async def mail_apps(session: Session) -> tuple[MailApp, ...]:
    """Those that anybody consented to, for the tenant or for one person; by client id.

    An application that sends by Application RBAC alone has no permission, and is not among them.
    """
    as_user, alone = await _consented(session), await _permitted(session)
    principals = sorted({*as_user, *alone})
    found = []
    for start in range(0, len(principals), BATCH):
        part = principals[start : start + BATCH]
        for key, (client_id, name) in zip(part, await _names(session, part), strict=True):
            scopes, roles = frozenset(as_user.get(key, ())), frozenset(alone.get(key, ()))
            found.append(MailApp(id=client_id, name=name, as_user=scopes, alone=roles))
    return tuple(sorted(found, key=lambda app: app.id))


async def _consented(session: Session) -> dict[str, set[Protocol]]:
    found: defaultdict[str, set[Protocol]] = defaultdict(set)
    resources = {(await resource(session, name)).id for name in (EXCHANGE_ONLINE, GRAPH)}
    async for page in session.graph_pages("/oauth2PermissionGrants", needs=READ):
        for row in page:
            if text(row.get("resourceId")) in resources:
                for scope in text(row.get("scope")).lower().split():
                    if protocol := SCOPES.get(scope):
                        found[text(row.get("clientId"))].add(protocol)
    return found


async def _permitted(session: Session) -> dict[str, set[Protocol]]:
    found: defaultdict[str, set[Protocol]] = defaultdict(set)
    exchange = await resource(session, EXCHANGE_ONLINE)
    path = f"/servicePrincipals/{exchange.id}/appRoleAssignedTo"
    async for page in session.graph_pages(path, needs=READ):
        for row in page:
            role = exchange.roles.get(text(row.get("appRoleId")), "")
            if protocol := ROLES.get(role):
                found[text(row.get("principalId"))].add(protocol)
    return found


async def _names(session: Session, principals: Sequence[str]) -> list[tuple[str, str]]:
    """Client id and name of each. Raises the fault of one that cannot be read."""
    paths = [f"/servicePrincipals/{key}?$select=appId,displayName" for key in principals]
    answers = await read_each(session, paths, needs=READ, version="v1.0")
    found = []
    for answer in answers:
        if isinstance(answer, Fault):
            raise answer
        found.append((text(answer.body.get("appId")), text(answer.body.get("displayName"))))
    return found
