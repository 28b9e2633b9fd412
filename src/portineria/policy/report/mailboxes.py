"""Checks of the doors of mailboxes: exceptions, passwords, grants."""

from __future__ import annotations

from portineria.policy.entitle import expired
from portineria.policy.report.doors import Door
from portineria.policy.report.finding import Case, Found, fails, holds, untold
from portineria.policy.verdict import Answer
from portineria.tenant.mailbox import Mailbox, Protocol, SmtpSwitch
from portineria.tenant.unseen import Unseen


def smtp_exceptions(case: Case) -> Found:
    """With a policy, an exception that a grant asks for is none."""
    boxes = case.snapshot.mailboxes
    if isinstance(boxes, Unseen):
        return untold(f"the mailboxes were not seen: {boxes.because}")
    on = [box.address for box in boxes if box.smtp is SmtpSwitch.ON and not _granted(case, box)]
    if on:
        return fails(f"mailboxes with SMTP AUTH on by an exception of their own: {len(on)}", *on)
    unseen = [box.address for box in boxes if isinstance(box.smtp, Unseen)]
    if unseen:
        return untold(f"mailboxes whose SMTP switch was not seen: {len(unseen)}", *unseen)
    return holds("no mailbox has SMTP AUTH on without a grant")


def _granted(case: Case, box: Mailbox) -> bool:
    if case.entitlements is None:
        return False
    own = case.entitlements.by_mailbox.get(box.guid)
    return own is not None and bool(own.open_for(Protocol.SMTP))


def password_doors(case: Case) -> Found:
    """What breaks, if anybody uses it, when basic goes off."""
    doors = case.doors
    if isinstance(doors, Unseen):
        return untold(f"the mailboxes were not seen: {doors.because}")
    names = _named([door for door in doors if door.password is Answer.YES])
    if names:
        return fails(f"doors that a password alone opens today: {len(names)}", *names)
    unknown = _named([door for door in doors if door.password is Answer.UNKNOWN])
    if unknown:
        told = f"doors of which it could not be told whether a password opens them: {len(unknown)}"
        return untold(told, *unknown)
    return holds("no door opens to a password alone")


def without_grant(case: Case) -> Found | None:
    """Not asked without a policy: nobody said what ought to be open."""
    if case.entitlements is None:
        return None
    doors = case.doors
    if isinstance(doors, Unseen):
        return untold(f"the mailboxes were not seen: {doors.because}")
    bare = [door for door in doors if not door.grants]
    names = _named([door for door in bare if door.answer is Answer.YES])
    if names:
        return fails(f"doors that stand open and that no grant asks for: {len(names)}", *names)
    if case.entitlements.unseen:
        told = "some grants could not be resolved, so which doors they ask for is not known"
        return untold(told, *case.entitlements.unseen)
    unknown = _named(bare)
    if unknown:
        told = f"doors without a grant that may be open, which could not be told: {len(unknown)}"
        return untold(told, *unknown)
    return holds("every open door is one that a grant asks for")


def ended_grants(case: Case) -> Found | None:
    """A grant that ended, and whose door still stands open without another."""
    if case.desired is None or case.entitlements is None:
        return None
    ended = expired(case.desired, case.now.date())
    if not ended:
        return holds("no grant has ended")
    if isinstance(case.doors, Unseen):
        return untold(f"the mailboxes were not seen: {case.doors.because}")
    open_ = {(door.mailbox.guid, door.protocol) for door in case.doors if not door.grants}
    still = [
        f"{own.mailbox.address} {protocol.value.upper()}"
        for own in case.entitlements
        for protocol in own.ended
        if (own.mailbox.guid, protocol) in open_
    ]
    if still:
        return fails(f"doors that stand open though their grant has ended: {len(still)}", *still)
    return holds(f"grants that have ended, and whose doors are shut: {len(ended)}")


def _named(doors: list[Door]) -> list[str]:
    return [f"{door.mailbox.address} {door.protocol.value.upper()}" for door in doors]
