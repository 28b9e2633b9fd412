"""The layers that protect a tenant's mail, outermost first, each in one plain sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from portineria.policy.conditional import Requirement, covers
from portineria.policy.readings import Reading, era
from portineria.policy.report.doors import WITH_MAILBOX
from portineria.policy.report.finding import Case, Found
from portineria.policy.report.organisation import (
    default_authentication_policy,
    new_mailboxes,
    smtp_tenant_switch,
)
from portineria.policy.verdict import Answer, Layer
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen


@dataclass(frozen=True, slots=True)
class Sentence:
    """One layer: YES where it protects, NO where it lets pass, UNKNOWN where it was not seen."""

    layer: str
    answer: Answer
    says: str


def sentences(snapshot: Snapshot, now: datetime) -> tuple[Sentence, ...]:
    """In the order in which a login by password meets them; what is the same is said once."""
    return tuple(dict.fromkeys(_sentences(snapshot, now)))


def _sentences(snapshot: Snapshot, now: datetime) -> Iterator[Sentence]:
    case = Case(snapshot=snapshot, now=now, doors=())
    for protocol in Protocol:
        yield _retirement(snapshot, protocol, now)
    yield _defaults(snapshot)
    yield _conditional_access(snapshot)
    yield _of(Layer.AUTHENTICATION_POLICY, default_authentication_policy(case))
    yield _of(Layer.TENANT_SWITCH, smtp_tenant_switch(case))
    yield _switches(snapshot)
    yield Sentence("new mailboxes", *_said(new_mailboxes(case)))


def _said(found: Found) -> tuple[Answer, str]:
    return found.answer, found.because


def _of(layer: Layer, found: Found) -> Sentence:
    return Sentence(layer.value, *_said(found))


def _retirement(snapshot: Snapshot, protocol: Protocol, now: datetime) -> Sentence:
    current = era(protocol, now.date())
    if isinstance(current.open, Reading):
        settled = current.open.under(snapshot.settled)
        answers = {None: Answer.UNKNOWN, "open": Answer.NO}
        answer = answers.get(settled, Answer.YES)
    else:
        answer = Answer.NO if current.open else Answer.YES
    return Sentence(Layer.BASIC_RETIREMENT.value, answer, current.because)


def _defaults(snapshot: Snapshot) -> Sentence:
    on, layer = snapshot.security_defaults, Layer.SECURITY_DEFAULTS.value
    if isinstance(on, Unseen):
        return Sentence(layer, Answer.UNKNOWN, f"security defaults were not seen: {on.because}")
    if on:
        return Sentence(
            layer, Answer.YES, "security defaults are on: nobody comes in with a password alone"
        )
    return Sentence(layer, Answer.NO, "security defaults are off: other layers must do their work")


def _conditional_access(snapshot: Snapshot) -> Sentence:
    layer = Layer.CONDITIONAL_ACCESS.value
    coverage = covers(snapshot, Requirement.BLOCK_LEGACY)
    if coverage.answer is Answer.UNKNOWN:
        return Sentence(layer, Answer.UNKNOWN, coverage.missing)
    names = ", ".join(f"«{name}»" for name in coverage.by)
    if coverage.answer is Answer.YES:
        return Sentence(layer, Answer.YES, f"passwords alone are blocked for everybody by {names}")
    if coverage.excluded:
        return Sentence(
            layer,
            Answer.YES,
            f"passwords alone are blocked by {names}, but for {len(coverage.excluded)} accounts",
        )
    return Sentence(
        layer, Answer.NO, "no policy that is in force blocks passwords alone for everybody"
    )


def _switches(snapshot: Snapshot) -> Sentence:
    layer, boxes = Layer.MAILBOX_SWITCH.value, snapshot.mailboxes
    if isinstance(boxes, Unseen):
        return Sentence(layer, Answer.UNKNOWN, f"the mailboxes were not seen: {boxes.because}")
    counted = [box for box in boxes if box.kind in WITH_MAILBOX]
    imap = sum(box.imap is True for box in counted)
    pop = sum(box.pop is True for box in counted)
    unseen = sum(isinstance(box.imap, Unseen) or isinstance(box.pop, Unseen) for box in counted)
    if unseen:
        return Sentence(
            layer, Answer.UNKNOWN, f"mailboxes whose IMAP or POP switch was not seen: {unseen}"
        )
    answer = Answer.NO if imap or pop else Answer.YES
    return Sentence(
        layer,
        answer,
        f"of {len(counted)} mailboxes {imap} have IMAP switched on and {pop} have POP",
    )
