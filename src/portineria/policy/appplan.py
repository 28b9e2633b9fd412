"""The plans for applications of our own: `app create` and `app remove`. Pure.

`app create` plans what is missing of them for the grants of a policy, and nothing else of that
policy; every other plan keeps their rights in order (policy/apprights.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from portineria.policy.appmaking import APP, make
from portineria.policy.apprights import close_rights, held_by
from portineria.policy.change import Change, Family, Phase, Target, Verb
from portineria.policy.desired import Desired
from portineria.policy.draft import Draft
from portineria.policy.drift import NO_MEMORY, Memory
from portineria.policy.entitle import Entitlements, entitle
from portineria.policy.guards.case import Case
from portineria.policy.guards.registry import speak
from portineria.policy.mailapps import Named, Needs, blast, needs_of, own_apps
from portineria.policy.plan import Cell, Plan, canonical_digest
from portineria.policy.promise import OPEN, REFUSED, Judge, exposure, promises
from portineria.policy.renamed import other_people
from portineria.policy.rungs.consent import ROLES
from portineria.policy.simulate import simulate
from portineria.policy.verdict import Answer, Layer
from portineria.policy.voices import Speaking
from portineria.tenant.access import EXCHANGE_ONLINE
from portineria.tenant.apps import KIND_TAGS, AppKind, OwnApp, ScopeGroup
from portineria.tenant.caller import AppOnly
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

_LAYERS_OF_APPS = frozenset(
    {Layer.APP, Layer.CONSENT, Layer.SERVICE_PRINCIPAL, Layer.MAILBOX_RIGHT}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How applications are made: the thumbprints (SHA-1, hex) of the certificates whose keys are
    here, and whether SMTP goes the classic way, by the mail app's own permission."""

    thumbprints: Mapping[AppKind, str]
    classic: bool = False


def create_plan(
    snapshot: Snapshot,
    desired: Desired,
    now: datetime,
    making: Making,
    *,
    named: Named | None = None,
    accepted: Iterable[str] = (),
    memory: Memory = NO_MEMORY,
) -> Plan:
    """What is missing of our applications for the grants of `desired`. Never raises for what it
    could not see: that is in `Plan.unknown`, and a guard stops on it."""
    draft, named = Draft(), named or Named()
    entitlements = entitle(desired, snapshot, now.date())
    draft.unknown += [*entitlements.unseen, *other_people(desired, snapshot, memory)]
    draft.needs("the applications of our own", snapshot.own)
    own = own_apps(snapshot, named)
    needs = needs_of(entitlements, named, own, making.classic)
    if not isinstance(snapshot.own, Unseen):
        for kind, mine in needs.items():
            _make(kind, own.get(kind), mine, making, snapshot, draft)
    if not any(needs.values()):
        draft.note("no grant goes through oauth-app or gateway, so no application is needed")
    changes = draft.numbered()
    judge = Judge(snapshot, simulate(snapshot, changes), now)
    planned = own_apps(judge.planned, named)
    plan = Plan(
        tenant_id=snapshot.tenant_id,
        made_at=now,
        snapshot_taken_at=snapshot.taken_at,
        policy_digest=desired.digest,
        changes=changes,
        cells=_cells(entitlements, desired, planned, needs, judge, making.classic, draft),
        refusals=tuple(entitlements.refusals),
        left_out=tuple(entitlements.left_out),
        accepted=tuple(sorted(accepted)),
        unknown=tuple(draft.unknown),
        notes=tuple(draft.notes),
    )
    wider = blasts(judge.planned) if judge.planned.rights != snapshot.rights else ()
    plan = replace(plan, exposure=(*exposure(plan.cells), *wider))
    return replace(plan, stops=speak(Case(plan=plan, snapshot=snapshot, now=now)))


def _make(
    kind: AppKind,
    own: OwnApp | None,
    needs: Needs,
    making: Making,
    snapshot: Snapshot,
    draft: Draft,
) -> None:
    if own is None and not needs:
        return
    if own is not None and not needs:
        draft.note(f"no grant needs «{own.name}»: portineria app remove takes it away")
    make(kind, own, needs, making.thumbprints[kind], making.classic, snapshot, draft)


def _cells(
    entitlements: Entitlements,
    desired: Desired,
    planned: Mapping[AppKind, OwnApp],
    needs: Mapping[AppKind, Needs],
    judge: Judge,
    classic: bool,
    draft: Draft,
) -> tuple[Cell, ...]:
    """What our applications get, and what they must not get beside it.

    A cell that another layer keeps shut is told and not promised: that is the policy's to open.
    """
    mail, smtp = planned.get(AppKind.MAIL), planned.get(AppKind.SMTP)
    speaking = Speaking(
        desired.everyone_else,
        mail.id if mail else None,
        mail.id if classic and mail else smtp.id if smtp else None,
    )
    mine = {str(AppOnly(app.id)) for app in planned.values()}
    today = {app.id for app in judge.today.own} if not isinstance(judge.today.own, Unseen) else ()
    found = []
    for cell in promises(entitlements, judge, speaking):
        if cell.caller not in mine:
            continue
        if cell.promised == OPEN and cell.after == Answer.NO.value:
            layer = Layer(cell.layer)
            if layer not in _LAYERS_OF_APPS:
                draft.note(
                    f"{cell.protocol.value} on {cell.address} stays refused by {layer.value}: "
                    "portineria plan shows what opens it"
                )
                continue
        made = cell.caller.removeprefix("app:") not in today
        found.append(replace(cell, before=Answer.NO.value) if made else cell)
    found += withdrawn(judge, planned.values())
    return (*found, *beyond(judge, planned.values(), needs))


