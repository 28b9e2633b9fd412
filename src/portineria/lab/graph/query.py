"""$filter, $select, $top and $skiptoken: as much of OData as directory clients use.

Source: entra-graph 3.1; the caps of $top are UNVERIFIED there.
"""

from __future__ import annotations

import base64
import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from portineria.lab.ask import Answer
from portineria.lab.graph.call import Call, GraphFault, malformed
from portineria.lab.graph.expand import NONE, Relationships, select, unknown
from portineria.lab.scan import page, scan
from portineria.lab.world import Document

Test = Callable[[Any], bool]
"""A judgement of a row, or of an item inside one."""

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_ORDER: Mapping[str, Callable[[datetime, datetime], bool]] = MappingProxyType(
    {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}
)
"""Operators that dates alone are compared with here."""
DEFAULT_PAGE = 100
LARGEST_PAGE = 999
_WORD = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<date>\d{4}-\d\d-\d\dT[\d:.]+Z?)|(?P<sign>[(),:])|(?P<word>[^\s(),:']+))",
    re.ASCII,
)
SEARCH = (
    "Request with $search query parameter only works through MSGraph with a special request "
    "header: 'ConsistencyLevel: eventual'"
)
ADVANCED = (
    "Operator '{name}' is not supported because the required parameters might be missing. Try "
    "adding $count=true query parameter and ConsistencyLevel:eventual header. Refer to "
    "https://aka.ms/graph-docs/advanced-queries for more information"
)
_ADVANCED = re.compile(r"\bne\b|\bnot\b|endswith\(|(?<!\btags)/any\(|\$count", re.IGNORECASE)
"""`tags` of a service principal can be asked without more: pnp/cli-microsoft365 does."""


def listing(
    call: Call,
    what: str,
    rows: Iterable[Document],
    known: Sequence[str] = (),
    default: Sequence[str] = (),
    related: Relationships = NONE,
) -> Answer:
    """A collection: filtered, selected, expanded and paged as the query asks. Raises GraphFault.

    `default` are the members shown without $select; empty means all. $count=true without its
    header fails silently, as documented: the number is missing. A count is on the
    first page only (Graph, advanced query capabilities).
    """
    query = call.ask.query
    wanted = tuple(selected(call, known) or default)
    more = related.expansion(call)
    _check_advanced(call)
    found, text = scan(rows), query.get("$filter", "")
    if text.strip():
        found = found.only(matcher(text))
    start = _start(query.get("$skiptoken", ""))
    taken, following = page(found, start, _size(call, query.get("$top", "")))
    body: dict[str, Any] = {"@odata.context": call.context(what + _listed(call))}
    if query.get("$count") == "true" and eventual(call) and start == 0:
        body["@odata.count"] = sum(1 for _ in found)
    if following is not None:
        body["@odata.nextLink"] = _next(call, following)
    value = [{**select(row, wanted), **more(row)} for row in taken]
    return Answer(body={**body, "value": value})


def selected(call: Call, known: Sequence[str]) -> tuple[str, ...]:
    """The members named by $select, in any case; empty means all.

    Raises GraphFault for one that is not among the `known` members of a user, where given.
    """
    names = tuple(name for name in call.ask.query.get("$select", "").split(",") if name)
    canonical = {name.lower(): name for name in known}
    for name in names:
        if known and name.lower() not in canonical:
            raise unknown(name, "user")
    return tuple(canonical.get(name.lower(), name) for name in names)


def plain_listing(call: Call, what: str, rows: Iterable[Document]) -> Answer:
    """A collection that knows neither filter nor pages."""
    wanted = selected(call, ())
    value = [select(row, wanted) for row in rows]
    return Answer(body={"@odata.context": call.context(what + _listed(call)), "value": value})


def eventual(call: Call) -> bool:
    """Whether the header that advanced queries need was sent."""
    return call.ask.headers.get("consistencylevel", "").lower() == "eventual"


def _listed(call: Call) -> str:
    """What $select adds to a context: #users(id,displayName)."""
    names = call.ask.query.get("$select", "")
    return f"({names})" if names else ""


def matcher(text: str) -> Test:
    """The predicate behind a $filter. Raises GraphFault 400 for what is not understood."""
    if not text.strip():
        return lambda row: True
    words = _words(text)
    test = _either(words)
    if words:
        raise _unsupported(text)
    return test


def _check_advanced(call: Call) -> None:
    """Advanced filters need the header and $count=true, $search the header (entra-graph 3.1).

    The text is documented for endsWith; for the other operators it is a guess.
    """
    query = call.ask.query
    if "$search" in query and not eventual(call):
        raise GraphFault(400, "Request_UnsupportedQuery", SEARCH)
    found = _ADVANCED.search(query.get("$filter", ""))
    if found and not (eventual(call) and query.get("$count") == "true"):
        name = "endsWith" if found[0].lower().startswith("endswith") else found[0].strip("/(")
        raise GraphFault(400, "Request_UnsupportedQuery", ADVANCED.format(name=name))


def _unsupported(text: str) -> GraphFault:
    return GraphFault(400, "BadRequest", f"Invalid filter clause: {text}")


def _start(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token)) if token else 0
    except ValueError:
        raise malformed("The specified page token value has expired. (synthetic)") from None


