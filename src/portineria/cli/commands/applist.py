"""portineria app list"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portineria.cli.frame import asked, verb

if TYPE_CHECKING:
    from portineria.run.ports import Progress
    from portineria.tenant.apps import OwnApp
    from portineria.tenant.snapshot import Snapshot
    from portineria.wiring.tenant import Tenant


@verb("list", examples=["portineria app list", "portineria app list --json"])
def command() -> int:
    """Show our applications in the tenant, and every mailbox that each may open or send as.

    They are known by our tag. Exit code 3 says that a part of it could not be seen.
    """
    from portineria.cli import session
    from portineria.cli.faces.answer import print_json
    from portineria.tenant.unseen import Unseen

    said = asked()

    async def look(tenant: Tenant, teller: Progress) -> tuple[Snapshot, set[str]]:
        from portineria.run.look import Wants

        snapshot = await tenant.look(teller, Wants(own=True, all_rights=True))
        return snapshot, {name for name in (tenant.mail_app, tenant.smtp_app) if name}

    snapshot, named = session.with_tenant(said, look)
    own = snapshot.own
    unseen = own.because if isinstance(own, Unseen) else ""
    rows = [] if isinstance(own, Unseen) else [_row(app, snapshot, named) for app in own]
    if said.json:
        print_json("portineria/apps@1", {"apps": rows, "unseen": unseen})
    else:
        _print(rows, unseen)
    return 3 if unseen or any(row["unseen"] for row in rows) else 0


def _row(app: OwnApp, snapshot: Snapshot, named: set[str]) -> dict[str, Any]:
    from portineria.policy.apprights import held_by
    from portineria.tenant.apps import ScopeGroup
    from portineria.tenant.unseen import Unseen

    guids = held_by(app, snapshot)
    if isinstance(app.group, ScopeGroup):
        guids |= app.group.members
    parts = {
        "permissions": app.roles,
        "registration in Exchange": app.registered,
        "roles in Exchange": app.assignments,
        "group": app.group,
    }
    unseen = [f"{name}: {part.because}" for name, part in parts.items() if isinstance(part, Unseen)]
    unseen += sorted(
        {
            f"rights: {right.full_access.because}"
            for (client_id, _), right in snapshot.rights.items()
            if client_id == app.id and isinstance(right.full_access, Unseen)
        }
    )
    return {
        "client_id": app.id,
        "name": app.name,
        "kind": app.kind.value,
        "principal_id": app.principal_id,
        "named_by_profile": app.id in named,
        "permissions": [] if isinstance(app.roles, Unseen) else sorted(app.roles),
        "thumbprints": sorted(app.thumbprints),
        "mailboxes": sorted(_called(guid, snapshot) for guid in guids),
        "unseen": unseen,
    }


def _called(guid: str, snapshot: Snapshot) -> str:
    box = snapshot.mailbox(guid)
    return guid if box is None else box.address


def _print(rows: list[dict[str, Any]], unseen: str) -> None:
    from portineria.cli.faces.tables import plain
    from portineria.tongue.say import compose, say

    if unseen:
        print(plain(compose("Our applications could not be seen: {}", unseen)))
        return
    if not rows:
        print(say("There is no application of ours in the tenant: portineria app create makes it."))
    for row in rows:
        here = "named by this profile" if row["named_by_profile"] else "not named by this profile"
        print(f"{plain(row['name'])}  {row['client_id']}  ({say(row['kind'])}, {say(here)})")
        print(compose("  permissions: {}", ", ".join(row["permissions"]) or say("none in Entra")))
        boxes = plain(", ".join(row["mailboxes"]) or "-")
        print(compose("  mailboxes ({}): {}", len(row["mailboxes"]), boxes))
        for told in row["unseen"]:
            print(plain(compose("  could not be seen: {}", told)))
