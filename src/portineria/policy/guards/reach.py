"""Guards against changing too much, too old, or what is not ours."""

from __future__ import annotations

from datetime import timedelta

from portineria.policy.change import Change, Family, Verb
from portineria.policy.draft import ours
from portineria.policy.guards.case import Case
from portineria.policy.promise import OPEN, twins_left_open
from portineria.policy.verdict import Answer, Layer
from portineria.tenant.caller import AppOnly, Basic, parse_caller
from portineria.tenant.unseen import Unseen

STALE_AFTER = timedelta(hours=1)
BLAST_FLOOR = 10
BLAST_SHARE = 0.3
PER_MAILBOX = {
    Family.MAILBOX,
    Family.USER,
    Family.MAILBOX_PERMISSION,
    Family.RECIPIENT_PERMISSION,
    Family.GROUP_MEMBER,
    Family.SESSIONS,
}
NAMED_AFTER_US = {
    Family.CONDITIONAL_ACCESS,
    Family.NAMED_LOCATION,
    Family.AUTHENTICATION_POLICY,
}
FOREIGN_LAYERS = {Layer.CONDITIONAL_ACCESS.value, Layer.AUTHENTICATION_POLICY.value}


def blast_radius(case: Case) -> str:
    """Touching more than a third of the mailboxes is seldom meant."""
    boxes = case.snapshot.mailboxes
    if isinstance(boxes, Unseen):
        return ""
    by_account = {box.entra_id: box.guid for box in boxes}
    touched = {
        by_account.get(change.target.key, _mailbox_of(change))
        for change in case.plan.changes
        if change.target.family in PER_MAILBOX
    }
    if len(touched) <= BLAST_FLOOR:
        return ""
    if len(touched) <= BLAST_SHARE * len(boxes):
        return ""
    return f"{len(touched)} of {len(boxes)} mailboxes would change"


def _mailbox_of(change: Change) -> str:
    """A right names the mailbox first; a membership names it behind the group."""
    first, _, second = change.target.key.partition("/")
    return second if change.target.family is Family.GROUP_MEMBER else first


def stale(case: Case) -> str:
    """An old look is no ground for a write."""
    age = case.now - case.plan.snapshot_taken_at
    if age <= STALE_AFTER:
        return ""
    return f"the plan was made from what was seen {int(age.total_seconds() // 60)} minutes ago"


def truncated(case: Case) -> str:
    """An incomplete list of mailboxes must not pass for the whole."""
    if case.plan.changes and isinstance(case.snapshot.mailboxes, Unseen):
        return f"the list of mailboxes is incomplete: {case.snapshot.mailboxes.because}"
    return ""


def unknown(case: Case) -> str:
    """What the plan needed to see and could not; a window for a door that may stay shut."""
    reasons = list(case.plan.unknown)
    if case.plan.window:
        reasons += [
            f"security defaults would go off for {cell.protocol.value} on {cell.address}, and it "
            f"could not be told whether a password gets in then ({cell.layer})"
            for cell in case.plan.cells
            if (cell.caller, cell.promised) == (str(Basic()), OPEN)
            and cell.after == Answer.UNKNOWN.value
        ]
    return "; ".join(reasons)


def basic_twin(case: Case) -> str:
    """A door promised as shut must be shut by a named layer."""
    left = [
        cell
        for cell in twins_left_open(case.plan.cells)
        if not isinstance(parse_caller(cell.caller), AppOnly)
    ]
    if not left:
        return ""
    first, more = left[0], len(left) - 1
    told = (
        f"{first.protocol.value} on {first.address} for {first.caller} is promised as refused, "
        f"and after the plan the answer would be «{first.after}»"
    )
    return f"{told} ({more} more)" if more else told


def not_ours(case: Case) -> str:
    """Policies and locations that we did not make are never edited or removed."""
    for change in case.plan.changes:
        if change.target.family in NAMED_AFTER_US and _touches_foreign(change):
            return f"«{change.target.name}» was not made by Portineria"
    return ""


def _touches_foreign(change: Change) -> bool:
    return change.verb is not Verb.CREATE and not ours(change.target.name)


def foreign_policy(case: Case) -> str:
    """Somebody else's policy refuses what a grant promises."""
    for cell in case.plan.cells:
        refused = cell.promised == OPEN and cell.after == Answer.NO.value
        if refused and cell.layer in FOREIGN_LAYERS:
            return (
                f"{cell.protocol.value} on {cell.address} for {cell.caller} stays refused by "
                f"{cell.layer}, by a policy that is not ours"
            )
    return ""


def exposure(case: Case) -> str:
    """Protection that is lost for good needs the admin's written reason."""
    if not case.plan.lost:
        return ""
    return f"the tenant loses: {'; '.join(case.plan.lost)}"


def digest(case: Case) -> str:
    """What is applied is what was shown: the digest that was promised, or a typed yes."""
    if not case.applying:
        return ""
    if case.promised_digest is None:
        return "" if case.typed_yes else "nobody has said yes to this plan"
    if case.promised_digest == case.plan.digest:
        return ""
    return (
        f"the plan's digest is {case.plan.digest[:12]}…, "
        f"the promised one {case.promised_digest[:12]}…: it is not the plan that was shown"
    )
