"""Documents that programs fetch or import: autoconfig, a configuration profile, a zone."""

from __future__ import annotations

import plistlib
from collections.abc import Iterable
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from portineria.settings.given import Login, Missing, Server, Settings, Tls
from portineria.tenant.mailbox import Protocol

_SOCKETS = {Tls.IMPLICIT: "SSL", Tls.STARTTLS: "STARTTLS", Tls.NONE: "plain"}
_TYPES = {Protocol.IMAP: "imap", Protocol.POP: "pop3", Protocol.SMTP: "smtp"}


def autoconfig(settings: Settings) -> str:
    """For one mailbox. Source: Mozilla, Autoconfiguration, config file format 1.1."""
    domain = settings.address.rpartition("@")[2]
    return client_config(domain, settings.display_name or settings.address, settings.servers)


def client_config(domain: str, name: str, servers: Iterable[Server]) -> str:
    """The same for whatever is in the servers' user names."""
    root = Element("clientConfig", version="1.1")
    provider = SubElement(root, "emailProvider", id=domain)
    SubElement(provider, "domain").text = domain
    SubElement(provider, "displayName").text = name
    for server in servers:
        incoming = server.protocol is not Protocol.SMTP
        kind = "incomingServer" if incoming else "outgoingServer"
        one = SubElement(provider, kind, type=_TYPES[server.protocol])
        SubElement(one, "hostname").text = server.place.host
        SubElement(one, "port").text = str(server.place.port)
        SubElement(one, "socketType").text = _SOCKETS[server.place.tls]
        way = "OAuth2" if server.login is Login.OAUTH else "password-cleartext"
        SubElement(one, "authentication").text = way
        SubElement(one, "username").text = server.user
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def mobileconfig(settings: Settings) -> str:
    """For the gateway alone: the payload names a password and no OAuth. Unsigned.

    Raises Missing. Source: Apple, Device Management, Mail (com.apple.mail.managed).
    """
    incoming = settings.of(Protocol.IMAP) or settings.of(Protocol.POP)
    outgoing = settings.of(Protocol.SMTP)
    if incoming is None or outgoing is None:
        raise Missing("IMAP or POP, and SMTP")
    payload = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"portineria.mail.{settings.address}",
        "PayloadUUID": _uuid(settings.address, "mail"),
        "PayloadDisplayName": settings.address,
        "EmailAccountDescription": settings.display_name or settings.address,
        "EmailAccountName": settings.display_name or settings.address,
        "EmailAccountType": f"EmailType{'IMAP' if incoming.protocol is Protocol.IMAP else 'POP'}",
        "EmailAddress": settings.address,
        **_mail_server("Incoming", incoming),
        **_mail_server("Outgoing", outgoing),
        "OutgoingPasswordSameAsIncomingPassword": incoming.user == outgoing.user,
    }
    document = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"portineria.{settings.address}",
        "PayloadUUID": _uuid(settings.address, "profile"),
        "PayloadDisplayName": f"Mail of {settings.address}",
        "PayloadContent": [payload],
    }
    return plistlib.dumps(document).decode()


def _mail_server(way: str, server: Server) -> dict[str, object]:
    return {
        f"{way}MailServerHostName": server.place.host,
        f"{way}MailServerPortNumber": server.place.port,
        f"{way}MailServerUseSSL": server.place.tls is not Tls.NONE,
        f"{way}MailServerUsername": server.user,
        f"{way}MailServerAuthentication": "EmailAuthPassword",
    }


def _uuid(address: str, part: str) -> str:
    """The same for the same mailbox: a profile that is installed again replaces the last one."""
    return str(uuid5(NAMESPACE_URL, f"portineria:{part}:{address.casefold()}")).upper()


_SERVICES = {
    (Protocol.IMAP, True): "_imaps",
    (Protocol.IMAP, False): "_imap",
    (Protocol.POP, True): "_pop3s",
    (Protocol.POP, False): "_pop3",
    (Protocol.SMTP, True): "_submissions",
    (Protocol.SMTP, False): "_submission",
}


def zone(settings: Settings) -> str:
    """Records for the address's own domain. Source: RFC 6186, 3.1 to 3.4; RFC 8314, 5.1."""
    domain = settings.address.rpartition("@")[2].encode("idna").decode()
    lines = [
        f"; Where mail programs find the servers of {domain} (RFC 6186, RFC 8314).",
        "; autodiscover is not here: Outlook needs Microsoft's own record, and would lose its way.",
        f"$ORIGIN {domain}.",
    ]
    for protocol in Protocol:
        server = settings.of(protocol)
        for implicit in (True, False):
            name = f"{_SERVICES[protocol, implicit]}._tcp"
            if server is not None and (server.place.tls is Tls.IMPLICIT) is implicit:
                host = server.place.host.encode("idna").decode()
                lines.append(f"{name:<18} 3600 IN SRV 0 1 {server.place.port} {host}.")
            else:
                lines.append(f"{name:<18} 3600 IN SRV 0 0 0 .  ; not offered")
    return "\n".join(lines) + "\n"
