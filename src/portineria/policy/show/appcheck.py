"""What `app check` found: a ladder for people, and JSON of "portineria/app-check@1"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from portineria.policy.appsteps.ladder import Checked
from portineria.policy.appsteps.step import Judged, Outcome
from portineria.policy.show.visible import line
from portineria.tongue.say import compose, say

SCHEMA = "portineria/app-check@1"
MARKS = {
    Outcome.YES: "✓",
    Outcome.NO: "✗",
    Outcome.PENDING: "…",
    Outcome.UNKNOWN: "?",
    Outcome.LATER: "·",
}
WORDS = {
    Outcome.YES: "yes, right at every step",
    Outcome.NO: "no",
    Outcome.PENDING: "pending",
    Outcome.UNKNOWN: "could not tell",
    Outcome.LATER: "not judged",
}
CLAIMS = 2
"""The step whose evidence is always shown: the token, decoded."""


def text(checks: Sequence[Checked]) -> str:
    """One mailbox, or the app alone: a headline a protocol, the ladder, and what mends it."""
    return "\n".join(map(line, _lines(checks))) + "\n"


def _lines(checks: Sequence[Checked]) -> Iterator[str]:
    place = checks[0].case.place
    alone = say("The mail app by itself; name a mailbox to go on")
    yield alone if place is None else place.address
    for client_id, app in {check.case.app.client_id: check.case.app for check in checks}.items():
        yield compose("  as «{}», {}", app.name, client_id)
        for check in (one for one in checks if one.case.app.client_id == client_id):
            name = check.case.protocol.value.upper()
            yield f"  {MARKS[check.answer]} {name:<4}  {headline(check)}"
    yield ""
    yield from _ladder(checks)
    yield from mending(checks)


def headline(check: Checked) -> str:
    """The answer, and the step that is named."""
    by = check.by
    if by is None:
        return say(WORDS[check.answer])
    answer = WORDS[check.answer]
    said = compose("{}: step {}, {}: {}", answer, by.number, by.step, by.because)
    return said if by.until is None else f"{said}; {countdown(by.until, check.case.now)}"


def countdown(until: datetime, now: datetime) -> str:
    minutes = max(1, round((until - now).total_seconds() / 60))
    moment = f"{until:%Y-%m-%d %H:%M:%S}"
    return compose("until {} UTC at the latest, in {} min", moment, minutes)


def _ladder(checks: Sequence[Checked]) -> Iterator[str]:
    """Each step once; what the protocols do not have in common, protocol by protocol."""
    numbers = sorted({judged.number for check in checks for judged in check.ladder})
    steps = {judged.number: say(judged.step) for check in checks for judged in check.ladder}
    width = max(map(len, steps.values()))
    for number in numbers:
        head = f"{number} {steps[number]:<{width}}"
        for judged, tag, named in _told(checks, number):
            arrow = "→" if named else " "
            yield f"{arrow} {MARKS[judged.outcome]} {head}  {tag}{say(judged.because)}"
            head = " " * (width + 2)
            if named:
                yield from _under(judged, " " * (width + 8))
        if number == CLAIMS:
            yield from _claims(checks, " " * (width + 8))


def _told(checks: Sequence[Checked], number: int) -> Iterator[tuple[Judged, str, bool]]:
    """Distinct sayings of one step, with the protocols that they are of where these differ."""
    said: dict[tuple[Outcome, str], list[tuple[Checked, Judged]]] = {}
    for check in checks:
        for judged in check.ladder:
            if judged.number == number:
                said.setdefault((judged.outcome, judged.because), []).append((check, judged))
    for pairs in said.values():
        protocols = ", ".join(check.case.protocol.value.upper() for check, _ in pairs)
        tag = "" if len(pairs) == len(checks) else f"{protocols}: "
        yield pairs[0][1], tag, any(check.by is judged for check, judged in pairs)


def _under(judged: Judged, indent: str) -> Iterator[str]:
    if judged.evidence and judged.number != CLAIMS:
        yield indent + compose("seen: {}", judged.evidence)
    yield f"{indent}{say(judged.confidence.value)}: {judged.source}"


def _claims(checks: Sequence[Checked], indent: str) -> Iterator[str]:
    """The tokens decoded, each once; never a token."""
    tokens = (judged for check in checks for judged in check.ladder if judged.number == CLAIMS)
    decoded = dict.fromkeys(one.evidence for one in tokens)
    yield from (indent + say(told) for told in decoded if told)


def mending(checks: Sequence[Checked]) -> Iterator[str]:
    """What would set it right, each remedy once, with those it is for."""
    remedies: dict[tuple[str, str], list[str]] = {}
    for check in checks:
        if check.by is not None and check.by.remedy:
            whom = check.case.place.address if check.case.place else check.case.app.name
            access = compose("{} of {}", check.case.protocol.value.upper(), whom)
            remedies.setdefault((check.by.remedy, check.by.who), []).append(access)
    for (remedy, who), told in remedies.items():
        shown = ", ".join(told[:MOST])
        if len(told) > MOST:
            shown = compose("{} and {} more", shown, len(told) - MOST)
        yield ""
        yield compose("To set it right ({}):", shown)
        yield f"  {say(remedy)}"
        if who:
            yield compose("  Who can: {}", who)


MOST = 5
"""Of what one remedy is for, as many are named."""


def document(checks: Sequence[Checked], answer: Outcome) -> dict[str, Any]:
    """The same as JSON, every check with its whole ladder."""
    return {"schema": SCHEMA, "answer": answer.value, "checks": [_check(one) for one in checks]}


def _check(check: Checked) -> dict[str, Any]:
    place, by = check.case.place, check.by
    return {
        "app": check.case.app.client_id,
        "name": check.case.app.name,
        "mailbox": None if place is None else place.address,
        "user": None if place is None else place.user,
        "protocol": check.case.protocol.value,
        "now": check.case.now.isoformat(),
        "answer": check.answer.value,
        "step": None if by is None else by.step,
        "number": None if by is None else by.number,
        "part": "" if by is None else by.part,
        "because": "" if by is None else by.because,
        "remedy": "" if by is None else by.remedy,
        "who": "" if by is None else by.who,
        "until": None if by is None or by.until is None else by.until.isoformat(),
        "steps": [_step(judged) for judged in check.ladder],
    }


def _step(judged: Judged) -> dict[str, Any]:
    return {
        "number": judged.number,
        "step": judged.step,
        "outcome": judged.outcome.value,
        "part": judged.part,
        "because": judged.because,
        "remedy": judged.remedy,
        "who": judged.who,
        "evidence": judged.evidence,
        "until": None if judged.until is None else judged.until.isoformat(),
        "confidence": judged.confidence.value,
        "source": judged.source,
    }
