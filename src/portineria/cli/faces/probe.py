"""What the wire said to logins: each in full, and of several a table with the worst first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from portineria.cli.faces import servers
from portineria.cli.faces.answer import print_json
from portineria.cli.faces.tables import plain, print_many
from portineria.cli.faces.told import Told, document
from portineria.cli.faces.why import EXIT
from portineria.policy.verdict import Answer
from portineria.run.survey import Survey
from portineria.tongue.say import compose, either, say

SCHEMA = "portineria/probe@1"
IN_FULL = 6
"""Logins that are told with their conversation; of more it is told with --talk."""

_WORST = (Answer.NO, Answer.UNKNOWN, Answer.YES)


def print_logins(
    rows: Sequence[Told], seen: Sequence[Survey], now: datetime, *, as_json: bool, talk: bool
) -> int:
    """Print, and give the worst answer as exit code: no, else could not tell, else yes."""
    answers = {row.answer for row in rows}
    worst = next(answer for answer in _WORST if answer in answers)
    if as_json:
        members = {
            "answer": worst.value,
            "counts": {answer.value: _count(rows, answer) for answer in Answer},
            "results": [_result(row, now) for row in rows],
            "servers": [servers.document(one, now) for one in seen],
        }
        print_json(SCHEMA, members)
    else:
        _print_text(rows, seen, now, talk=talk or len(rows) <= IN_FULL)
    return EXIT[worst]


def _result(row: Told, now: datetime) -> dict[str, object]:
    found = row.probe
    return {**document(row), **(servers.facts_document(found.facts, now) if found else {})}


def _count(rows: Sequence[Told], answer: Answer) -> int:
    return sum(row.answer is answer for row in rows)


def _print_text(rows: Sequence[Told], seen: Sequence[Survey], now: datetime, *, talk: bool) -> None:
    for row in rows if talk else ():
        print(f"{plain(_name(row))}: {say(row.answer.value)}")
        for line in row.probe.transcript if row.probe else ():
            print(f"  {plain(str(line))}")
        print()
        _print_rows(_verdict(row, now))
        print()
    for one in seen:
        protocol = one.ask.protocol.value.upper()
        print(plain(compose("the {} server {}", protocol, one.ask.server)))
        _print_rows(servers.rows(one, now))
        print()
    if len(rows) > 1:
        _print_table(rows)


def _name(row: Told) -> str:
    protocol = row.protocol.upper()
    if not row.mailbox:
        return compose("{} without a login", protocol)
    return compose("{} of {} as {}", protocol, row.mailbox, row.caller)


def _print_rows(rows: Iterator[tuple[str, str]]) -> None:
    for label, text in rows:
        print(f"  {say(label):<12} {plain(text)}")


def _verdict(row: Told, now: datetime) -> Iterator[tuple[str, str]]:
    yield "answer", f"{say(row.answer.value)}: {say(row.because)}"
    if row.trouble:
        yield "trouble", say(row.trouble.value)
    if row.advice:
        yield "try", say(row.advice)
    if row.admits:
        yield "it may be", either(sorted(row.admits))
    yield "tenant", _tenant(row)
    for mend in row.mends:
        told = compose("{}: {}; who can: {}", mend.layer.value, mend.change, mend.who)
        yield "change", told
    if (found := row.probe) is None:
        return
    yield "server", f"{found.server}, {found.seconds:.1f} s"
    yield from servers.facts_rows(found.facts, now)
    yield from servers.offered_rows(found.offered)
    if found.dropped:
        yield (
            "STARTTLS",
            compose(
                "{} octets came in the clear behind the server's yes to STARTTLS, and were "
                "dropped: they are not the server's, or it is out of order",
                found.dropped,
            ),
        )


def _tenant(row: Told) -> str:
    if row.expected is None:
        return compose("not asked: {}", row.unlooked)
    expected = row.expected.value
    if row.leaves:
        return compose("leaves {}; expected was {}", " or ".join(sorted(row.leaves)), expected)
    if row.leaves is not None and row.admits:
        return compose(
            "clears every one of them, and expected {}: what was changed lately may not be in "
            "force yet",
            expected,
        )
    return compose("expected {}", expected)


def _print_table(rows: Sequence[Told]) -> None:
    worst = sorted(rows, key=lambda row: row.rank)
    columns = ("Answer", "Mailbox", "Protocol", "Caller", "Layer", "Because")
    print_many(columns, lambda: map(_cells, worst))
    print()
    counts = ", ".join(f"{_count(rows, answer)} {say(answer.value)}" for answer in _WORST)
    print(compose("{} logins: {}", len(rows), counts))


def _cells(row: Told) -> tuple[str, ...]:
    return (
        say(row.answer.value),
        row.mailbox,
        row.protocol.upper(),
        row.caller,
        either(row.layer.split(" or ")),
        say(row.because),
    )
