"""What a handshake or a whole survey showed of a mail server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from portineria.mail.conversation import When
from portineria.run.survey import Finding, Survey
from portineria.run.tlsfacts import SOON, Certificate, TlsFacts
from portineria.tongue.say import compose, say

Row = tuple[str, str]


def rows(seen: Survey, now: datetime) -> Iterator[Row]:
    """A label and a line for people, of everything that the survey found."""
    if seen.trouble:
        yield "server", say(seen.trouble)
    yield from facts_rows(seen.facts, now)
    for complaint in seen.complaints:
        yield "certificate", say(complaint)
    yield from offered_rows(seen.offered)
    for version, finding in seen.versions.items():
        yield version, _finding(finding)
    if seen.hygiene is not None:
        yield "STARTTLS", _finding(seen.hygiene)


def offered_rows(offered: Mapping[When, tuple[str, ...]]) -> Iterator[Row]:
    """What a server offered, and of each later time only what is new then."""
    before: tuple[str, ...] = ()
    for when, words in offered.items():
        new = [word for word in words if word not in before]
        if new:
            also = compose("{} also", when.value) if before else say(when.value)
            yield "offers", f"{also}: {' · '.join(new)}"
        before = words


def facts_rows(facts: TlsFacts | None, now: datetime) -> Iterator[Row]:
    if facts is None:
        return
    yield "TLS", f"{facts.version}, {facts.cipher}"
    if (one := facts.certificate) is not None:
        yield "certificate", _certificate(one, facts.trusted, now)


def _certificate(one: Certificate, trusted: bool, now: datetime) -> str:
    days = one.days_left(now)
    names = ", ".join(one.names[:3]) or one.subject
    held = "chain and name hold" if trusted else "looked at without checking"
    left = compose("{} days left", days) if days >= 0 else say("over")
    if 0 <= days < SOON:
        left = compose("{} days left, renew it soon", days)
    return compose(
        "of {}, by {}, until {} ({}); {}, chain of {}",
        names,
        one.issuer,
        f"{one.ends:%Y-%m-%d}",
        left,
        held,
        len(one.chain),
    )


def _finding(finding: Finding) -> str:
    return f"{say(finding.answer.value)}: {say(finding.because)}"


def document(seen: Survey, now: datetime) -> dict[str, Any]:
    return {
        "server": seen.ask.server,
        "protocol": seen.ask.protocol.value,
        "starts": seen.ask.tls.value,
        "trouble": seen.trouble or None,
        **facts_document(seen.facts, now),
        "complaints": list(seen.complaints),
        "offered": {when.value: list(words) for when, words in seen.offered.items()},
        "versions": {name: _judged(finding) for name, finding in seen.versions.items()},
        "hygiene": None if seen.hygiene is None else _judged(seen.hygiene),
    }


def facts_document(facts: TlsFacts | None, now: datetime) -> dict[str, Any]:
    one = facts.certificate if facts else None
    return {
        "cipher": facts.cipher if facts else None,
        "trusted": facts.trusted if facts else None,
        "certificate": None if one is None else _certificate_document(one, now),
    }


def _certificate_document(one: Certificate, now: datetime) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "issuer": one.issuer,
        "names": list(one.names),
        "begins": one.begins.isoformat(),
        "ends": one.ends.isoformat(),
        "days_left": one.days_left(now),
        "chain": list(one.chain),
    }


def _judged(finding: Finding) -> dict[str, str]:
    return {"answer": finding.answer.value, "because": finding.because}
