"""The steps in their order, and which of them is named: the first that is wrong, and no other.

A wrong step hides what stands behind it: that is shown as a fact or not judged, never as one
more fault. Where everything read is right and the login is refused, the layers that can have
said so are put beside what is young: then that step is pending. Only what is right and old
enough leaves the refusal to itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from portineria.policy.appsteps.case import AppCase, Login
from portineria.policy.appsteps.consent import consent
from portineria.policy.appsteps.credential import credential
from portineria.policy.appsteps.enterprise import enterprise
from portineria.policy.appsteps.login import login
from portineria.policy.appsteps.mailbox import mailbox
from portineria.policy.appsteps.principal import principal
from portineria.policy.appsteps.right import MIX, right
from portineria.policy.appsteps.scope import scope
from portineria.policy.appsteps.step import AppStep, Judged, Outcome, Settling, behind
from portineria.policy.appsteps.token import token
from portineria.policy.verdict import Answer

STEPS: tuple[AppStep, ...] = (
    credential,
    token,
    consent,
    enterprise,
    principal,
    mailbox,
    right,
    scope,
    login,
)
WRONG = (Outcome.NO, Outcome.PENDING)


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer for one app, protocol and mailbox: `by` is the step that is named, if any."""

    case: AppCase
    answer: Outcome
    by: Judged | None
    ladder: tuple[Judged, ...]


def check(case: AppCase) -> Checked:
    """Walk the steps. The first that is wrong is named; else the first that could not tell."""
    found = [judged for step in STEPS if (judged := step(case)) is not None]
    found = _weighed(case, found)
    for position, judged in enumerate(found):
        if judged.outcome in WRONG:
            rest = (_behind(case, after, judged) for after in found[position + 1 :])
            ladder = (*found[: position + 1], *rest)
            return Checked(case, judged.outcome, judged, ladder)
    unseen = next((judged for judged in found if judged.outcome is not Outcome.YES), None)
    answer = Outcome.YES if unseen is None else Outcome.UNKNOWN
    return Checked(case, answer, unseen, tuple(found))


def _behind(case: AppCase, after: Judged, first: Judged) -> Judged:
    tried = None if case.place is None else case.place.login
    refused = isinstance(tried, Login) and tried.answer is Answer.NO
    if after.step == login.name and after.part != "user" and refused:
        after = replace(
            after, outcome=Outcome.LATER, because=f"refused, as step {first.number} explains"
        )
    return behind(after, first)


def _weighed(case: AppCase, found: list[Judged]) -> list[Judged]:
    """A refused login, beside what is right and young."""
    tried = None if case.place is None else case.place.login
    if not isinstance(tried, Login) or case.claims is None or found[-1].part == "user":
        return found
    if tried.answer is Answer.YES:
        return [_settled(judged, Outcome.YES, ", and it gets in") for judged in found]
    if tried.answer is Answer.UNKNOWN:
        return found
    if any(judged.outcome in WRONG for judged in found[:-1]):
        return found
    youngest = _youngest(case, found, tried)
    if youngest is None:
        return [_settled(judged, Outcome.NO, ", and it is refused") for judged in found]
    position, settling, until = youngest
    named = replace(
        found[position],
        outcome=Outcome.PENDING,
        because=f"{settling.told}, and the mail host does not know it yet",
        part=settling.made.value,
        until=until,
        evidence=tried.line,
    )
    return [*found[:position], named, *found[position + 1 :]]


def _settled(judged: Judged, outcome: Outcome, told: str) -> Judged:
    """Whether a mix of both ways opens is not proven: what the login says, settles it."""
    if judged.part != MIX or judged.outcome is not Outcome.UNKNOWN:
        return judged
    return replace(judged, outcome=outcome, because=f"{judged.because}{told}")


def _youngest(
    case: AppCase, found: Sequence[Judged], tried: Login
) -> tuple[int, Settling, datetime] | None:
    """The best witnessed of what is young, then the first in order."""
    young = sorted(_young(case, found, tried), key=lambda one: (one[1].weight, one[0]))
    return young[0] if young else None


def _young(
    case: AppCase, found: Sequence[Judged], tried: Login
) -> Iterator[tuple[int, Settling, datetime]]:
    for position, judged in enumerate(found):
        for settling in judged.settling:
            until = settling.until()
            if until is not None and case.now < until and settling.layers & tried.layers:
                yield position, settling, until
