"""How long the service may take to act on a change, by the layer that decides.

A promise that does not hold yet is pending only within these times of its run, and broken
after them. Sources: Exchange dossier 1.11 (Set-AuthenticationPolicy: up to 24 hours; SMTP AUTH
switch: administrators are told up to an hour), Graph dossier 2.12 (Conditional Access: up to a
day). What is not documented is given the hour of its neighbour (UNVERIFIED).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from portineria.policy.verdict import Layer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

DELAYS: Mapping[Layer, timedelta] = {
    Layer.MAILBOX_SWITCH: HOUR,
    Layer.TENANT_SWITCH: HOUR,
    Layer.AUTHENTICATION_POLICY: DAY,
    Layer.SECURITY_DEFAULTS: DAY,
    Layer.CONDITIONAL_ACCESS: DAY,
    Layer.APP: HOUR,
    Layer.CONSENT: HOUR,
    Layer.SERVICE_PRINCIPAL: 2 * HOUR,
    Layer.MAILBOX_RIGHT: 2 * HOUR,
}


def longest(layers: Iterable[Layer]) -> timedelta:
    """The longest delay of these layers; nothing for what changes at once, or never."""
    return max((DELAYS.get(layer, timedelta()) for layer in layers), default=timedelta())
