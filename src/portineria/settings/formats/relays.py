"""Files of programs that send for others, and a script for PowerShell with MailKit."""

from __future__ import annotations

from portineria.policy.script.quoting import quoted, said
from portineria.settings.formats.programs import KEPT_IN
from portineria.settings.given import NEEDS_GATEWAY, Login, Missing, Server, Settings, Tls
from portineria.tenant.mailbox import Protocol

_WAYS = {Tls.IMPLICIT: "SslOnConnect", Tls.STARTTLS: "StartTls", Tls.NONE: "None"}


def postfix(settings: Settings) -> str:
    """Lines for main.cf, and the one of sasl_passwd. Source: Postfix, SASL_README, TLS_README."""
    server = _by_password(settings)
    place = server.place
    at = f"[{place.host}]:{place.port}"
    trust = [f"smtp_tls_CAfile = {server.ca}"] if server.ca else []
    level = "none" if place.tls is Tls.NONE else "secure"
    return _text(
        [
            f"# {said(settings.address)} for Postfix: these lines go into /etc/postfix/main.cf.",
            "# The password stands in /etc/postfix/sasl_passwd (chmod 600), in one line:",
            f"#   {at} {said(server.user)}:...",
            f"relayhost = {at}",
            "smtp_sasl_auth_enable = yes",
            "smtp_sasl_password_maps = texthash:/etc/postfix/sasl_passwd",
            "smtp_sasl_security_options = noanonymous",
            "smtp_sasl_mechanism_filter = plain, login",
            f"smtp_tls_security_level = {level}",
            f"smtp_tls_wrappermode = {'yes' if place.tls is Tls.IMPLICIT else 'no'}",
            *trust,
            "# The mailbox sends as itself: whatever a program writes there is replaced.",
            f"sender_canonical_maps = static:{settings.address}",
        ]
    )


def ssmtp(settings: Settings) -> str:
    """/etc/ssmtp/ssmtp.conf, and a line of revaliases. Source: ssmtp.conf(5), ssmtp(8)."""
    server = _by_password(settings)
    place = server.place
    return _text(
        [
            f"# {said(settings.address)} for sSMTP, and programs that read its file.",
            "# The password goes into the line AuthPass (chmod 640, group mail).",
            "# The mailbox sends as itself: each user whose programs send needs a line of his",
            "# own in /etc/ssmtp/revaliases:",
            f"#   root:{settings.address}:{place.host}:{place.port}",
            f"root={settings.address}",
            f"mailhub={place.host}:{place.port}",
            f"UseTLS={'NO' if place.tls is Tls.NONE else 'YES'}",
            f"UseSTARTTLS={'YES' if place.tls is Tls.STARTTLS else 'NO'}",
            *([f"TLS_CA_File={server.ca}"] if server.ca else []),
            f"AuthUser={server.user}",
            "AuthPass=",
            "FromLineOverride=NO",
        ]
    )


def powershell(settings: Settings) -> str:
    """For PowerShell 7 with MailKit.dll. Source: MailKit, SmtpClient and ImapClient."""
    lines = [
        f"# {said(settings.address)}: what PowerShell with MailKit needs to log in.",
        f"# The password, or a token, is the only line of {KEPT_IN}.",
        "param([string]$MailKit = (Join-Path $PSScriptRoot 'MailKit.dll'))",
        "$ErrorActionPreference = 'Stop'",
        "Add-Type -LiteralPath $MailKit",
        "$secret = (Get-Content -LiteralPath (Join-Path $HOME '.portineria-password') -Raw).Trim()",
    ]
    kinds = {Protocol.IMAP: "Imap.Imap", Protocol.POP: "Pop3.Pop3", Protocol.SMTP: "Smtp.Smtp"}
    for server in settings.servers:
        place = server.place
        way = f"[MailKit.Security.SecureSocketOptions]::{_WAYS[place.tls]}"
        kind = "OAuth2" if server.login is Login.OAUTH else "Plain"
        lines += [
            f"$client = [MailKit.Net.{kinds[server.protocol]}Client]::new()",
            f"$client.Connect({quoted(place.host)}, {place.port}, {way})",
            f"$login = [MailKit.Security.SaslMechanism{kind}]::new({quoted(server.user)}, $secret)",
            "$client.Authenticate($login)",
            f"Write-Host {quoted(f'{server.protocol.value}: in')}",
            "$client.Disconnect($true)",
        ]
    return _text(lines)


def _by_password(settings: Settings) -> Server:
    server = settings.of(Protocol.SMTP)
    if server is None:
        raise Missing("SMTP")
    if server.login is Login.OAUTH:
        raise Missing(NEEDS_GATEWAY)
    return server


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
