"""Wait or give up: pure judgement of one failed attempt.

A request that was *refused* (429, 503, the plain-text concurrency sentence, a location not yet
replicated) was certainly not executed. One that was *lost* (cut after sending, 500, 502, 504)
may have been: reads and idempotent writes go again, a create must be settled by looking.
Sources: dossiers, Graph 7.1 and Exchange Online 2.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import Enum

from portineria.m365.answers import CONCURRENCY
from portineria.m365.messages import Distrusted, Intercepted, NoAnswer, Response


class Kind(Enum):
    """What repeating the request would do."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    """Set-*, PATCH with a value: twice is as once."""
    DELETE = "delete"
    """As idempotent; after a lost answer, "not found" means that it was done."""
    CREATE = "create"


class Lane(Enum):
    """Limits are per family of calls."""

    GRAPH = "graph"
    CONDITIONAL_ACCESS = "conditional-access"
    EXCHANGE = "exchange"
    REPORTS = "reports"


class Mishap(Enum):
    REFUSED = "refused"
    LOST = "lost"
    UNSENT = "unsent"


@dataclass(frozen=True, slots=True)
class Wait:
    seconds: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """`ambiguous`: the write may have happened."""

    ambiguous: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    attempts: int = 6
    waiting: float = 300.0
    """Seconds that one call may wait in all."""


LIMITS = Limits()


def mishap(answer: Response | NoAnswer) -> Mishap | None:
    """What befell the request, None where the answer is final."""
    if isinstance(answer, Distrusted | Intercepted):
        return None  # it stays so until somebody mends it
    if isinstance(answer, NoAnswer):
        return Mishap.LOST if answer.sent else Mishap.UNSENT
    start = answer.body[:2048]
    if answer.status in (429, 503) or start.startswith(CONCURRENCY.encode()):
        return Mishap.REFUSED
    if answer.status == 400 and b'"1040: ' in start:
        return Mishap.REFUSED
    if answer.status in (408, 500, 502, 504):
        return Mishap.LOST
    return None


def decide(
    attempt: int,
    answer: Response | NoAnswer,
    kind: Kind,
    lane: Lane,
    *,
    waited: float = 0.0,
    asked: float | None = None,
    spread: float = 0.0,
    limits: Limits = LIMITS,
) -> Wait | GiveUp:
    """Judge attempt number `attempt` (from 1), which ended in a mishap.

    `waited` is what earlier attempts cost, `asked` the service's Retry-After in seconds,
    `spread` a fraction 0..1 that keeps several callers from coming back at once.
    """
    befallen = mishap(answer)
    lost = befallen is Mishap.LOST and kind is not Kind.READ
    if befallen is None or (lost and kind is Kind.CREATE) or attempt >= limits.attempts:
        return GiveUp(ambiguous=lost)
    base = 2.0 if lane is not Lane.EXCHANGE else 3.0
    seconds = asked if asked is not None else min(base * 2 ** (attempt - 1), 32.0) + spread
    if waited + seconds > limits.waiting:
        return GiveUp(ambiguous=lost)
    return Wait(seconds)


def retry_after(answer: Response | NoAnswer, now: datetime) -> float | None:
    """Seconds that the service asks for; None where it asks for nothing that can be read."""
    if isinstance(answer, NoAnswer):
        return None
    value = answer.headers.get("retry-after", "").strip()
    if value.isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return None
