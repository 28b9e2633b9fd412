"""Get-CASMailboxPlan and Set-CASMailboxPlan: what new mailboxes begin with.

Source: dossier exchange-online 1.7. There is no SMTP AUTH field on a plan, and existing
mailboxes do not change with theirs.
"""

from __future__ import annotations

from collections.abc import Iterable

from portineria.lab.exchange.declare import (
    FILTER,
    IDENTITY,
    RESULT_SIZE,
    Call,
    Cmdlet,
    Kind,
    Parameter,
    booleans,
)
from portineria.lab.exchange.filters import compile_filter
from portineria.lab.exchange.identity import (
    by_members,
    distinguished_name,
    matching,
    only,
    organization_id,
)
from portineria.lab.exchange.recipients import nothing_modified
from portineria.lab.exchange.roles import (
    READ_CONFIGURATION,
    READ_RECIPIENTS,
    WRITE_CLIENT_ACCESS,
)
from portineria.lab.world import Document

_SWITCHES = (
    "ActiveSyncEnabled",
    "ECPEnabled",
    "ImapEnabled",
    "MAPIEnabled",
    "OWAEnabled",
    "PopEnabled",
)
_NAMES = by_members("Guid", "Name", "Identity", "DisplayName", "DistinguishedName")
FILTERABLE = frozenset({"Name", "DisplayName", "ImapEnabled", "PopEnabled", "OWAEnabled"})


def whole(document: Document, domain: str) -> Document:
    name = document.get("Name") or document.get("DisplayName") or document["Guid"]
    return {
        "Name": name,
        "Identity": name,
        "DisplayName": document.get("DisplayName") or name,
        "Guid": document["Guid"],
        "DistinguishedName": distinguished_name(name, domain),
        "OrganizationId": organization_id(domain),
        **{switch: document.get(switch, True) for switch in _SWITCHES},
        "EwsEnabled": document.get("EwsEnabled"),
        "OwaMailboxPolicy": document.get("OwaMailboxPolicy", "OwaMailboxPolicy-Default"),
    }


def get(call: Call) -> Iterable[Document]:
    domain = call.world.initial_domain
    rows = [whole(document, domain) for document in call.seen.all("mailboxPlans")]
    rows = matching(rows, call.get("Identity"), _NAMES)
    if text := call.get("Filter"):
        rows = [row for row in rows if compile_filter(text, FILTERABLE)(row)]
    return rows


def set_(call: Call) -> Iterable[Document]:
    domain = call.world.initial_domain
    documents = [whole(document, domain) for document in call.truth("mailboxPlans")]
    plan = only(documents, call.get("Identity"), _NAMES)
    changes = {p.name: call.get(p.name) for p in _SETTABLE if p.name in call}
    if all(plan[name] == value for name, value in changes.items()):
        nothing_modified(call, plan["Identity"])
        return ()
    stored = call.world["mailboxPlans"].get(plan["Guid"]) or {}
    call.commit("mailboxPlans", plan["Guid"], {**stored, **changes})
    return ()


_SETTABLE = (
    *booleans(*_SWITCHES),
    Parameter("EwsEnabled", Kind.INTEGER),
    Parameter("OwaMailboxPolicy"),
)

CMDLETS = (
    Cmdlet(
        "Get-CASMailboxPlan",
        READ_RECIPIENTS | READ_CONFIGURATION,
        get,
        (IDENTITY, FILTER, RESULT_SIZE),
    ),
    Cmdlet("Set-CASMailboxPlan", WRITE_CLIENT_ACCESS, set_, (IDENTITY, *_SETTABLE)),
)
