"""What the lab tells of its tenant: the facts of the seed, who may what, and what opens what."""

from __future__ import annotations

from typing import Any

from portineria.lab.lab import Lab
from portineria.lab.seeds.facts import facts
from portineria.lab.trying import try_all


async def tell(lab: Lab) -> None:
    """Write the tenant of now into `lab.info`; what people may use is found out by trying."""
    told = facts(lab.world)
    lab.info = {**lab.info, **told}
    opened = await try_all(lab, told["people"])
    kinds = _kinds(lab)
    people = [
        {
            "upn": person["upn"],
            "name": person["name"],
            "password": person["password"],
            "mailbox": kinds.get(person["upn"].lower()),
            "open": opened[person["upn"]],
            "note": person["note"],
        }
        for person in told["people"]
    ]
    mail_app = {**told["mail_app"], "mailboxes": _opened_by(lab, told["mail_app"]["principal_id"])}
    lab.info = {**lab.info, "mail_app": mail_app, "people": people}


def _kinds(lab: Lab) -> dict[str, str]:
    """Address to Exchange's word for the kind of recipient, "UserMailbox" and so on."""
    rows = lab.world["mailboxes"].scan()
    return {
        row["UserPrincipalName"].lower(): row["RecipientTypeDetails"]
        for _, row in rows
        if row.get("UserPrincipalName")
    }


def _opened_by(lab: Lab, principal: str) -> list[str]:
    """Addresses that an application was given FullAccess to."""
    found: list[Any] = []
    for key, right in lab.world["mailboxPermissions"].items():
        guid, _, who = key.partition("/")
        mailbox = lab.world["mailboxes"].get(guid)
        if who == principal and mailbox is not None and "FullAccess" in right["AccessRights"]:
            found.append(mailbox["PrimarySmtpAddress"])
    return sorted(found)
