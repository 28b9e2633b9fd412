"""What an application may do with a mailbox.

Source: Exchange dossier 3.2, 3.3. How Get-MailboxPermission names an application in `User` is
not captured: its object id and the Identity that Exchange gave it count, a display name does
not, because people bear display names too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portineria.fault import Fault, NotFound
from portineria.m365.data import Data, Row, text, texts, truth, whole
from portineria.m365.exchange.match import one
from portineria.m365.session import Session
from portineria.tenant.unseen import Unseen

SMTP_ROLE = "Application SMTP.SendAsApp"


async def registration(session: Session, client_id: str) -> Row | None:
    """Exchange's own record of an application, None where New-ServicePrincipal was not run."""
    try:
        data = await session.exchange("Get-ServicePrincipal", {"Identity": client_id})
        return one(data, client_id, "Get-ServicePrincipal", ("AppId",))
    except NotFound:
        return None


@dataclass(frozen=True, slots=True)
class Names:
    """How permissions may name an application: by `ids` for certain, by `display` perhaps."""

    ids: frozenset[str]
    display: str = ""


def names_of(row: Row | None, principal_id: str) -> Names:
    """From Get-ServicePrincipal's row; without one, the object id alone."""
    if row is None:
        return Names(frozenset({principal_id.lower()}))
    display = text(row.get("DisplayName")).lower()
    ids = {text(row.get(name)).lower() for name in ("ObjectId", "Identity", "Guid", "Sid")}
    return Names(frozenset((ids | {principal_id.lower()}) - {display, ""}), display)


async def principal_names(session: Session, principal_id: str) -> Names:
    """Names of the application with this object id, registered in Exchange or not."""
    try:
        data = await session.exchange("Get-ServicePrincipal", {"Identity": principal_id})
        row = one(data, principal_id, "Get-ServicePrincipal", ("ObjectId",))
    except NotFound:
        return names_of(None, principal_id)
    return names_of(row, principal_id)


async def permissions(session: Session, guid: str) -> tuple[Row, ...]:
    data = await session.exchange("Get-MailboxPermission", {"Identity": guid})
    return whole(data, "Get-MailboxPermission")


def _rows(data: Data | Fault, where: str) -> tuple[Row, ...]:
    if isinstance(data, Fault):
        raise data
    return whole(data, where)


async def full_access(
    session: Session, names: Names, guids: Sequence[str]
) -> dict[str, bool | Unseen]:
    """Whether the application of these names may open each mailbox, ten a request."""
    calls = [("Get-MailboxPermission", {"Identity": guid}) for guid in guids]
    answers = await session.exchange_batch(calls)
    found: dict[str, bool | Unseen] = {}
    for guid, answer in zip(guids, answers, strict=True):
        try:
            found[guid] = grants_full_access(_rows(answer, "Get-MailboxPermission"), names)
        except Fault as fault:
            found[guid] = Unseen(fault.why)
    return found


def grants_full_access(rows: Sequence[Row], names: Names) -> bool | Unseen:
    """A denial beats every grant, as in every Windows access list."""
    full = [row for row in rows if "FullAccess" in rights_of(row)]
    mine = [row for row in full if text(row.get("User")).lower() in names.ids]
    if mine:
        return not any(truth(row.get("Deny")) is True for row in mine)
    if names.display and any(text(row.get("User")).lower() == names.display for row in full):
        return Unseen(f"a right is held by somebody called {names.display}, app or person")
    return False


def rights_of(row: Row) -> frozenset[str]:
    """AccessRights, whose elements may be several in one string, joined by commas."""
    return frozenset(
        right.strip() for value in texts(row.get("AccessRights")) for right in value.split(",")
    )


async def has_smtp_role(session: Session, principal_id: str) -> bool:
    """Whether Application RBAC gives the application the SMTP role anywhere at all."""
    data = await session.exchange("Get-ManagementRoleAssignment", {"RoleAssignee": principal_id})
    return any(
        text(row.get("Role")) == SMTP_ROLE for row in whole(data, "Get-ManagementRoleAssignment")
    )


async def scoped_smtp(
    session: Session, client_id: str, guids: Sequence[str]
) -> dict[str, bool | Unseen]:
    """Whether each mailbox is within the scope of the application's SMTP role, ten a request."""
    command = "Test-ServicePrincipalAuthorization"
    calls = [(command, {"Identity": client_id, "Resource": guid}) for guid in guids]
    answers = await session.exchange_batch(calls)
    return {guid: _in_scope(answer) for guid, answer in zip(guids, answers, strict=True)}


def _in_scope(answer: Data | Fault) -> bool | Unseen:
    try:
        rows = _rows(answer, "Test-ServicePrincipalAuthorization")
    except Fault as fault:
        return Unseen(fault.why)
    verdicts = {text(row.get("InScope")) for row in rows if text(row.get("RoleName")) == SMTP_ROLE}
    if "True" in verdicts:
        return True
    return Unseen("the scope of the SMTP role was not tried") if "Not Run" in verdicts else False


async def add_full_access(session: Session, guid: str, principal_id: str) -> None:
    await session.exchange(
        "Add-MailboxPermission",
        {
            "Identity": guid,
            "User": principal_id,
            "AccessRights": ["FullAccess"],
            "AutoMapping": False,
        },
    )


async def remove_full_access(session: Session, guid: str, principal_id: str) -> None:
    await session.exchange(
        "Remove-MailboxPermission",
        {
            "Identity": guid,
            "User": principal_id,
            "AccessRights": ["FullAccess"],
            "Confirm": False,
        },
    )
