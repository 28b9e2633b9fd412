"""Needs that were found, not described: the uses of `portineria inventory --json`.

Only what got in is a need. A client that was seen with a password knows one; whether it knows
OAuth too nobody has seen, so it is not said. What the log does not tell stays unknown: how many
recipients there are, and whether they are inside. Where it does not tell which protocol it was,
each that it may have been is a need, with a question mark behind its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from portineria.policy.advise.needs import Knows, Need
from portineria.tenant.mailbox import Protocol

SCHEMA = "portineria/inventory@1"
_KNOWS = {"basic": Knows.BASIC, "user": Knows.OAUTH, "app": Knows.OAUTH, "oauth": Knows.OAUTH}


def of_inventory(document: Mapping[str, Any]) -> Iterator[Need]:
    """One need a mailbox and protocol of each use. Raises KeyError, TypeError, ValueError for a
    document that is none of the schema."""
    for use in document["uses"]:
        if not use["got_in"] and not use["messages"]:
            continue
        for mailbox in [use["mailbox"]] if use["mailbox"] else use["opens"]:
            for protocol in use["protocols"]:
                yield _need(use, str(mailbox), Protocol(protocol))


def _need(use: Mapping[str, Any], mailbox: str, protocol: Protocol) -> Need:
    return Need(
        name=mailbox if use["protocol_told"] else f"{mailbox}?",
        protocol=protocol,
        mailbox=mailbox,
        client=_client(use),
        knows=_KNOWS.get(use["method"], Knows.UNKNOWN),
        fixed_address=False if len(use["addresses"]) > 1 or use["more_addresses"] else None,
    )


def _client(use: Mapping[str, Any]) -> str:
    if use["app"]:
        return str(use["app"]["name"])
    return str(next(iter(use["agents"]), ""))
