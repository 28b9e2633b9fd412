"""Authentication policies: which protocols may use basic authentication, and no other.

Source: dossier exchange-online 1.8. A tenant's documents name a policy by its Name; rows show
it by Name or DN (unverified which: a reading). Refusing to remove one in use is synthetic.
"""

from __future__ import annotations

from collections.abc import Iterable

from portineria.lab.exchange import faults
from portineria.lab.exchange.declare import IDENTITY, Call, Cmdlet, Parameter, booleans
from portineria.lab.exchange.identity import by_members, matching, only, policy_dn
from portineria.lab.exchange.recipients import nothing_modified
from portineria.lab.exchange.roles import READ_CONFIGURATION, WRITE_CLIENT_ACCESS
from portineria.lab.world import Document

SWITCHES = tuple(
    f"AllowBasicAuth{protocol}"
    for protocol in (
        "ActiveSync",
        "Autodiscover",
        "Imap",
        "Mapi",
        "OfflineAddressBook",
        "OutlookService",
        "Pop",
        "PowerShell",
        "ReportingWebServices",
        "Rpc",
        "Smtp",
        "WebServices",
    )
)
NAME_LIMIT = 64
_NAMES = by_members("Guid", "Name", "Identity", "DistinguishedName")


def whole(document: Document, domain: str) -> Document:
    name = document["Name"]
    return {
        "Name": name,
        "Identity": name,
        "Guid": document["Guid"],
        "DistinguishedName": policy_dn(name, domain),
        **{switch: bool(document.get(switch, False)) for switch in SWITCHES},
        "AllowLegacyExchangeTokens": document.get("AllowLegacyExchangeTokens"),
    }


def name_of(call: Call, identity: str | None) -> str | None:
    """The Name of the policy that a name, Guid or DN means; None clears. Raises 404."""
    if not identity:
        return None
    return str(only(_truth(call), identity, _NAMES)["Name"])


def dn_of(call: Call, name: str | None) -> str | None:
    return policy_dn(name, call.world.initial_domain) if name else None


def shown(call: Call, dn: str | None) -> str | None:
    """How a row names a policy, under the reading in force."""
    if dn is None or call.habits.policy_as == "dn":
        return dn
    return next((p["Name"] for p in _truth(call) if p["DistinguishedName"] == dn), dn)


def _truth(call: Call) -> list[Document]:
    domain = call.world.initial_domain
    return [whole(document, domain) for document in call.truth("authenticationPolicies")]


def get(call: Call) -> Iterable[Document]:
    domain = call.world.initial_domain
    rows = [whole(document, domain) for document in call.seen.all("authenticationPolicies")]
    return matching(rows, call.get("Identity"), _NAMES)


def new(call: Call) -> Iterable[Document]:
    name = call.get("Name")
    if not name:
        raise faults.missing_parameter("Name")
    if len(name) > NAME_LIMIT:
        raise faults.too_long("Name", len(name), NAME_LIMIT)
    if any(policy["Name"].lower() == name.lower() for policy in _truth(call)):
        raise faults.already_exists(name)
    guid = call.world.new_id("authenticationPolicies")
    switches = {switch: call.get(switch) or False for switch in SWITCHES}
    document: Document = {"Name": name, "Guid": guid, **switches}
    call.commit("authenticationPolicies", guid, document)
    return (whole(document, call.world.initial_domain),)


def set_(call: Call) -> Iterable[Document]:
    policy = only(_truth(call), call.get("Identity"), _NAMES)
    changes = {switch: call.get(switch) for switch in SWITCHES if switch in call}
    if all(policy[switch] == value for switch, value in changes.items()):
        nothing_modified(call, policy["Identity"])
        return ()
    stored = call.world["authenticationPolicies"].get(policy["Guid"]) or {}
    call.commit("authenticationPolicies", policy["Guid"], {**stored, **changes})
    return ()


def remove(call: Call) -> Iterable[Document]:
    policy = only(_truth(call), call.get("Identity"), _NAMES)
    if (user := _user_of(call, policy["Name"])) is not None:
        raise faults.still_in_use(policy["Name"], user)
    call.commit("authenticationPolicies", policy["Guid"], None)
    return ()


def _user_of(call: Call, name: str) -> str | None:
    """Who still needs this policy, in words; None when nobody does."""
    organization = call.world["exchangeOrganization"].get("") or {}
    if organization.get("DefaultAuthenticationPolicy") == name:
        return "it is the default authentication policy of the organization"
    people = (document for _, document in call.world["mailboxes"].scan())
    count = sum(1 for person in people if person.get("AuthenticationPolicy") == name)
    return f"it is assigned to {count} users" if count else None


_SWITCH_PARAMETERS = booleans(*SWITCHES)

CMDLETS = (
    Cmdlet("Get-AuthenticationPolicy", READ_CONFIGURATION, get, (IDENTITY,)),
    Cmdlet(
        "New-AuthenticationPolicy",
        WRITE_CLIENT_ACCESS,
        new,
        (Parameter("Name"), *_SWITCH_PARAMETERS),
    ),
    Cmdlet("Set-AuthenticationPolicy", WRITE_CLIENT_ACCESS, set_, (IDENTITY, *_SWITCH_PARAMETERS)),
    Cmdlet("Remove-AuthenticationPolicy", WRITE_CLIENT_ACCESS, remove, (IDENTITY,)),
)
