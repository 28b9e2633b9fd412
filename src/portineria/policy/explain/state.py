"""Which of the layers it is, by the tenant's state: what the words leave, and the ladder refuses.

The words of a log are of the past and the state is of now: where they do not meet, that is said,
and nothing is concluded. Of several layers that refuse, the first on the ladder is the one that
the service names (`policy/rungs/ladder.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portineria.policy.effective import Access, walk
from portineria.policy.explain.demanded import NUMBERS, demands
from portineria.policy.explain.find import Message
from portineria.policy.explain.meaning import PROTOCOLS, layers_of
from portineria.policy.mending import mends
from portineria.policy.verdict import Answer, Layer, Rung
from portineria.policy.wiretexts.rows import CallerKind
from portineria.tenant.caller import AppOnly, Basic, Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the state leaves of a message for one caller on one protocol.

    `layer` is None where it could not be told; `because` is a whole clause either way. `also` are
    layers that refuse as well, and would speak next.
    """

    protocol: str
    caller: str
    layer: Layer | None
    because: str
    evidence: str = ""
    remedy: str = ""
    who: str = ""
    also: tuple[Layer, ...] = ()


def judge(message: Message, accesses: Iterable[Access]) -> tuple[Judged, ...]:
    """One for each access that the message can have been about; empty where it names no layer."""
    protocol = PROTOCOLS.get(message.saying.face)
    found = []
    for access in accesses:
        kind = kind_of(access.caller)
        if kind not in message.callers or protocol not in (None, access.protocol):
            continue
        named = layers_of(message.saying, frozenset({kind}))
        layers = frozenset(layer for layer in named if isinstance(layer, Layer))
        if layers:
            asked = kind == "user" and message.saying.number in NUMBERS
            ladder = demands(access) if asked else walk(access).ladder
            found.append(_judged(access, layers, ladder))
    return tuple(found)


def kind_of(caller: Caller) -> CallerKind:
    if isinstance(caller, Basic):
        return "basic"
    return "app" if isinstance(caller, AppOnly) else "user"


def _judged(access: Access, layers: frozenset[Layer], ladder: Sequence[Rung]) -> Judged:
    refusing = [rung for rung in ladder if rung.answer is Answer.NO and rung.layer in layers]
    if refusing:
        return _decided(access, refusing[0].layer, refusing[0].because, ladder, refusing)
    open_ = _left(layers, ladder)
    if len(layers) == 1:
        (only,) = layers
        return _decided(access, only, _alone(only, ladder), ladder)
    last = [layer for layer in open_ if _can_be_last(layer, ladder)]
    if len(open_) == len(last) == 1:
        return _decided(access, last[0], _last(last[0], ladder), ladder)
    return _undecided(access, _why(open_, ladder))


def _left(layers: frozenset[Layer], ladder: Sequence[Rung]) -> frozenset[Layer]:
    """Those that the state does not clear; a credential is never cleared, for no rung judges it."""
    passing = {rung.layer for rung in ladder if rung.answer is Answer.YES}
    unsure = {rung.layer for rung in ladder if rung.answer is Answer.UNKNOWN}
    return layers - (passing - unsure)


def _can_be_last(layer: Layer, ladder: Sequence[Rung]) -> bool:
    """A credential can, for nobody judges it, and what was looked at and could not be told. A
    layer that nobody looked at is not found out by leaving it over."""
    return layer is Layer.CREDENTIAL or any(rung.layer is layer for rung in ladder)


def _alone(layer: Layer, ladder: Sequence[Rung]) -> str:
    """The words leave one layer, and the state does not show it."""
    told = [rung for rung in ladder if rung.layer is layer]
    if not told:
        return "the words leave no other; the tenant's settings do not show this one"
    if told[0].answer is Answer.UNKNOWN:
        return f"the words leave no other; its state could not be told: {told[0].because}"
    return (
        f"the words leave no other; now {told[0].because}, so it may have been changed since, or "
        "not be in force yet"
    )


def _last(layer: Layer, ladder: Sequence[Rung]) -> str:
    told = [rung.because for rung in ladder if rung.layer is layer]
    if told:
        return f"every other layer that the words allow lets it pass, and {told[0]}"
    return "every other layer that the words allow lets it pass"


def _why(open_: frozenset[Layer], ladder: Sequence[Rung]) -> str:
    if not open_:
        return (
            "the tenant's state clears every layer that the words allow: what was changed lately "
            "may not be in force yet, or was changed after the message"
        )
    unsure = [rung for rung in ladder if rung.layer in open_ and rung.answer is Answer.UNKNOWN]
    names = " or ".join(sorted(open_))
    if unsure:
        told = "; ".join(f"{rung.layer.value}: {rung.because}" for rung in unsure)
        return f"it may be {names}, since not all could be seen: {told}"
    return f"it may be {names}, and the tenant's settings show nothing of it"


def _decided(
    access: Access,
    layer: Layer,
    because: str,
    ladder: Sequence[Rung],
    refusing: Sequence[Rung] = (),
) -> Judged:
    (mend,) = mends((layer,), ladder)
    evidence = next((rung.evidence for rung in refusing[:1]), "")
    return Judged(
        protocol=access.protocol.value,
        caller=str(access.caller),
        layer=layer,
        because=because,
        evidence=evidence,
        remedy=mend.change,
        who=mend.who,
        also=tuple(dict.fromkeys(rung.layer for rung in refusing if rung.layer is not layer)),
    )


def _undecided(access: Access, because: str) -> Judged:
    return Judged(
        protocol=access.protocol.value, caller=str(access.caller), layer=None, because=because
    )
