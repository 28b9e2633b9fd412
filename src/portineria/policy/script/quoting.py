"""Text that cannot break out of a PowerShell script, whatever name it holds.

Source: PowerShell language specification 2.3.5.2 (string literals: the typographic quotes end a
string as the plain one does, and are doubled as it is) and 2.2.3 (comments end with the line).
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

_QUOTES = "'\u2018\u2019\u201a\u201b"
_FORMULA = "=+-@\t\r"


def quoted(text: str) -> str:
    """A single-quoted string, in which nothing is a variable, a command or an escape; where there
    are signs that cannot be seen, JSON that is read at run time."""
    if not is_plain(text):
        return f"(ConvertFrom-Json -InputObject {quoted(object_text(text))})"
    return "'" + "".join(sign * 2 if sign in _QUOTES else sign for sign in text) + "'"


def said(text: str) -> str:
    """For a comment: in one line, and without signs that cannot be seen."""
    return "".join(" " if _unseen(sign) else sign for sign in text)


def object_text(value: Any) -> str:
    """JSON in ASCII, in which no line ends and no quote is a typographic one."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def cell(text: str) -> str:
    """For a table that somebody may open in a spreadsheet: no line breaks, no formula."""
    plain = said(text)
    return f"'{plain}" if plain[:1] in _FORMULA and plain else plain


def is_plain(text: str) -> bool:
    """Whether all of it can be seen, and stands in one line."""
    return not any(map(_unseen, text))


def _unseen(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
