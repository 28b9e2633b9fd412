"""Why an access is open, shut or not known: every rung, and the one that decides.

Plain text for people, and JSON of the schema "portineria/why@1" for programs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from typing import Protocol as Shape

from portineria.policy.rungs.access import Context
from portineria.policy.show.visible import line
from portineria.policy.verdict import Allowed, Answer, Confidence, Effective, Refused, Rung
from portineria.tenant.caller import Caller
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tongue.say import compose, say

SCHEMA = "portineria/why@1"

_MARKS = {Answer.YES: "pass", Answer.NO: "STOP", Answer.UNKNOWN: "?"}


class Question(Shape):
    """What was asked, so that an answer can repeat it."""

    @property
    def mailbox(self) -> Mailbox: ...
    @property
    def protocol(self) -> Protocol: ...
    @property
    def caller(self) -> Caller: ...
    @property
    def context(self) -> Context: ...


def answer(verdict: Effective) -> Answer:
    """The three outcomes as one word."""
    if isinstance(verdict, Allowed):
        return Answer.YES
    return Answer.NO if isinstance(verdict, Refused) else Answer.UNKNOWN


def text(question: Question, verdict: Effective) -> str:
    """A headline, the ladder, and what would change the answer; ends with a newline."""
    return "\n".join(map(line, _lines(question, verdict))) + "\n"


def _lines(question: Question, verdict: Effective) -> Iterator[str]:
    by = None if isinstance(verdict, Allowed) else verdict.by
    yield f"{_what(question)}: {_headline(verdict)}"
    yield ""
    marks = {answer: say(mark) for answer, mark in _MARKS.items()}
    first = max(map(len, marks.values()))
    width = max((len(say(rung.layer.value)) for rung in verdict.ladder), default=0)
    for rung in verdict.ladder:
        arrow = "→" if rung is by else " "
        mark, layer = marks[rung.answer], say(rung.layer.value)
        yield f"{arrow} {mark:>{first}}  {layer:<{width}}  {say(rung.because)}"
        yield from _under(rung, " " * (first + width + 6))
    if by is not None:
        yield ""
        yield compose(_CHANGE[by.answer], by.remedy)
    others = [rung for rung in verdict.ladder if rung.answer is not Answer.YES and rung is not by]
    for rung in others:
        yield compose("And then {}: {}", rung.layer.value, rung.remedy)


def _what(question: Question) -> str:
    place = question.context.address
    name = question.protocol.value.upper()
    asked = (name, question.mailbox.address, question.caller)
    if place is None:
        return compose("{} of {} as {}", *asked)
    return compose("{} of {} as {} from {}", *asked, place)


def _headline(verdict: Effective) -> str:
    match verdict:
        case Allowed():
            return say("yes, open")
        case Refused(by):
            return compose("no, {} refuses", by.layer.value)
        case _:
            return compose("could not tell, because of {}", verdict.by.layer.value)


_CHANGE = {Answer.NO: "What would change it: {}", Answer.UNKNOWN: "What would settle it: {}"}


def _under(rung: Rung, indent: str) -> Iterator[str]:
    """Evidence where there is some; source and confidence where trust is in question."""
    if rung.evidence and rung.answer is not Answer.YES:
        yield indent + compose("seen in: {}", rung.evidence)
    doubted = rung.confidence is not Confidence.DOCUMENTED
    if rung.answer is not Answer.YES or doubted:
        yield f"{indent}{say(rung.confidence.value)}: {rung.source}"


def document(question: Question, verdict: Effective) -> dict[str, Any]:
    """The same as JSON: answer, the deciding layer, and every rung in order."""
    address = question.context.address
    by = None if isinstance(verdict, Allowed) else verdict.by
    return {
        "schema": SCHEMA,
        "mailbox": question.mailbox.address,
        "guid": question.mailbox.guid,
        "protocol": question.protocol.value,
        "caller": str(question.caller),
        "address": None if address is None else str(address),
        "now": question.context.now.isoformat(),
        "answer": answer(verdict).value,
        "layer": None if by is None else by.layer.value,
        "because": None if by is None else by.because,
        "remedy": None if by is None else by.remedy,
        "ladder": [_rung(rung, rung is by) for rung in verdict.ladder],
    }


def _rung(rung: Rung, decides: bool) -> dict[str, Any]:
    return {
        "layer": rung.layer.value,
        "answer": rung.answer.value,
        "decides": decides,
        "because": rung.because,
        "remedy": rung.remedy,
        "evidence": rung.evidence,
        "confidence": rung.confidence.value,
        "source": rung.source,
        "reading": rung.reading,
    }
