"""Configurations of programs. The password stands in a file of its own, which each program reads:
`~/.portineria-password`, for its owner alone.

A program is configured for a password; where the server wants a token, a remark says that another
program has to print it.
"""

from __future__ import annotations

import json
import shlex

from portineria.settings.given import Login, Missing, Server, Settings, Tls
from portineria.tenant.mailbox import Protocol

KEPT_IN = "~/.portineria-password"
MUTT = "`$"
"""What its double quotes still expand."""
_INSTEAD = "# The server wants a token: put a program that prints one in place of cat."


def _head(settings: Settings, server: Server, mark: str = "#") -> list[str]:
    lines = [f"{mark} {settings.address} for {settings.client.name}"]
    if server.login is Login.OAUTH:
        lines.append(_INSTEAD.replace("#", mark, 1))
    else:
        lines.append(f"{mark} The password is the only line of {KEPT_IN} (chmod 600).")
    return lines


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def msmtp(settings: Settings) -> str:
    """~/.msmtprc. Source: msmtp(1)."""
    server = _need(settings, Protocol.SMTP)
    place = server.place
    return _text(
        [
            *_head(settings, server),
            "defaults",
            f"tls {'off' if place.tls is Tls.NONE else 'on'}",
            f"tls_starttls {'on' if place.tls is Tls.STARTTLS else 'off'}",
            *([f"tls_trust_file {_bare(server.ca)}"] if server.ca else []),
            "account mailbox",
            f"host {place.host}",
            f"port {place.port}",
            f"auth {'xoauth2' if server.login is Login.OAUTH else 'plain'}",
            f"user {_bare(server.user)}",
            f"passwordeval cat {KEPT_IN}",
            f"from {_bare(settings.address)}",
            "account default : mailbox",
        ]
    )


def mbsync(settings: Settings) -> str:
    """~/.mbsyncrc. Source: mbsync(1)."""
    server = _need(settings, Protocol.IMAP)
    place = server.place
    way = {Tls.IMPLICIT: "IMAPS", Tls.STARTTLS: "STARTTLS", Tls.NONE: "None"}[place.tls]
    return _text(
        [
            *_head(settings, server),
            "IMAPAccount mailbox",
            f"Host {place.host}",
            f"Port {place.port}",
            f"SSLType {way}",
            *([f"CertificateFile {_quoted(server.ca)}"] if server.ca else []),
            f"User {_quoted(server.user)}",
            f'PassCmd "cat {KEPT_IN}"',
            f"AuthMechs {'XOAUTH2' if server.login is Login.OAUTH else 'LOGIN'}",
            "",
            "IMAPStore far",
            "Account mailbox",
            "",
            "MaildirStore near",
            "Path ~/mail/",
            "Inbox ~/mail/INBOX",
            "",
            "Channel inbox",
            "Far :far:",
            "Near :near:",
            "Create Near",
            "SyncState *",
        ]
    )


def fetchmail(settings: Settings) -> str:
    """~/.fetchmailrc. The password stands in ~/.netrc (fetchmail(1), user authentication)."""
    server = _incoming(settings)
    place = server.place
    kind = "imap" if server.protocol is Protocol.IMAP else "pop3"
    options = ["ssl"] if place.tls is Tls.IMPLICIT else []
    options += ["sslproto TLS1.2+", "sslcertck"] if place.tls is not Tls.NONE else ["sslproto ''"]
    options += [f"sslcertfile {_quoted(server.ca)}"] if server.ca else []
    return _text(
        [
            f"# {settings.address} for fetchmail. In ~/.netrc (chmod 600):",
            f"#   machine {place.host} login {server.user} password ...",
            f"poll {place.host} protocol {kind} port {place.port}",
            f"  user {_quoted(server.user)}",
            f"  {' '.join(options)}",
            "  keep",
        ]
    )


def getmail(settings: Settings) -> str:
    """~/.config/getmail/getmailrc. Source: getmail6, docs/configuration."""
    server = _incoming(settings)
    place = server.place
    kind = "IMAP" if server.protocol is Protocol.IMAP else "POP3"
    secure = "SSL" if place.tls is Tls.IMPLICIT else ""
    return _text(
        [
            *_head(settings, server),
            "[retriever]",
            f"type = Simple{kind}{secure}Retriever",
            f"server = {place.host}",
            f"port = {place.port}",
            f"username = {server.user}",
            f'password_command = ("sh", "-c", "cat {KEPT_IN}")',
            f"use_xoauth2 = {server.login is Login.OAUTH}",
            *([f"ca_certs = {server.ca}"] if server.ca and secure else []),
            "",
            "[destination]",
            "type = Maildir",
            "path = ~/Maildir/",
            "",
            "[options]",
            "read_all = false",
        ]
    )


def neomutt(settings: Settings) -> str:
    """A file for `source` in neomuttrc. Source: the NeoMutt guide."""
    server = _need(settings, Protocol.IMAP)
    place = server.place
    scheme = "imaps" if place.tls is Tls.IMPLICIT else "imap"
    tls = "no" if place.tls is Tls.NONE else "yes"
    if server.login is Login.OAUTH:
        login = [
            'set imap_authenticators="xoauth2"',
            f'set imap_oauth_refresh_command="cat {KEPT_IN}"',
        ]
    else:
        login = ['set imap_authenticators="login"', f"set imap_pass=`cat {KEPT_IN}`"]
    return _text(
        [
            *_head(settings, server),
            f'set folder="{scheme}://{place.host}:{place.port}/"',
            'set spoolfile="+INBOX"',
            f"set imap_user={_quoted(server.user, MUTT)}",
            *login,
            *([f"set ssl_ca_certificates_file={_quoted(server.ca, MUTT)}"] if server.ca else []),
            f"set ssl_starttls={tls}",
            f"set ssl_force_tls={tls}",
            f"set from={_quoted(settings.address, MUTT)}",
        ]
    )


