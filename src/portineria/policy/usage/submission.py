"""The SMTP AUTH clients (submission) report, as the Exchange admin centre exports it (CSV).

Columns: sender address, domain, shares of TLS versions, authentication protocol (since October
2024), messages sent. Microsoft's pages name them in the reader's language; English and Italian
are known here. Nobody has published an export, so names are compared without blanks, signs and
case. Source: Exchange dossier 6; Microsoft Learn, SMTP AUTH clients report, in both languages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from portineria.policy.csvlist import RowError, is_address, rows_of
from portineria.policy.usage.use import Method

SENDER = ("senderaddress", "sender", "indirizzodelmittente", "indirizzomittente", "mittente")
MESSAGES = (
    "messagessent",
    "messagecount",
    "messages",
    "messaggiinviati",
    "numerodimessaggi",
    "conteggiomessaggi",
)
METHOD = (
    "authenticationprotocol",
    "authprotocol",
    "protocollodiautenticazione",
    "protocolloautenticazione",
)
_BASIC = frozenset({"basic", "basicauth", "basicauthentication", "base", "dibase"}) | {
    "autenticazionedibase"
}
_OAUTH = frozenset({"oauth", "oauth2", "oauth20", "modern", "moderna", "autenticazionemoderna"})
_WHOLE = re.compile(r"\d+|\d{1,3}(?:[.,'\u00a0\u202f ]\d{3})+")


@dataclass(frozen=True, slots=True)
class Sender:
    """One sender of the report by one method. The report says neither when nor from where."""

    address: str
    method: Method
    messages: int


def senders(text: str) -> tuple[Sender, ...]:
    """Senders in order of first appearance; rows of one sender and method are added up.

    Commas, semicolons and tabs separate. Raises RowError with the row's number.
    """
    rows = list(rows_of(text.removeprefix("\ufeff")))
    if not rows:
        raise RowError(1, "the report holds nothing", "export it again, and look at its dates")
    number, names = rows[0]
    folded = [_folded(name) for name in names]
    address, messages = _column(folded, SENDER), _column(folded, MESSAGES)
    method = _column(folded, METHOD)
    if address is None or messages is None:
        lacking = "the sender address" if address is None else "the messages sent"
        raise RowError(
            number,
            f"no column holds {lacking}",
            "export the SMTP AUTH clients report: Exchange admin center, Reports, Mail flow",
        )
    found: dict[tuple[str, Method], int] = {}
    for number, cells in rows[1:]:
        sender = _cell(number, cells, address).lower()
        if not is_address(sender):
            raise RowError(number, f"{sender[:60]!r} is no address")
        key = sender, _method(number, cells, method)
        found[key] = found.get(key, 0) + _count(number, _cell(number, cells, messages))
    return tuple(Sender(sender, how, count) for (sender, how), count in found.items())


def _column(names: list[str], known: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in known if name in names), None)


def _folded(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _cell(number: int, cells: list[str], column: int) -> str:
    if column >= len(cells):
        raise RowError(number, f"the row ends after {len(cells)} of {column + 1} cells")
    return cells[column].strip()


def _method(number: int, cells: list[str], column: int | None) -> Method:
    """UNTOLD where the report has no such column, or names both."""
    if column is None:
        return Method.UNTOLD
    said = _cell(number, cells, column)
    words = {_folded(word) for word in re.split(r"[,;/+&]", said)} - {""}
    if not words or not words <= _BASIC | _OAUTH:
        raise RowError(number, f"{said[:60]!r} is neither Basic nor OAuth")
    if words <= _BASIC:
        return Method.BASIC
    return Method.OAUTH if words <= _OAUTH else Method.UNTOLD


def _count(number: int, said: str) -> int:
    if not _WHOLE.fullmatch(said):
        raise RowError(number, f"{said[:60]!r} is no number of messages")
    return int("".join(sign for sign in said if sign.isdigit()))
