"""Advice for people, in the language of whoever asks, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from portineria.policy.advise.needs import Knows, Need, Sends
from portineria.policy.advise.rank import Advice
from portineria.policy.advise.ways import Option
from portineria.policy.verdict import Answer
from portineria.tongue.say import compose, say

SCHEMA = "portineria/advise@1"


def text(advices: Sequence[Advice], today: date) -> Iterator[str]:
    for advice in advices:
        yield compose("{}, as of {}", _called(advice.need), today)
        yield f"  {compose('because: {}', say(advice.reason))}"
        yield ""
        place = 0
        for option in advice.options:
            if option.said.answer is not Answer.NO:
                place += 1
                yield from _option(place, option)
        for option in advice.options:
            if option.said.answer is Answer.NO:
                told = compose("not {}: {}", say(option.way.value), say(option.said.because))
                yield f"  {told}"
        yield ""


def _called(need: Need) -> str:
    told = [f"{need.name or say('the need')}: {need.protocol.value.upper()}"]
    if need.mailbox and need.mailbox != need.name:
        told.append(compose("mailbox {}", need.mailbox))
    if need.client:
        told.append(need.client)
    told.append(say(_KNOWS[need.knows]))
    if need.sends in _SENDS:
        told.append(say(_SENDS[need.sends]))
    if need.volume is not None:
        told.append(compose("{} recipients a day", need.volume))
    return ", ".join(told)


_KNOWS = {
    Knows.OAUTH: "knows OAuth",
    Knows.BASIC: "knows a password login only",
    Knows.NOTHING: "knows no login",
    Knows.UNKNOWN: "what it knows was not said",
}
_SENDS = {
    Sends.INTERNAL: "sends inside the tenant only",
    Sends.EXTERNAL: "sends outside the tenant too",
}


def _option(place: int, option: Option) -> Iterator[str]:
    way = say(option.way.value)
    if option.said.answer is Answer.YES:
        yield f"  {place}. {way}"
    else:
        told = compose("{}, could not tell: {}", way, say(option.said.because))
        yield f"  {place}. {told}"
    for label, words in _rows(option):
        yield f"     {label:<8} {words}"
    yield ""


def _rows(option: Option) -> Iterator[tuple[str, str]]:
    yield say("exposes"), say(option.exposure)
    yield say("work"), say(option.work)
    yield say("money"), say(option.money)
    for one in option.cannot:
        yield say("cannot"), say(one)
    yield say("ends"), say(option.stops)
    for source in option.sources:
        yield say("source"), source


def document(advices: Sequence[Advice], today: date) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "today": today.isoformat(),
        "advice": [_advice(one) for one in advices],
    }


def _advice(advice: Advice) -> dict[str, Any]:
    need = advice.need
    return {
        "need": {
            "name": need.name,
            "mailbox": need.mailbox,
            "protocol": need.protocol.value,
            "client": need.client,
            "knows": need.knows.value,
            "sends": need.sends.value,
            "volume": need.volume,
            "fixed_address": need.fixed_address,
        },
        "answer": advice.answer.value,
        "because": advice.reason,
        "options": [
            {
                "way": one.way.value,
                "answer": one.said.answer.value,
                "because": one.said.because,
                "exposure": one.exposure,
                "work": one.work,
                "money": one.money,
                "cannot": list(one.cannot),
                "stops": one.ends.when if one.ends else None,
                "stops_told": one.stops,
                "sources": list(one.sources),
            }
            for one in advice.options
        ],
    }
