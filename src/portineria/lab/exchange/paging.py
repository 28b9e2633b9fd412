"""Pages and truncation: two stories are told of them, and each can be had.

A truncated answer carries a nextLink and a warning. Asked again with the same body, the link
gives the next page (CIPP, monkey365, ExoHelper), or always 400 (graph2otel, live); with strict
affinity it is 400 as soon as X-AnchorMailbox changes. Source: dossier exchange-online 2.6.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portineria.lab.exchange import faults
from portineria.lab.exchange.habits import PAGE_TOKEN_LIFE, Habits
from portineria.lab.scan import Scan, page
from portineria.lab.world import Document

DEFAULT_RESULT_SIZE = 1000
MORE = (
    "There are more results available than are currently displayed. "
    "To view them, increase the value for the ResultSize parameter."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a page token is bound to: the command, the mailbox it is anchored to, the time."""

    command: str
    anchor: str
    now: datetime

    @classmethod
    def of(cls, command: Mapping[str, Any], anchor: str, now: datetime) -> Place:
        text = json.dumps(command, sort_keys=True).encode()
        return cls(command=hashlib.sha256(text).hexdigest()[:16], anchor=anchor.lower(), now=now)


@dataclass(frozen=True, slots=True)
class Page:
    """`token` is the skiptoken of the next page, or None at the end."""

    rows: Sequence[Document]
    token: str | None
    truncated: bool


def turn(
    rows: Scan,
    place: Place,
    *,
    limit: int | None,
    size: int,
    token: str | None,
    habits: Habits,
) -> Page:
    """The page that `token` names, out of at most `limit` rows, `size` a page (0: all).

    Raises 400 for a token that is expired, of another command, or refused by habit.
    """
    start, given = (0, 0) if token is None else _start(token, place, habits)
    left = None if limit is None else max(limit - given, 0)
    sizes = [n for n in (size, habits.largest_page, left or 0) if n > 0]
    if left == 0:
        return Page((), None, any(True for _ in rows.since(start)))
    found, following = page(rows, start, min(sizes, default=0))
    if following is None or len(found) == left:
        return Page(found, None, following is not None)
    return Page(found, _token(following, given + len(found), place), True)


def page_size(prefer: str) -> int:
    """N of `Prefer: odata.maxpagesize=N`, 0 where there is none."""
    for part in prefer.split(","):
        name, _, value = part.strip().partition("=")
        if name.strip().lower() in ("odata.maxpagesize", "maxpagesize") and value.isdigit():
            return int(value)
    return 0


def _token(start: int, given: int, place: Place) -> str:
    members = [start, given, place.command, place.anchor, place.now.timestamp()]
    return base64.urlsafe_b64encode(json.dumps(members).encode()).decode().rstrip("=")


def _start(token: str, place: Place, habits: Habits) -> tuple[int, int]:
    """Where in the listing the page begins, and how many rows were given before it."""
    if habits.paging == "refused":
        raise faults.expired_page()
    try:
        padded = token + "=" * (-len(token) % 4)
        start, given, command, anchor, issued = json.loads(base64.urlsafe_b64decode(padded))
        age = place.now.timestamp() - float(issued)
        at = int(start), int(given)
        good = min(at) > 0 and command == place.command and age < PAGE_TOKEN_LIFE
    except (ValueError, TypeError):
        raise faults.expired_page() from None
    if not good or (habits.paging == "strict-affinity" and anchor != place.anchor):
        raise faults.expired_page()
    return at
