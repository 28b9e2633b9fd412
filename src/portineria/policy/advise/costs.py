"""What each way costs in exposure, work and money, and what it cannot do: in whole sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portineria.policy.advise import facts
from portineria.policy.advise.facts import Fact
from portineria.policy.advise.needs import Knows
from portineria.policy.advise.ways import Case, Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`facts` are what the sentences rest on, the one that ends it among them."""

    exposure: str
    work: str
    money: str
    cannot: tuple[str, ...]
    facts: tuple[Fact, ...]


COSTS: Mapping[Way, Cost] = {
    Way.OAUTH: Cost(
        exposure="A token opens one mailbox for a short time; no protection of the tenant is "
        "lowered.",
        work="Register the application once, consent to its permission, and give it a right on "
        "this mailbox.",
        money="Nothing beside the mailbox.",
        cannot=(
            "Serve a client that cannot show a token.",
            "Send to more than 10,000 recipients a day.",
        ),
        facts=(facts.OAUTH_STAYS, facts.DAILY, facts.MINUTE),
    ),
    Way.GATEWAY: Cost(
        exposure="A password that only the gateway knows, for one device and its networks; towards "
        "Microsoft it is OAuth, and no protection of the tenant is lowered.",
        work="Run the gateway where the device reaches it, and give the device its own password.",
        money="A small machine that runs all day, beside the mailbox.",
        cannot=(
            "Work while the machine that it runs on does not.",
            "Send to more than 10,000 recipients a day.",
        ),
        facts=(facts.OAUTH_STAYS, facts.DAILY, facts.MINUTE),
    ),
    Way.HIGH_VOLUME: Cost(
        exposure="An account of its own that reaches nobody outside; where it uses a password, "
        "that can be tried from everywhere.",
        work="Make a High Volume Email account, attach a billing policy, and change host and "
        "login in the client.",
        money="Billed by use.",
        cannot=(
            "Reach recipients outside the own tenant.",
            "Be read: it has no mailbox that anybody opens.",
            "Be had by more than 100 accounts of a tenant.",
        ),
        facts=(
            facts.HVE_INTERNAL,
            facts.HVE_HERE,
            facts.HVE_BILLED,
            facts.HVE_PRICE,
            facts.HVE_ACCOUNTS,
            facts.HVE_DEFAULTS,
            facts.HVE_BASIC_ENDS,
        ),
    ),
    Way.CONNECTOR: Cost(
        exposure="Whoever sends from that address, or holds the certificate, may send as anybody "
        "of the tenant to anybody.",
        work="Make an inbound connector for the address or certificate, add it to SPF, and let the "
        "device reach port 25.",
        money="A fixed public address, or a certificate and something that uses it.",
        cannot=(
            "Tell devices behind one address apart.",
            "Be used from another network, or from a cloud without an address of its own.",
        ),
        facts=(facts.CONNECTOR_MATCH,),
    ),
    Way.DIRECT_SEND: Cost(
        exposure="As long as it is not rejected, anybody on the internet can send to the tenant in "
        "its own name; only the filters stand between.",
        work="Point the device at the tenant's MX, port 25, and add its address to SPF.",
        money="It costs nothing.",
        cannot=(
            "Reach recipients outside the own tenant.",
            "Prove who sent: there is no login, and such mail may end among the junk.",
        ),
        facts=(facts.DIRECT_INTERNAL, facts.DIRECT_REJECTED),
    ),
    Way.BASIC: Cost(
        exposure="A password without a second factor; security defaults have to be off, and "
        "Conditional Access has to make an exception.",
        work="Let `portineria plan` put replacements for security defaults in force first, then "
        "open the mailbox for its networks; and do it all again by another way when it ends.",
        money="Microsoft Entra ID P1, where Conditional Access is to take the place of security "
        "defaults.",
        cannot=(
            "Stay: its end is announced.",
            "Be had beside security defaults.",
            "Send to more than 10,000 recipients a day.",
        ),
        facts=(
            facts.BASIC_READING_GONE,
            facts.BASIC_SMTP_OFF,
            facts.BASIC_SMTP_NEW,
            facts.BASIC_SMTP_REMOVED,
            facts.CONDITIONAL_ACCESS,
            facts.DAILY,
            facts.MINUTE,
        ),
    ),
}

MONTH = 30
"""Days that a month's price is told for."""


def money(way: Way, case: Case) -> str:
    """The price of High Volume Email by the need's volume; the way's sentence for the rest."""
    price, volume = facts.HVE_PRICE.value or 0, case.need.volume
    if way is not Way.HIGH_VOLUME:
        return COSTS[way].money
    if volume is None:
        return f"About {price:.0f} US dollars for a million recipients."
    month = volume * MONTH * price / 1_000_000
    return (
        f"About {price:.0f} US dollars for a million recipients: {month:.2f} a month for {volume} "
        "a day."
    )


def ends(way: Way, case: Case) -> Fact | None:
    """The fact that dates the end of this way for this need; None where none was announced."""
    if way is Way.BASIC:
        return facts.BASIC_READING_GONE if case.reads else facts.BASIC_SMTP_OFF
    if way is Way.HIGH_VOLUME and case.need.knows is Knows.BASIC:
        return facts.HVE_BASIC_ENDS
    return None
