"""A server that is not what was asked for: what it seems to be, from how it begins."""

from __future__ import annotations

from portineria.tenant.mailbox import Protocol

_BEGINNINGS: tuple[tuple[str, str, Protocol | None], ...] = (
    ("HTTP/", "a web server answers here: check the port", None),
    ("<", "a web server answers here: check the port", None),
    ("SSH-", "an SSH server answers here: check the port", None),
    ("* OK", "an IMAP server answers here: check the port, or --protocol imap", Protocol.IMAP),
    ("+OK", "a POP3 server answers here: check the port, or --protocol pop", Protocol.POP),
    ("220", "an SMTP server answers here: check the port, or --protocol smtp", Protocol.SMTP),
    ("\\x15\\x03", "it speaks TLS from the first octet: try --tls implicit", None),
    ("\\x16\\x03", "it speaks TLS from the first octet: try --tls implicit", None),
)
SILENT = "a server that waits for TLS is silent too: try --tls implicit"
IN_CLEAR = "it answered in the clear: try --tls starttls, or check the port"


def advice_for(line: str, protocol: Protocol) -> str:
    """Advice where a server's first line, as it is shown, is no greeting of `protocol`, or ""."""
    for beginning, advice, other in _BEGINNINGS:
        if line.startswith(beginning) and other is not protocol:
            return advice
    return ""
