"""IMAP's dates and times (RFC 3501 section 9: date, date-time)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from portineria.mail.imap.grammar import ImapSyntax

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})")
_TIME = re.compile(rf"[ ]?{_DATE.pattern} (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)")


def day(text: str) -> date:
    """`1-Feb-1994`. Raises ImapSyntax."""
    found = _DATE.fullmatch(text)
    if found is None:
        raise ImapSyntax
    try:
        return date(int(found[3]), _month(found[2]), int(found[1]))
    except ValueError:
        raise ImapSyntax from None


def moment(text: str) -> datetime:
    """`17-Jul-1996 02:44:25 -0700`, a day of one digit behind a space. Raises ImapSyntax."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ImapSyntax
    hour, minute, second, away, apart = (int(found[place]) for place in (4, 5, 6, 8, 9))
    try:
        offset = timedelta(hours=away, minutes=apart) * (-1 if found[7] == "-" else 1)
        when = datetime.combine(
            day("-".join(found[place] for place in (1, 2, 3))), datetime.min.time()
        )
        return when.replace(
            hour=hour, minute=minute, second=second, tzinfo=timezone(offset)
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ImapSyntax from None


def written(when: datetime) -> str:
    """A date-time as INTERNALDATE gives it, without its quotes; months are never localised."""
    return f"{when:%d}-{MONTHS[when.month - 1]}-{when:%Y %H:%M:%S %z}"


def _month(name: str) -> int:
    return MONTHS.index(name.title()) + 1
