"""Unproven facts of the service, as data: until one is settled, what turns on it is unknown.

A snapshot's `settled` maps a reading's id to one of its options, put there by a probe or by
the admin. Dates of the service are here too, for they change without the program.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from portineria.tenant.mailbox import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One open question. `assumed` is what the program goes by meanwhile; None is unknown."""

    id: str
    question: str
    options: tuple[str, ...]
    source: str
    settle: str
    assumed: str | None = None

    def under(self, settled: Mapping[str, str]) -> str | None:
        """The option that holds: settled, else assumed, else None. Raises ValueError."""
        said = settled.get(self.id, self.assumed)
        if said is not None and said not in self.options:
            raise ValueError(f"{self.id}: {said!r} is not one of {', '.join(self.options)}")
        return said


SMTP_OAUTH_UNDER_SECURITY_DEFAULTS = Reading(
    id="smtp-oauth-under-security-defaults",
    question="May a person send through SMTP with OAuth while security defaults are on?",
    options=("passes", "refused"),
    source="Microsoft Learn, security defaults: older protocols are blocked, and SMTP AUTH is "
    "called already disabled; what that does to OAuth is not said",
    settle="log in once as a person with OAuth over SMTP while security defaults are on",
)
BASIC_SMTP_AFTER_2026 = Reading(
    id="basic-smtp-after-2026",
    question="What has become of basic SMTP in this tenant since the end of December 2026?",
    options=("open", "default-off", "removed"),
    source="Exchange Team blog, 27 January 2026",
    settle="log in once with a password from a mailbox that nothing else closes, or read the "
    "tenant's message centre",
)
POP_DISABLED_REFUSAL = Reading(
    id="pop-disabled-refusal",
    question="Where does POP refuse a mailbox with PopEnabled false: at the first command or at "
    "AUTH?",
    options=("command", "auth"),
    source="no capture known",
    settle="log in once with OAuth over POP to a mailbox with PopEnabled false",
    assumed="command",
)
SMTP_REFUSAL_ORDER = Reading(
    id="smtp-refusal-order",
    question="Which refusal speaks when several layers refuse the same SMTP login?",
    options=("switch-first", "credentials-first"),
    source="no capture known",
    settle="compare the answers for a mailbox that two layers close",
    assumed="switch-first",
)
REPORT_ONLY_UNDER_SECURITY_DEFAULTS = Reading(
    id="report-only-under-security-defaults",
    question="Does Graph accept a new report-only policy while security defaults are on?",
    options=("accepted", "refused"),
    source="a tenant's notebook shows report-only policies beside security defaults; the "
    "creation itself is not captured",
    settle="stage one policy; the plan stops before the window where it is refused",
    assumed="accepted",
)

READINGS: Mapping[str, Reading] = {
    reading.id: reading
    for reading in (
        SMTP_OAUTH_UNDER_SECURITY_DEFAULTS,
        BASIC_SMTP_AFTER_2026,
        POP_DISABLED_REFUSAL,
        SMTP_REFUSAL_ORDER,
        REPORT_ONLY_UNDER_SECURITY_DEFAULTS,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Era:
    """From `start` on (UTC), basic authentication of a protocol is open, refused, or the
    question of a reading."""

    start: date
    open: bool | Reading
    because: str
    source: str


_WAVES = "Microsoft Learn, Deprecation of Basic authentication in Exchange Online"
_IMAP_POP = (
    Era(start=date.min, open=True, because="basic authentication is still served", source=_WAVES),
    Era(
        start=date(2023, 1, 1),
        open=False,
        because="Microsoft switched basic authentication off for IMAP and POP in every tenant "
        "between October 2022 and January 2023, and nobody can switch it on again",
        source=_WAVES,
    ),
)
RETIREMENT: Mapping[Protocol, tuple[Era, ...]] = {
    Protocol.IMAP: _IMAP_POP,
    Protocol.POP: _IMAP_POP,
    Protocol.SMTP: (
        Era(
            start=date.min,
            open=True,
            because="basic authentication of SMTP is served until the end of December 2026",
            source=BASIC_SMTP_AFTER_2026.source,
        ),
        Era(
            start=date(2027, 1, 1),
            open=BASIC_SMTP_AFTER_2026,
            because="basic SMTP is off by default since the end of December 2026, unless an "
            "administrator brings it back",
            source=BASIC_SMTP_AFTER_2026.source,
        ),
    ),
}


def era(protocol: Protocol, today: date) -> Era:
    """The era of a protocol's basic authentication that `today` falls into."""
    return next(era for era in reversed(RETIREMENT[protocol]) if era.start <= today)
