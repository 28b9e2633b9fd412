"""The three honest outcomes of asking whether an access is open."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Layer(StrEnum):
    """Every layer that can decide, in the words that `why` prints."""

    RECIPIENT = "recipient"
    ACCOUNT = "account"
    LICENCE = "licence"
    MAILBOX_SWITCH = "mailbox switch"
    TENANT_SWITCH = "tenant switch"
    AUTHENTICATION_POLICY = "authentication policy"
    BASIC_RETIREMENT = "retirement of basic authentication"
    SECURITY_DEFAULTS = "security defaults"
    PER_USER_MFA = "per-user MFA"
    CONDITIONAL_ACCESS = "Conditional Access"
    APP = "application"
    CONSENT = "consent"
    SERVICE_PRINCIPAL = "Exchange service principal"
    MAILBOX_RIGHT = "mailbox right"
    CREDENTIAL = "credential"
    """Only the wire knows it: no rung judges a password or a token."""


class Confidence(StrEnum):
    """How far the source of a judgement is to be trusted."""

    DOCUMENTED = "documented"
    CAPTURED = "captured"
    FIELD_REPORT = "field report"
    UNVERIFIED = "unverified"


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "could not tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One layer's judgement of one access.

    YES lets it pass, NO refuses it, UNKNOWN could not tell. `because` is a whole clause;
    `remedy` is what would change a NO or settle an UNKNOWN; `evidence` names the object that
    decided (a policy's name and id). `reading` is the id of the unproven fact, if one decides.
    """

    layer: Layer
    answer: Answer
    because: str
    remedy: str = ""
    evidence: str = ""
    confidence: Confidence = Confidence.DOCUMENTED
    source: str = ""
    reading: str = ""


@dataclass(frozen=True, slots=True)
class Allowed:
    ladder: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """No: `by` is the first rung that refuses; others may refuse too, see the ladder."""

    by: Rung
    ladder: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing refuses, and `by` could not tell."""

    by: Rung
    ladder: tuple[Rung, ...]


Effective = Allowed | Refused | Unknown
