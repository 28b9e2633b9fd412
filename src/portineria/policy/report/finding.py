"""A check and what it found: it holds, it does not, or it could not be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from portineria.policy.desired import Desired
from portineria.policy.entitle import Entitlements
from portineria.policy.report.doors import Door
from portineria.policy.verdict import Answer
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen


class Severity(StrEnum):
    """How much it matters when a check does not hold, the gravest first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


GRAVITY: Mapping[Severity, int] = {severity: at for at, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class WeakDoor:
    """A listener of the gateway that takes less than TLS 1.2 from `networks`.

    `place`: its protocol, host and port; `takes`: `cleartext` or `old-tls`.
    """

    place: str
    takes: str
    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a check looks at. Without a policy, `desired` and `entitlements` are None.

    `doors` are those that are open or may be, or why the mailboxes were not seen. `gateway` are the
    weak doors that its file asks for; None without a file.
    """

    snapshot: Snapshot
    now: datetime
    doors: tuple[Door, ...] | Unseen
    desired: Desired | None = None
    entitlements: Entitlements | None = None
    gateway: tuple[WeakDoor, ...] | None = None

    @property
    def break_glass(self) -> tuple[str, ...]:
        """As the policy names them; nobody without a policy."""
        return () if self.desired is None else self.desired.posture.break_glass


@dataclass(frozen=True, slots=True)
class Found:
    """`because` is a whole clause; `evidence` are names of objects, as the service has them."""

    answer: Answer
    because: str
    evidence: tuple[str, ...] = ()


def holds(because: str, *evidence: str) -> Found:
    return Found(Answer.YES, because, evidence)


def fails(because: str, *evidence: str) -> Found:
    return Found(Answer.NO, because, evidence)


def untold(because: str, *evidence: str) -> Found:
    return Found(Answer.UNKNOWN, because, evidence)


Judge = Callable[[Case], Found | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding with its papers. `judge` answers None where it was not asked.

    `readings` say how others' rules judge the same (SCuBA, CIS, CIPP, Maester); `policy` are the
    lines of a policy file that mend it through a plan, `command` Microsoft's own way.
    """

    id: str
    title: str
    severity: Severity
    judge: Judge
    source: str
    readings: tuple[str, ...] = ()
    policy: str = ""
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A check's answer on one tenant."""

    check: Check = field(repr=False)
    answer: Answer
    because: str
    evidence: tuple[str, ...] = ()
