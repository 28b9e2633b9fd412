"""The six ways, and what each is for one need: whether it can be, what it costs, until when.

Pure judgement: the same need, tenant and day give the same answer. A way that cannot be says why
not; where something was not said it is *could not tell*, and never ruled out for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from portineria.policy.advise import facts
from portineria.policy.advise.facts import Fact
from portineria.policy.advise.needs import Around, Knows, Need, Sends
from portineria.policy.verdict import Answer
from portineria.tenant.mailbox import Protocol


class Way(StrEnum):
    """In the order of what each exposes, least first."""

    OAUTH = "OAuth"
    GATEWAY = "gateway"
    HIGH_VOLUME = "High Volume Email"
    CONNECTOR = "connector relay"
    DIRECT_SEND = "direct send"
    BASIC = "basic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    need: Need
    around: Around
    today: date

    @property
    def reads(self) -> bool:
        return self.need.protocol is not Protocol.SMTP

    @property
    def too_many(self) -> bool:
        most = facts.DAILY.value or 0
        return not self.reads and self.need.volume is not None and self.need.volume > most


@dataclass(frozen=True, slots=True)
class Said:
    """Whether a way can be; `because` is a whole clause."""

    answer: Answer
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way for one need. `money` and `stops` may depend on the need; `ends` is the fact that
    dates the end, None where none was announced."""

    way: Way
    said: Said
    exposure: str
    work: str
    money: str
    cannot: tuple[str, ...]
    stops: str
    ends: Fact | None
    sources: tuple[str, ...]


_YES = "it serves this need"


def _no(because: str) -> Said:
    return Said(Answer.NO, because)


def _unknown(because: str) -> Said:
    return Said(Answer.UNKNOWN, because)


def _oauth(case: Case) -> Said:
    if case.too_many:
        return _no("a mailbox may send to 10,000 recipients a day")
    if case.need.knows in (Knows.BASIC, Knows.NOTHING):
        return _no("the client knows no OAuth")
    if case.need.knows is Knows.UNKNOWN:
        return _unknown("it was not said whether the client knows OAuth")
    return Said(Answer.YES, _YES)


def _gateway(case: Case) -> Said:
    if case.too_many:
        return _no("a mailbox may send to 10,000 recipients a day")
    if case.need.knows is Knows.NOTHING and case.reads:
        return _no("mail is read behind a login, and the client knows none")
    if case.need.knows is Knows.NOTHING and not case.need.fixed_address:
        return _unknown(
            "a client without a login is let in by its address, and it was not said that it has a "
            "fixed one"
        )
    if case.need.knows is Knows.UNKNOWN and not case.reads:
        return _unknown("it was not said whether the client knows a login")
    return Said(Answer.YES, _YES)


def _high_volume(case: Case) -> Said:
    if case.reads:
        return _no("it sends, and nothing can be read with it")
    if case.need.sends is Sends.EXTERNAL:
        return _no("it reaches recipients of the own tenant only")
    if case.need.knows is Knows.NOTHING:
        return _no("its account logs in, and the client knows no login")
    if case.need.knows is Knows.BASIC and _over(facts.HVE_BASIC_ENDS, case.today):
        return _no("its password login ended in September 2028, and the client knows no OAuth")
    if case.need.knows is Knows.BASIC and case.around.security_defaults:
        return _no("security defaults are on and block its password, and the client knows no OAuth")
    if case.need.sends is Sends.UNKNOWN:
        return _unknown("it was not said whether all recipients are in the own tenant")
    if case.need.knows is Knows.UNKNOWN:
        return _unknown("it was not said whether the client knows a login")
    return Said(Answer.YES, _YES)


def _connector(case: Case) -> Said:
    if case.reads:
        return _no("it sends, and nothing can be read with it")
    if case.need.fixed_address is False:
        return _no("it has no fixed public address to be known by")
    if case.need.fixed_address is None:
        return _unknown("it was not said whether it comes from a fixed public address")
    return Said(Answer.YES, _YES)


def _direct_send(case: Case) -> Said:
    if case.reads:
        return _no("it sends, and nothing can be read with it")
    if case.need.sends is Sends.EXTERNAL:
        return _no("it reaches recipients of the own tenant only")
    if case.around.rejects_direct_send:
        return _no("the tenant rejects direct send, as it should")
    if case.need.sends is Sends.UNKNOWN:
        return _unknown("it was not said whether all recipients are in the own tenant")
    return Said(Answer.YES, _YES)


def _basic(case: Case) -> Said:
    if case.reads:
        return _no("passwords open neither IMAP nor POP since January 2023")
    if case.too_many:
        return _no("a mailbox may send to 10,000 recipients a day")
    if case.need.knows is Knows.NOTHING:
        return _no("the client knows no login")
    if case.need.fixed_address is False:
        return _no(
            "a grant for a password names the networks it comes from, and it has no fixed one"
        )
    if case.around.security_defaults:
        return _no("security defaults are on, and block every password")
    if facts.BASIC_SMTP_OFF.day and case.today >= facts.BASIC_SMTP_OFF.day:
        return _unknown(
            "it is off by default since the end of December 2026, unless an administrator brought "
            "it back"
        )
    if case.need.knows is Knows.UNKNOWN:
        return _unknown("it was not said whether the client knows a password login")
    return Said(Answer.YES, _YES)


def _over(fact: Fact, today: date) -> bool:
    """Whether the month of a fact has wholly passed: its day was not told."""
    day = fact.day or date.max
    return (today.year, today.month) > (day.year, day.month)


JUDGES: Mapping[Way, Callable[[Case], Said]] = {
    Way.OAUTH: _oauth,
    Way.GATEWAY: _gateway,
    Way.HIGH_VOLUME: _high_volume,
    Way.CONNECTOR: _connector,
    Way.DIRECT_SEND: _direct_send,
    Way.BASIC: _basic,
}
