"""Who says what of a cell: the grants that open it, deny it, ended, or cannot be; and the sum.

Grants add up and a `deny` beats them all; a grant that ended closes what no other opens; where
no grant speaks, everyone_else does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from portineria.policy.desired import (
    EverybodyElse,
    EverybodySmtp,
    Grant,
    OpenedBy,
    Through,
    Wish,
)
from portineria.policy.entitle import Entitlement
from portineria.policy.plan import Voice
from portineria.policy.recipients import trait
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Mailbox, Protocol

OPENS, DENIES, ENDED, CANNOT_BE, CLOSES = "opens", "denies", "ended", "cannot be", "closes"
EVERYONE_ELSE = "everyone_else"


@dataclass(frozen=True, slots=True)
class Speaking:
    """What it takes to let a policy speak: its everyone_else, and the profile's own mail app."""

    everybody: EverybodyElse
    mail_app: str | None
    smtp_app: str | None = None
    """The one that sends by a registration of its own; None where `mail_app` does that too."""

    def caller(self, grant: Grant, protocol: Protocol) -> Caller:
        """Whom a grant opens the door for. SMTP may have an application of its own."""
        if grant.through is Through.BASIC:
            return Basic()
        if grant.through is Through.OAUTH_USER or grant.opened_by is OpenedBy.PERSON:
            return UserThrough(None)
        own = self.smtp_app if protocol is Protocol.SMTP else None
        return AppOnly(grant.app or own or self.mail_app or "unknown")

    def callers(self, grants: Iterable[Grant], protocol: Protocol) -> Mapping[Caller, list[Grant]]:
        """The grants of each caller, in the order of the file."""
        found: dict[Caller, list[Grant]] = {}
        for grant in grants:
            found.setdefault(self.caller(grant, protocol), []).append(grant)
        return found

    def closes(self, box: Mailbox, protocol: Protocol) -> str:
        """What everyone_else says against this protocol: `off` or `denied`, "" for nothing."""
        if not trait(box).switches:
            return ""
        smtp = protocol is Protocol.SMTP
        wish = self.everybody.smtp if smtp else getattr(self.everybody, protocol.value)
        return "" if wish in (Wish.UNMANAGED, EverybodySmtp.UNMANAGED) else str(wish.value)

    def voices(self, entitlement: Entitlement, protocol: Protocol) -> tuple[Voice, ...]:
        """Everybody who speaks of this protocol of the mailbox: the strongest first."""
        denied = entitlement.denied.get(protocol, [])
        beaten = denied[0].name if denied else ""
        return (
            *(Voice(grant=one.name, says=DENIES, why=one.reason) for one in denied),
            *(
                Voice(
                    grant=one.name,
                    says=OPENS,
                    caller=str(self.caller(one, protocol)),
                    why=f"{_terms(one)}, beaten by «{beaten}»" if beaten else _terms(one),
                )
                for one in entitlement.opened.get(protocol, ())
            ),
            *(
                Voice(grant=one.name, says=ENDED, why=f"its last day was {one.until}")
                for one in entitlement.ended.get(protocol, ())
            ),
            *(
                Voice(grant=one.name, says=CANNOT_BE, why=why)
                for one, why in entitlement.refused.get(protocol, ())
            ),
            *self._everybody(entitlement, protocol),
        )

    def _everybody(self, entitlement: Entitlement, protocol: Protocol) -> tuple[Voice, ...]:
        word = self.closes(entitlement.mailbox, protocol)
        if not word or entitlement.open_for(protocol):
            return ()
        return (Voice(grant=EVERYONE_ELSE, says=CLOSES, why=f"{protocol.value}: {word}"),)

    def sentence(
        self,
        entitlement: Entitlement,
        protocol: Protocol,
        caller: Caller,
        address: IPv4Address | IPv6Address | None = None,
    ) -> Sentence:
        """What the policy wants of one access, and who says so. An Entitlement without grants is
        that of a mailbox which no grant names.

        `address` is where the caller comes from, None where that is not asked.
        """
        voices = self.voices(entitlement, protocol)
        who = _as_granted(caller)
        opened = self.callers(entitlement.open_for(protocol), protocol).get(who, [])
        if any(_from_there(grant, address) for grant in opened):
            return Sentence("open", because(voices, who, True), voices)
        closed = entitlement.closed_by(protocol) or self.closes(entitlement.mailbox, protocol)
        twin = protocol is Protocol.SMTP and who == Basic() and entitlement.open_for(protocol)
        wanted = "refused" if closed or twin or opened else ""
        return Sentence(wanted, because(voices, who, False), voices)


@dataclass(frozen=True, slots=True)
class Sentence:
    """`wanted` is open | refused, "" where the policy asks neither; `because` a clause."""

    wanted: str
    because: str
    voices: tuple[Voice, ...]

    @property
    def ended(self) -> bool:
        """Whether it is refused because what opened it is over."""
        says = {voice.says for voice in self.voices}
        return self.wanted == "refused" and ENDED in says and DENIES not in says


def _as_granted(caller: Caller) -> Caller:
    """A grant for people names no client: it opens for all of them."""
    return UserThrough(None) if isinstance(caller, UserThrough) else caller


def _from_there(grant: Grant, address: IPv4Address | IPv6Address | None) -> bool:
    """Networks are enforced for passwords only."""
    if grant.through is not Through.BASIC or address is None or not grant.networks:
        return True
    return any(address in network for network in grant.networks)


def _terms(grant: Grant) -> str:
    """How a grant lets in, from where and until when."""
    by_person = " (sign_in: person)" if grant.opened_by is OpenedBy.PERSON else ""
    way, places = grant.through.value + by_person, ", ".join(map(str, grant.networks))
    if places and grant.until:
        return f"through {way} from {places} until {grant.until}"
    if places:
        return f"through {way} from {places}"
    return f"through {way} until {grant.until}" if grant.until else f"through {way}"


def because(voices: Iterable[Voice], caller: Caller, promised_open: bool) -> str:
    """How these voices come to the promise for this caller, in one clause."""
    said: dict[str, dict[str, None]] = {}
    for voice in voices:
        mine = voice.says != OPENS or voice.caller == str(caller)
        said.setdefault(voice.says if mine else _OTHERS, {})[f"«{voice.grant}»"] = None
    for says in (OPENS,) if promised_open else (DENIES, OPENS, _OTHERS, ENDED):
        if says in said:
            many = len(said[says]) > 1
            return _clause(says, ", ".join(said[says]), many, caller, promised_open)
    return "everyone_else closes it" if CLOSES in said else "no grant opens it"


_OTHERS = "opens for others"


def _clause(says: str, who: str, many: bool, caller: Caller, promised_open: bool) -> str:
    """Of one grant or of many: a whole sentence each, for verbs change with their number."""
    match says:
        case _ if promised_open:
            return f"{who} open it" if many else f"{who} opens it"
        case "denies" if many:
            return f"{who} deny it, and deny beats all"
        case "denies":
            return f"{who} denies it, and deny beats all"
        case "opens" if many:
            return f"{who} open it from their own networks only"
        case "opens":
            return f"{who} opens it from its own networks only"
        case "ended":
            return f"{who} ended, and no other grant opens it"
        case _ if many:
            return f"{who} open the protocol, but not for {caller}"
        case _:
            return f"{who} opens the protocol, but not for {caller}"
