"""A real login for one question of `why`: both answers side by side."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from portineria.cli.frame import Asked
from portineria.cli.questions import caller_of, find_mailbox
from portineria.cli.session import with_tenant
from portineria.fault import UsageFault
from portineria.policy.effective import Access, Context, walk
from portineria.policy.verdict import Effective
from portineria.run.look import Wants
from portineria.run.probe import Probe
from portineria.tenant.caller import AppOnly, Basic
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen

if TYPE_CHECKING:
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant


@dataclass(frozen=True, slots=True)
class Tried:
    """What was expected, and what the wire said: Unseen where there was nothing to log in with."""

    access: Access
    expected: Effective
    found: Probe | Unseen


def log_in(
    said: Asked, mailbox: str, protocol: Protocol, word: str | None, source: str | None
) -> Tried:
    """Look, then try one login with what the profile holds. Raises UsageFault."""
    caller = None if word is None else caller_of(word)
    place = None if source is None else _source(source)

    async def work(tenant: Tenant, teller: Progress) -> Tried:
        who = caller or (AppOnly(tenant.mail_app) if tenant.mail_app else Basic())
        apps = frozenset() if isinstance(who, Basic) else frozenset(filter(None, [who.client_id]))
        wants = Wants(mailboxes=frozenset({mailbox.lower()}), apps=apps)
        snapshot = await tenant.look(teller, wants)
        box = find_mailbox(snapshot, mailbox)
        address = None if place is None else ip_address(place)
        access = Access(snapshot, box, protocol, who, Context(tenant.clock.now(), address))
        teller.step(f"logging in to {box.address}")
        found = await tenant.log_in(box, protocol, who, place)
        return Tried(access, walk(access), found)

    return with_tenant(said, work)


def _source(word: str) -> str:
    try:
        return str(ip_address(word))
    except ValueError:
        raise UsageFault(
            f"{word!r} is no address",
            where="--from",
            try_="write an address of this machine, as 203.0.113.5",
        ) from None
