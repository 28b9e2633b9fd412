"""From the words of `why` to questions, and their answers by effective access."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from portineria.cli import session
from portineria.cli.frame import Asked
from portineria.cli.spoken import Policy, Spoken
from portineria.fault import CouldNotSee, NoSuch, UsageFault
from portineria.policy.effective import Access, Context, walk
from portineria.policy.verdict import Effective
from portineria.run.look import Wants
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough, parse_caller
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.naming import folded
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

if TYPE_CHECKING:
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant

SHOWN = 5
"""Of several people of one name, as many are told by address."""


CallersOf = Callable[[Protocol], Sequence[Caller]]
"""Whom to ask about, by protocol."""


@dataclass(frozen=True, slots=True)
class Answered:
    """`spoken` is what a policy file says of it, None where none was given."""

    access: Access
    verdict: Effective
    spoken: Spoken | None = None


def ask(
    said: Asked,
    mailbox: str,
    protocol: str | None,
    callers: Sequence[str],
    address: str | None,
    file: str | None,
    policy: Policy | None = None,
) -> list[Answered]:
    """Look, then ask every combination. Raises UsageFault for words that mean nothing."""
    given = [caller_of(word) for word in callers]
    asked_callers: CallersOf
    place = None if address is None else _address(address)
    if file is not None:
        snapshot = session.read_snapshot(Path(file))
        now = snapshot.taken_at

        def asked_callers(_: Protocol) -> Sequence[Caller]:
            return given or [Basic(), UserThrough()]
    else:
        snapshot, now, asked_callers = session.with_tenant(
            said, lambda tenant, teller: _look(tenant, teller, mailbox, given, policy)
        )
    box = find_mailbox(snapshot, mailbox)
    protocols = [Protocol(protocol)] if protocol else list(Protocol)
    accesses = [
        Access(snapshot, box, one, caller, Context(now, place))
        for one in protocols
        for caller in asked_callers(one)
    ]
    spoken = [None] * len(accesses) if policy is None else policy.of(snapshot, accesses)
    return [
        Answered(access, walk(access), told) for access, told in zip(accesses, spoken, strict=True)
    ]


async def _look(
    tenant: Tenant,
    teller: Progress,
    mailbox: str,
    given: Sequence[Caller],
    policy: Policy | None,
) -> tuple[Snapshot, datetime, CallersOf]:
    def callers(protocol: Protocol) -> Sequence[Caller]:
        """SMTP may have an application of its own."""
        return given or _usual(tenant.app_for(protocol))

    meant = {caller for protocol in Protocol for caller in callers(protocol)}
    wants = Wants(mailboxes=frozenset({mailbox.lower()}), apps=frozenset(_apps(meant)))
    if policy is not None:
        wants = replace(wants, groups=policy.groups)
    found = await tenant.look(teller, wants)
    if policy is not None:
        tenant.refuse_other_tenant(found, policy.desired.tenant)
        policy.mail_app, policy.smtp_app = tenant.mail_app, tenant.smtp_app
    return found, tenant.clock.now(), callers


def _usual(mail_app: str | None) -> list[Caller]:
    return [Basic(), UserThrough(), *([AppOnly(mail_app)] if mail_app else [])]


def _apps(callers: Iterable[Caller]) -> Iterable[str]:
    for caller in callers:
        if not isinstance(caller, Basic) and caller.client_id is not None:
            yield caller.client_id


def caller_of(word: str) -> Caller:
    try:
        return parse_caller(word)
    except ValueError as error:
        raise UsageFault(
            str(error), where="--as", try_="write basic, user, user:CLIENT_ID or app:CLIENT_ID"
        ) from None


def _address(word: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(word)
    except ValueError:
        raise UsageFault(
            f"{word!r} is no address", where="--from", try_="write it as 203.0.113.5"
        ) from None


def find_mailbox(snapshot: Snapshot, name: str) -> Mailbox:
    """By any name but the display name. Raises NoSuch, with the nearest there is; CouldNotSee."""
    if isinstance(snapshot.mailboxes, Unseen):
        raise CouldNotSee(
            f"the mailboxes could not be seen: {snapshot.mailboxes.because}",
            where=f"mailbox {name}",
            try_=CouldNotSee.mend,
        )
    box = snapshot.mailbox(name)
    if box is not None:
        return box
    if unread := snapshot.unread.get(name.lower()):
        raise CouldNotSee(
            f"whether {name!r} is there could not be seen: {unread}",
            where="MAILBOX",
            try_=CouldNotSee.mend,
        )
    raise NoSuch(
        f"there is no mailbox {name!r} in this tenant",
        where="MAILBOX",
        try_=_nearest(name, snapshot.mailboxes) + "portineria look --mailboxes lists them",
    )


def _nearest(name: str, boxes: Sequence[Mailbox]) -> str:
    """Whoever is called so by people, else the address that is written most like it."""
    called = folded(name)
    bearers = [
        box.address
        for box in boxes
        if called in (folded(box.display_name), folded(box.address.partition("@")[0]))
    ]
    if len(bearers) > 1:
        told = ", ".join(bearers[:SHOWN])
        if len(bearers) > SHOWN:
            told = f"{told} and {len(bearers) - SHOWN} more"
        return f"{len(bearers)} are called so: {told}; name one of them. "
    close = bearers or get_close_matches(name.lower(), [box.address for box in boxes], n=1)
    return f"did you mean {close[0]}? " if close else ""
