"""What Outlook of old and others ask an Autodiscover host for.

For a host of its own: a tenant's `autodiscover` record stays Microsoft's, or Outlook would lose
its way to Exchange. Source: Microsoft, MS-OXDSCLI 2.2.4 (response, schema 2006a); the JSON form:
Microsoft Learn, Autodiscover for Exchange.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import unescape
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from portineria.settings.given import Server, Tls
from portineria.tenant.mailbox import Protocol

OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
ANSWER = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"
_TYPES = {Protocol.IMAP: "IMAP", Protocol.POP: "POP3", Protocol.SMTP: "SMTP"}
_ENCRYPTIONS = {Tls.IMPLICIT: "SSL", Tls.STARTTLS: "TLS", Tls.NONE: "None"}
_ASKED = re.compile(
    r"<(?:\w+:)?EMailAddress>\s*([^<>\s]{3,320})\s*</(?:\w+:)?EMailAddress>", re.IGNORECASE
)


def asked_for(body: str) -> str | None:
    """The address of a request. It is not parsed as XML: nothing in it is followed or expanded."""
    found = _ASKED.search(body)
    return None if found is None else unescape(found[1])


def response(address: str, servers: Iterable[Server]) -> str:
    """`address` is the one that was asked about, and nothing else of it is told."""
    root = Element("Autodiscover", xmlns=ANSWER)
    answer = SubElement(root, "Response", xmlns=OUTLOOK)
    account = SubElement(answer, "Account")
    SubElement(account, "AccountType").text = "email"
    SubElement(account, "Action").text = "settings"
    for server in servers:
        one = SubElement(account, "Protocol")
        for name, value in (
            ("Type", _TYPES[server.protocol]),
            ("Server", server.place.host),
            ("Port", str(server.place.port)),
            ("LoginName", address),
            ("DomainRequired", "off"),
            ("SPA", "off"),
            ("SSL", "on" if server.place.tls is Tls.IMPLICIT else "off"),
            (
                "Encryption",
                {Tls.IMPLICIT: "SSL", Tls.STARTTLS: "TLS"}.get(server.place.tls, "None"),
            ),
            ("AuthRequired", "on"),
        ):
            SubElement(one, name).text = value
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def refusal(code: int, message: str) -> str:
    root = Element("Autodiscover", xmlns=ANSWER)
    error = SubElement(SubElement(root, "Response"), "Error")
    SubElement(error, "ErrorCode").text = str(code)
    SubElement(error, "Message").text = message
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def where(protocol: str, host: str) -> tuple[int, str]:
    """The JSON form: the status, and where the XML one is."""
    if protocol.casefold() == "autodiscoverv1":
        url = f"https://{host}/autodiscover/autodiscover.xml"
        return 200, json.dumps({"Protocol": "AutodiscoverV1", "Url": url})
    told = "The given protocol value is invalid. Supported values are 'AutodiscoverV1'"
    return 400, json.dumps({"ErrorCode": "InvalidProtocol", "ErrorMessage": told})
