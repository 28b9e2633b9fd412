"""After a refusal on the wire: which of its layers the tenant leaves, what to change, who can.

Source of the roles: Microsoft Learn, Least privileged roles by task in Microsoft Entra ID, and
Permissions in Exchange Online (an Exchange Administrator may do all that concerns mailboxes).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portineria.policy.refusals import Reading
from portineria.policy.verdict import Answer, Layer, Rung


@dataclass(frozen=True, slots=True)
class Mend:
    """`change` is a whole clause for people; `who` holds the least role that may do it."""

    layer: Layer
    change: str
    who: str


_EXCHANGE = "an Exchange Administrator"
_WHO: dict[Layer, tuple[str, str]] = {
    Layer.RECIPIENT: ("name an address behind which a mailbox of this tenant is", _EXCHANGE),
    Layer.ACCOUNT: ("let the account sign in again, or unlock it", "a User Administrator"),
    Layer.LICENCE: ("give the account a plan with Exchange Online", "a License Administrator"),
    Layer.MAILBOX_SWITCH: ("turn the protocol on for this mailbox", _EXCHANGE),
    Layer.TENANT_SWITCH: ("turn authenticated SMTP on for this mailbox alone", _EXCHANGE),
    Layer.AUTHENTICATION_POLICY: ("use OAuth, or leave the mailbox out of the policy", _EXCHANGE),
    Layer.BASIC_RETIREMENT: ("use OAuth or the gateway: no switch brings this back", "nobody"),
    Layer.SECURITY_DEFAULTS: (
        "use OAuth or the gateway, which security defaults let pass",
        "a Security Administrator",
    ),
    Layer.PER_USER_MFA: (
        "use OAuth, or take the account out of per-user MFA",
        "an Authentication Policy Administrator",
    ),
    Layer.CONDITIONAL_ACCESS: (
        "find the policy in the sign-in log, and except this access from it",
        "a Conditional Access Administrator",
    ),
    Layer.APP: (
        "enable the application, or assign this person to it",
        "a Cloud Application Administrator",
    ),
    Layer.CONSENT: (
        "grant the application its permission, with admin consent",
        "a Privileged Role Administrator",
    ),
    Layer.SERVICE_PRINCIPAL: (
        "register the application in Exchange with the object id of its enterprise application",
        _EXCHANGE,
    ),
    Layer.MAILBOX_RIGHT: ("give whoever logs in a right to this mailbox", _EXCHANGE),
    Layer.CREDENTIAL: (
        "check the password or token, and whose it is",
        "whoever holds the credential",
    ),
}


def left(reading: Reading, ladder: Iterable[Rung]) -> frozenset[Layer]:
    """The layers of a reading that the tenant's state leaves.

    Those that refuse by that state, where there are any; else those that it does not clear. Empty
    where it clears them all: then what was changed lately may not be in force yet.
    """
    rungs = tuple(ladder)
    refusing = {rung.layer for rung in rungs if rung.answer is Answer.NO}
    unsure = {rung.layer for rung in rungs if rung.answer is Answer.UNKNOWN}
    cleared = {rung.layer for rung in rungs} - unsure
    return reading.layers & refusing or reading.layers - cleared


def mends(layers: Iterable[Layer], ladder: Iterable[Rung] = ()) -> tuple[Mend, ...]:
    """What would change each of these layers, in the ladder's words where it has some."""
    told = {rung.layer: rung.remedy for rung in ladder if rung.answer is not Answer.YES}
    found = []
    for layer in sorted(layers):
        change, who = _WHO[layer]
        found.append(Mend(layer, told.get(layer) or change, who))
    return tuple(found)
