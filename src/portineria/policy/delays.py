"""How long the service may take to act on a change: one table, for every judgement that waits.

What was made or changed less than `most` ago may be right and not known everywhere yet: that is
*pending*. After it, it is wrong. Where nothing is documented, the hour of a neighbour is taken
and the row says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from portineria.policy.verdict import Confidence, Layer

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Made(StrEnum):
    """What can be young."""

    APPLICATION = "application or enterprise application"
    PROOF = "secret or certificate"
    CONSENT = "consent to an application permission"
    ENABLED = "enterprise application enabled again"
    PRINCIPAL = "service principal in Exchange"
    RIGHT = "mailbox permission of an application"
    SCOPED_ROLE = "Application RBAC: role, scope or membership"
    SMTP_SWITCH = "SMTP switch of mailbox or tenant"
    PROTOCOL_SWITCH = "IMAP or POP switch of a mailbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """`usual` is a phrase for people; `most` the latest that is told of anywhere."""

    usual: str
    most: timedelta
    source: str
    confidence: Confidence


EXCHANGE_OAUTH = "Microsoft Learn, Authenticate an IMAP, POP or SMTP connection using OAuth"
DELAYS: Mapping[Made, Delay] = {
    Made.APPLICATION: Delay(
        usual="seconds to a minute",
        most=MINUTE,
        source="entra-graph 4.1: 404 and AADSTS700016 right after creation, retried up to 60 s",
        confidence=Confidence.FIELD_REPORT,
    ),
    Made.PROOF: Delay(
        usual="seconds to minutes",
        most=HOUR,
        source="entra-graph 4.1, 5.6: 7000215 and 700027 right after creation; the hour is its "
        "neighbours'",
        confidence=Confidence.UNVERIFIED,
    ),
    Made.CONSENT: Delay(
        usual="minutes, and a new token",
        most=HOUR,
        source="exchange-online 1.11, Graph or Entra role given to an application",
        confidence=Confidence.UNVERIFIED,
    ),
    Made.ENABLED: Delay(
        usual="minutes",
        most=HOUR,
        source="nothing is documented; the hour is its neighbours'",
        confidence=Confidence.UNVERIFIED,
    ),
    Made.PRINCIPAL: Delay(
        usual="minutes to two hours",
        most=2 * HOUR,
        source="exchange-online 1.11, with the mailbox permission that is given to it",
        confidence=Confidence.UNVERIFIED,
    ),
    Made.RIGHT: Delay(
        usual="one to two hours",
        most=2 * HOUR,
        source="exchange-online 1.11: one operator measured 90 minutes",
        confidence=Confidence.FIELD_REPORT,
    ),
    Made.SCOPED_ROLE: Delay(
        usual="30 minutes where the app is idle, two hours where it is busy",
        most=2 * HOUR,
        source="Microsoft Learn, Role Based Access Control for Applications in Exchange Online",
        confidence=Confidence.DOCUMENTED,
    ),
    Made.SMTP_SWITCH: Delay(
        usual="15 minutes to an hour",
        most=HOUR,
        source="exchange-online 1.11: what administrators are told",
        confidence=Confidence.FIELD_REPORT,
    ),
    Made.PROTOCOL_SWITCH: Delay(
        usual="minutes to an hour",
        most=HOUR,
        source="exchange-online 1.11: not documented",
        confidence=Confidence.UNVERIFIED,
    ),
}

BY_LAYER: Mapping[Layer, timedelta] = {
    Layer.MAILBOX_SWITCH: DELAYS[Made.SMTP_SWITCH].most,
    Layer.TENANT_SWITCH: DELAYS[Made.SMTP_SWITCH].most,
    Layer.AUTHENTICATION_POLICY: DAY,
    Layer.SECURITY_DEFAULTS: DAY,
    Layer.CONDITIONAL_ACCESS: DAY,
    Layer.APP: DELAYS[Made.ENABLED].most,
    Layer.CONSENT: DELAYS[Made.CONSENT].most,
    Layer.SERVICE_PRINCIPAL: DELAYS[Made.PRINCIPAL].most,
    Layer.MAILBOX_RIGHT: DELAYS[Made.RIGHT].most,
}
"""For a promise, which knows the layer that decides and not what was made.

Source: Exchange dossier 1.11 (Set-AuthenticationPolicy: up to 24 hours), Graph dossier 2.12
(Conditional Access: up to a day).
"""


def longest(layers: Iterable[Layer]) -> timedelta:
    """The longest delay of these layers; nothing for what changes at once, or never."""
    return max((BY_LAYER.get(layer, timedelta()) for layer in layers), default=timedelta())
