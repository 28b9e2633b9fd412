"""The doors file: what a policy opens through the gateway, as it was resolved at one moment.

A policy's grants `through: gateway` are the only source of it. `deny` beats all, ended grants and
what could not be seen are no doors. The machine that runs the gateway needs this file and no
control application.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from ipaddress import ip_network
from typing import Any

from portineria.fault import BadFile
from portineria.gateway.admission import Entrance
from portineria.policy.desired import OpenedBy, Through
from portineria.policy.entitle import Entitlements
from portineria.tenant.mailbox import Protocol

SCHEMA = "portineria/gateway-doors@1"
OLD = timedelta(days=7)
"""After this long a doors file is shouted about: who joined or left a group since is not in it."""
AGAIN = "write it again: portineria gateway doors policy.yaml --output doors.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """`tenant` is the tenant's id, `policy` the policy's digest, `looked` when it was resolved."""

    tenant: str
    policy: str
    looked: datetime
    entrances: tuple[Entrance, ...]
    unseen: tuple[str, ...] = ()

    def is_old(self, now: datetime) -> bool:
        return now - self.looked > OLD


def entrances(entitled: Entitlements) -> tuple[Entrance, ...]:
    """One for each mailbox, protocol and grant `through: gateway` that is in force."""
    return tuple(
        Entrance(
            mailbox=one.mailbox.address,
            protocol=protocol,
            networks=grant.networks,
            until=over(grant.until),
            grant=grant.name,
            person=one.mailbox.upn.lower() if grant.opened_by is OpenedBy.PERSON else "",
        )
        for one in sorted(entitled, key=lambda one: one.mailbox.address)
        for protocol in Protocol
        for grant in one.open_for(protocol)
        if grant.through is Through.GATEWAY
    )


def over(last_day: date | None) -> datetime | None:
    """The first moment after a grant's last day. Days are UTC's, as everywhere in a plan."""
    if last_day is None:
        return None
    return datetime.combine(last_day + timedelta(days=1), time(), UTC)


def to_json(doors: Doors) -> dict[str, Any]:
    document = {
        "schema": SCHEMA,
        "tenant": doors.tenant,
        "policy": doors.policy,
        "looked": doors.looked.isoformat(),
        "entrances": [_row(one) for one in doors.entrances],
        "unseen": list(doors.unseen),
    }
    return {**document, "digest": digest(document)}


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of everything in it but the digest itself."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def parse(text: str, file: str) -> Doors:
    """Doors from the text of their file. Raises BadFile: a door is never guessed."""
    try:
        document = json.loads(text)
        if document["schema"] != SCHEMA:
            raise ValueError("it is no doors file of this version")
        if document["digest"] != digest(document):
            raise ValueError("it was changed after it was written")
        return Doors(
            tenant=document["tenant"],
            policy=document["policy"],
            looked=_moment(document["looked"]),
            entrances=tuple(map(_entrance, document["entrances"])),
            unseen=tuple(document["unseen"]),
        )
    except KeyError as error:
        why = f"the doors file lacks {error}"
    except (ValueError, TypeError, RecursionError) as error:
        why = f"the doors file cannot be used: {str(error)[:200]}"
    raise BadFile(why, where=file, try_=AGAIN)


def _row(one: Entrance) -> dict[str, Any]:
    return {
        "mailbox": one.mailbox,
        "protocol": one.protocol.value,
        "networks": [str(network) for network in one.networks],
        "until": one.until.isoformat() if one.until else None,
        "grant": one.grant,
        "person": one.person,
    }


def _entrance(row: Mapping[str, Any]) -> Entrance:
    return Entrance(
        mailbox=row["mailbox"],
        protocol=Protocol(row["protocol"]),
        networks=tuple(map(ip_network, row["networks"])),
        until=None if row["until"] is None else _moment(row["until"]),
        grant=row["grant"],
        person=row.get("person", ""),
    )


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} does not say in which time zone")
    return found
