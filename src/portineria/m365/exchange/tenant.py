"""Tenant-wide settings of Exchange: transport, organization, mailbox plans.

Source: Exchange dossier 1.6, 1.7, 1.12: unset is null or altogether absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from portineria.fault import ServiceFault
from portineria.m365.data import Row, text, truth
from portineria.m365.exchange.authentication import name_of
from portineria.m365.exchange.match import one, only
from portineria.m365.session import Session
from portineria.tenant.access import AuthenticationPolicy, MailboxPlan, Organization, Transport


async def transport_row(session: Session) -> Row:
    return only(await session.exchange("Get-TransportConfig"), "Get-TransportConfig")


async def transport(session: Session) -> Transport:
    row = await transport_row(session)
    disabled = truth(row.get("SmtpClientAuthenticationDisabled"))
    if disabled is None:
        raise ServiceFault(
            "the transport configuration does not say whether SMTP AUTH is off",
            where="Get-TransportConfig",
        )
    return Transport(
        smtp_auth_disabled=disabled, legacy_tls=truth(row.get("AllowLegacyTLSClients"))
    )


async def organization_row(session: Session) -> Row:
    return only(await session.exchange("Get-OrganizationConfig"), "Get-OrganizationConfig")


async def organization(session: Session, known: Iterable[AuthenticationPolicy]) -> Organization:
    row = await organization_row(session)
    return Organization(
        default_authentication_policy=name_of(row.get("DefaultAuthenticationPolicy"), known),
        reject_direct_send=truth(row.get("RejectDirectSend")) is True,
        modern_authentication=truth(row.get("OAuth2ClientProfileEnabled")) is not False,
    )


async def plans(session: Session) -> tuple[MailboxPlan, ...]:
    return tuple(_plan(row) for row in await session.exchange_list("Get-CASMailboxPlan"))


def _plan(row: Row) -> MailboxPlan:
    imap, pop = truth(row.get("ImapEnabled")), truth(row.get("PopEnabled"))
    if imap is None or pop is None:
        raise ServiceFault(
            f"the mailbox plan {text(row.get('Name'))} does not show IMAP and POP",
            where="Get-CASMailboxPlan",
        )
    return MailboxPlan(
        name=text(row.get("Name")), guid=text(row.get("Guid")).lower(), imap=imap, pop=pop
    )


async def plan_row(session: Session, key: str) -> Row:
    data = await session.exchange("Get-CASMailboxPlan", {"Identity": key})
    return one(data, key, "Get-CASMailboxPlan", ("Guid", "Name", "Identity"))


async def set_transport(session: Session, after: Mapping[str, Any]) -> None:
    await session.exchange("Set-TransportConfig", dict(after))


async def set_organization(session: Session, after: Mapping[str, Any]) -> None:
    await session.exchange("Set-OrganizationConfig", dict(after))


async def set_plan(session: Session, key: str, after: Mapping[str, Any]) -> None:
    await session.exchange("Set-CASMailboxPlan", {"Identity": key, **after})
