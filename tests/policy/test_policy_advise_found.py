"""Needs that an inventory found: what got in, and nothing that was not seen."""

from __future__ import annotations

from typing import Any

import pytest

from portineria.policy.advise.found import of_inventory
from portineria.policy.advise.needs import Knows, Need
from portineria.tenant.mailbox import Protocol

SCAN, ERP = "scan@contoso.example", "erp@contoso.example"


def use(**changed: Any) -> dict[str, Any]:
    plain = {
        "mailbox": SCAN,
        "protocols": ["smtp"],
        "protocol_told": True,
        "method": "basic",
        "app": None,
        "opens": [],
        "got_in": 3,
        "messages": 0,
        "addresses": {"203.0.113.5": 3},
        "more_addresses": False,
        "agents": {"BAV2ROPC": 3},
    }
    return {**plain, **changed}


def need(mailbox: str, protocol: Protocol, **more: Any) -> Need:
    return Need(name=more.pop("name", mailbox), mailbox=mailbox, protocol=protocol, **more)


APP = {"id": "c", "name": "ERP"}
CASES: list[tuple[dict[str, Any], list[Need]]] = [
    (use(), [need(SCAN, Protocol.SMTP, knows=Knows.BASIC, client="BAV2ROPC")]),
    (use(got_in=0), []),
    (
        use(got_in=0, messages=9, agents={}),
        [need(SCAN, Protocol.SMTP, knows=Knows.BASIC)],
    ),
    (
        use(addresses={"203.0.113.5": 2, "198.51.100.1": 1}, agents={}),
        [need(SCAN, Protocol.SMTP, knows=Knows.BASIC, fixed_address=False)],
    ),
    (
        use(method="user", app=APP, protocols=["imap", "pop"], protocol_told=False),
        [
            need(SCAN, Protocol.IMAP, name=f"{SCAN}?", knows=Knows.OAUTH, client="ERP"),
            need(SCAN, Protocol.POP, name=f"{SCAN}?", knows=Knows.OAUTH, client="ERP"),
        ],
    ),
    (
        use(mailbox=None, opens=[ERP], method="app", app=APP),
        [need(ERP, Protocol.SMTP, knows=Knows.OAUTH, client="ERP")],
    ),
    (use(mailbox=None), []),
    (
        use(method="could not tell", agents={}),
        [need(SCAN, Protocol.SMTP, knows=Knows.UNKNOWN)],
    ),
]


@pytest.mark.parametrize(("found", "wanted"), CASES)
def test_each_mailbox_and_protocol_that_got_in_is_a_need(
    found: dict[str, Any], wanted: list[Need]
) -> None:
    assert list(of_inventory({"uses": [found]})) == wanted


OTHERS = [{}, {"uses": [{}]}, {"uses": 7}, {"uses": [use(protocols=["x"])]}]


@pytest.mark.parametrize("document", OTHERS)
def test_another_document_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        list(of_inventory(document))
