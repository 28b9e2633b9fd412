"""From what was seen and what was asked to a plan. Pure: the same question, the same plan.

1. resolve grants to mailboxes, refusing what cannot be      entitle
2. decide about security defaults                            window
3. close: authentication policy, new mailboxes, tenant doors closings
4. open the granted switches explicitly                      openings
5. stage and enforce the baseline                            replacement
6. the basic grants' own exceptions                          exceptions
   the rights of our own applications                        apprights
7. shut every basic twin that nothing else refuses           here
8. judge the planned tenant, cell by cell                    promise
9. let the guards speak                                      guards
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from portineria.policy.beside import beside
from portineria.policy.closings import (
    close_basic,
    close_mailboxes,
    close_new_mailboxes,
    close_tenant_doors,
)
from portineria.policy.desired import Desired
from portineria.policy.draft import Draft, ours
from portineria.policy.drift import NO_MEMORY, Memory, drift
from portineria.policy.entitle import Entitlements, entitle, expired
from portineria.policy.exceptions import (
    circles,
    deny,
    except_in_authentication_policy,
    except_in_conditional_access,
)
from portineria.policy.guards.case import Case
from portineria.policy.guards.registry import speak
from portineria.policy.mailapps import Named
from portineria.policy.openings import open_for_passwords, open_mailboxes
from portineria.policy.ownapps import OwnApps
from portineria.policy.plan import Cell, Plan
from portineria.policy.promise import REFUSED, Judge, exposure, promises
from portineria.policy.renamed import other_people, renamed
from portineria.policy.replacement import break_glass_ids, plan_baseline
from portineria.policy.simulate import simulate
from portineria.policy.verdict import Answer
from portineria.policy.window import decide
from portineria.tenant.caller import Basic
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen


def make_plan(
    snapshot: Snapshot,
    desired: Desired,
    now: datetime,
    *,
    accepted: Iterable[str] = (),
    mail_app: str | None = None,
    smtp_app: str | None = None,
    memory: Memory = NO_MEMORY,
) -> Plan:
    """Plan how the tenant of `snapshot` becomes what `desired` asks.

    `accepted` are words given against guards; `mail_app` is the client id that oauth-app and
    gateway grants mean when they name none, `smtp_app` the one that they mean for SMTP where it
    is another; `memory` is what earlier runs left. Never raises for
    what it could not see: that is in `Plan.unknown`, and a guard stops on it.
    """
    draft = Draft()
    entitlements = entitle(desired, snapshot, now.date())
    draft.unknown += [*entitlements.unseen, *other_people(desired, snapshot, memory)]
    for note in entitlements.notes:
        draft.note(note)
    for grant in expired(desired, now.date()):
        draft.note(f"grant «{grant.name}» ended on {grant.until}: its doors are closed")
    apps = OwnApps.of(entitlements, snapshot, Named(mail=mail_app, smtp=smtp_app))
    _draft(desired, snapshot, entitlements, now, draft)
    apps.keep_rights(snapshot, draft)
    speaking = apps.speaking(desired.everyone_else)
    judge = judging(snapshot, draft, now)
    cells = promises(entitlements, judge, speaking)
    if _shut_twins(snapshot, cells, draft):
        judge = judging(snapshot, draft, now)
        cells = promises(entitlements, judge, speaking)
    cells = (*cells, *apps.beyond(judge))
    words = set(accepted) | ({"exposure"} if desired.accept_exposure else set())
    changes = draft.numbered()
    plan = Plan(
        tenant_id=snapshot.tenant_id,
        made_at=now,
        snapshot_taken_at=snapshot.taken_at,
        policy_digest=desired.digest,
        changes=changes,
        cells=cells,
        refusals=tuple(renamed(refusal, snapshot, memory) for refusal in entitlements.refusals),
        left_out=tuple(entitlements.left_out),
        drift=drift(changes, memory, snapshot),
        accepted=tuple(sorted(words)),
        lost=tuple(draft.lost),
        exposure=(*exposure(cells), *beside(cells, judge), *apps.blasts(judge)),
        unknown=tuple(draft.unknown),
        notes=tuple(draft.notes),
    )
    return replace(plan, stops=speak(Case(plan=plan, snapshot=snapshot, now=now)))


def _draft(
    desired: Desired, snapshot: Snapshot, entitlements: Entitlements, now: datetime, draft: Draft
) -> None:
    decision = decide(desired, snapshot, entitlements, draft)
    close_basic(desired, snapshot, draft)
    close_new_mailboxes(desired, snapshot, draft)
    close_tenant_doors(desired, snapshot, draft)
    close_mailboxes(desired, snapshot, entitlements, draft)
    open_mailboxes(snapshot, entitlements, draft)
    break_glass = break_glass_ids(desired, snapshot, draft)
    enforced = plan_baseline(desired, snapshot, decision, break_glass, now, draft)
    if _conditional_access_bought(snapshot, entitlements, draft):
        except_in_conditional_access(snapshot, entitlements, break_glass, enforced, draft)
    except_in_authentication_policy(desired, snapshot, entitlements, draft)
    open_for_passwords(snapshot, entitlements, draft)


def _conditional_access_bought(
    snapshot: Snapshot, entitlements: Entitlements, draft: Draft
) -> bool:
    """Whether there is Entra ID P1; a basic grant that needs to know, or to have it, says so."""
    licences = snapshot.licences
    if isinstance(licences, Unseen):
        if circles(entitlements):
            draft.needs("licences", licences)
        return False
    if not licences.entra_p1 and circles(entitlements):
        draft.lost.append(
            "the networks of basic grants cannot be enforced without Microsoft Entra ID P1"
        )
    return licences.entra_p1


def judging(snapshot: Snapshot, draft: Draft, now: datetime) -> Judge:
    """Judges today's tenant, and the tenant as it would be after a draft."""
    return Judge(snapshot, simulate(snapshot, draft.numbered()), now)


def _shut_twins(snapshot: Snapshot, cells: Iterable[Cell], draft: Draft) -> bool:
    """Deny basic, by a policy of its own, on each mailbox whose SMTP opened for OAuth only.

    The SMTP switch opens both methods; without another refusing layer a password would do.
    A policy that somebody else assigned is left alone: the guard basic-twin speaks then.
    """
    policies = snapshot.authentication_policies
    shut = False
    for cell in cells:
        twin = cell.protocol is Protocol.SMTP and cell.caller == str(Basic())
        if not twin or cell.place or cell.promised != REFUSED or cell.after == Answer.NO.value:
            continue
        draft.needs("authentication policies", policies)
        box = snapshot.mailbox(cell.mailbox)
        if isinstance(policies, Unseen) or box is None:
            continue
        own = box.authentication_policy
        if isinstance(own, Unseen) or (own is not None and not ours(own)):
            continue
        deny(box, {policy.name: policy for policy in policies}, "the basic twin", draft)
        shut = True
    return shut
