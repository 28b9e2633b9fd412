"""A rung with its papers: layer, question, source, confidence; and how a rung answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portineria.policy.readings import Reading
from portineria.policy.rungs.access import Access
from portineria.policy.verdict import Answer, Confidence, Layer, Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a rung says of one access; `Step` adds its layer, source and confidence to it.

    `confidence` and `source` are given only where they differ from the rung's own.
    """

    answer: Answer
    because: str
    remedy: str = ""
    evidence: str = ""
    reading: str = ""
    confidence: Confidence | None = None
    source: str = ""


def yes(because: str, *, evidence: str = "", confidence: Confidence | None = None) -> Said:
    return Said(answer=Answer.YES, because=because, evidence=evidence, confidence=confidence)


def no(because: str, remedy: str, *, evidence: str = "", source: str = "") -> Said:
    return Said(answer=Answer.NO, because=because, remedy=remedy, evidence=evidence, source=source)


def unknown(because: str, remedy: str, *, evidence: str = "") -> Said:
    return Said(answer=Answer.UNKNOWN, because=because, remedy=remedy, evidence=evidence)


def undecided(reading: Reading) -> Said:
    """It turns on an unproven fact of the service."""
    return Said(
        answer=Answer.UNKNOWN,
        because=f"this is not proven: {reading.question}",
        remedy=reading.settle,
        reading=reading.id,
        confidence=Confidence.UNVERIFIED,
        source=reading.source,
    )


Judge = Callable[[Access], Said | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rung of the ladder. `asks` and `about` are for people: what, and of which callers."""

    layer: Layer
    asks: str
    about: str
    source: str
    confidence: Confidence
    judge: Judge

    def __call__(self, access: Access) -> Rung | None:
        said = self.judge(access)
        if said is None:
            return None
        return Rung(
            layer=self.layer,
            answer=said.answer,
            because=said.because,
            remedy=said.remedy,
            evidence=said.evidence,
            confidence=said.confidence or self.confidence,
            source=said.source or self.source,
            reading=said.reading,
        )


def step(
    layer: Layer, *, asks: str, about: str, source: str, confidence: Confidence
) -> Callable[[Judge], Step]:
    """Turns a function into a rung with its papers."""

    def papers(judge: Judge) -> Step:
        return Step(
            layer=layer,
            asks=asks,
            about=about,
            source=source,
            confidence=confidence,
            judge=judge,
        )

    return papers
