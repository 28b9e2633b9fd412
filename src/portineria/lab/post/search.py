"""SEARCH by flags, numbers and words (RFC 3501 section 6.4.4); dates are not imitated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email import message_from_bytes

from portineria.lab.post.mailboxes import Stored
from portineria.mail.events import Argument
from portineria.mail.imap.grammar import ImapSyntax, chosen, sequence, word

Row = tuple[int, Stored]
Test = Callable[[Row], bool]

_FLAGS = {
    "SEEN": "\\Seen",
    "ANSWERED": "\\Answered",
    "FLAGGED": "\\Flagged",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
}
_HEADERS = frozenset({"SUBJECT", "FROM", "TO", "CC"})


def matching(rows: Sequence[Row], criteria: Sequence[Argument]) -> list[Row]:
    """The rows that meet every criterion. Raises ImapSyntax for one that is not served."""
    tests = list(_tests(rows, list(criteria)))
    return [row for row in rows if all(test(row) for test in tests)]


def _tests(rows: Sequence[Row], rest: list[Argument]) -> list[Test]:
    tests = []
    while rest:
        key = word(rest.pop(0)).upper()
        if key == "CHARSET":
            _next(rest)
            continue
        tests.append(_test(rows, key, rest))
    if not tests:
        raise ImapSyntax
    return tests


def _test(rows: Sequence[Row], key: str, rest: list[Argument]) -> Test:
    if key in _FLAGS:
        return lambda row: _FLAGS[key] in row[1].flags
    if key.removeprefix("UN") in _FLAGS:
        return lambda row: _FLAGS[key.removeprefix("UN")] not in row[1].flags
    if key in _HEADERS:
        return _header(key, _next(rest))
    match key:
        case "ALL":
            return lambda row: True
        case "HEADER":
            return _header(_next(rest), _next(rest))
        case "UID":
            uids = set(chosen(sequence(_next(rest)), [stored.uid for _, stored in rows]))
            return lambda row: row[1].uid in uids
        case "NOT":
            return _negated(rows, rest)
        case _:
            numbers = set(chosen(sequence(key), [number for number, _ in rows]))
            return lambda row: row[0] in numbers


def _negated(rows: Sequence[Row], rest: list[Argument]) -> Test:
    key = _next(rest).upper()
    if key == "NOT":
        raise ImapSyntax  # nobody means it, and a line of NOTs is deep
    inner = _test(rows, key, rest)
    return lambda row: not inner(row)


def _header(name: str, text: str) -> Test:
    return lambda row: text.lower() in str(message_from_bytes(row[1].content).get(name, "")).lower()


def _next(rest: list[Argument]) -> str:
    if not rest:
        raise ImapSyntax
    return word(rest.pop(0))
