"""An inventory for people and programs: who breaks, who stays, which doors stand open unused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from portineria.cli.faces.answer import print_json
from portineria.cli.faces.tables import plain, print_many, print_table
from portineria.policy.usage.use import Idle, Inventory, Method, Outsiders, Source, Standing, Use
from portineria.tenant.mailbox import Protocol
from portineria.tongue.say import compose, say

SCHEMA = "portineria/inventory@1"
MOST_IDLE = 40
"""Idle doors that are listed for people; all are in the JSON."""

_HEADINGS = {
    Standing.BREAKS: "breaks without basic",
    Standing.KNOCKS: "never got in",
    Standing.UNTOLD: "could not tell which",
    Standing.STAYS: "stays",
    Standing.REFUSED: "never got in",
}


def print_inventory(found: Inventory, *, draft: str | None, output: str, as_json: bool) -> None:
    """Print. A draft that goes to stdout is printed alone, so that it can be redirected."""
    if as_json:
        print_json(SCHEMA, document(found, draft, output))
    elif draft is not None and output == "-":
        print(draft, end="")
    else:
        _print_text(found)
        if draft is not None:
            told = "{} is written. Go through it, then: portineria plan {}"
            print(f"\n{compose(told, output, output)}")


def document(found: Inventory, draft: str | None = None, output: str = "-") -> dict[str, Any]:
    return {
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "sources": [_source(source) for source in found.sources],
        "basic_ends": {protocol.value: day for protocol, day in found.ends},
        "uses": [_use(use) for use in found.uses],
        "idle": [_idle(one) for one in found.idle],
        "could_not_tell": {protocol.value: why for protocol, why in found.unjudged},
        "outsiders": _outsiders(found.outsiders),
        "draft": draft,
        "file": None if draft is None else output,
    }


def _source(source: Source) -> dict[str, Any]:
    because = source.because or None
    return {"name": source.name, "rows": source.rows, "seen": not because, "because": because}


def _use(use: Use) -> dict[str, Any]:
    evidence = use.evidence
    return {
        "mailbox": use.mailbox.address if use.mailbox else None,
        "guid": use.mailbox.guid if use.mailbox else None,
        "protocols": [protocol.value for protocol in use.protocols],
        "protocol_told": use.told,
        "method": use.method.value,
        "app": {"id": use.app_id, "name": use.app_name} if use.app_id else None,
        "standing": use.standing.value,
        "today": use.today.value,
        "layer": use.layer or None,
        "because": use.because or None,
        "opens": list(use.opens),
        "from_report": use.reported,
        "got_in": evidence.got_in,
        "refused": evidence.refused,
        "results": {str(code): count for code, count in evidence.results},
        "messages": evidence.messages,
        "first": _moment(evidence.first),
        "last": _moment(evidence.last),
        "last_in": _moment(evidence.last_in),
        "addresses": dict(evidence.addresses),
        "more_addresses": evidence.more_addresses,
        "countries": dict(evidence.countries),
        "agents": dict(evidence.agents),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _idle(one: Idle) -> dict[str, Any]:
    return {
        "mailbox": one.mailbox.address,
        "guid": one.mailbox.guid,
        "protocols": [protocol.value for protocol in one.protocols],
        "unless": list(one.unless),
    }


def _outsiders(found: Outsiders) -> dict[str, Any]:
    return {"tries": found.tries, "got_in": found.got_in, "addresses": dict(found.addresses)}


def _print_text(found: Inventory) -> None:
    told = compose(
        "Mail sign-ins from {} to {} UTC; of the last minutes the logs may not tell yet.",
        f"{found.since:%Y-%m-%d %H:%M}",
        f"{found.until:%Y-%m-%d %H:%M}",
    )
    print(told)
    print()
    for line in _headlines(found):
        print(line)
    print()
    if found.uses:
        columns = ("Mailbox", "Protocol", "By", "From", "In", "Refused", "Last", "Standing")
        print_many(columns, lambda: map(_row, found.uses))
    else:
        print(say("Nobody was seen."))
    _print_outsiders(found.outsiders)
    _print_idle(found)
    _print_sources(found)


def _headlines(found: Inventory) -> Iterator[str]:
    breaking = len({use.mailbox.guid for use in found.of(Standing.BREAKS) if use.mailbox})
    for protocol, day in found.ends:
        name = protocol.value.upper()
        yield compose("Passwords for {} are off by default from {} (UTC).", name, day)
    yield compose("Mailboxes that break when basic goes off: {}.", breaking)
    broken = len({use.mailbox.guid for use in found.of(Standing.BROKEN) if use.mailbox})
    if broken:
        yield compose("Mailboxes that got in by password and are refused today: {}.", broken)


def _row(use: Use) -> tuple[str, ...]:
    evidence = use.evidence
    got_in = str(evidence.got_in)
    if use.reported:
        got_in = compose("{} messages", evidence.messages)
    return (
        use.mailbox.address if use.mailbox else say("(not told)"),
        _protocols(use),
        _by(use),
        _places(use),
        got_in,
        _refused(use),
        f"{evidence.last:%Y-%m-%d}" if evidence.last else say("not told"),
        _standing(use),
    )


def _protocols(use: Use) -> str:
    words = [protocol.value.upper() for protocol in use.protocols]
    return words[0] if len(words) == 1 else compose("one of {}", ", ".join(words))


def _by(use: Use) -> str:
    match use.method:
        case Method.BASIC:
            return say("password")
        case Method.USER:
            return compose("person, {}", use.app_name or use.app_id)
        case Method.APP:
            return compose("application {}", use.app_name or use.app_id)
        case Method.OAUTH:
            return "OAuth"
        case _:
            return say("could not tell")


def _places(use: Use) -> str:
    if use.reported:
        return say("not told")
    country = f" ({', '.join(name for name, _ in use.evidence.countries)})"
    shown = ", ".join(address for address, _ in use.evidence.addresses[:2])
    more = " …" if len(use.evidence.addresses) > 2 or use.evidence.more_addresses else ""
    return f"{shown}{more}{country if use.evidence.countries else ''}"


def _refused(use: Use) -> str:
    """How often, and what the service said most often."""
    if use.reported:
        return say("not told")
    codes = [code for code, _ in use.evidence.results if code]
    if not codes:
        return "0"
    known = _CODES.get(codes[0])
    told = compose("error {}", codes[0]) if known is None else say(known)
    return f"{use.evidence.refused}, {told}"


_CODES = {
    50034: "unknown name",
    50053: "locked",
    50057: "account disabled",
    50076: "wanted a second factor",
    50079: "wanted a second factor",
    50126: "wrong password",
    50158: "wanted a second factor",
    53003: "Conditional Access",
    530035: "security defaults",
}
"""Error codes of the log in few words. Source: Graph dossier 6.2."""


def _standing(use: Use) -> str:
    if use.mailbox is None:
        stays = "stays; its token names no mailbox"
        return say(stays if use.evidence.worked else "never got in")
    if use.standing is Standing.BROKEN:
        return compose("refused today by {}", use.layer)
    return say(_HEADINGS[use.standing])


def _print_outsiders(found: Outsiders) -> None:
    if found.tries:
        addresses = ", ".join(address for address, _ in found.addresses)
        told = compose(
            "Names that have no mailbox here were tried {} times, and got in {} times, from {}.",
            found.tries,
            found.got_in,
            addresses,
        )
        print(f"\n{plain(told)}")


def _print_idle(found: Inventory) -> None:
    days = round((found.until - found.since).total_seconds() / 86400)
    print()
    for protocol, why in found.unjudged:
        told = "Whether open {} doors are used could not be told: {}"
        print(plain(compose(told, protocol.value.upper(), why)))
    if found.idle:
        told = compose(
            "Doors that are open and not seen to be used in the last {} days, candidates to close: "
            "{} mailboxes.",
            days,
            len(found.idle),
        )
        print(told)
        print_table(("Mailbox", "Open", "Unless"), map(_door, found.idle[:MOST_IDLE]))
        if len(found.idle) > MOST_IDLE:
            print(compose("and {} more: --json lists them all", len(found.idle) - MOST_IDLE))
    elif len(found.unjudged) < len(Protocol):
        told = "Every open door was seen to be used in the last {} days, or none is open."
        print(compose(told, days))


def _door(one: Idle) -> tuple[str, ...]:
    unless = ""
    if one.unless:
        told = "{} uses it: its right was not looked at"
        unless = compose(told, ", ".join(one.unless))
    return one.mailbox.address, ", ".join(p.value.upper() for p in one.protocols), unless


def _print_sources(found: Inventory) -> None:
    print()
    rows = (
        (say(source.name), str(source.rows), compose("cannot see, because {}", source.because))
        if source.because
        else (say(source.name), str(source.rows), say("read"))
        for source in found.sources
    )
    print_table(("Source", "Rows", "Read"), rows)
