"""SEARCH, read into a tree of keys (RFC 3501 section 6.4.4). What matches is the owner's matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from portineria.mail.events import Argument
from portineria.mail.imap.dates import day
from portineria.mail.imap.grammar import ImapSyntax, sequence, word

DEPTH = 32  # NOT, OR and parentheses inside each other


@dataclass(frozen=True, slots=True)
class Every:
    """All of these; ALL is none of them."""

    keys: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    left: Key
    right: Key


@dataclass(frozen=True, slots=True)
class Not:
    key: Key


@dataclass(frozen=True, slots=True)
class Flag:
    """A system flag or keyword that is set."""

    name: str


@dataclass(frozen=True, slots=True)
class Header:
    """A header field that contains this text; "" when it only has to be there."""

    name: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Words:
    """The text in the body, or with `header` in header or body."""

    text: bytes
    header: bool


@dataclass(frozen=True, slots=True)
class Day:
    """Compared without time and zone; `sent` is the Date header, else the internal date."""

    relation: Literal["BEFORE", "ON", "SINCE"]
    day: date
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """Strictly larger, or strictly smaller."""

    larger: bool
    octets: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """A sequence set of message numbers or, with `uid`, of uids."""

    pairs: tuple[tuple[int, int], ...]
    uid: bool = False


Key = Every | Either | Not | Flag | Header | Words | Day | Size | Numbers


@dataclass(frozen=True, slots=True)
class Search:
    """`charset` is in upper case, "" when none was named."""

    key: Key
    charset: str = ""


class NoSuchKey(ImapSyntax):
    """A word that is no search key and no sequence set."""


def search(arguments: Sequence[Argument]) -> Search:
    """Raises ImapSyntax, NoSuchKey among it."""
    rest = list(arguments)
    charset = ""
    if len(rest) > 1 and isinstance(rest[0], str) and rest[0].upper() == "CHARSET":
        charset = word(rest[1]).upper()
        del rest[:2]
    return Search(_every(rest, DEPTH), charset)


def _every(rest: list[Argument], depth: int) -> Every:
    if not rest or not depth:
        raise ImapSyntax
    rest = rest[::-1]  # taken from its end
    keys = []
    while rest:
        keys.append(_key(rest, depth))
    return Every(tuple(keys))


def _key(rest: list[Argument], depth: int) -> Key:
    first = _next(rest)
    if not depth:
        raise ImapSyntax
    if isinstance(first, tuple):
        return _every(list(first), depth - 1)
    name = word(first).upper()
    if name in _PLAIN:
        return _PLAIN[name]
    if name in _MORE:
        return _MORE[name](rest)
    match name:
        case "NOT":
            return Not(_key(rest, depth - 1))
        case "OR":
            return Either(_key(rest, depth - 1), _key(rest, depth - 1))
        case _:
            return _numbers(name)


def _numbers(text: str) -> Numbers:
    try:
        return Numbers(sequence(text))
    except ImapSyntax:
        raise NoSuchKey from None


def _next(rest: list[Argument]) -> Argument:
    if not rest:
        raise ImapSyntax
    return rest.pop()


def _text(rest: list[Argument]) -> bytes:
    found = _next(rest)
    return found if isinstance(found, bytes) else word(found).encode()


def _name(rest: list[Argument]) -> str:
    return word(_next(rest))


def _size(rest: list[Argument], larger: bool) -> Size:
    text = _name(rest)
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise ImapSyntax
    return Size(larger, int(text))


_SYSTEM = {
    "ANSWERED": "\\Answered",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
    "FLAGGED": "\\Flagged",
    "SEEN": "\\Seen",
}
_RECENT = Flag("\\Recent")

_PLAIN: dict[str, Key] = {
    "ALL": Every(),
    "RECENT": _RECENT,
    "OLD": Not(_RECENT),
    "NEW": Every((_RECENT, Not(Flag("\\Seen")))),
    **{name: Flag(flag) for name, flag in _SYSTEM.items()},
    **{f"UN{name}": Not(Flag(flag)) for name, flag in _SYSTEM.items()},
}


def _header(name: str) -> Callable[[list[Argument]], Key]:
    return lambda rest: Header(name.lower(), _text(rest))


def _day(relation: Literal["BEFORE", "ON", "SINCE"], sent: bool) -> Callable[..., Key]:
    return lambda rest: Day(relation, day(_name(rest)), sent)


_MORE: dict[str, Callable[[list[Argument]], Key]] = {
    **{name: _header(name) for name in ("BCC", "CC", "FROM", "SUBJECT", "TO")},
    "HEADER": lambda rest: Header(_name(rest).lower(), _text(rest)),
    "BODY": lambda rest: Words(_text(rest), header=False),
    "TEXT": lambda rest: Words(_text(rest), header=True),
    "KEYWORD": lambda rest: Flag(_name(rest)),
    "UNKEYWORD": lambda rest: Not(Flag(_name(rest))),
    "LARGER": lambda rest: _size(rest, True),
    "SMALLER": lambda rest: _size(rest, False),
    "UID": lambda rest: Numbers(sequence(_name(rest)), uid=True),
    "BEFORE": _day("BEFORE", False),
    "ON": _day("ON", False),
    "SINCE": _day("SINCE", False),
    "SENTBEFORE": _day("BEFORE", True),
    "SENTON": _day("ON", True),
    "SENTSINCE": _day("SINCE", True),
}
