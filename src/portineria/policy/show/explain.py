"""What a pasted text means, for people and as JSON; nothing of the text itself is repeated.

A known message is shown as the catalogue has it, with the numbers of its lines. Of a strange one
only what `policy/explain/strange.py` lets through is shown, and `clean` may hide more of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portineria.policy.explain.find import Findings, Message, Unknown
from portineria.policy.explain.meaning import Meant, Repair, layers_of, meant, repairs
from portineria.policy.explain.state import Judged
from portineria.policy.wiretexts.rows import ANYONE, Sense
from portineria.policy.wiretexts.sayings import Saying
from portineria.tongue.say import compose, either, say

SCHEMA, LIST_SCHEMA = "portineria/explain@1", "portineria/refusals@1"
LOOK_UP = "https://login.microsoftonline.com/error?code="
LINES = 12
"""Numbers of lines that are told of one message; JSON has all of them."""

_CALLERS = {"basic": "a password", "user": "a person's token", "app": "an application's token"}
_SENSES = {
    Sense.PASSED: "a yes",
    Sense.REFUSED: "a refusal",
    Sense.LATER: "neither yes nor no: it may be otherwise later",
    Sense.BESIDE: "not about who may log in",
    Sense.UNTOLD: "known by its code alone",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """Findings, and for each message what the tenant's state says; None where nobody looked."""

    findings: Findings
    here: Mapping[Message, tuple[Judged, ...]] | None
    clean: Callable[[str], str]

    @property
    def told(self) -> bool:
        """Whether all is known, and where a tenant was asked, each layer was told."""
        judged = [one for row in (self.here or {}).values() for one in row]
        return self.findings.known and all(one.layer for one in judged)


def text(explained: Explained) -> Iterator[str]:
    findings = explained.findings
    if not findings.messages and not findings.unknown:
        yield say("Nothing in it is a message that is known here, and nothing has the form of one.")
        return
    for message in findings.messages:
        yield message.saying.text
        if findings.lines > 1:
            yield _row(("where", _places(message.lines)))
        yield from map(_row, _message(message, explained.here))
        yield ""
    for unknown in findings.unknown:
        yield from _unknown(unknown, explained.clean)
        yield ""
    if findings.lines > 1:
        times = sum(len(message.lines) for message in findings.messages)
        strange = sum(len(unknown.lines) for unknown in findings.unknown)
        yield compose(
            "{} lines: {} messages that are known, of {} kinds; {} that are not known",
            *(findings.lines, times, len(findings.messages), strange),
        )


def _row(row: tuple[str, str]) -> str:
    return f"  {say(row[0]):<11} {row[1]}"


def _message(
    message: Message, here: Mapping[Message, tuple[Judged, ...]] | None
) -> Iterator[tuple[str, str]]:
    saying = message.saying
    yield "said by", f"{say(saying.face.value)}: {say(_SENSES[_sense(message)])}"
    yield from _meanings(meant(saying, message.callers))
    if message.policies:
        yield "policy", ", ".join(message.policies)
    for repair in repairs(saying, layers_of(saying, message.callers)):
        yield "repair", _repair(repair)
    yield "trust", f"{say(saying.confidence.value)}: {saying.source}"
    for judged in (here or {}).get(message, ()):
        yield from _here(judged)


def _sense(message: Message) -> Sense:
    told = meant(message.saying, message.callers)
    return told[0].sense if told else message.saying.sense


def _places(lines: Sequence[int]) -> str:
    told = ", ".join(map(str, lines[:LINES]))
    if len(lines) == 1:
        return compose("line {}", told)
    if len(lines) > LINES:
        return compose("{} times, lines {} and more", len(lines), told)
    return compose("{} times, lines {}", len(lines), told)


def _meanings(told: Sequence[Meant]) -> Iterator[tuple[str, str]]:
    for one in told:
        callers = sorted(one.callers, key=list(_CALLERS).index)
        whom = either(_CALLERS[caller] for caller in callers)
        alone = len(told) == 1
        yield "means", say(one.meaning) if alone else compose("for {}: {}", whom, one.meaning)
        if one.layers:
            layers = either(sorted(layer.value for layer in one.layers))
            yield "refused by", layers if alone else compose("for {}: {}", whom, layers)


