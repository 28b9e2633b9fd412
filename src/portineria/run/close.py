"""Shut one mailbox at once: a small plan, shown and journaled like any other.

IMAP and POP off, authenticated SMTP explicitly off, people signed out, the rights of
applications taken away where they are known.
"""

from __future__ import annotations

from dataclasses import replace

from portineria.clock import Clock
from portineria.fault import NoSuch
from portineria.policy.alike import alike
from portineria.policy.change import Change, Family, Fields, Json, Missing, Phase, Target, Verb
from portineria.policy.closings import mailbox_target
from portineria.policy.plan import Cell, Plan, canonical_digest
from portineria.policy.promise import REFUSED, Judge
from portineria.policy.simulate import simulate
from portineria.run.ports import Resources
from portineria.tenant.apps import ScopeGroup
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

SHUT: Fields = {
    "ImapEnabled": False,
    "PopEnabled": False,
    "SmtpClientAuthenticationDisabled": True,
}
BECAUSE = "close --now"


async def close_plan(mailbox: str, snapshot: Snapshot, resources: Resources, clock: Clock) -> Plan:
    """The plan that shuts `mailbox` (address, user principal name or guid). Nothing is written.

    The switches are read afresh. What could not be seen is in `unknown` or `notes`, never taken
    for shut. Raises NoSuch where there is no such mailbox, ServiceFault and NetworkFault
    where the service fails.
    """
    box = snapshot.mailbox(mailbox)
    if box is None:
        raise NoSuch(
            f"no mailbox {mailbox!r} was seen",
            where="MAILBOX",
            try_="give its address, user principal name or guid: portineria look --mailboxes",
        )
    unknown: list[str] = []
    notes: list[str] = []
    target = mailbox_target(box)
    changes = _switches(target, await resources.read(target, tuple(SHUT)), unknown)
    changes += _sessions(box, notes)
    changes += _rights(box, snapshot, notes)
    numbered = tuple(replace(change, id=n) for n, change in enumerate(changes, start=1))
    return Plan(
        tenant_id=snapshot.tenant_id,
        made_at=clock.now(),
        snapshot_taken_at=snapshot.taken_at,
        policy_digest=canonical_digest({"close": box.guid}),
        changes=numbered,
        cells=_cells(box, snapshot, numbered, clock),
        unknown=tuple(unknown),
        notes=tuple(notes),
    )


def _switches(target: Target, seen: Fields | Missing | Unseen, unknown: list[str]) -> list[Change]:
    if isinstance(seen, Unseen):
        unknown.append(f"switches of {target.name}: {seen.because}")
        return []
    if isinstance(seen, Missing):
        unknown.append(f"{target.name} is not there any more")
        return []
    open_ones = [name for name, value in SHUT.items() if not alike(value, seen.get(name))]
    if not open_ones:
        return []
    return [
        _change(
            Verb.UPDATE,
            target,
            {name: seen.get(name) for name in open_ones},
            {name: SHUT[name] for name in open_ones},
            "every protocol of this mailbox is shut",
        )
    ]


def _sessions(box: Mailbox, notes: list[str]) -> list[Change]:
    if box.entra_id is None:
        notes.append(f"nobody was signed out: {box.address} names no directory account")
        return []
    target = Target(family=Family.SESSIONS, key=box.entra_id, name=box.upn)
    reason = "refresh tokens are revoked; an access token lives on for up to about an hour"
    return [_change(Verb.CREATE, target, None, {"revoked": True}, reason)]


def _rights(box: Mailbox, snapshot: Snapshot, notes: list[str]) -> list[Change]:
    if isinstance(snapshot.apps, Unseen):
        notes.append(f"rights of applications are left: {snapshot.apps.because}")
        return []
    changes: list[Change] = []
    for app in snapshot.apps.values():
        right = snapshot.right(app.id, box.guid)
        if isinstance(right, Unseen) or isinstance(right.full_access, Unseen):
            notes.append(f"what «{app.name}» may do with {box.address} was not seen: it is left")
        elif right.full_access:
            target = Target(
                family=Family.MAILBOX_PERMISSION,
                key=f"{box.guid}/{app.principal_id}",
                name=f"{app.name} on {box.address}",
            )
            before: dict[str, Json] = {"AccessRights": ["FullAccess"]}
            reason = f"«{app.name}» may no longer open this mailbox"
            changes.append(_change(Verb.DELETE, target, before, None, reason))
        senders = _senders(app.id, box, snapshot)
        changes += senders
        if not isinstance(right, Unseen) and right.scoped_smtp is True and not senders:
            notes.append(f"«{app.name}» may still send by a scoped role: remove it in Exchange")
    return changes


def _senders(client_id: str, box: Mailbox, snapshot: Snapshot) -> list[Change]:
    """Out of the group by which an application of ours may send as it."""
    for own in () if isinstance(snapshot.own, Unseen) else snapshot.own:
        group = own.group
        if own.id == client_id and isinstance(group, ScopeGroup) and box.guid in group.members:
            target = Target(
                family=Family.GROUP_MEMBER,
                key=f"{group.id}/{box.guid}",
                name=f"{box.address} → {own.name}",
            )
            reason = f"«{own.name}» may no longer send as this mailbox"
            return [_change(Verb.DELETE, target, {"member": True}, None, reason)]
    return []


def _change(
    verb: Verb, target: Target, before: Fields | None, after: Fields | None, reason: str
) -> Change:
    return Change(
        id=0,
        verb=verb,
        target=target,
        before=before,
        after=after,
        phase=Phase.CLOSE,
        because=(BECAUSE,),
        reason=reason,
    )


def _cells(
    box: Mailbox, snapshot: Snapshot, changes: tuple[Change, ...], clock: Clock
) -> tuple[Cell, ...]:
    """Refused, for everybody: by password, as a person, as each application that is known."""
    judge = Judge(snapshot, simulate(snapshot, changes), clock.now())
    apps = () if isinstance(snapshot.apps, Unseen) else tuple(snapshot.apps)
    callers: list[Caller] = [Basic(), UserThrough(None), *(AppOnly(app) for app in apps)]
    return tuple(
        judge.cell(box, protocol, caller, REFUSED) for protocol in Protocol for caller in callers
    )
