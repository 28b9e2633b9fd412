"""The shape of one text in the catalogue, and short words to write it with.

The first row that fits decides, so in each file the narrow texts stand above the wide ones.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from portineria.policy.verdict import Confidence, Layer

CallerKind = Literal["basic", "user", "app"]


class Stage(StrEnum):
    """How far a login has come: a token first where OAuth needs one, then the mail server."""

    SIGN_IN = "token endpoint"
    CONNECT = "connect"
    TLS = "tls"
    GREETING = "greeting"
    CAPABILITY = "capability"
    AUTH = "auth"
    FIRST_COMMAND = "first command"
    MAIL = "mail transaction"


class Sense(StrEnum):
    """What a text says of the access that was asked for."""

    PASSED = "passed"
    REFUSED = "refused"
    LATER = "later"
    """Throttled, overloaded or cut off: neither yes nor no."""
    BESIDE = "beside the point"
    """A definite answer, but not about access: our mistake, a quota, a size."""
    UNTOLD = "not told"
    """A code that is known and leaves open what it was about; rows do not use it."""


_KINDS: tuple[CallerKind, ...] = ("basic", "user", "app")
BASIC = frozenset(_KINDS[:1])
USER = frozenset(_KINDS[1:2])
APP = frozenset(_KINDS[2:])
ANYONE = frozenset(_KINDS)
TOKEN = USER | APP

ANYWHERE = frozenset(Stage)
OUTSIDE = frozenset({Stage.GREETING, Stage.TLS})
CAPABILITY = frozenset({Stage.CAPABILITY})
AUTH = frozenset({Stage.AUTH})
FIRST = frozenset({Stage.FIRST_COMMAND})
MAIL = frozenset({Stage.MAIL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One text. `pattern` is searched in the line without regard to case; an IMAP line comes
    without its tag, an answer of several lines joined by spaces, capabilities as one line.
    A group named `ms`, if any, is how many milliseconds to wait.
    """

    pattern: str
    stages: frozenset[Stage]
    callers: frozenset[CallerKind]
    sense: Sense
    layers: frozenset[Layer]
    meaning: str
    source: str
    confidence: Confidence


def refused(
    at: frozenset[Stage],
    callers: frozenset[CallerKind],
    pattern: str,
    layers: Set[Layer],
    meaning: str,
    source: str,
    confidence: Confidence = Confidence.CAPTURED,
) -> Row:
    return Row(
        pattern=pattern,
        stages=at,
        callers=callers,
        sense=Sense.REFUSED,
        layers=frozenset(layers),
        meaning=meaning,
        source=source,
        confidence=confidence,
    )


def _other(
    sense: Sense,
    at: frozenset[Stage],
    callers: frozenset[CallerKind],
    pattern: str,
    meaning: str,
    source: str,
) -> Row:
    return Row(
        pattern=pattern,
        stages=at,
        callers=callers,
        sense=sense,
        layers=frozenset(),
        meaning=meaning,
        source=source,
        confidence=Confidence.CAPTURED,
    )


def passed(at: frozenset[Stage], pattern: str, meaning: str, source: str) -> Row:
    return _other(Sense.PASSED, at, ANYONE, pattern, meaning, source)


def later(pattern: str, meaning: str, source: str, at: frozenset[Stage] = ANYWHERE) -> Row:
    return _other(Sense.LATER, at, ANYONE, pattern, meaning, source)


def beside(
    pattern: str,
    meaning: str,
    source: str,
    at: frozenset[Stage] = ANYWHERE,
    callers: frozenset[CallerKind] = ANYONE,
) -> Row:
    return _other(Sense.BESIDE, at, callers, pattern, meaning, source)


THROTTLED = later(
    r"Request is throttled\.(?: Suggested Backoff Time: (?P<ms>\d+) milliseconds)?",
    "the service throttles this mailbox",
    "exchange-online 4.3, 5.2",
)

NO_MAILBOX = frozenset({Layer.RECIPIENT, Layer.LICENCE})
POLICY_OR_RETIRED = frozenset({Layer.AUTHENTICATION_POLICY, Layer.BASIC_RETIREMENT})
MUTE = (
    NO_MAILBOX
    | POLICY_OR_RETIRED
    | {
        Layer.ACCOUNT,
        Layer.MAILBOX_SWITCH,
        Layer.SECURITY_DEFAULTS,
        Layer.PER_USER_MFA,
        Layer.CONDITIONAL_ACCESS,
        Layer.CREDENTIAL,
    }
)
"""IMAP and POP say the same words to every password, whatever refused it."""
TOKEN_REFUSED = NO_MAILBOX | {Layer.ACCOUNT, Layer.CONSENT, Layer.CREDENTIAL}
APP_REFUSED = NO_MAILBOX | {Layer.SERVICE_PRINCIPAL, Layer.CONSENT, Layer.CREDENTIAL}
"""A block on the account's own sign-in does not touch an application (dossier 3.5)."""
NOT_CONNECTED = NO_MAILBOX | {Layer.MAILBOX_SWITCH, Layer.MAILBOX_RIGHT}
APP_NOT_CONNECTED = NOT_CONNECTED | {Layer.SERVICE_PRINCIPAL}
