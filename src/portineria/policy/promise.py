"""What a plan promises, cell by cell: mailbox, protocol, caller, and from where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

from portineria.policy.desired import Grant, Through
from portineria.policy.effective import Context, effective
from portineria.policy.entitle import Entitlement, Entitlements
from portineria.policy.plan import Cell
from portineria.policy.verdict import Allowed, Answer, Effective, Refused
from portineria.tenant.access import Network
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough, parse_caller
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

OPEN, REFUSED = "open", "refused"

_ELSEWHERE = ("192.0.2.1", "198.51.100.1", "2001:db8::1", "127.0.0.1", "127.0.0.2")
_LOOPBACK = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


@dataclass(frozen=True, slots=True)
class Judge:
    """Effective access on two snapshots: today's, and the planned one."""

    today: Snapshot
    planned: Snapshot
    now: datetime

    @property
    def places_matter(self) -> bool:
        """Without Entra P1 nothing can tell one network from another."""
        licences = self.planned.licences
        return isinstance(licences, Unseen) or licences.entra_p1

    def cell(
        self,
        box: Mailbox,
        protocol: Protocol,
        caller: Caller,
        promised: str,
        grants: Iterable[Grant] = (),
        place: str = "",
    ) -> Cell:
        address = ip_address(place) if place else None
        before = self._ask(self.today, box, protocol, caller, address)
        after = self._ask(self.planned, box, protocol, caller, address)
        return Cell(
            mailbox=box.guid,
            address=box.address,
            protocol=protocol,
            caller=str(caller),
            promised=promised,
            before=answer(before).value,
            after=answer(after).value,
            layer="" if isinstance(after, Allowed) else after.by.layer.value,
            place=place,
            grants=tuple(grant.name for grant in grants),
        )

    def _ask(
        self,
        snapshot: Snapshot,
        box: Mailbox,
        protocol: Protocol,
        caller: Caller,
        address: IPv4Address | IPv6Address | None,
    ) -> Effective:
        current = snapshot.mailbox(box.guid) or box
        return effective(snapshot, current, protocol, caller, Context(self.now, address))


def answer(verdict: Effective) -> Answer:
    if isinstance(verdict, Allowed):
        return Answer.YES
    return Answer.NO if isinstance(verdict, Refused) else Answer.UNKNOWN


def promises(entitlements: Entitlements, judge: Judge, mail_app: str | None) -> tuple[Cell, ...]:
    """Every cell that a grant speaks of, and the basic twin of every open SMTP door."""
    return tuple(cell for entitlement in entitlements for cell in _of(entitlement, judge, mail_app))


def _of(entitlement: Entitlement, judge: Judge, mail_app: str | None) -> Iterator[Cell]:
    box = entitlement.mailbox
    for protocol in Protocol:
        grants = entitlement.open_for(protocol)
        if grants:
            yield from _open_cells(box, protocol, grants, judge, mail_app)
        elif entitlement.is_closed(protocol):
            closed = entitlement.closed[protocol]
            yield judge.cell(box, protocol, UserThrough(None), REFUSED, closed)
            yield judge.cell(box, protocol, Basic(), REFUSED, closed)


def _open_cells(
    box: Mailbox, protocol: Protocol, grants: list[Grant], judge: Judge, mail_app: str | None
) -> Iterator[Cell]:
    callers: dict[Caller, list[Grant]] = {}
    for grant in grants:
        callers.setdefault(_caller(grant, mail_app), []).append(grant)
    for caller, asked in callers.items():
        if isinstance(caller, Basic):
            yield from _basic_cells(box, asked, judge)
        else:
            yield judge.cell(box, protocol, caller, OPEN, asked)
    if protocol is Protocol.SMTP and Basic() not in callers:
        yield judge.cell(box, protocol, Basic(), REFUSED, grants)


def _basic_cells(box: Mailbox, grants: list[Grant], judge: Judge) -> Iterator[Cell]:
    networks = [network for grant in grants for network in grant.networks]
    if not networks or not judge.places_matter:
        yield judge.cell(box, Protocol.SMTP, Basic(), OPEN, grants)
        return
    inside = str(first_host(networks[0]))
    yield judge.cell(box, Protocol.SMTP, Basic(), OPEN, grants, inside)
    yield judge.cell(box, Protocol.SMTP, Basic(), REFUSED, grants, outside(networks))


def _caller(grant: Grant, mail_app: str | None) -> Caller:
    if grant.through is Through.BASIC:
        return Basic()
    if grant.through is Through.OAUTH_USER:
        return UserThrough(None)
    client = grant.app or mail_app
    return AppOnly(client or "unknown")


def first_host(network: Network) -> IPv4Address | IPv6Address:
    """An address inside: the first after the network's own, where there is one."""
    return network[1] if network.num_addresses > 2 else network[0]


def outside(networks: Iterable[Network]) -> str:
    """An address in none of these networks: documentation's, or loopback's beside loopback's."""
    listed = list(networks)
    candidates = _LOOPBACK if any(network.is_loopback for network in listed) else _ELSEWHERE
    for text in candidates:
        address = ip_address(text)
        if not any(address in network for network in listed):
            return text
    return _ELSEWHERE[0]


def exposure(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Every promised cell that goes from shut to open, in words."""
    return tuple(
        f"{cell.protocol.value} opens for {cell.caller} on {cell.address}"
        + (f" from {cell.place}" if cell.place else "")
        for cell in cells
        if cell.before != Answer.YES.value
        and (cell.after == Answer.YES.value or (cell.promised == OPEN and cell.after != "no"))
    )


def twins_left_open(cells: Iterable[Cell]) -> list[Cell]:
    """Cells promised as refused that nothing refuses after the plan."""
    return [c for c in cells if c.promised == REFUSED and c.after != Answer.NO.value]


def rejudged(cell: Cell, judge: Judge) -> Cell:
    """The same cell against other snapshots (apply and verify look again)."""
    box = judge.planned.mailbox(cell.mailbox)
    if box is None:
        return replace(cell, after=Answer.UNKNOWN.value, layer="recipient")
    fresh = judge.cell(
        box, cell.protocol, parse_caller(cell.caller), cell.promised, place=cell.place
    )
    return replace(cell, after=fresh.after, layer=fresh.layer)
