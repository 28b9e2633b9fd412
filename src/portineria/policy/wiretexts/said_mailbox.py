"""What IMAP and POP3 say (dossier exchange-online 1.10, 3.2, 4.3, 5.2, 5.3, 5.8)."""

from __future__ import annotations

from functools import partial

from portineria.policy.verdict import Confidence
from portineria.policy.wiretexts.rows import AUTH, BASIC, FIRST, Sense
from portineria.policy.wiretexts.sayings import CLIENT, NOBODY, Face, aside, wire

_imap, _imap_aside = partial(wire, Face.IMAP), partial(aside, Face.IMAP)
_pop, _pop_aside = partial(wire, Face.POP), partial(aside, Face.POP)


def _bare(text: str) -> tuple[str, ...]:
    """Libraries take the NO off, and show the rest behind a quote, a colon or nothing."""
    words = text.removeprefix("NO ").removeprefix("BAD ")
    return (text, f"'{words}", f'"{words}', f": {words}", f"⏎{words}")


_GOODBYE = "the server says goodbye, as it was asked to"

IMAP = (
    _imap(
        "imap-login-failed",
        _bare("NO LOGIN failed."),
        AUTH,
        "exchange-online 1.10, 5.2",
        callers=BASIC,
    ),
    _imap(
        "imap-authenticate-failed",
        _bare("NO AUTHENTICATE failed."),
        AUTH,
        "exchange-online 3.2, 5.2",
    ),
    _imap(
        "imap-basic-blocked",
        _bare("NO [AUTHENTICATIONFAILED] AuthFailed:LogonDenied-BasicAuthBlocked"),
        AUTH,
        "exchange-online 5.2",
        callers=BASIC,
        confidence=Confidence.FIELD_REPORT,
    ),
    _imap(
        "imap-not-connected",
        "‹BAD› User is authenticated but not connected.",
        FIRST,
        "exchange-online 1.10, 3.2, 4.3, 5.2",
        confidence=Confidence.FIELD_REPORT,
        repair="keep one long connection instead of opening many, for that alone can cause it",
        who=CLIENT,
    ),
    _imap_aside(
        "imap-closed",
        ("* BYE Connection closed.", "* BYE Connection is closed."),
        Sense.LATER,
        "the server ended the conversation: it was silent for too long, or throttled",
        "exchange-online 4.3, 5.2",
        repair="connect again after a while, and renew IDLE at least every ten minutes",
        who=CLIENT,
    ),
    _imap_aside(
        "imap-unavailable",
        (*_bare("NO Server Unavailable."), "BAD Server Unavailable."),
        Sense.LATER,
        "the service could not reach the mailbox's server",
        "exchange-online 5.2",
        repair="try again later",
        who=NOBODY,
    ),
    _imap_aside(
        "imap-argument",
        _bare("BAD Command Argument Error."),
        Sense.BESIDE,
        "the server did not understand an argument of the command",
        "exchange-online 5.2, 5.8",
        repair="look at what the client sent",
        who=CLIENT,
    ),
    _imap_aside(
        "imap-command",
        _bare("BAD Command Error."),
        Sense.BESIDE,
        "the server did not understand the command",
        "exchange-online 5.2",
        repair="look at what the client sent",
        who=CLIENT,
    ),
    _imap_aside(
        "imap-throttled",
        (
            "Request is throttled. Suggested Backoff Time: {number} milliseconds",
            "Request is throttled.",
        ),
        Sense.LATER,
        "the service throttles this mailbox",
        "exchange-online 4.3, 5.2",
        repair="wait as long as the line says, and open fewer connections",
        who=CLIENT,
    ),
    _imap_aside(
        "imap-state",
        (
            *_bare("BAD Command received in Invalid state."),
            "NO Command received in Invalid state.",
        ),
        Sense.BESIDE,
        "the command does not fit the state: no folder is selected, or it was opened read-only",
        "exchange-online 5.8",
        repair="look for the first refusal before this line",
        who=CLIENT,
    ),
    _imap_aside(
        "imap-message-set",
        (
            *_bare("NO The specified message set is invalid."),
            "BAD The specified message set is invalid.",
        ),
        Sense.BESIDE,
        "the command names messages that are not there",
        "exchange-online 5.8",
        repair="let the client read the folder again",
        who=CLIENT,
    ),
    _imap_aside(
        "imap-charset",
        _bare("NO [BADCHARSET (US-ASCII)] The specified charset is not supported."),
        Sense.BESIDE,
        "the search was written in a character set that the server does not take",
        "exchange-online 5.8",
        repair="let the client search in US-ASCII",
        who=CLIENT,
    ),
    _imap_aside(
        "imap-folder-exists",
        _bare("NO Mailbox already exists."),
        Sense.BESIDE,
        "the folder is there already",
        "exchange-online 5.8",
    ),
    _imap_aside(
        "imap-no-folder",
        (
            "NO {word} doesn't exist.",
            "NO [TRYCREATE] {word} doesn't exist.",
            "'NO', [b\"{word} doesn't exist.",
        ),
        Sense.BESIDE,
        "there is no folder of this name; folder names are in the mailbox's language",
        "exchange-online 5.2, 5.8",
        repair="let the client list the folders, and use a name from the list",
        who=CLIENT,
    ),
    _imap_aside(
        "imap-authenticated",
        ("OK AUTHENTICATE completed.", "OK LOGIN completed."),
        Sense.PASSED,
        "the login was accepted; whether the mailbox opens shows at the next command",
        "exchange-online 1.10, 5.2",
    ),
    _imap_aside(
        "imap-goodbye",
        "BYE Microsoft Exchange Server 2016 IMAP4 server signing off.",
        Sense.PASSED,
        _GOODBYE,
        "exchange-online 5.2",
    ),
)

