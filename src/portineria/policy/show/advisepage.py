"""Draws docs/advise.md from the ways, what they cost, and the dated facts (`make docs`)."""

from __future__ import annotations

from collections.abc import Iterator

from portineria.policy.advise.costs import COSTS
from portineria.policy.advise.facts import FACTS
from portineria.policy.advise.ways import Way

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

`--need` takes what an inventory found too (`portineria inventory --json > found.json`): **each
mailbox, protocol and client that really got in is a need**. Where the log does not tell which
protocol it was, each that it may have been is one, with a question mark.

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
