"""The whole report on one tenant, as values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portineria.policy.desired import Desired
from portineria.policy.entitle import entitle
from portineria.policy.policywrite import domain_of
from portineria.policy.report.doors import Door, find_doors
from portineria.policy.report.finding import GRAVITY, Case, Finding, Severity, WeakDoor
from portineria.policy.report.posture import Sentence, sentences
from portineria.policy.report.registry import findings
from portineria.policy.verdict import Answer
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`policy` is the file that grants were read from, None where none was given."""

    name: str
    tenant_id: str
    taken_at: datetime
    posture: tuple[Sentence, ...]
    findings: tuple[Finding, ...]
    doors: tuple[Door, ...] | Unseen
    unseen: dict[str, str]
    policy: str | None = None

    def count(self, answer: Answer) -> int:
        return sum(found.answer is answer for found in self.findings)

    def fails(self, worst: Severity) -> bool:
        """Whether a check of this severity, or a graver one, does not hold."""
        return self._any(Answer.NO, worst)

    def unsure(self, worst: Severity = Severity.LOW) -> bool:
        return self._any(Answer.UNKNOWN, worst)

    def _any(self, answer: Answer, worst: Severity) -> bool:
        return any(
            found.answer is answer and GRAVITY[found.check.severity] <= GRAVITY[worst]
            for found in self.findings
        )


def make_report(
    snapshot: Snapshot,
    now: datetime,
    desired: Desired | None = None,
    file: str | None = None,
    tell: Callable[[int, int], None] = lambda done, total: None,
    gateway: tuple[WeakDoor, ...] | None = None,
) -> Report:
    """Raises ValueError as `effective` does."""
    entitlements = None if desired is None else entitle(desired, snapshot, now.date())
    doors = find_doors(snapshot, entitlements, now, tell)
    case = Case(
        snapshot=snapshot,
        now=now,
        doors=doors,
        desired=desired,
        entitlements=entitlements,
        gateway=gateway,
    )
    unseen = {
        family: why for family, why in snapshot.unseen().items() if why != NOT_LOOKED_AT.because
    }
    return Report(
        name=domain_of(snapshot),
        tenant_id=snapshot.tenant_id,
        taken_at=snapshot.taken_at,
        posture=sentences(snapshot, now),
        findings=findings(case),
        doors=doors,
        unseen=unseen,
        policy=file,
    )


def to_json(report: Report) -> dict[str, Any]:
    """Everything, in English: a program reads it."""
    doors = report.doors
    return {
        "name": report.name,
        "tenant": report.tenant_id,
        "seen_at": report.taken_at.isoformat(),
        "policy": report.policy,
        "counts": {answer.value: report.count(answer) for answer in Answer},
        "posture": [
            {"layer": one.layer, "answer": one.answer.value, "says": one.says}
            for one in report.posture
        ],
        "findings": [_finding(one) for one in report.findings],
        "doors": None if isinstance(doors, Unseen) else [_door(one) for one in doors],
        "unseen": report.unseen,
    }


def _finding(one: Finding) -> dict[str, Any]:
    check = one.check
    return {
        "id": check.id,
        "title": check.title,
        "severity": check.severity.value,
        "holds": one.answer.value,
        "because": one.because,
        "evidence": list(one.evidence),
        "source": check.source,
        "readings": list(check.readings),
        "policy": check.policy or None,
        "command": check.command or None,
    }


def _door(one: Door) -> dict[str, Any]:
    return {
        "mailbox": one.mailbox.address,
        "guid": one.mailbox.guid,
        "protocol": one.protocol.value,
        "open": one.answer.value,
        "password": one.password.value,
        "oauth": one.person.value,
        "grants": list(one.grants),
        "because": one.because or None,
    }
