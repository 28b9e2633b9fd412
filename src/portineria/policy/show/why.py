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

SCHEMA = "portineria/why@1"

_MARKS = {Answer.YES: "pass", Answer.NO: "STOP", Answer.UNKNOWN: "   ?"}


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
    width = max((len(rung.layer.value) for rung in verdict.ladder), default=0)
    for rung in verdict.ladder:
        arrow = "→" if rung is by else " "
        yield f"{arrow} {_MARKS[rung.answer]}  {rung.layer.value:<{width}}  {rung.because}"
        yield from _under(rung, " " * (width + 10))
    if by is not None:
        yield ""
        yield f"What would {_change(by)}: {by.remedy}"
    others = [rung for rung in verdict.ladder if rung.answer is not Answer.YES and rung is not by]
    for rung in others:
        yield f"And then {rung.layer.value}: {rung.remedy}"


def _what(question: Question) -> str:
    place = question.context.address
    where = "" if place is None else f" from {place}"
    name = question.protocol.value.upper()
    return f"{name} of {question.mailbox.address} as {question.caller}{where}"


def _headline(verdict: Effective) -> str:
    match verdict:
        case Allowed():
            return "yes, open"
        case Refused(by):
            return f"no, {by.layer.value} refuses"
        case _:
            return f"could not tell, because of {verdict.by.layer.value}"


def _change(by: Rung) -> str:
    return "change it" if by.answer is Answer.NO else "settle it"


def _under(rung: Rung, indent: str) -> Iterator[str]:
    """Evidence where there is some; source and confidence where trust is in question."""
    if rung.evidence and rung.answer is not Answer.YES:
        yield f"{indent}seen in: {rung.evidence}"
    doubted = rung.confidence is not Confidence.DOCUMENTED
    if rung.answer is not Answer.YES or doubted:
        yield f"{indent}{rung.confidence.value}: {rung.source}"


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
