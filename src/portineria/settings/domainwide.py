"""What everybody of a domain may be told without saying who they are: it is the same for all.

A protocol is offered where it works for somebody of the domain, with a client that knows OAuth. So
the answer reveals no address, and nothing of one mailbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from portineria.policy.effective import Access, Context, walk
from portineria.policy.verdict import Allowed
from portineria.settings.clients import Client
from portineria.settings.given import Login, Place, Server
from portineria.tenant.caller import UserThrough
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

WHOEVER = "%EMAILADDRESS%"
"""What a mail program puts its own address for. Source: Mozilla, config file format 1.1."""


def offers(
    snapshot: Snapshot, client: Client, direct: Mapping[Protocol, Place], now: datetime
) -> dict[str, tuple[Server, ...]]:
    """By domain, those of the tenant with mailboxes in them; nothing where nothing is known."""
    if isinstance(snapshot.mailboxes, Unseen) or isinstance(snapshot.domains, Unseen):
        return {}
    open_: dict[str, set[Protocol]] = {domain.name: set() for domain in snapshot.domains}
    caller, context = UserThrough(client.client_id), Context(now)
    for box in snapshot.mailboxes:
        found = open_.get(box.address.rpartition("@")[2])
        if found is None or len(found) == len(Protocol):
            continue
        for protocol in set(Protocol) - found:
            if isinstance(walk(Access(snapshot, box, protocol, caller, context)), Allowed):
                found.add(protocol)
    return {
        domain: tuple(
            Server(protocol=one, place=direct[one], login=Login.OAUTH, user=WHOEVER)
            for one in Protocol
            if one in found
        )
        for domain, found in open_.items()
    }
