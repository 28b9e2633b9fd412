"""Who may enter by which door: credentials of devices, checked in microseconds.

A credential's password is generated (128 bits and more), so what is kept of it is a keyed hash:
guessing is hopeless, a slow hash would only slow the honest. Names are looked up folded; each fault
of a login is answered alike, and costs alike, so that nobody learns which part was wrong.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One device's way in. `names` are its login names as they were given.

    `mailboxes` are addresses; a login name may choose among several by `name/address`. `until` is
    the first moment at which it is over; None: it ends with its grant.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """What the policy opens: one mailbox, one protocol, from these networks, until then.

    `networks` is empty where the grant names none. `grant` is told in the log.
    """

    mailbox: str
    protocol: Protocol
    networks: tuple[Network, ...] = ()
    until: datetime | None = None
    grant: str = ""


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
    return hmac.new(key, password.reveal().encode(), hashlib.sha256).hexdigest()


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
        for one in credentials:
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
        named = self._by_name.get(folded(name), [])
        # Always one comparison at least: an unknown name takes as long as a wrong password.
        right = [one for one in named if hmac.compare_digest(one.proof, offered)]
        if not named:
            hmac.compare_digest(self._nobody, offered)
            return Turned("no credential has this name")
        if not right:
            return Turned("wrong password", named[0].id)
        return self._entered(right[0], protocol, address, now)

    def standing(
        self, credential: Credential, protocol: Protocol, address: Address, now: datetime
    ) -> Admitted | Turned:
        """Whether a session that is open may stay: asked again when anything changed."""
        known = [one for name in credential.names for one in self._by_name.get(folded(name), ())]
        current = next((one for one in known if one.id == credential.id), None)
        if current is None or current.proof != credential.proof:
            return Turned("the credential is gone", credential.id)
        return self._entered(current, protocol, address, now)

    def _entered(
        self, one: Credential, protocol: Protocol, address: Address, now: datetime
    ) -> Admitted | Turned:
        if one.revoked is not None:
            return Turned("the credential is revoked", one.id)
        if one.until is not None and now >= one.until:
            return Turned("the credential has expired", one.id)
        if protocol not in one.protocols:
            return Turned(f"the credential is not for {protocol.value}", one.id)
        if not _within(address, one.networks):
            return Turned("the credential is not for this address", one.id)
        doors = [
            entrance
            for mailbox in one.mailboxes
            for entrance in self._entrances.get((mailbox.casefold(), protocol), ())
        ]
        if not doors:
            return Turned("no grant opens this mailbox through the gateway", one.id)
        standing = [door for door in doors if door.until is None or now < door.until]
        if not standing:
            return Turned("the grant has ended", one.id)
        near = [door for door in standing if _within(address, door.networks)]
        if not near:
            return Turned("the grant is not for this address", one.id)
        return Admitted(one, near[0])


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    """An IPv4 address that came in as IPv6 is an IPv4 address. No networks: from anywhere."""
    plain: Any = getattr(address, "ipv4_mapped", None) or address
    return not networks or any(plain in network for network in networks)
