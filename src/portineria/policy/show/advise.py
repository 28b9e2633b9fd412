"""Advice for people and as JSON; and docs/advise.md, drawn from the same data (`make docs`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from portineria.policy.advise.costs import COSTS
from portineria.policy.advise.facts import FACTS
from portineria.policy.advise.needs import Knows, Need, Sends
from portineria.policy.advise.rank import Advice
from portineria.policy.advise.ways import Option, Way
from portineria.policy.verdict import Answer

SCHEMA = "portineria/advise@1"


def text(advices: Sequence[Advice], today: date) -> Iterator[str]:
    for advice in advices:
        yield f"{_called(advice.need)}, as of {today}"
        yield f"  because: {advice.reason}"
        yield ""
        place = 0
        for option in advice.options:
            if option.said.answer is Answer.NO:
                continue
            place += 1
            yield from _option(place, option)
        impossible = [one for one in advice.options if one.said.answer is Answer.NO]
        for option in impossible:
            yield f"  not {option.way.value}: {option.said.because}"
        yield ""


def _called(need: Need) -> str:
    told = [f"{need.name}: {need.protocol.value.upper()}"]
    if need.mailbox and need.mailbox != need.name:
        told.append(f"mailbox {need.mailbox}")
    if need.client:
        told.append(need.client)
    told.append(_KNOWS[need.knows])
    if need.sends is not Sends.UNKNOWN:
        told.append(f"sends {need.sends.value}")
    if need.volume is not None:
        told.append(f"{need.volume} recipients a day")
    return ", ".join(told)


_KNOWS = {
    Knows.OAUTH: "knows OAuth",
    Knows.BASIC: "knows a password login only",
    Knows.NOTHING: "knows no login",
    Knows.UNKNOWN: "what it knows was not said",
}


def _option(place: int, option: Option) -> Iterator[str]:
    doubt = "" if option.said.answer is Answer.YES else f", could not tell: {option.said.because}"
    yield f"  {place}. {option.way.value}{doubt}"
    yield f"     exposes: {option.exposure}"
    yield f"     work:    {option.work}"
    yield f"     money:   {option.money}"
    for one in option.cannot:
        yield f"     cannot:  {one}"
    yield f"     stops:   {option.stops}"
    for source in option.sources:
        yield f"     source:  {source}"
    yield ""


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


_OPENING = """\
# Which way for whom

`portineria advise` ranks six ways for each need: OAuth, the gateway, High Volume Email, connector
relay, direct send and basic. A need is described by options, in a file, or by the grants of a
policy:

```sh
portineria advise --protocol smtp --knows basic --sends internal --volume 200
portineria advise --need needs.yaml
portineria advise --policy policy.yaml
```

**The least exposure stands first.** Ways that can be stand before those of which it could not be
told, and a way that cannot be is listed with why not. What was not said is *could not tell*, and
never taken for no. The exit code is 0 where each need has a way, 1 where one has none, and 3 where
it could not be told. `--on 2027-03-01` asks what will hold on that day.

A file of needs is YAML, or CSV with the same names as columns; only `protocol` must be there:

```yaml
needs:
  - name: scanner on floor 2
    mailbox: scan@contoso.example
    protocol: smtp            # imap | pop | smtp
    client: Ricoh MP C3004
    knows: basic              # oauth | basic | nothing | unknown
    sends: internal           # internal | external | unknown
    volume: 200               # recipients a day
    fixed_address: yes        # does it always come from the same public address?
```

This page is drawn from the program's own data, by `make docs`.
"""


def page() -> str:
    """docs/advise.md, ending with a newline."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _OPENING
    yield "## What each way costs"
    yield ""
    yield "| way | exposes | work | money | cannot |"
    yield "|---|---|---|---|---|"
    for way in Way:
        cost = COSTS[way]
        cannot = " ".join(cost.cannot)
        yield f"| {way.value} | {cost.exposure} | {cost.work} | {cost.money} | {cannot} |"
    yield ""
    yield "## What Microsoft has said, and when it holds"
    yield ""
    yield "| from | what | trust | source |"
    yield "|---|---|---|---|"
    for fact in FACTS:
        yield f"| {fact.when or '–'} | {fact.says} | {fact.confidence.value} | {fact.source} |"
