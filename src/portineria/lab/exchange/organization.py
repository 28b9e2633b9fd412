"""What there is one of: transport settings, organisation settings, and the accepted domains.

Source: dossier exchange-online 1.6, 1.12. Unset is null, and optional members may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable

from portineria.lab.exchange import authpolicy
from portineria.lab.exchange.declare import (
    IDENTITY,
    Call,
    Cmdlet,
    Kind,
    Parameter,
    booleans,
    nullables,
)
from portineria.lab.exchange.identity import by_members, matching, organization_id
from portineria.lab.exchange.recipients import nothing_modified
from portineria.lab.exchange.roles import (
    READ_CONFIGURATION,
    READ_ORGANIZATION,
    WRITE_ORGANIZATION,
    WRITE_TRANSPORT,
)
from portineria.lab.exchange.values import Edit
from portineria.lab.world import Document

_TRANSPORT: Document = {
    "Name": "Transport Settings",
    "Identity": "Transport Settings",
    "SmtpClientAuthenticationDisabled": True,
    "AllowLegacyTLSClients": None,
    "MaxSendSize": "Unlimited",
    "MaxReceiveSize": "Unlimited",
    "MaxRecipientEnvelopeLimit": "Unlimited",
    "MessageExpiration": "1.00:00:00",
    "ReplyAllStormProtectionEnabled": True,
    "JournalingReportNdrTo": "<>",
    "SupervisionTags": ["Reject", "Allow"],
    "AttributionRejectConsumerMessages": False,
    "AnonymousSenderToRecipientRatePerHour": 1800,
    "TransportRuleConfig": ["TransportRuleLimit:300"],
    "ExchangeVersion": "0.1 (8.0.535.0)",
    "IsValid": True,
    "ObjectState": "Unchanged",
    "WhenChangedUTC": None,
}
_ORGANIZATION: Document = {
    "DefaultAuthenticationPolicy": None,
    "OAuth2ClientProfileEnabled": True,
    "SendFromAliasEnabled": False,
    "PublicFoldersEnabled": "Local",
    "EwsEnabled": None,
    "AuditDisabled": False,
    "IsDehydrated": False,
}


def get_transport(call: Call) -> Iterable[Document]:
    stored = call.seen.get("transport", "") or {}
    organization = organization_id(call.world.initial_domain)
    return ({**_TRANSPORT, "OrganizationId": organization, **stored},)


def set_transport(call: Call) -> Iterable[Document]:
    changes = {p.name: call.get(p.name) for p in _TRANSPORT_SETTABLE if p.name in call}
    _patch(call, "transport", _TRANSPORT, changes, "Transport Settings")
    return ()


def get_organization(call: Call) -> Iterable[Document]:
    """One row. RejectDirectSend is absent until somebody has set it, as in the live export."""
    domain = call.world.initial_domain
    names = {"Name": domain, "Identity": domain, "OrganizationId": organization_id(domain)}
    organization = {**names, **_ORGANIZATION, **(call.seen.get("exchangeOrganization", "") or {})}
    policy = authpolicy.dn_of(call, organization["DefaultAuthenticationPolicy"])
    return ({**organization, "DefaultAuthenticationPolicy": authpolicy.shown(call, policy)},)


def set_organization(call: Call) -> Iterable[Document]:
    changes = {p.name: call.get(p.name) for p in _ORGANIZATION_SETTABLE if p.name in call}
    if "DefaultAuthenticationPolicy" in changes:
        identity = changes["DefaultAuthenticationPolicy"]
        changes["DefaultAuthenticationPolicy"] = authpolicy.name_of(call, identity)
    _patch(call, "exchangeOrganization", _ORGANIZATION, changes, call.world.initial_domain)
    return ()


def _patch(call: Call, kind: str, unset: Document, changes: Document, name: str) -> None:
    stored = call.world[kind].get("") or {}
    current = {**unset, **stored}
    for member, value in changes.items():
        if isinstance(value, Edit):
            changes[member] = value.of(current.get(member) or [])
    different = object()
    if all(current.get(member, different) == value for member, value in changes.items()):
        nothing_modified(call, name)
        return
    call.commit(kind, "", {**stored, **changes, "WhenChangedUTC": call.stamp})


def get_accepted_domain(call: Call) -> Iterable[Document]:
    rows = [
        {
            "Name": domain["id"],
            "Identity": domain["id"],
            "DomainName": domain["id"],
            "DomainType": "Authoritative",
            "Default": bool(domain.get("isDefault")),
            "InitialDomain": bool(domain.get("isInitial")),
            "AuthenticationType": domain.get("authenticationType", "Managed"),
        }
        for domain in call.seen.all("domains")
        if domain.get("isVerified", True)
    ]
    return matching(rows, call.get("Identity"), by_members("Name", "DomainName"))


_TRANSPORT_SETTABLE = (
    *booleans("SmtpClientAuthenticationDisabled", "ReplyAllStormProtectionEnabled"),
    *nullables("AllowLegacyTLSClients"),
    Parameter("SupervisionTags", Kind.TEXTS),
    Parameter("MessageExpiration"),
    Parameter("JournalingReportNdrTo"),
)
_ORGANIZATION_SETTABLE = (
    Parameter("DefaultAuthenticationPolicy"),
    *nullables("RejectDirectSend", "EwsEnabled"),
    *booleans(
        "OAuth2ClientProfileEnabled",
        "SendFromAliasEnabled",
        "MaskClientIpInReceivedHeadersEnabled",
        "EnforceExoAppRbacPermissions",
    ),
)

CMDLETS = (
    Cmdlet("Get-TransportConfig", READ_CONFIGURATION, get_transport, (IDENTITY,)),
    Cmdlet("Set-TransportConfig", WRITE_TRANSPORT, set_transport, (IDENTITY, *_TRANSPORT_SETTABLE)),
    Cmdlet("Get-OrganizationConfig", READ_ORGANIZATION, get_organization),
    Cmdlet(
        "Set-OrganizationConfig",
        WRITE_ORGANIZATION,
        set_organization,
        (IDENTITY, *_ORGANIZATION_SETTABLE),
    ),
    Cmdlet("Get-AcceptedDomain", READ_CONFIGURATION, get_accepted_domain, (IDENTITY,)),
)
