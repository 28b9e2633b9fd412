"""What the RFCs let any server say, where nobody knows that it is Exchange Online.

Response codes in brackets and enhanced status codes have a meaning of their own, whatever words
stand beside them. Only the layers that any server has are named: the login and its account, and
the mailbox with its rights.
"""

from __future__ import annotations

from portineria.policy.verdict import Confidence, Layer
from portineria.policy.wiretexts.rows import (
    ANYONE,
    AUTH,
    BASIC,
    CAPABILITY,
    FIRST,
    Row,
    beside,
    later,
    refused,
)
from portineria.tenant.mailbox import Protocol

_LOGIN = frozenset({Layer.CREDENTIAL, Layer.ACCOUNT})
_DOCUMENTED = Confidence.DOCUMENTED
_REFUSED = "the login was refused; the server does not say whether for its name or its secret"

_NO_PASSWORD = frozenset({Layer.BASIC_RETIREMENT})
_NONE_TAKEN = "the server takes no password from anybody"
_UNSPOKEN = r"(CRAM-MD5|DIGEST-MD5|SCRAM-[A-Z0-9-]+|NTLM)\b"


def _other_ways(prefix: str, source: str) -> Row:
    """Passwords in forms that this program does not speak: then nothing was tried."""
    return beside(
        rf"^(?!.*\b{prefix}(PLAIN|LOGIN)\b).*\b{_UNSPOKEN}",
        "the server wants a password by a mechanism that is not spoken here",
        source,
        CAPABILITY,
        BASIC,
    )


_IMAP: tuple[Row, ...] = (
    _other_ways("AUTH=", "RFC 9051 6.2.2"),
    later(
        r"^NO \[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]",
        "the service is in trouble or busy",
        "RFC 5530 3",
    ),
    refused(
        AUTH, ANYONE, r"^NO \[AUTHENTICATIONFAILED\]", _LOGIN, _REFUSED, "RFC 5530 3", _DOCUMENTED
    ),
    refused(
        AUTH,
        ANYONE,
        r"^NO \[EXPIRED\]",
        {Layer.CREDENTIAL},
        "the password or token has expired",
        "RFC 5530 3",
        _DOCUMENTED,
    ),
    refused(
        AUTH | FIRST,
        ANYONE,
        r"^NO \[(AUTHORIZATIONFAILED|NOPERM)\]",
        {Layer.MAILBOX_RIGHT},
        "the login holds, but not for this mailbox",
        "RFC 5530 3",
        _DOCUMENTED,
    ),
    refused(
        AUTH | FIRST,
        ANYONE,
        r"^NO \[CONTACTADMIN\]",
        {Layer.ACCOUNT},
        "the server wants its administrator to be asked about this account",
        "RFC 5530 3",
        _DOCUMENTED,
    ),
    refused(
        FIRST,
        ANYONE,
        r"^NO \[(NONEXISTENT|TRYCREATE)\]",
        {Layer.RECIPIENT},
        "the login holds, and there is no INBOX behind it",
        "RFC 5530 3; RFC 9051 7.1",
        _DOCUMENTED,
    ),
    beside(r"^NO \[PRIVACYREQUIRED\]", "the server wants TLS before any login", "RFC 5530 3"),
)
_POP: tuple[Row, ...] = (
    _other_ways("", "RFC 5034 6"),
    refused(
        AUTH,
        BASIC,
        r"^-ERR (\[AUTH\] )?Unsupported authentication mechanism",
        _NO_PASSWORD,
        _NONE_TAKEN,
        "Dovecot 2.3, which offers USER whether it takes it or not",
    ),
    later(
        r"^-ERR \[(IN-USE|LOGIN-DELAY|SYS/TEMP)\]",
        "the mailbox is in use or asked for too often, or the service is in trouble",
        "RFC 2449 8; RFC 3206 4",
    ),
    refused(AUTH, ANYONE, r"^-ERR \[AUTH\]", _LOGIN, _REFUSED, "RFC 3206 5", _DOCUMENTED),
    refused(
        AUTH | FIRST,
        ANYONE,
        r"^-ERR \[SYS/PERM\]",
        {Layer.RECIPIENT, Layer.ACCOUNT},
        "the server cannot open this mailbox until somebody mends it",
        "RFC 3206 4",
        _DOCUMENTED,
    ),
)
_SMTP: tuple[Row, ...] = (
    _other_ways("", "RFC 4954 3"),
    refused(
        CAPABILITY,
        BASIC,
        r"^(?!.*\bAUTH\b.*\b(LOGIN|PLAIN)\b)",
        _NO_PASSWORD,
        _NONE_TAKEN,
        "RFC 4954 3",
        _DOCUMENTED,
    ),
    refused(AUTH, ANYONE, r"^535 5\.7\.8\b", _LOGIN, _REFUSED, "RFC 4954 6", _DOCUMENTED),
    beside(
        r"^(534 5\.7\.9|538 5\.7\.11)\b",
        "the server wants another mechanism, or TLS before it",
        "RFC 4954 6",
    ),
    refused(
        AUTH,
        ANYONE,
        r"^432 4\.7\.12\b",
        {Layer.CREDENTIAL},
        "the server wants the password to be changed first",
        "RFC 4954 6",
        _DOCUMENTED,
    ),
)

STANDARD: dict[Protocol, tuple[Row, ...]] = {
    Protocol.IMAP: _IMAP,
    Protocol.POP: _POP,
    Protocol.SMTP: _SMTP,
}
