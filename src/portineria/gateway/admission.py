"""Who may enter by which door: credentials of devices, checked in microseconds.

A credential's password is generated (128 bits and more), so what is kept of it is a keyed hash:
guessing is hopeless, a slow hash would only slow the honest. Names are looked up folded; each fault
of a login is answered alike, and costs alike, so that nobody learns which part was wrong.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from portineria.gateway.hours import Hours
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One device's way in. `names` are its login names as they were given.

    `mailboxes` are addresses; a login name chooses among several by `name/address`. `send_as` are
    senders beside the mailbox's own address. `until` is the first moment at which it is over; None:
    it ends with its grant. Without a proof it is a device that cannot log in at all: known by its
    networks, for SMTP alone.
    """

    id: str
    names: tuple[str, ...]
    proof: str = field(repr=False)
    mailboxes: tuple[str, ...]
    protocols: frozenset[Protocol]
    networks: tuple[Network, ...] = ()
    created: datetime
    until: datetime | None = None
    revoked: datetime | None = None
    note: str = ""
    send_as: tuple[str, ...] = ()
    hours: Hours | None = None

    @property
    def by_address(self) -> bool:
        return not self.proof

    def may_send_as(self, sender: str, mailbox: str) -> bool:
        """The empty sender is a delivery report's (RFC 5321 4.5.5)."""
        allowed = ("", mailbox.casefold(), *(one.casefold() for one in self.send_as))
        return sender.casefold() in allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What the policy opens: one mailbox, one protocol, from these networks, until then.

    `networks` is empty where the grant names none. `grant` is told in the log. `person` is the
    sign-in name of the mailbox's own account where a person's token opens it, "" where the mail
    app's does.
    """

    mailbox: str
    protocol: Protocol
    networks: tuple[Network, ...] = ()
    until: datetime | None = None
    grant: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Admitted:
    credential: Credential
    entrance: Entrance


@dataclass(frozen=True, slots=True)
class Turned:
    """Not let in. `why` is for the log; the client hears one sentence for all of them."""

    why: str
    credential: str = ""


def proof_of(key: bytes, password: Secret) -> str:
    """What is kept of a generated password: HMAC-SHA256 under the gateway's own key, in hex."""
    return hmac.digest(key, password.reveal().encode(), "sha256").hex()


def folded(name: str) -> str:
    """Login names are compared without case and with `/` for a backslash: DOMAIN\\user."""
    return name.strip().replace("\\", "/").casefold()


class Register:
    """All credentials and all entrances of one moment: made anew when either changes."""

    def __init__(
        self, key: bytes, credentials: Iterable[Credential], entrances: Iterable[Entrance]
    ) -> None:
        self._key = key
        self._nobody = proof_of(key, Secret("nobody"))
        self._by_name: dict[str, list[Credential]] = {}
        self._by_address: list[Credential] = []
        for one in credentials:
            if one.by_address:
                self._by_address.append(one)
                continue
            for name in one.names:
                self._by_name.setdefault(folded(name), []).append(one)
        self._entrances: dict[tuple[str, Protocol], list[Entrance]] = {}
        for entrance in entrances:
            key_ = (entrance.mailbox.casefold(), entrance.protocol)
            self._entrances.setdefault(key_, []).append(entrance)

    def judge(
        self,
        name: str,
        password: Secret,
        protocol: Protocol,
        address: Address,
        now: datetime,
    ) -> Admitted | Turned:
        """Whether this login may open a mailbox now, and which."""
        offered = proof_of(self._key, password)
        named, chosen = self._named(name)
        # Always one comparison at least: an unknown name takes as long as a wrong password.
        right = [one for one in named if hmac.compare_digest(one.proof, offered)]
        if not named:
            hmac.compare_digest(self._nobody, offered)
            return Turned("no credential has this name")
        if not right:
            return Turned("wrong password", named[0].id)
        return self._chosen(right[0], chosen, protocol, address, now)

    def is_name(self, word: str) -> bool:
        """Whether it is somebody's login name, or a mailbox that is opened here."""
        mailbox = word.strip().casefold()
        opened = any((mailbox, protocol) in self._entrances for protocol in Protocol)
        return opened or bool(self._named(word)[0])

    def judge_address(self, address: Address, now: datetime) -> Admitted | Turned | None:
        """Whoever is known by the address alone; None where nobody is. For SMTP."""
        found = [one for one in self._by_address if _within(address, one.networks)]
        found = [one for one in found if one.revoked is None]
        if not found:
            return None
        if len(found) > 1:
            return Turned("several credentials are for this address", found[0].id)
        return self._chosen(found[0], "", Protocol.SMTP, address, now)

    def standing(
        self, admitted: Admitted, protocol: Protocol, address: Address, now: datetime
    ) -> Admitted | Turned:
        """Whether a session that is open may stay: asked again when anything changed."""
        one = admitted.credential
        known = [two for name in one.names for two in self._by_name.get(folded(name), ())]
        current = next((two for two in (*known, *self._by_address) if two.id == one.id), None)
        if current is None or current.proof != one.proof:
            return Turned("the credential is gone", one.id)
        if admitted.entrance.mailbox.casefold() not in map(str.casefold, current.mailboxes):
            return Turned("the credential is not for this mailbox any more", one.id)
        return self._entered(current, admitted.entrance.mailbox, protocol, address, now)

    def _named(self, name: str) -> tuple[list[Credential], str]:
        """Those of this name, and the mailbox that was chosen behind it: `name/address`."""
        called = folded(name)
        if called in self._by_name:
            return self._by_name[called], ""
        head, _, tail = called.rpartition("/")
        return (self._by_name.get(head, []), tail) if "@" in tail else ([], "")

    def _chosen(
        self, one: Credential, chosen: str, protocol: Protocol, address: Address, now: datetime
    ) -> Admitted | Turned:
        mailboxes = [box for box in one.mailboxes if chosen in ("", box.casefold())]
        if not mailboxes:
            return Turned("the credential is not for the mailbox behind its name", one.id)
        if len(mailboxes) > 1:
            return Turned("the credential is for several mailboxes: NAME/ADDRESS", one.id)
        return self._entered(one, mailboxes[0], protocol, address, now)

    def _entered(
        self, one: Credential, mailbox: str, protocol: Protocol, address: Address, now: datetime
    ) -> Admitted | Turned:
        if why := _unfit(one, protocol, address, now):
            return Turned(why, one.id)
        doors = self._entrances.get((mailbox.casefold(), protocol), ())
        if not doors:
            return Turned("no grant opens this mailbox through the gateway", one.id)
        standing = [door for door in doors if door.until is None or now < door.until]
        if not standing:
            return Turned("the grant has ended", one.id)
        near = [door for door in standing if _within(address, door.networks)]
        if not near:
            return Turned("the grant is not for this address", one.id)
        return Admitted(one, near[0])


def _unfit(one: Credential, protocol: Protocol, address: Address, now: datetime) -> str:
    """What of the credential itself is against it, or nothing."""
    if one.revoked is not None:
        return "the credential is revoked"
    if one.until is not None and now >= one.until:
        return "the credential has expired"
    if protocol not in one.protocols:
        return f"the credential is not for {protocol.value}"
    if not _within(address, one.networks):
        return "the credential is not for this address"
    if one.hours is not None and not one.hours.good(now):
        return "the credential is not for this hour"
    return ""


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    """An IPv4 address that came in as IPv6 is an IPv4 address. No networks: from anywhere."""
    plain: Any = getattr(address, "ipv4_mapped", None) or address
    return not networks or any(plain in network for network in networks)
