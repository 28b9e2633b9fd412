"""An inventory of one tenant: a look, the logs, and a closer look at those who use something."""

from __future__ import annotations

from portineria.policy.usage.use import Inventory, Method
from portineria.run.inventory import Wish, conclude, count, looked_at
from portineria.run.look import Wants, look_closer
from portineria.run.ports import Progress
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen
from portineria.wiring.tenant import Tenant

CLOSER = 300
"""Mailboxes whose rights and per-user MFA are read: they cost a call each."""


async def take(
    tenant: Tenant, snapshot: Snapshot, wish: Wish, progress: Progress
) -> tuple[Inventory, Snapshot]:
    """The inventory, and the snapshot that it was judged by."""
    counted = await count(tenant.reader, snapshot, wish, tenant.clock.now(), progress)
    first = conclude(counted, snapshot, wish)
    apps = frozenset(use.app_id for use in first.uses if use.method is Method.APP)
    boxes = () if isinstance(snapshot.mailboxes, Unseen) else snapshot.mailboxes
    idle = [one.mailbox.guid for one in first.idle] if apps else []
    guids = [*looked_at(first.uses, CLOSER), *(wish.mailboxes or ()), *idle]
    wanted = frozenset(dict.fromkeys(guids[:CLOSER])) & {box.guid for box in boxes}
    wants = Wants(mailboxes=wanted, apps=apps)
    closer = await look_closer(snapshot, tenant.reader, tenant.crew, progress, wants)
    return conclude(counted, closer, wish), closer
