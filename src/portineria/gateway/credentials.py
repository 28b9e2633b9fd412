"""Where devices' credentials are kept, and how one is written down. No password is in it.

How a password looks is said here too, so that one is known where it stands in a wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_network
from typing import Any
from typing import Protocol as Shape

from portineria.gateway.admission import Credential, folded
from portineria.gateway.hours import parse_hours
from portineria.tenant.mailbox import Protocol

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""One case and no 0, 1, i, l, o: typed on a printer's panel without a shift key or a doubt."""
LENGTH = 26
"""31 to the power of 26 is more than 2 to the power of 128."""
LONGEST = 320
"""Characters of a login name: an address has no more (RFC 5321, 4.5.3.1)."""
UNTOLD = "(a password)"
"""Told in place of one."""
_PASSWORD = re.compile(rf"(?<![a-z0-9])[{ALPHABET}]{{{LENGTH}}}(?![a-z0-9])", re.IGNORECASE)


def tellable(name: str) -> str:
    """A login name as it may be told and remembered: without what looks like one of our passwords,
    which a device sends whose two fields were mixed up, and no longer than a name can be."""
    told = _PASSWORD.sub(UNTOLD, name)
    return told if len(told) <= LONGEST else f"{told[:LONGEST]}…"


class CredentialStore(Shape):
    """Every store keeps to tests/gateway's contract. Each call is whole or not at all."""

    def every(self) -> list[Credential]:
        """All of them, revoked ones too, the oldest first."""
        ...

    def add(self, one: Credential, now: datetime) -> Credential | None:
        """Keep it; or keep nothing, and say which one that stands has a name of it already."""
        ...

    def revoke(self, name: str, at: datetime) -> list[Credential]:
        """Revoke what stands under this login name or id; what was revoked now."""
        ...

    def rotate(self, fresh: Credential, old: str, until: datetime) -> bool:
        """Keep `fresh` beside the one of id `old`, which ends at `until`. False: none stands."""
        ...

    def changed(self) -> bool:
        """Whether anybody else wrote since the last time that this was asked."""
        ...


def stands(one: Credential, now: datetime) -> bool:
    return one.revoked is None and (one.until is None or now < one.until)


def is_called(one: Credential, name: str) -> bool:
    return one.id == name or folded(name) in map(folded, one.names)


def clash(one: Credential, others: list[Credential], now: datetime) -> Credential | None:
    """The first of `others` that stands and answers to a name of `one`."""
    names = set(map(folded, one.names))
    return next((c for c in others if stands(c, now) and names & set(map(folded, c.names))), None)


def to_row(one: Credential) -> dict[str, Any]:
    """All of it, the proof too: for a store, never for an answer."""
    return {
        "id": one.id,
        "names": list(one.names),
        "proof": one.proof,
        "mailboxes": list(one.mailboxes),
        "protocols": sorted(protocol.value for protocol in one.protocols),
        "networks": [str(network) for network in one.networks],
        "created": one.created.isoformat(),
        "until": one.until.isoformat() if one.until else None,
        "revoked": one.revoked.isoformat() if one.revoked else None,
        "note": one.note,
        "send_as": list(one.send_as),
        "hours": one.hours.text if one.hours else None,
    }


def from_row(row: Mapping[str, Any]) -> Credential:
    """Raises KeyError, ValueError, TypeError for what is no credential.

    A row that was written before there were `send_as` and `hours` has none.
    """
    return Credential(
        id=row["id"],
        names=tuple(row["names"]),
        proof=row["proof"],
        mailboxes=tuple(row["mailboxes"]),
        protocols=frozenset(map(Protocol, row["protocols"])),
        networks=tuple(map(ip_network, row["networks"])),
        created=datetime.fromisoformat(row["created"]),
        until=datetime.fromisoformat(row["until"]) if row["until"] else None,
        revoked=datetime.fromisoformat(row["revoked"]) if row["revoked"] else None,
        note=row["note"],
        send_as=tuple(row.get("send_as", ())),
        hours=parse_hours(row["hours"]) if row.get("hours") else None,
    )