def beyond(judge: Judge, apps: Iterable[OwnApp], needs: Mapping[AppKind, Needs]) -> Iterator[Cell]:
    """What an application could do beside the grants: a right on a mailbox knows no protocols.

    FullAccess that is given for IMAP opens POP as well, where the application may do POP at all.
    """
    for app in apps:
        if app.kind is not AppKind.MAIL or isinstance(app.roles, Unseen):
            continue
        for guid in sorted(held_by(app, judge.planned)):
            box = judge.planned.mailbox(guid)
            need = needs[app.kind].get(guid)
            for protocol in Protocol:
                granted = need is not None and protocol in need.protocols
                if box is None or granted or ROLES[protocol] not in app.roles:
                    continue
                yield judge.cell(box, protocol, AppOnly(app.id), REFUSED)


def withdrawn(judge: Judge, apps: Iterable[OwnApp]) -> Iterator[Cell]:
    """What an application may do today and, by the plan, no more: it is refused afterwards."""
    for app in apps:
        before, after = (_reach(app, snapshot) for snapshot in (judge.today, judge.planned))
        roles = frozenset() if isinstance(app.roles, Unseen) else app.roles
        for guid in sorted(before - after):
            box = judge.planned.mailbox(guid)
            for protocol in Protocol:
                smtp = app.kind is AppKind.SMTP and protocol is Protocol.SMTP
                if box is not None and (smtp or ROLES[protocol] in roles):
                    yield judge.cell(box, protocol, AppOnly(app.id), REFUSED)


def _reach(app: OwnApp, snapshot: Snapshot) -> set[str]:
    """The mailboxes that it may open, or send as by a scoped role."""
    scoped = {
        guid
        for (client_id, guid), right in snapshot.rights.items()
        if client_id == app.id and right.scoped_smtp is True
    }
    return held_by(app, snapshot) | scoped


def blasts(planned: Snapshot) -> Iterator[str]:
    """How many mailboxes each of our applications could open whole."""
    for app in () if isinstance(planned.own, Unseen) else planned.own:
        boxes = [box for guid in held_by(app, planned) if (box := planned.mailbox(guid))]
        if boxes:
            yield blast(app.name, boxes)


def remove_plan(
    snapshot: Snapshot,
    now: datetime,
    kinds: Iterable[AppKind],
    *,
    accepted: Iterable[str] = (),
) -> Plan:
    """Everything of our applications of these kinds that is in the tenant now, taken away: first
    the rights, then what they stand on, last the application itself."""
    draft = Draft()
    draft.needs("the applications of our own", snapshot.own)
    apps = () if isinstance(snapshot.own, Unseen) else snapshot.own
    wanted = frozenset(kinds)
    removed = [app for app in apps if app.kind in wanted]
    for app in removed:
        _take_away(app, snapshot, draft)
    if not removed and not isinstance(snapshot.own, Unseen):
        draft.note("there is no application of ours in the tenant")
    changes = draft.numbered()
    judge = Judge(snapshot, simulate(snapshot, changes), now)
    plan = Plan(
        tenant_id=snapshot.tenant_id,
        made_at=now,
        snapshot_taken_at=snapshot.taken_at,
        policy_digest=canonical_digest({"app remove": sorted(wanted)}),
        changes=changes,
        exposure=tuple(blasts(judge.planned)),
        accepted=tuple(sorted(accepted)),
        unknown=tuple(draft.unknown),
        notes=tuple(draft.notes),
    )
    return replace(plan, stops=speak(Case(plan=plan, snapshot=snapshot, now=now)))


_REASON = "the application is taken away"


def _take_away(app: OwnApp, snapshot: Snapshot, draft: Draft) -> None:
    close_rights(app, {}, snapshot, draft)
    for what in (app.roles, app.registered, app.assignments, app.group):
        draft.needs(f"what «{app.name}» is made of", what)

    def drop(family: Family, key: str, name: str, fields: Mapping[str, object]) -> None:
        draft.delete(
            Target(family=family, key=key, name=name), fields, Phase.EXCEPTION, APP, _REASON
        )

    for one in () if isinstance(app.assignments, Unseen) else app.assignments:
        key = f"{app.principal_id}/{one.name}"
        drop(Family.ROLE_ASSIGNMENT, key, one.name, {"Role": one.role})
    if isinstance(app.group, ScopeGroup):
        name = app.group.name
        drop(Family.GROUP, app.group.id, name, {"DisplayName": name})
    for known in () if isinstance(app.registered, Unseen) else app.registered:
        drop(Family.EXCHANGE_PRINCIPAL, known, app.name, {"AppId": app.id})
    for role in sorted(() if isinstance(app.roles, Unseen) else app.roles):
        fields = {"appRole": role, "resource": EXCHANGE_ONLINE}
        drop(Family.APP_ROLE, f"{app.principal_id}/{role}", f"{role} → {app.name}", fields)
    if app.principal_id:
        drop(Family.SERVICE_PRINCIPAL, app.principal_id, app.name, {"appId": app.id})
    drop(Family.APPLICATION, app.id, app.name, {"displayName": app.name})


def made_apps(changes: Iterable[Change]) -> dict[AppKind, Change]:
    """The applications that a plan makes, by kind."""
    return {
        kind: change
        for change in changes
        if change.target.family is Family.APPLICATION and change.verb is Verb.CREATE
        for kind, tag in KIND_TAGS.items()
        if tag in (change.after or {}).get("tags", ())
    }
