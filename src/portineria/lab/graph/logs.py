"""The log of sign-ins and the directory's audit log: newest first, some minutes late.

Source: entra-graph 6. A page goes on behind a record, not behind a number: what happens meanwhile
shifts nothing. Which members can be filtered on is what the dossier lists; anything else is 400.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from urllib.parse import quote

from portineria.lab.ask import Answer
from portineria.lab.graph.call import Call, GraphFault, malformed
from portineria.lab.graph.organization import AAD_PREMIUM, has_plan
from portineria.lab.graph.query import matcher
from portineria.lab.login.signinlog import INTERACTIVE, shown_after
from portineria.lab.world import Document

LARGEST = 1000
"""Records of a page, and how many there are without $top (6.1)."""
PREMIUM_DAYS, FREE_DAYS = timedelta(days=30), timedelta(days=7)
NOT_PREMIUM = "Neither tenant is B2C or tenant doesn't have premium license"

BETA = frozenset(
    {
        "authenticationDetails",
        "authenticationProtocol",
        "authenticationRequirement",
        "clientCredentialType",
        "incomingTokenType",
        "signInEventTypes",
        "uniqueTokenIdentifier",
    }
)
"""Members that v1.0 does not show, nor filter on (6.1)."""
_EQUAL, _WORDS, _DATES = {"eq"}, {"eq", "startswith"}, {"eq", "ge", "gt", "le", "lt"}
SIGN_INS = {
    "createddatetime": _DATES,
    "userprincipalname": _WORDS,
    "userid": _EQUAL,
    "appid": _EQUAL,
    "appdisplayname": _WORDS,
    "ipaddress": _WORDS,
    "clientappused": _EQUAL,
    "status/errorcode": _EQUAL,
    "conditionalaccessstatus": _EQUAL,
    "correlationid": _EQUAL,
    "id": _EQUAL,
    **{f"location/{name}": _WORDS for name in ("city", "state", "countryorregion")},
    **{f"devicedetail/{name}": _WORDS for name in ("browser", "operatingsystem")},
}
AUDITS = {
    "activitydatetime": _DATES,
    "activitydisplayname": _WORDS,
    "category": _EQUAL,
    "correlationid": _EQUAL,
    "loggedbyservice": _EQUAL,
    "result": _EQUAL,
    "id": _EQUAL,
}
_COMPARED = re.compile(
    r"([\w/]+)\s+(eq|ne|ge|gt|le|lt)\b|(startswith|endswith)\((\w+)", re.IGNORECASE
)
_EVENTS = re.compile(r"signInEventTypes/any\(\s*(\w+)\s*:\s*\1\s+(?:eq|ne)\s+'[^']*'\s*\)")
_TEXT = re.compile(r"'(?:[^']|'')*'")
_POLICY = frozenset({"Policy.Read.All", "Policy.Read.ConditionalAccess"})


def sign_ins(call: Call) -> Answer:
    """403 without a premium licence. Only beta knows other events than interactive ones."""
    _refuse_free(call)
    text = call.ask.query.get("$filter", "")
    asked = call.version == "beta" and bool(_EVENTS.search(text))
    _check_filter(_EVENTS.sub("id eq ''", text) if asked else text, SIGN_INS)
    wanted = matcher(text)

    def keep(row: Document) -> bool:
        return (asked or INTERACTIVE in row["signInEventTypes"]) and wanted(row)

    return _page(call, "signIns", "createdDateTime", keep, _shown_sign_in)


def audits(call: Call) -> Answer:
    """Whether a free tenant is refused too: reading `directory-audits-without-premium`."""
    if call.lab.weather.reading("directory-audits-without-premium") == "refused":
        _refuse_free(call)
    text = call.ask.query.get("$filter", "")
    _check_filter(text, AUDITS)
    return _page(call, "directoryAudits", "activityDateTime", matcher(text), lambda _, row: row)


def refuse_reader(call: Call) -> None:
    """Raises GraphFault 403 for who may not read the log, as the directory says it."""
    held = set(call.claims.get("roles") or ()) | set(str(call.claims.get("scp", "")).split())
    if "AuditLog.Read.All" not in held:
        text = "Insufficient privileges to complete the operation."
        raise GraphFault(403, "Authorization_RequestDenied", text)


def activity(call: Call) -> Callable[[Document], Document]:
    """`signInActivity` of a person, for those who may read the log (3.1)."""
    _refuse_free(call)
    last: dict[str, dict[str, str | None]] = {}
    for row in _visible(call, "signIns"):
        silent = INTERACTIVE not in row["signInEventTypes"]
        found = last.setdefault(row["userId"], dict.fromkeys(_ACTIVITY))
        found["lastNonInteractiveSignInDateTime" if silent else "lastSignInDateTime"] = row[
            "createdDateTime"
        ]
        if row["status"]["errorCode"] == 0:
            found["lastSuccessfulSignInDateTime"] = row["createdDateTime"]
    return lambda user: {**user, "signInActivity": last.get(user["id"])}


_ACTIVITY = (
    "lastSignInDateTime",
    "lastNonInteractiveSignInDateTime",
    "lastSuccessfulSignInDateTime",
)


def _refuse_free(call: Call) -> None:
    """A licensed tenant may hear the same where Directory.Read.All is missing; not imitated."""
    if not has_plan(call.seen, AAD_PREMIUM):
        code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
        raise GraphFault(403, code, NOT_PREMIUM)


def _visible(call: Call, kind: str) -> Iterator[Document]:
    """What can be read by now and is kept still, oldest first."""
    now, weather = call.lab.clock.now(), call.lab.weather
    kept = PREMIUM_DAYS if has_plan(call.seen, AAD_PREMIUM) else FREE_DAYS
    rows = []
    for key, versions in call.world[kind].versions.items():
        at, document = versions[-1]
        if document is not None and now - kept <= at <= now - timedelta(
            seconds=shown_after(weather, key)
        ):
            rows.append((at, key, document))
    rows.sort(key=lambda row: row[:2])
    return (document for _, _, document in rows)


def _page(
    call: Call,
    kind: str,
    dated: str,
    keep: Callable[[Document], bool],
    shown: Callable[[Call, Document], Document],
) -> Answer:
    rows = [row for row in _visible(call, kind) if keep(row)][::-1]
    behind = _behind(call.ask.query.get("$skiptoken", ""))
    waiting = (row for row in rows if not behind or (row[dated], row["id"]) < behind)
    size = _size(call)
    taken = list(islice(waiting, size + 1))
    body = {"@odata.context": call.context(f"auditLogs/{kind}")}
    if len(taken) > size:
        body["@odata.nextLink"] = _next(call, taken[size - 1], dated)
    value = [_selected(call, shown(call, row)) for row in taken[:size]]
    return Answer(body={**body, "value": value})


def _shown_sign_in(call: Call, row: Document) -> Document:
    """What each policy did is for those only who may read policies."""
    held = set(call.claims.get("roles") or ()) | set(str(call.claims.get("scp", "")).split())
    hidden: Document = {} if held & _POLICY else {"appliedConditionalAccessPolicies": []}
    private = frozenset() if call.version == "beta" else BETA
    return {name: value for name, value in {**row, **hidden}.items() if name not in private}


def _selected(call: Call, row: Document) -> Document:
    wanted = {name.strip() for name in call.ask.query.get("$select", "").split(",")} - {""}
    return {name: row[name] for name in row if name in wanted} if wanted else row


def _check_filter(text: str, known: dict[str, set[str]]) -> None:
    """Raises GraphFault 400 for a member that cannot be filtered on, or not so."""
    for member, sign, function, argument in _COMPARED.findall(_TEXT.sub("''", text)):
        name, used = (member or argument).lower(), (sign or function).lower()
        if used not in known.get(name, ()):
            raise malformed(f"Invalid filter clause: {member or argument} {used} (synthetic)")


def _size(call: Call) -> int:
    top = call.ask.query.get("$top", str(LARGEST))
    if not top.isdigit() or not 1 <= int(top) <= LARGEST:
        raise malformed(f"Invalid page size specified: '{top}'. (synthetic)")
    return min(int(top), call.lab.weather.page or LARGEST)


def _behind(token: str) -> tuple[str, str] | None:
    if not token:
        return None
    try:
        at, key = base64.urlsafe_b64decode(token).decode().split("/")
        datetime.fromisoformat(at)
    except ValueError:
        raise malformed("The specified page token value has expired. (synthetic)") from None
    return at, key


def _next(call: Call, last: Document, dated: str) -> str:
    token = base64.urlsafe_b64encode(f"{last[dated]}/{last['id']}".encode()).decode()
    query = {**call.ask.query, "$skiptoken": token}
    text = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return f"{call.lab.urls['graph']}{quote(call.ask.path)}?{text}"
