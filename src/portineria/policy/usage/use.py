"""What an inventory finds: uses with their evidence, idle doors, and what could not be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portineria.policy.verdict import Answer
from portineria.tenant.mailbox import Mailbox, Protocol


class Method(StrEnum):
    """How somebody logs in. OAUTH is a person or an application, where a report does not say
    which; UNTOLD where it says nothing."""

    BASIC = "basic"
    USER = "user"
    APP = "app"
    OAUTH = "oauth"
    UNTOLD = "could not tell"


class Standing(StrEnum):
    """What becomes of a use, worst first."""

    BREAKS = "breaks"
    """It gets in by password, and will not when basic goes off."""
    BROKEN = "broken"
    """It got in by password, and is refused today."""
    KNOCKS = "knocks"
    """It was tried by password and never got in."""
    UNTOLD = "could not tell"
    """It got in, and which protocol, method or mailbox it was is not told."""
    STAYS = "stays"
    """It gets in by OAuth: the end of basic does not touch it."""
    REFUSED = "refused"
    """It was tried by OAuth and never got in."""


ORDER = {standing: number for number, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the log counted. `results` are error codes with how often, 0 for those that got in;
    addresses, countries and agents are the most frequent, with how often; `more_addresses` is
    whether there were others. `messages` is a report's number, which has no dates."""

    results: tuple[tuple[int, int], ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    last_in: datetime | None = None
    addresses: tuple[tuple[str, int], ...] = ()
    more_addresses: bool = False
    countries: tuple[tuple[str, int], ...] = ()
    agents: tuple[tuple[str, int], ...] = ()
    messages: int = 0

    @property
    def got_in(self) -> int:
        return dict(self.results).get(0, 0)

    @property
    def refused(self) -> int:
        return sum(count for code, count in self.results if code)

    @property
    def worked(self) -> bool:
        """Whether it is known to have got in, by the log or by mail that it sent."""
        return bool(self.got_in or self.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One mailbox (None where an application's token names none), method and client.

    `protocols` are those that it may have been; `told` is whether the log says which one. Where
    it does not, they are what the application may do. `today` is what effective access says of
    the same access now, with the layer that decides and its reason. `reported` is whether it is
    from the report, not the log.
    """

    mailbox: Mailbox | None
    protocols: tuple[Protocol, ...]
    told: bool
    method: Method
    evidence: Evidence
    standing: Standing
    app_id: str = ""
    app_name: str = ""
    today: Answer = Answer.UNKNOWN
    layer: str = ""
    because: str = ""
    opens: tuple[str, ...] = ()
    """Mailboxes that an application's rights open, of those whose rights were looked at."""
    reported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """A mailbox and the doors that are open on it and were not seen to be used. `unless` names
    applications that log in and whose right to this mailbox was not looked at."""

    mailbox: Mailbox
    protocols: tuple[Protocol, ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A log or a report: how many rows it gave, or why it could not be read ("")."""

    name: str
    rows: int = 0
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outsiders:
    """Sign-ins of names that have no mailbox here: how many, and from how many of the most
    frequent addresses. Strangers guess at them."""

    tries: int = 0
    got_in: int = 0
    addresses: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Everything, worst first. `unjudged` are protocols of which it could not be told whether
    their open doors are used, with the reason."""

    since: datetime
    until: datetime
    uses: tuple[Use, ...] = ()
    idle: tuple[Idle, ...] = ()
    unjudged: tuple[tuple[Protocol, str], ...] = ()
    outsiders: Outsiders = Outsiders()
    sources: tuple[Source, ...] = ()
    ends: tuple[tuple[Protocol, str], ...] = ()
    """Protocols whose passwords go off, with the date as the program has it (ISO)."""

    def of(self, standing: Standing) -> Iterator[Use]:
        return (use for use in self.uses if use.standing is standing)

    @property
    def unseen(self) -> dict[str, str]:
        return {source.name: source.because for source in self.sources if source.because}