def _size(call: Call, top: str) -> int:
    size = int(top) if top.isdigit() else (DEFAULT_PAGE if not top else -1)
    if not 1 <= size <= LARGEST_PAGE:
        raise malformed(
            f"Invalid page size specified: '{top}'. Must be between 1 and 999 inclusive."
        )
    return min(size, call.lab.weather.page or size)


def _next(call: Call, start: int) -> str:
    token = base64.urlsafe_b64encode(str(start).encode()).decode()
    query = {**call.ask.query, "$skiptoken": token}
    text = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return f"{call.lab.urls['graph']}{quote(call.ask.path)}?{text}"


def _words(text: str) -> list[str]:
    words, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _WORD.match(text, at)
        if match is None:
            raise _unsupported(text)
        words.append(match[0].strip())
        at = match.end()
    return words


def _take(words: list[str], expected: str = "") -> str:
    if not words or (expected and words[0].lower() != expected):
        raise _unsupported(" ".join(words))
    return words.pop(0)


def _either(words: list[str], strip: str = "") -> Test:
    tests = [_both(words, strip)]
    while words and words[0].lower() == "or":
        words.pop(0)
        tests.append(_both(words, strip))
    return lambda row: any(test(row) for test in tests)


def _both(words: list[str], strip: str) -> Test:
    tests = [_single(words, strip)]
    while words and words[0].lower() == "and":
        words.pop(0)
        tests.append(_single(words, strip))
    return lambda row: all(test(row) for test in tests)


def _single(words: list[str], strip: str) -> Test:
    word = _take(words)
    if word == "(":
        inner = _either(words, strip)
        _take(words, ")")
        return inner
    if word.lower() == "not":
        negated = _single(words, strip)
        return lambda row: not negated(row)
    if words and words[0] == "(":
        return _function(word, words, strip)
    return _compared(_path(word, strip), words)


def _path(word: str, strip: str) -> str:
    """A member's name; "" for the variable of an `any` itself, as in tags/any(t:t eq 'x')."""
    return "" if strip and f"{word}/" == strip else word.removeprefix(strip)


def _of(item: Any, member: str) -> Any:
    """A member, or a member of a member: status/errorCode."""
    for name in member.split("/") if member else ():
        item = (item or {}).get(name)
    return item


def _function(name: str, words: list[str], strip: str) -> Test:
    _take(words, "(")
    if name.lower().endswith("/any"):
        variable = _take(words)
        _take(words, ":")
        inner = _either(words, f"{variable}/")
        _take(words, ")")
        member = name[: -len("/any")]
        return lambda row: any(inner(item) for item in row.get(member) or [])
    member = _path(_take(words), strip)
    _take(words, ",")
    wanted = str(_value(_take(words))).lower()
    _take(words, ")")
    if name.lower() == "startswith":
        return lambda row: str(_of(row, member) or "").lower().startswith(wanted)
    if name.lower() == "endswith":
        return lambda row: str(_of(row, member) or "").lower().endswith(wanted)
    raise _unsupported(name)


def _compared(member: str, words: list[str]) -> Test:
    sign = _take(words).lower()
    word = _take(words)
    if sign in _ORDER and _DATE.fullmatch(word):
        moment, holds = _moment(word), _ORDER[sign]
        return lambda row: holds(_moment(str(_of(row, member))), moment)
    if sign not in ("eq", "ne"):
        raise _unsupported(f"{member} {sign}")
    wanted = _value(word)
    return lambda row: _same(_of(row, member), wanted) is (sign == "eq")


def _moment(text: str) -> datetime:
    """A DateTimeOffset; .NET's seven decimals are cut to the six that there are here."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    parsed = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return parsed + timedelta(microseconds=int(f"{fraction:0<6}"[:6] or 0))


def _value(word: str) -> str | bool | None:
    if word.startswith("'"):
        return word[1:-1].replace("''", "'")
    return {"true": True, "false": False, "null": None}.get(word.lower(), word)


def _same(have: Any, wanted: str | bool | None) -> bool:
    if isinstance(have, str) and isinstance(wanted, str):
        return have.lower() == wanted.lower()
    if isinstance(have, int) and not isinstance(have, bool):
        return str(have) == wanted
    return bool(have == wanted)
