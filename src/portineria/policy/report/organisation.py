"""Checks of what Exchange sets for the whole organisation."""

from __future__ import annotations

from portineria.policy.report.finding import Case, Found, fails, holds, untold
from portineria.tenant.access import AuthenticationPolicy
from portineria.tenant.unseen import Unseen


def smtp_tenant_switch(case: Case) -> Found:
    transport = case.snapshot.transport
    if isinstance(transport, Unseen):
        return untold(f"the transport configuration was not seen: {transport.because}")
    evidence = f"SmtpClientAuthenticationDisabled: {transport.smtp_auth_disabled}"
    if transport.smtp_auth_disabled:
        return holds("SMTP AUTH is off for whoever has no exception of their own", evidence)
    return fails("SMTP AUTH is on for every mailbox that is not closed one by one", evidence)


def legacy_tls(case: Case) -> Found:
    transport = case.snapshot.transport
    if isinstance(transport, Unseen):
        return untold(f"the transport configuration was not seen: {transport.because}")
    if transport.legacy_tls is None:
        return untold("the tenant does not say whether it lets TLS 1.0 and 1.1 in")
    evidence = f"AllowLegacyTLSClients: {transport.legacy_tls}"
    if transport.legacy_tls:
        return fails("TLS 1.0 and 1.1 are let in at the legacy address for SMTP", evidence)
    return holds("TLS 1.0 and 1.1 are refused", evidence)


def direct_send(case: Case) -> Found:
    organization = case.snapshot.organization
    if isinstance(organization, Unseen):
        return untold(f"the organisation's settings were not seen: {organization.because}")
    evidence = f"RejectDirectSend: {organization.reject_direct_send}"
    if organization.reject_direct_send:
        return holds("mail that claims to come from inside is refused without a login", evidence)
    return fails(
        "anybody may send to the tenant's own people in the name of one of them, without a login",
        evidence,
    )


def modern_authentication(case: Case) -> Found:
    organization = case.snapshot.organization
    if isinstance(organization, Unseen):
        return untold(f"the organisation's settings were not seen: {organization.because}")
    evidence = f"OAuth2ClientProfileEnabled: {organization.modern_authentication}"
    if organization.modern_authentication:
        return holds("modern authentication is on", evidence)
    return fails("modern authentication is off, so Outlook itself may fall back", evidence)


def default_authentication_policy(case: Case) -> Found:
    """The net under every other layer: who has no policy of their own cannot come by password."""
    organization, policies = case.snapshot.organization, case.snapshot.authentication_policies
    if isinstance(organization, Unseen):
        return untold(f"the organisation's settings were not seen: {organization.because}")
    name = organization.default_authentication_policy
    if name is None:
        return fails("there is no default authentication policy: nothing there denies a password")
    if isinstance(policies, Unseen):
        return untold(f"authentication policies were not seen: {policies.because}", name)
    found = next((p for p in policies if name.lower() in (p.name.lower(), p.guid.lower())), None)
    if found is None:
        return untold("the default authentication policy is not among those that were read", name)
    allowed = _allowed(found)
    if allowed:
        return fails(
            f"the default authentication policy «{found.name}» lets passwords in by "
            f"{', '.join(allowed)}",
            found.name,
        )
    return holds(
        f"the default authentication policy «{found.name}» denies passwords for IMAP, POP and SMTP",
        found.name,
    )


def _allowed(policy: AuthenticationPolicy) -> list[str]:
    flags = (
        ("IMAP", policy.allow_basic_imap),
        ("POP", policy.allow_basic_pop),
        ("SMTP", policy.allow_basic_smtp),
    )
    return [name for name, allowed in flags if allowed]


def new_mailboxes(case: Case) -> Found:
    plans = case.snapshot.mailbox_plans
    if isinstance(plans, Unseen):
        return untold(f"the mailbox plans were not seen: {plans.because}")
    if not plans:
        return untold("no mailbox plan was shown, so what a new mailbox begins with is not known")
    begun = [plan.name for plan in plans if plan.imap or plan.pop]
    if begun:
        return fails("a new mailbox begins with IMAP or POP open", *begun)
    return holds("a new mailbox begins with IMAP and POP closed", *(plan.name for plan in plans))
