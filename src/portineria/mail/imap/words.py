"""IMAP's verbs by state (RFC 3501 section 6), its limits, and the sentences handed in."""

from __future__ import annotations

from dataclasses import dataclass

ANY_STATE = frozenset({"CAPABILITY", "NOOP", "LOGOUT", "ID"})
BEFORE_LOGIN = frozenset({"STARTTLS", "AUTHENTICATE", "LOGIN"})
# fmt: off
AFTER_LOGIN = frozenset({
    "SELECT", "EXAMINE", "CREATE", "DELETE", "RENAME", "SUBSCRIBE", "UNSUBSCRIBE", "LIST",
    "LSUB", "STATUS", "APPEND", "NAMESPACE", "IDLE", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE",
    "SEARCH", "FETCH", "STORE", "COPY", "MOVE", "UID",
})
# fmt: on
BEHIND_UID = frozenset({"FETCH", "STORE", "COPY", "MOVE", "SEARCH", "EXPUNGE"})


@dataclass(frozen=True, slots=True)
class ImapLimits:
    """Octets. `line` is for commands other than AUTHENTICATE (RFC 2683 section 3.2.1.5: 8000)."""

    line: int = 10_240
    literal_before_login: int = 12_288  # the whole command
    literal: int = 157_286_400  # the whole command
    literals: int = 8  # in one command
    mistakes: int = 10


@dataclass(frozen=True, slots=True)
class ImapWords:
    """What the owner says through the machine. Tagged sentences begin with OK, NO or BAD;
    `{verb}` is the command's name, `{stamp}` the owner's mark of the moment."""

    greeting: str
    capability_clear: str
    capability: str
    capability_authenticated: str
    identity: str  # what follows `* ID `
    mechanisms: frozenset[str]
    bye: str
    completed: str = "OK {verb} completed."
    syntax: str = "BAD syntax error"
    unknown: str = "BAD unknown command"
    wrong_state: str = "BAD not now"
    tls_first: str = "NO STARTTLS first"
    unknown_mechanism: str = "NO unknown mechanism"
    cancelled: str = "BAD cancelled"
    malformed: str = "NO malformed credentials"
    too_long: str = "BAD too long"
    too_many_mistakes: str = "BYE too many mistakes"
    go_ahead: str = "Ready for more."
    idling: str = "idling"
    clear_login: bool = False  # credentials are taken before TLS
