"""The filters that rows can be asked by: a small OPATH, and OData's spelling of the same.

    ImapEnabled -eq $true -and (Name -like 'A*' -or Name -eq 'Bo''b')       OPATH
    ImapEnabled eq true and Name eq 'Bo''b'                                 OData

`-and` binds tighter than `-or` (unverified for OPATH). Text compares without regard to case;
a multi-valued property matches when any of its values does. Not every property may be filtered
by: the ones that may are listed with each cmdlet (dossier exchange-online 1.5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from portineria.lab.exchange import faults
from portineria.lab.world import Document

Test = Callable[[Document], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*") |
        (?P<open>\() | (?P<close>\)) |
        (?P<word>[$\-]?[A-Za-z_][\w.]*) |
        (?P<number>-?\d+(?:\.\d+)?)
    )""",
    re.VERBOSE,
)
_COMPARISONS = ("eq", "ne", "like", "notlike", "gt", "ge", "lt", "le")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def compile_filter(text: str, filterable: Collection[str]) -> Test:
    """A test for documents. Raises faults.Refusal (400) for what the server cannot read."""
    reader = _Reader(text, {name.lower(): name for name in filterable})
    test = reader.either()
    reader.end()
    return test


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    stripped = text.rstrip()
    while at < len(stripped):
        found = _TOKEN.match(stripped, at)
        if found is None:
            raise faults.bad_filter(f'Invalid filter syntax: "{text}" at position {at + 1}.')
        kind = found.lastgroup or ""
        yield _Token(kind, found.group(kind), found.start(kind))
        at = found.end()


class _Reader:
    """A reader of one filter, one method a level of the grammar."""

    def __init__(self, text: str, filterable: dict[str, str]) -> None:
        self._text = text
        self._filterable = filterable
        self._tokens = list(_tokens(text))
        self._next = 0

    def either(self) -> Test:
        tests = [self._both()]
        while self._took_word("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)

    def end(self) -> None:
        if self._peek() is not None:
            raise self._wrong()

    def _both(self) -> Test:
        tests = [self._single()]
        while self._took_word("and"):
            tests.append(self._single())
        return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)

    def _single(self) -> Test:
        if self._took_word("not"):
            inner = self._single()
            return lambda row: not inner(row)
        token = self._take()
        if token.kind == "open":
            inner = self.either()
            if self._take().kind != "close":
                raise self._wrong()
            return inner
        return self._comparison(token)

    def _comparison(self, token: _Token) -> Test:
        name = self._filterable.get(token.text.lower())
        if token.kind != "word":
            raise self._wrong()
        if name is None:
            raise faults.bad_filter(
                f'"{token.text}" is not a recognized filterable property. For a complete list of '
                f'filterable properties see the command help. "{self._text}" at position '
                f"{token.at + 1}."
            )
        operator = self._take().text.lower().lstrip("-")
        if operator not in _COMPARISONS:
            raise self._wrong()
        wanted = self._value()
        return lambda row: _compare(operator, row.get(name), wanted)

    def _value(self) -> Any:
        token = self._take()
        if token.kind == "text":
            quote = token.text[0]
            return token.text[1:-1].replace(quote * 2, quote)
        if token.kind == "number":
            return float(token.text) if "." in token.text else int(token.text)
        constants = {"true": True, "false": False, "null": None}
        word = token.text.lower().removeprefix("$")
        if token.kind != "word" or word not in constants:
            raise self._wrong()
        return constants[word]

    def _took_word(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.kind != "word" or token.text.lower().lstrip("-") != word:
            return False
        self._next += 1
        return True

    def _peek(self) -> _Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self) -> _Token:
        token = self._peek()
        if token is None:
            raise self._wrong()
        self._next += 1
        return token

    def _wrong(self) -> faults.Refusal:
        last = min(self._next, len(self._tokens)) - 1
        at = self._tokens[last].at + 1 if self._tokens and last >= 0 else 1
        return faults.bad_filter(f'Invalid filter syntax: "{self._text}" at position {at}.')


def _compare(operator: str, actual: Any, wanted: Any) -> bool:
    if operator == "ne":
        return not _compare("eq", actual, wanted)
    if operator == "notlike":
        return not _compare("like", actual, wanted)
    if isinstance(actual, list):
        return any(_compare(operator, item, wanted) for item in actual)
    if operator == "eq":
        return bool(_plain(actual) == _plain(wanted))
    if operator == "like":
        return _like(str(wanted)).fullmatch("" if actual is None else str(actual)) is not None
    return _ordered(operator, actual, wanted)


def _plain(value: Any) -> Any:
    """Booleans may be quoted in a filter ('True'), and text has no case."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.lower() if isinstance(value, str) else value


def _like(pattern: str) -> re.Pattern[str]:
    """`*` is any run of characters; nothing else is special."""
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)


def _ordered(operator: str, actual: Any, wanted: Any) -> bool:
    left, right = _plain(actual), _plain(wanted)
    if left is None or right is None or isinstance(left, str) is not isinstance(right, str):
        return False
    return bool(_ORDERS[operator](left, right))


_ORDERS: dict[str, Callable[[Any, Any], Any]] = {"gt": gt, "ge": ge, "lt": lt, "le": le}
