"""All checks, the gravest first. Ids are kept for good: scripts name them."""

from __future__ import annotations

from portineria.policy.report import gateway, identity, mailboxes, organisation
from portineria.policy.report.finding import Case, Check, Finding, Severity

_BASELINE = (
    "posture: {conditional_access: {baseline: enforced, "
    "break_glass: [one@contoso.com, two@contoso.com]}}"
)

CHECKS: tuple[Check, ...] = (
    Check(
        id="legacy-authentication-blocked",
        title="Logins with a password alone are blocked",
        severity=Severity.HIGH,
        judge=identity.legacy_block,
        source="Microsoft Learn, Block legacy authentication with Conditional Access",
        readings=(
            "by effect, whoever made the policy; SCuBA MS.AAD.1.1v1, CIS 5.2.2.3 and Maester ask "
            "for a policy written in one way",
        ),
        policy=_BASELINE,
        command="Entra admin center, Conditional Access, new policy from template",
    ),
    Check(
        id="administrators-mfa",
        title="Administrators need a second factor",
        severity=Severity.HIGH,
        judge=identity.mfa_for_administrators,
        source="Microsoft Learn, Security defaults in Microsoft Entra ID",
        policy=_BASELINE,
        command="Entra admin center, Conditional Access, new policy from template",
    ),
    Check(
        id="smtp-tenant-switch",
        title="SMTP AUTH is off for the tenant",
        severity=Severity.HIGH,
        judge=organisation.smtp_tenant_switch,
        source="Microsoft Learn, Enable or disable authenticated client SMTP submission",
        readings=("SCuBA MS.EXO.5.1v1 and CIS 6.5.4 look at this switch alone, not at exceptions",),
        policy="posture: {smtp_auth: per-mailbox}",
        command="Set-TransportConfig -SmtpClientAuthenticationDisabled $true",
    ),
    Check(
        id="legacy-tls",
        title="TLS 1.0 and 1.1 are refused",
        severity=Severity.HIGH,
        judge=organisation.legacy_tls,
        source="Microsoft Learn, Opt in to the endpoint for legacy TLS clients using SMTP AUTH",
        policy="posture: {legacy_tls: off}",
        command="Set-TransportConfig -AllowLegacyTLSClients $false",
    ),
    Check(
        id="modern-authentication",
        title="Modern authentication is on",
        severity=Severity.HIGH,
        judge=organisation.modern_authentication,
        source="Microsoft Learn, Enable or disable modern authentication in Exchange Online",
        readings=("CIS 6.5.1",),
        command="Set-OrganizationConfig -OAuth2ClientProfileEnabled $true",
    ),
    Check(
        id="break-glass",
        title="Two break-glass accounts are left out of what holds for everybody",
        severity=Severity.HIGH,
        judge=identity.break_glass,
        source="Microsoft Learn, Manage emergency access accounts in Microsoft Entra ID",
        policy="posture: {conditional_access: {break_glass: [one@contoso.com, two@contoso.com]}}",
        command="Entra admin center, Conditional Access, the policy, Users, Exclude",
    ),
    Check(
        id="doors-without-grant",
        title="Every open door is one that a grant asks for",
        severity=Severity.HIGH,
        judge=mailboxes.without_grant,
        source="policy.yaml",
        policy="everyone_else: {imap: off, pop: off, smtp: off}",
        command="portineria plan policy.yaml",
    ),
    Check(
        id="ended-grants",
        title="The doors of grants that have ended are shut",
        severity=Severity.HIGH,
        judge=mailboxes.ended_grants,
        source="policy.yaml",
        command="portineria plan policy.yaml",
    ),
    Check(
        id="password-doors",
        title="No door opens to a password alone",
        severity=Severity.MEDIUM,
        judge=mailboxes.password_doors,
        source="Exchange Team blog, 27 January 2026: basic SMTP is off by default from the end of "
        "December 2026",
        policy="posture: {basic_auth: granted-only}",
        command="portineria advise",
    ),
    Check(
        id="legacy-block-exclusions",
        title="Only break-glass accounts are left out of the block on passwords",
        severity=Severity.MEDIUM,
        judge=identity.excluded,
        source="Microsoft Learn, Block legacy authentication with Conditional Access",
        readings=("SCuBA MS.AAD.1.1v1 accepts the exclusions that its configuration names",),
        command="Entra admin center, Conditional Access, the policy, Users, Exclude",
    ),
    Check(
        id="everybody-mfa",
        title="Everybody needs a second factor",
        severity=Severity.MEDIUM,
        judge=identity.mfa_for_everybody,
        source="Microsoft Learn, Security defaults in Microsoft Entra ID",
        policy=_BASELINE,
        command="Entra admin center, Conditional Access, new policy from template",
    ),
    Check(
        id="smtp-exceptions",
        title="No mailbox has SMTP AUTH on by an exception that no grant asks for",
        severity=Severity.MEDIUM,
        judge=mailboxes.smtp_exceptions,
        source="Microsoft Learn, Enable or disable authenticated client SMTP submission",
        readings=("CIPP CISAMSEXO51 fails on any exception; SCuBA and CIS do not look at them",),
        policy="everyone_else: {smtp: off}",
        command="Set-CASMailbox -Identity MAILBOX -SmtpClientAuthenticationDisabled $null",
    ),
    Check(
        id="default-authentication-policy",
        title="The default authentication policy denies passwords",
        severity=Severity.MEDIUM,
        judge=organisation.default_authentication_policy,
        source="Microsoft Learn, Disable Basic authentication in Exchange Online",
        policy="posture: {basic_auth: granted-only}",
        command="Set-OrganizationConfig -DefaultAuthenticationPolicy POLICY",
    ),
    Check(
        id="new-mailboxes",
        title="New mailboxes begin with IMAP and POP closed",
        severity=Severity.MEDIUM,
        judge=organisation.new_mailboxes,
        source="Microsoft Learn, Set-CASMailboxPlan",
        policy="posture: {new_mailboxes: {imap: off, pop: off}}",
        command="Get-CASMailboxPlan | Set-CASMailboxPlan -ImapEnabled $false -PopEnabled $false",
    ),
    Check(
        id="direct-send",
        title="Direct send is rejected",
        severity=Severity.MEDIUM,
        judge=organisation.direct_send,
        source="Exchange Team blog, Introducing more control over Direct Send in Exchange Online",
        readings=("CIS 6.5.5; Maester Test-MtExoRejectDirectSend",),
        policy="posture: {direct_send: reject}",
        command="Set-OrganizationConfig -RejectDirectSend $true",
    ),
    Check(
        id="shared-mailbox-sign-in",
        title="Accounts of shared mailboxes may not sign in",
        severity=Severity.MEDIUM,
        judge=identity.shared_sign_in,
        source="Microsoft Learn, About shared mailboxes",
        readings=("CIS 1.2.2",),
        command="Update-MgUser -UserId ACCOUNT -AccountEnabled:$false",
    ),
    Check(
        id="gateway-weak-doors",
        title="The gateway takes neither cleartext nor old TLS",
        severity=Severity.MEDIUM,
        judge=gateway.weak_doors,
        source="RFC 8314, 4.1; RFC 8996",
        command="gateway.yaml: tls: implicit, without old_tls",
    ),
    Check(
        id="user-consent",
        title="Mail programs need an administrator's consent",
        severity=Severity.LOW,
        judge=identity.user_consent,
        source="Microsoft Learn, Configure how users consent to applications",
        command="Entra admin center, Enterprise applications, Consent and permissions",
    ),
    Check(
        id="scuba-legacy-policy",
        title="A policy passes SCuBA's rule on legacy authentication",
        severity=Severity.LOW,
        judge=identity.scuba_legacy,
        source="CISA ScubaGear, AADConfig.rego, MS.AAD.1.1v1",
        readings=("SCuBA MS.AAD.1.1v1 without configured exclusions; CIS 5.2.2.3; Maester",),
        policy=_BASELINE,
        command="Entra admin center, Conditional Access, new policy from template",
    ),
)


def findings(case: Case) -> tuple[Finding, ...]:
    """What each check that was asked found, in the order of the registry."""
    found = []
    for check in CHECKS:
        said = check.judge(case)
        if said is not None:
            found.append(
                Finding(
                    check=check, answer=said.answer, because=said.because, evidence=said.evidence
                )
            )
    return tuple(found)