def _repair(repair: Repair) -> str:
    if repair.layer:
        return compose("{}: {}; who can: {}", repair.layer, repair.change, repair.who)
    return compose("{}; who can: {}", repair.change, repair.who)


def _here(judged: Judged) -> Iterator[tuple[str, str]]:
    what = compose("{} as {}", judged.protocol.upper(), judged.caller)
    if judged.layer is None:
        yield "here", compose("{}: could not tell, because {}", what, judged.because)
        return
    yield "here", compose("{}: {}, because {}", what, judged.layer.value, judged.because)
    if judged.evidence:
        yield "", compose("seen in: {}", judged.evidence)
    yield "", compose("change: {}; who can: {}", judged.remedy, judged.who)
    if judged.also:
        yield "", compose("then refused by: {}", ", ".join(map(say, judged.also)))


def _unknown(unknown: Unknown, clean: Callable[[str], str]) -> Iterator[str]:
    yield compose("not known: {}", clean(unknown.shown))
    yield _row(("where", _places(unknown.lines)))
    if unknown.number:
        yield _row(("look it up", f"{LOOK_UP}{unknown.number}"))
    if unknown.near:
        lacks = ", ".join(unknown.near.lacks) or say("none, but they stand otherwise")
        yield _row(("near to", unknown.near.saying.text))
        missing = compose("of its words these are missing: {}", lacks)
        yield _row(("", f"{missing}; {say('nothing is concluded from it')}"))


# --- as JSON -----------------------------------------------------------------------------------


def document(explained: Explained) -> dict[str, Any]:
    findings = explained.findings
    return {
        "schema": SCHEMA,
        "lines": findings.lines,
        "known": findings.known,
        "told": explained.told,
        "messages": [_message_document(one, explained.here) for one in findings.messages],
        "unknown": [_unknown_document(one, explained.clean) for one in findings.unknown],
    }


def saying_document(saying: Saying, callers: frozenset[Any] = ANYONE) -> dict[str, Any]:
    """One entry of the catalogue, as it means to these callers."""
    told = meant(saying, callers)
    return {
        "id": saying.id,
        "text": saying.text,
        "face": saying.face.value,
        "sense": (told[0].sense if told else saying.sense).value,
        "meanings": [
            {
                "callers": sorted(one.callers),
                "meaning": one.meaning,
                "layers": sorted(layer.value for layer in one.layers),
            }
            for one in told
        ],
        "layers": sorted(layer.value for layer in layers_of(saying, callers)),
        "repairs": [
            {"layer": one.layer or None, "change": one.change, "who": one.who}
            for one in repairs(saying, layers_of(saying, callers))
        ],
        "confidence": saying.confidence.value,
        "source": saying.source,
    }


def _message_document(
    message: Message, here: Mapping[Message, tuple[Judged, ...]] | None
) -> dict[str, Any]:
    return {
        **saying_document(message.saying, message.callers),
        "lines": list(message.lines),
        "policies": list(message.policies),
        "here": None if here is None else [_judged_document(one) for one in here.get(message, ())],
    }


def _judged_document(judged: Judged) -> dict[str, Any]:
    return {
        "protocol": judged.protocol,
        "caller": judged.caller,
        "layer": None if judged.layer is None else judged.layer.value,
        "because": judged.because,
        "evidence": judged.evidence,
        "remedy": judged.remedy,
        "who": judged.who,
        "also": [layer.value for layer in judged.also],
    }


def _unknown_document(unknown: Unknown, clean: Callable[[str], str]) -> dict[str, Any]:
    near = unknown.near
    return {
        "shown": clean(unknown.shown),
        "lines": list(unknown.lines),
        "number": unknown.number or None,
        "near": None if near is None else {"id": near.saying.id, "lacks": list(near.lacks)},
    }