POP = (
    _pop(
        "pop-auth-failed",
        "‹-ERR› Authentication failure: unknown user name or bad password",
        AUTH,
        "exchange-online 1.10, 3.2, 5.3",
    ),
    _pop(
        "pop-logon-failed",
        "‹-ERR› Logon failure: unknown user name or bad password",
        AUTH,
        "exchange-online 1.10, 5.3",
        callers=BASIC,
    ),
    _pop(
        "pop-state",
        "-ERR Command is not valid in this state.",
        FIRST,
        "exchange-online 5.3",
        confidence=Confidence.UNVERIFIED,
        meaning="the command does not fit the state: nobody has logged in, or the login holds but "
        "the mailbox stays shut, a refusal of which no text has been captured",
    ),
    _pop_aside(
        "pop-busy",
        ("-ERR [IN-USE]", "-ERR [LOGIN-DELAY]", "-ERR [SYS/TEMP]"),
        Sense.LATER,
        "the mailbox is in use or asked for too often, or the service is in trouble",
        "RFC 2449 8; RFC 3206 4",
        repair="ask less often, and try again later",
        who=CLIENT,
        confidence=Confidence.DOCUMENTED,
    ),
    _pop_aside(
        "pop-unavailable",
        ("-ERR Server Unavailable.", "-ERR Connection is closed.", "-ERR Connection closed."),
        Sense.LATER,
        "the service could not reach the mailbox's server, or ended the conversation",
        "exchange-online 5.2",
        repair="try again later",
        who=NOBODY,
        confidence=Confidence.UNVERIFIED,
    ),
    _pop_aside(
        "pop-authenticated",
        ("+OK User successfully authenticated.", "+OK User successfully logged on."),
        Sense.PASSED,
        "the login was accepted; whether the mailbox opens shows at the next command",
        "exchange-online 5.3",
    ),
    _pop_aside(
        "pop-goodbye",
        "+OK Microsoft Exchange Server 2016 POP3 server signing off.",
        Sense.PASSED,
        _GOODBYE,
        "exchange-online 5.3",
    ),
)
