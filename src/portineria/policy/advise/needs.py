"""Somebody who has to send or to read mail: as it is described, or as a grant tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from portineria.policy.desired import Desired, DirectSendWish, Grant, SecurityDefaultsWish, Through
from portineria.tenant.mailbox import Protocol


class Knows(StrEnum):
    """What the client can show at a login."""

    OAUTH = "oauth"
    BASIC = "basic"
    NOTHING = "nothing"
    UNKNOWN = "unknown"


class Sends(StrEnum):
    """To whom; of no matter where only reading is wanted."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One need. What was not said is UNKNOWN or None, and is never taken for no.

    `name` may be empty. `volume` is recipients a day; `fixed_address` whether it always comes from
    the same public address.
    """

    name: str
    protocol: Protocol
    mailbox: str = ""
    client: str = ""
    knows: Knows = Knows.UNKNOWN
    sends: Sends = Sends.UNKNOWN
    volume: int | None = None
    fixed_address: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the tenant is like, as far as it is known; None where it is not."""

    rejects_direct_send: bool | None = None
    security_defaults: bool | None = None


def of_policy(desired: Desired) -> Iterator[Need]:
    """A need for each protocol that a grant of the file opens."""
    for grant in desired.grants:
        for protocol in sorted(grant.allow):
            yield _of_grant(grant, protocol)


def around(desired: Desired) -> Around:
    """What the file says of the tenant; what it leaves alone is not known."""
    send, defaults = desired.posture.direct_send, desired.posture.security_defaults
    known = {DirectSendWish.REJECT: True, DirectSendWish.ALLOW: False}
    wished = {SecurityDefaultsWish.ON: True, SecurityDefaultsWish.OFF: False}
    return Around(rejects_direct_send=known.get(send), security_defaults=wished.get(defaults))


def _of_grant(grant: Grant, protocol: Protocol) -> Need:
    by_token = grant.through in (Through.OAUTH_USER, Through.OAUTH_APP)
    return Need(
        name=grant.name,
        protocol=protocol,
        mailbox=grant.who.mailboxes[0] if len(grant.who.mailboxes) == 1 else "",
        client=grant.reason,
        knows=Knows.OAUTH if by_token else Knows.BASIC,
        fixed_address=True if grant.networks else None,
    )
