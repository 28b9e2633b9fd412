"""The log of sign-ins, as it comes: newest first, a page at a time, held by nobody.

A long listing is asked anew from where it stands, every so many pages, so that no chain of next
pages grows old. v1.0 holds interactive sign-ins alone; the others are in beta, which may change
without notice. Source: Graph dossier 6.1, 6.3.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from portineria.fault import Incomplete
from portineria.m365.data import Row, lower, members, shared, text
from portineria.m365.session import Session
from portineria.tenant.signin import Event, SignIn, Wanted

READ = "AuditLog.Read.All"
CHAIN = 50
"""Pages that follow each other before the listing is asked anew."""
TOP = 1000
_FIELDS = (
    "id",
    "createdDateTime",
    "userId",
    "userPrincipalName",
    "appId",
    "appDisplayName",
    "clientAppUsed",
    "userAgent",
    "ipAddress",
    "location",
    "countryOrRegion",
    "status",
    "errorCode",
)
PASSWORDS = ("Authenticated SMTP", "SMTP", "IMAP4", "POP3", "Other clients")
"""What is asked for; "SMTP" is not in the list of stored values, and some tools ask for it too."""


async def pages(session: Session, wanted: Wanted) -> AsyncIterator[tuple[SignIn, ...]]:
    """Every sign-in once. Raises ServiceFault, NetworkFault; pages that were given are a part
    then, and must not pass for the whole."""
    until, met = wanted.until, dict[str, datetime]()
    while True:
        last, count = until, 0
        async for rows in _chain(session, wanted, until):
            count += 1
            fresh = tuple(sign_in(row, wanted.event) for row in rows if _id(row) not in met)
            last = _moment(rows[-1]) if rows else last
            met |= {_id(row): _moment(row) for row in rows}
            met = {key: at for key, at in met.items() if at <= last + _TICK}
            yield fresh
            if count == CHAIN:
                break
        if count < CHAIN:
            return
        if last + _TICK >= until:
            raise Incomplete(
                "more sign-ins fall into one moment than can be listed", where="GET /auditLogs"
            )
        until = last + _TICK


_TICK = timedelta(microseconds=1)
"""Times are read to this, and written finer: the next listing begins where none is left out."""


def _id(row: Row) -> str:
    return text(row.get("id"))


async def _chain(
    session: Session, wanted: Wanted, until: datetime
) -> AsyncIterator[tuple[Row, ...]]:
    version = "v1.0" if wanted.event is Event.INTERACTIVE else "beta"
    path = f"/auditLogs/signIns?$filter={quote(_filter(wanted, until), safe='')}&$top={TOP}"
    async for rows in session.graph_pages(path, needs=READ, version=version, keep=_FIELDS):
        yield rows


def _filter(wanted: Wanted, until: datetime) -> str:
    which = _one_of("appId", wanted.apps) if wanted.apps else _one_of("clientAppUsed", PASSWORDS)
    parts = [
        f"createdDateTime ge {wanted.since:%Y-%m-%dT%H:%M:%SZ}",
        f"createdDateTime le {until:%Y-%m-%dT%H:%M:%S.%fZ}",
        which,
    ]
    if wanted.people:
        parts.append(_one_of("userPrincipalName", wanted.people))
    if wanted.event is not Event.INTERACTIVE:
        parts.append(f"signInEventTypes/any(t: t eq '{wanted.event.value}')")
    return " and ".join(parts)


def _one_of(member: str, values: Iterable[str]) -> str:
    literals = ("'" + value.replace("'", "''") + "'" for value in values)
    return f"({' or '.join(f'{member} eq {literal}' for literal in literals)})"


def sign_in(row: Row, event: Event) -> SignIn:
    """What is told again and again of few people and programs is one string for all."""
    return SignIn(
        at=_moment(row),
        event=event,
        user_id=shared(text(row.get("userId"))),
        name=shared(lower(row.get("userPrincipalName"))),
        app_id=shared(lower(row.get("appId"))),
        app_name=shared(text(row.get("appDisplayName"))),
        client=shared(text(row.get("clientAppUsed"))),
        agent=shared(text(row.get("userAgent"))),
        address=shared(text(row.get("ipAddress"))),
        country=shared(text(members(row.get("location")).get("countryOrRegion"))),
        error=_number(members(row.get("status")).get("errorCode")),
    )


def _number(value: object) -> int:
    """A sign-in that does not say how it ended is none that got in."""
    return value if isinstance(value, int) else -1


def _moment(row: Row) -> datetime:
    """.NET writes seven decimals, of which six are read. Raises Incomplete for what is no date."""
    whole, _, fraction = text(row.get("createdDateTime")).rstrip("Z").partition(".")
    try:
        return datetime.fromisoformat(f"{whole}.{fraction:0<6.6}").replace(tzinfo=UTC)
    except ValueError:
        raise Incomplete(
            "a sign-in of the log bears no date", where="GET /auditLogs/signIns"
        ) from None
