"""What a saying means to each kind of caller, and what would mend it.

Texts of the wire are judged by the same rows as a probe's, at the places where they can come; so
`explain` and `probe` never say different things of one line.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portineria.policy.mending import Mend, mends
from portineria.policy.refusals import Reading, read, read_token_error
from portineria.policy.verdict import Layer
from portineria.policy.wiretexts.rows import ANYONE, CallerKind, Sense
from portineria.policy.wiretexts.sayings import Beyond, Face, Saying, Where
from portineria.tenant.mailbox import Protocol

PROTOCOLS = {Face.SMTP: Protocol.SMTP, Face.IMAP: Protocol.IMAP, Face.POP: Protocol.POP}
_ORDER: tuple[CallerKind, ...] = ("basic", "user", "app")
_BEYOND = {
    Beyond.ROLE: (
        "give whoever asks the directory role that covers this",
        "a Privileged Role Administrator",
    ),
    Beyond.TENANT_LICENCE: ("buy the licence for the tenant", "whoever buys its licences"),
}


@dataclass(frozen=True, slots=True)
class Meant:
    """What a saying means to these callers. `layers` is empty where it is no refusal."""

    callers: frozenset[CallerKind]
    meaning: str
    layers: frozenset[Where]
    sense: Sense


@dataclass(frozen=True, slots=True)
class Repair:
    """`layer` is "" where the repair is the text's own."""

    layer: str
    change: str
    who: str


def meant(saying: Saying, callers: frozenset[CallerKind] = ANYONE) -> tuple[Meant, ...]:
    """One for each meaning that differs, in the order password, person, application."""
    told: dict[tuple[str, frozenset[Where], Sense], set[CallerKind]] = {}
    for caller in _ORDER:
        if caller in callers & saying.callers:
            for one in _of(saying, caller):
                told.setdefault(one, set()).add(caller)
    return tuple(
        Meant(frozenset(who), meaning, layers, sense)
        for (meaning, layers, sense), who in told.items()
    )


def layers_of(saying: Saying, callers: frozenset[CallerKind] = ANYONE) -> frozenset[Where]:
    """Every layer that it can come from, for any of these callers."""
    return frozenset(layer for one in meant(saying, callers) for layer in one.layers)


def _of(saying: Saying, caller: CallerKind) -> Iterable[tuple[str, frozenset[Where], Sense]]:
    if saying.number:
        found = read_token_error(saying.number, caller)
        if found.known:
            yield saying.meaning, frozenset(found.layers), _sense(found)
    elif saying.stages:
        read_at = (
            read(PROTOCOLS[saying.face], caller, stage, saying.text) for stage in saying.stages
        )
        known = [one for one in read_at if one.known]
        layers = frozenset(layer for one in known for layer in one.layers)
        yield saying.meaning or known[0].meaning, layers, _sense(known[0])
    else:
        yield saying.meaning, saying.layers, saying.sense


def _sense(reading: Reading) -> Sense:
    if reading.layers:
        return Sense.REFUSED
    return Sense.LATER if reading.temporary else Sense.BESIDE


def repairs(saying: Saying, layers: frozenset[Where]) -> tuple[Repair, ...]:
    """The text's own repair, and where it leaves several layers open one for each of them."""
    own = (Repair("", saying.repair, saying.who),) if saying.repair else ()
    if own and (saying.number or len(layers) < 2):
        return own
    known: tuple[Mend, ...] = mends(layer for layer in layers if isinstance(layer, Layer))
    beyond = [Repair(layer, *_BEYOND[layer]) for layer in Beyond if layer in layers]
    return (*(Repair(one.layer, one.change, one.who) for one in known), *beyond, *own)
