"""POP's texts (dossier exchange-online 1.10, 3.2, 5.3)."""

from __future__ import annotations

from portineria.policy.verdict import Confidence, Layer
from portineria.policy.wiretexts.rows import (
    ANYONE,
    APP,
    APP_NOT_CONNECTED,
    APP_REFUSED,
    AUTH,
    BASIC,
    CAPABILITY,
    FIRST,
    MUTE,
    NOT_CONNECTED,
    OUTSIDE,
    THROTTLED,
    TOKEN,
    TOKEN_REFUSED,
    USER,
    Row,
    beside,
    later,
    passed,
    refused,
)

_LOGON_FAILURE = r"-ERR (Logon|Authentication) failure: unknown user name or bad password"
_BY_ITS_PLACE = (
    "the login holds but the mailbox stays shut; no text of this refusal has been captured, "
    "so it is read by its place"
)

ROWS: tuple[Row, ...] = (
    THROTTLED,
    later(
        r"^-ERR \[(IN-USE|LOGIN-DELAY|SYS/TEMP)\]",
        "the mailbox is in use or asked for too often, or the service is in trouble",
        "RFC 2449 8; RFC 3206 4",
    ),
    later(
        r"^-ERR (Server Unavailable|Connection (is )?closed)",
        "the service could not reach the mailbox's server",
        "exchange-online 5.2, in IMAP's words",
    ),
    passed(OUTSIDE, r"^\+OK\b", "the server is there", "exchange-online 5.3"),
    refused(
        CAPABILITY,
        BASIC,
        r"^(?!.*\b(USER|PLAIN)\b).+",
        {Layer.BASIC_RETIREMENT},
        "the server takes no password from anybody",
        "exchange-online 1.10, 5.3",
        Confidence.UNVERIFIED,
    ),
    beside(
        r"^(?!.*\bXOAUTH2\b)",
        "XOAUTH2 is not offered, so no token can be presented",
        "exchange-online 5.3",
        CAPABILITY,
        TOKEN,
    ),
    passed(CAPABILITY, r"", "a way to log in is offered", "exchange-online 5.3"),
    passed(AUTH, r"^\+OK\b", "the login was accepted", "exchange-online 5.3"),
    refused(
        AUTH,
        BASIC,
        rf"^{_LOGON_FAILURE}",
        MUTE,
        "the password was refused; the server does not say by what",
        "exchange-online 1.10, 5.3",
    ),
    refused(
        AUTH,
        USER,
        rf"^{_LOGON_FAILURE}",
        TOKEN_REFUSED | NOT_CONNECTED,
        "the token was refused, or POP or the mailbox with it",
        "exchange-online 5.3",
    ),
    refused(
        AUTH,
        APP,
        rf"^{_LOGON_FAILURE}",
        APP_REFUSED | APP_NOT_CONNECTED,
        "the application's token was refused, or POP or the mailbox with it",
        "exchange-online 3.2, 5.3",
    ),
    passed(FIRST, r"^\+OK\b", "the mailbox was opened", "RFC 1939 5"),
    refused(
        FIRST,
        ANYONE - APP,
        r"^-ERR\b",
        NOT_CONNECTED,
        _BY_ITS_PLACE,
        "exchange-online 5.3",
        Confidence.UNVERIFIED,
    ),
    refused(
        FIRST,
        APP,
        r"^-ERR\b",
        APP_NOT_CONNECTED,
        _BY_ITS_PLACE,
        "exchange-online 5.3",
        Confidence.UNVERIFIED,
    ),
)
