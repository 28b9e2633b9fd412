"""What a plan promises, cell by cell: mailbox, protocol, caller, and from where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address

from portineria.policy.desired import Grant
from portineria.policy.effective import Context, effective
from portineria.policy.entitle import Entitlement, Entitlements
from portineria.policy.plan import Cell, Voice
from portineria.policy.verdict import Allowed, Answer, Effective, Refused
from portineria.policy.voices import Speaking, because
from portineria.tenant.access import Network
from portineria.tenant.caller import Basic, Caller, UserThrough
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
        voices: tuple[Voice, ...] = (),
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
            voices=voices,
            because=because(voices, caller, promised == OPEN) if voices else "",
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


def promises(entitlements: Entitlements, judge: Judge, speaking: Speaking) -> tuple[Cell, ...]:
    """Every cell of a mailbox that a grant speaks of, where policy opens or closes it, and the
    basic twin of every open SMTP door.
    """
    return tuple(
        cell
        for entitlement in entitlements
        for protocol in Protocol
        for cell in _Cells(entitlement, protocol, judge, speaking).all()
    )


@dataclass(frozen=True, slots=True)
class _Cells:
    """The cells of one mailbox and protocol."""

    entitlement: Entitlement
    protocol: Protocol
    judge: Judge
    speaking: Speaking

    def all(self) -> Iterator[Cell]:
        opened = self.entitlement.open_for(self.protocol)
        closed = self.entitlement.closed_by(self.protocol)
        if opened:
            yield from self._open(opened)
        elif closed or self.speaking.closes(self.entitlement.mailbox, self.protocol):
            yield from (self._cell(caller, REFUSED, closed) for caller in self._shut_out())

    def _shut_out(self) -> Iterable[Caller]:
        """People, passwords, and the applications that a grant opened or would open it for."""
        grants = [
            *self.entitlement.opened.get(self.protocol, ()),
            *self.entitlement.ended.get(self.protocol, ()),
        ]
        return dict.fromkeys(
            (UserThrough(None), Basic(), *self.speaking.callers(grants, self.protocol))
        )

    def _cell(
        self, caller: Caller, promised: str, grants: Iterable[Grant], place: str = ""
    ) -> Cell:
        voices = self.speaking.voices(self.entitlement, self.protocol)
        box = self.entitlement.mailbox
        return self.judge.cell(box, self.protocol, caller, promised, grants, place, voices)

    def _open(self, grants: list[Grant]) -> Iterator[Cell]:
        callers = self.speaking.callers(grants, self.protocol)
        for caller, asked in callers.items():
            if isinstance(caller, Basic):
                yield from self._basic(asked)
            else:
                yield self._cell(caller, OPEN, asked)
        if self.protocol is Protocol.SMTP and Basic() not in callers:
            yield self._cell(Basic(), REFUSED, grants)

    def _basic(self, grants: list[Grant]) -> Iterator[Cell]:
        networks = [network for grant in grants for network in grant.networks]
        if not networks or not self.judge.places_matter:
            yield self._cell(Basic(), OPEN, grants)
            return
        yield self._cell(Basic(), OPEN, grants, str(first_host(networks[0])))
        elsewhere = outside(networks)
        if elsewhere:
            yield self._cell(Basic(), REFUSED, grants, elsewhere)


def first_host(network: Network) -> IPv4Address | IPv6Address:
    """An address inside: the first after the network's own, where there is one."""
    return network[1] if network.num_addresses > 2 else network[0]


def outside(networks: Iterable[Network]) -> str:
    """An address in none of these networks: documentation's, or loopback's beside loopback's.

    "" where they leave none of these out: then there is no elsewhere to promise anything of.
    """
    listed = list(networks)
    near = _LOOPBACK if any(network.is_loopback for network in listed) else ()
    candidates = (ip_address(text) for text in (*near, *_ELSEWHERE))
    free = (one for one in candidates if not any(one in network for network in listed))
    return str(next(free, ""))


def exposure(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Every promised cell that goes from shut to open, in words."""
    return tuple(
        f"{cell.protocol.value} opens for {cell.caller} on {cell.address} from {cell.place}"
        if cell.place
        else f"{cell.protocol.value} opens for {cell.caller} on {cell.address}"
        for cell in cells
        if cell.before != Answer.YES.value
        and (cell.after == Answer.YES.value or (cell.promised == OPEN and cell.after != "no"))
    )


def twins_left_open(cells: Iterable[Cell]) -> list[Cell]:
    """Cells promised as refused that nothing refuses after the plan."""
    return [c for c in cells if c.promised == REFUSED and c.after != Answer.NO.value]
