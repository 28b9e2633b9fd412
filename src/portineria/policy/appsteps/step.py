"""A step with its papers, and how it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from portineria.policy.appsteps.case import AppCase, Since
from portineria.policy.delays import DELAYS, Made
from portineria.policy.verdict import Confidence, Layer


class Outcome(StrEnum):
    YES = "yes"
    NO = "no"
    PENDING = "pending"
    """Right as far as can be seen, and too young to be known everywhere."""
    UNKNOWN = "could not tell"
    LATER = "not judged"
    """It stands behind a step that is wrong, or waits for what that step gives."""


class Who(StrEnum):
    """Who can mend something: the least role that may."""

    APPS = "Application Administrator or Cloud Application Administrator"
    CONSENT = "Privileged Role Administrator or Global Administrator"
    EXCHANGE = "Exchange Administrator"
    RBAC = "Organization Management, or Exchange Administrator"
    LICENCE = "License Administrator or User Administrator"
    OPERATOR = "whoever runs this program"


@dataclass(frozen=True, slots=True)
class Settling:
    """Something that is right, may be young, and would be missed by one of these layers."""

    made: Made
    layers: frozenset[Layer]
    since: Since | None
    told: str
    """A whole clause without its time: "Exchange knows the application"."""
    weight: int = 0
    """How good the evidence of youth is: 0 recorded, 1 a bound, 2 seen first by us."""

    def until(self) -> datetime | None:
        return None if self.since is None else self.since.at + DELAYS[self.made].most


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a step says; the rest as in `Judged`. `part` is a short word for what of it."""

    outcome: Outcome
    because: str
    part: str = ""
    remedy: str = ""
    who: Who | None = None
    evidence: str = ""
    until: datetime | None = None
    settling: tuple[Settling, ...] = ()


def yes(because: str, *settling: Settling, part: str = "", evidence: str = "") -> Said:
    return Said(
        outcome=Outcome.YES, because=because, part=part, evidence=evidence, settling=settling
    )


def no(part: str, because: str, remedy: str, who: Who, *, evidence: str = "") -> Said:
    return Said(
        outcome=Outcome.NO, part=part, because=because, remedy=remedy, who=who, evidence=evidence
    )


def pending(part: str, because: str, until: datetime, *, evidence: str = "") -> Said:
    return Said(outcome=Outcome.PENDING, part=part, because=because, until=until, evidence=evidence)


def unknown(part: str, because: str, remedy: str, who: Who | None = None) -> Said:
    return Said(outcome=Outcome.UNKNOWN, part=part, because=because, remedy=remedy, who=who)


def later(because: str) -> Said:
    return Said(outcome=Outcome.LATER, because=because)


def young(case: AppCase, made: Made, since: Since | None) -> datetime | None:
    """Until when it may not be known everywhere; None where its time is over, or not known."""
    if since is None:
        return None
    until = since.at + DELAYS[made].most
    return until if case.now < until else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One step of one case. `number` counts from 1; `who` can mend it, "" where nobody need."""

    number: int
    step: str
    outcome: Outcome
    because: str
    part: str = ""
    remedy: str = ""
    who: str = ""
    evidence: str = ""
    until: datetime | None = None
    settling: tuple[Settling, ...] = ()
    confidence: Confidence = Confidence.DOCUMENTED
    source: str = ""


Judge = Callable[[AppCase], Said | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppStep:
    """One step. `asks` is for people; `of_mailbox`: it is asked only where there is one."""

    number: int
    name: str
    asks: str
    source: str
    confidence: Confidence
    judge: Judge
    of_mailbox: bool = False

    def __call__(self, case: AppCase) -> Judged | None:
        if self.of_mailbox and case.place is None:
            return None
        said = self.judge(case)
        return None if said is None else self.judged(said)

    def judged(self, said: Said) -> Judged:
        return Judged(
            number=self.number,
            step=self.name,
            outcome=said.outcome,
            because=said.because,
            part=said.part,
            remedy=said.remedy,
            who="" if said.who is None else said.who.value,
            evidence=said.evidence,
            until=said.until,
            settling=said.settling,
            confidence=self.confidence,
            source=self.source,
        )


def app_step(
    number: int,
    name: str,
    *,
    asks: str,
    source: str,
    confidence: Confidence = Confidence.DOCUMENTED,
    of_mailbox: bool = False,
) -> Callable[[Judge], AppStep]:
    """Turns a function into a step with its papers."""

    def papers(judge: Judge) -> AppStep:
        return AppStep(
            number=number,
            name=name,
            asks=asks,
            source=source,
            confidence=confidence,
            judge=judge,
            of_mailbox=of_mailbox,
        )

    return papers


def behind(found: Judged, first: Judged) -> Judged:
    """What a step says once an earlier one is named: a fact stands, a fault is not added."""
    if found.outcome is Outcome.YES:
        return found
    because = f"not judged before step {first.number} is right; seen so far: {found.because}"
    if found.outcome is Outcome.LATER:
        because = found.because
    return replace(
        found, outcome=Outcome.LATER, because=because, remedy="", who="", part="", until=None
    )
