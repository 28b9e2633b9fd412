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
        print(f"{plain(row.name)}: {row.answer.value}")
        for line in row.probe.transcript if row.probe else ():
            print(f"  {plain(str(line))}")
        print()
        _print_rows(_verdict(row, now))
        print()
    for one in seen:
        print(f"the {one.ask.protocol.value.upper()} server {plain(one.ask.server)}")
        _print_rows(servers.rows(one, now))
        print()
    if len(rows) > 1:
        _print_table(rows)


def _print_rows(rows: Iterator[tuple[str, str]]) -> None:
    for label, text in rows:
        print(f"  {label:<12} {plain(text)}")


def _verdict(row: Told, now: datetime) -> Iterator[tuple[str, str]]:
    yield "answer", f"{row.answer.value}: {row.because}"
    if row.trouble:
        yield "trouble", row.trouble.value
    if row.advice:
        yield "try", row.advice
    if row.admits:
        yield "it may be", " or ".join(sorted(row.admits))
    yield "tenant", _tenant(row)
    for mend in row.mends:
        yield "change", f"{mend.layer.value}: {mend.change}; who can: {mend.who}"
    if (found := row.probe) is None:
        return
    yield "server", f"{found.server}, {found.seconds:.1f} s"
    yield from servers.facts_rows(found.facts, now)
    yield from servers.offered_rows(found.offered)
    if found.dropped:
        yield (
            "STARTTLS",
            f"{found.dropped} octets came in the clear behind the server's yes to STARTTLS, and "
            "were dropped: they are not the server's, or it is out of order",
        )


def _tenant(row: Told) -> str:
    if row.expected is None:
        return f"not asked: {row.unlooked}"
    if row.leaves:
        return f"leaves {' or '.join(sorted(row.leaves))}; expected was {row.expected.value}"
    if row.leaves is not None and row.admits:
        return (
            f"clears every one of them, and expected {row.expected.value}: what was changed "
            "lately may not be in force yet"
        )
    return f"expected {row.expected.value}"


def _print_table(rows: Sequence[Told]) -> None:
    worst = sorted(rows, key=lambda row: row.rank)
    columns = ("Answer", "Mailbox", "Protocol", "Caller", "Layer", "Because")
    print_many(columns, lambda: map(_cells, worst))
    print()
    counts = ", ".join(f"{_count(rows, answer)} {answer.value}" for answer in _WORST)
    print(f"{len(rows)} logins: {counts}")


def _cells(row: Told) -> tuple[str, ...]:
    return (
        row.answer.value,
        row.mailbox,
        row.protocol.upper(),
        row.caller,
        row.layer,
        row.because,
    )
