"""JSON errors in what people paste: of the token endpoint, of Graph, of Exchange's admin API.

A body is read as what it is, and not searched word by word: its code, its message and the
exception inside are one error. Nothing of a body is repeated; where its policies or codes are
told, they are ids and numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portineria.policy.explain.pasted import pasted
from portineria.policy.explain.pattern import search
from portineria.policy.wiretexts.catalogue import BY_NUMBER, SAYINGS
from portineria.policy.wiretexts.rows import Sense
from portineria.policy.wiretexts.sayings import Face, Saying

_OPENS = re.compile(
    r'\{\s*\\?"(?:error|@?odata\.error|error_description|error_codes|error_uri|responses|suberror'
    r'|@odata\.context)\\?"\s*:'
)
_TRIED = 2000
"""Openings that are tried in one text: a text made of them alone must not cost minutes."""
_POLICY = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"AADSTS(\d{4,8})")


@dataclass(frozen=True, slots=True)
class Body:
    """An error in a body, and where the body stands in the raw text.

    `saying` is None where it is not known; `number` is its AADSTS number, 0 for none. `policies`
    are ids of Conditional Access policies that the service names in `claims`.
    """

    start: int
    end: int
    saying: Saying | None
    number: int = 0
    policies: tuple[str, ...] = ()


def bodies(raw: str) -> list[Body]:
    """Every JSON error in a text, in order."""
    found: list[Body] = []
    after = 0
    for tried, opening in enumerate(_OPENS.finditer(raw)):
        if tried >= _TRIED:
            break
        if opening.start() < after:
            continue
        document, end = _decoded(raw, opening.start())
        errors = list(_errors(document))
        if errors:
            after = end
            found += [_read(error, opening.start(), end) for error in errors]
    return found


def _decoded(raw: str, start: int) -> tuple[Any, int]:
    """The object that begins there and its end; None where there is none.

    Logs write a body into a string: then its quotes have a backslash each.
    """
    end = start
    try:
        if '\\"' not in raw[start : start + 40]:
            document, end = json.JSONDecoder().raw_decode(raw, start)
            return document, end
        text = re.match(r'(?:[^"\\]|\\.)*', raw[start : start + 20_000], re.DOTALL)
        inside = json.loads(f'"{text[0]}"') if text else ""
        document, _ = json.JSONDecoder().raw_decode(inside)
        return document, start + (text.end() if text else 0)
    except (ValueError, RecursionError):
        return None, end


def _errors(document: Any) -> Iterator[Mapping[str, Any]]:
    """The errors of a body; of a batch those of its parts."""
    if not isinstance(document, dict):
        return
    for part in document.get("responses") or ():
        if isinstance(part, dict):
            yield from _errors(part.get("body"))
    error = document.get("error", document.get("@odata.error", document.get("odata.error")))
    if isinstance(error, dict):
        yield error
    elif isinstance(error, str) or "error_codes" in document or "error_description" in document:
        yield document


def _read(error: Mapping[str, Any], start: int, end: int) -> Body:
    number = _number(error)
    if number:
        return Body(start, end, BY_NUMBER.get(number), number, _policies(error))
    code = str(error.get("code") or error.get("error") or "")
    words = " ".join(_words(error))
    face = Face.EXCHANGE if _of_exchange(error) else Face.GRAPH
    told = [one.saying for one in search(pasted(words).text)]
    return Body(start, end, _best(told, code, face))


def _best(told: list[Saying], code: str, face: Face) -> Saying | None:
    """What the words tell; else what the code does, which of both services can be the same."""
    by_words = [saying for saying in told if code.lower() not in map(str.lower, saying.codes)]
    if by_words or told:
        return (by_words or told)[0]
    folded = code.lower()
    coded = [one for one in SAYINGS if folded in map(str.lower, one.codes)]
    mine = [one for one in coded if one.face is face]
    return next(iter(mine or [one for one in coded if one.sense is not Sense.UNTOLD]), None)


def _of_exchange(error: Mapping[str, Any]) -> bool:
    """Its messages are always the same, and it writes `innererror` small."""
    return error.get("message") == "Invalid Operation" or "innererror" in error


def _words(value: Any, depth: int = 0) -> Iterator[str]:
    """All texts of an error, the outer before the inner."""
    if isinstance(value, str):
        yield value
    elif depth < 6 and isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _words(one, depth + 1)


def _number(error: Mapping[str, Any]) -> int:
    codes = error.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return int(codes[0])
    found = _NUMBER.search(str(error.get("error_description") or error.get("message") or ""))
    return int(found[1]) if found else 0


def _policies(error: Mapping[str, Any]) -> tuple[str, ...]:
    """Ids of the policies in `claims`, which is JSON inside a string (dossier 5.6)."""
    claims = error.get("claims")
    if not isinstance(claims, str) or "capolids" not in claims:
        return ()
    return tuple(dict.fromkeys(_POLICY.findall(claims.lower())))