def curl(settings: Settings) -> str:
    """Commands for a shell, one a protocol. Source: curl(1)."""
    lines = ["#!/bin/sh", f"# {settings.address} for curl"]
    schemes = {Protocol.IMAP: "imap", Protocol.POP: "pop3", Protocol.SMTP: "smtp"}
    for server in settings.servers:
        place = server.place
        secure = "s" if place.tls is Tls.IMPLICIT else ""
        words = ["curl", "--silent", "--show-error"]
        words += ["--ssl-reqd"] if place.tls is Tls.STARTTLS else []
        words += ["--cacert", shlex.quote(server.ca)] if server.ca else []
        if server.login is Login.OAUTH:
            words += ["--oauth2-bearer", f'"$(cat {KEPT_IN})"', "--user"]
            words.append(shlex.quote(f"{server.user}:"))
        else:
            words += ["--user", f'{shlex.quote(server.user)}:"$(cat {KEPT_IN})"']
        if server.protocol is Protocol.SMTP:
            words += [
                "--mail-from",
                shlex.quote(settings.address),
                "--mail-rcpt",
                '"$1"',
                "-T",
                "-",
            ]
            lines.append(
                "# sends what it reads to the address that is given: sh FILE to@contoso.com"
            )
        path = {Protocol.IMAP: "/INBOX", Protocol.POP: "/", Protocol.SMTP: "/"}[server.protocol]
        command = f"{' '.join(words)} {schemes[server.protocol]}{secure}://{place.host}:{place.port}{path}"
        name = server.protocol.value
        lines.append(f'[ "${{PROTOCOL:-{name}}}" = {name} ] && {command}')
    return _text(lines)


def python(settings: Settings) -> str:
    """A program of the standard library alone: it lists the inbox, or the maildrop, and sends."""
    lines = [
        f'"""{settings.address}: what Python\'s own library needs to log in."""',
        "",
        "import imaplib",
        "import poplib",
        "import smtplib",
        "import ssl",
        "from base64 import b64encode",
        "from pathlib import Path",
        "",
        f"SECRET = Path({KEPT_IN!r}).expanduser().read_text().strip()",
    ]
    for server in settings.servers:
        lines += ["", "", *_python(settings, server)]
    lines += ["", "", 'if __name__ == "__main__":']
    lines += [f"    print({server.protocol.value}())" for server in settings.servers]
    return _text(lines)


def _python(settings: Settings, server: Server) -> list[str]:
    place, user = server.place, json.dumps(server.user)
    where = f"{json.dumps(place.host)}, {place.port}"
    context = f"ssl.create_default_context(cafile={server.ca!r})"
    implicit = place.tls is Tls.IMPLICIT
    oauth = f'f"user={{{user}}}\\x01auth=Bearer {{SECRET}}\\x01\\x01"'
    head = [f"def {server.protocol.value}():", f"    context = {context}"]
    match server.protocol:
        case Protocol.IMAP:
            kind = f"IMAP4_SSL({where}, ssl_context=context)" if implicit else f"IMAP4({where})"
            lines = [f"    client = imaplib.{kind}"]
            lines += ["    client.starttls(context)"] if place.tls is Tls.STARTTLS else []
            login = (
                f'    client.authenticate("XOAUTH2", lambda _: {oauth}.encode())'
                if server.login is Login.OAUTH
                else f"    client.login({user}, SECRET)"
            )
            lines += [login, '    return client.select("INBOX", readonly=True)']
        case Protocol.POP:
            kind = f"POP3_SSL({where}, context=context)" if implicit else f"POP3({where})"
            lines = [f"    client = poplib.{kind}"]
            lines += ["    client.stls(context)"] if place.tls is Tls.STARTTLS else []
            if server.login is Login.OAUTH:
                lines.append('    client._shortcmd("AUTH XOAUTH2")')
                lines.append(f"    client._shortcmd(b64encode({oauth}.encode()).decode())")
            else:
                lines += [f"    client.user({user})", "    client.pass_(SECRET)"]
            lines.append("    return client.stat()")
        case _:
            kind = f"SMTP_SSL({where}, context=context)" if implicit else f"SMTP({where})"
            lines = [f"    client = smtplib.{kind}"]
            lines += ["    client.starttls(context=context)"] if place.tls is Tls.STARTTLS else []
            login = (
                f'    client.auth("XOAUTH2", lambda _=None: {oauth})'
                if server.login is Login.OAUTH
                else f"    client.login({user}, SECRET)"
            )
            lines += ["    client.ehlo()", login, "    return client.noop()"]
    return [*head, *lines]


def _need(settings: Settings, protocol: Protocol) -> Server:
    server = settings.of(protocol)
    if server is None:
        raise Missing(protocol.value.upper())
    return server


def _incoming(settings: Settings) -> Server:
    server = settings.of(Protocol.IMAP) or settings.of(Protocol.POP)
    if server is None:
        raise Missing("IMAP or POP")
    return server


def _quoted(text: str, more: str = "") -> str:
    """In double quotes; those, backslashes and `more` are written with a backslash."""
    for sign in ("\\", '"', *more):
        text = text.replace(sign, f"\\{sign}")
    return f'"{text}"'


def _bare(text: str) -> str:
    """For msmtp, whose quotes know no escapes: quoted where there is a blank in it."""
    return f'"{text}"' if " " in text else text
