"""A whole listing even where the service refuses its second page.

Live reports differ: for some, replaying the command at the nextLink works, for others it always
answers 400. So where paging breaks off, the objects are listed in slices by the beginning of
their Name, each slice with a remainder ("begins with a, but with none of aa, ab, …") so that
together they leave nothing out, whatever signs a name begins with.
Source: Exchange dossier 2.6, 1.5 (Name is filterable).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection

from portineria.fault import Incomplete
from portineria.m365.data import Row, text
from portineria.m365.session import Session

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-._ "
DEPTH = 12
"""Letters of the longest prefix. A slice that is too large even then makes it incomplete."""

Page = tuple[Row, ...]


async def inventory(session: Session, cmdlet: str, keep: Collection[str]) -> AsyncIterator[Page]:
    """Pages that together hold every object at least once: key them by Guid.

    Rows have a Guid and the members of `keep`, no others.

    Raises Incomplete where even the slices do not give the whole.
    """
    glimpsed: set[str] = set()
    try:
        async for page in session.exchange_pages(cmdlet, keep=("Guid", *keep)):
            glimpsed |= _guids(page)
            yield page
        return
    except Incomplete as broken:
        if "host" in broken.evidence:
            raise
    async for page in _slices(session, cmdlet, ("Guid", *keep), ""):
        glimpsed -= _guids(page)
        yield page
    if glimpsed:
        raise Incomplete(
            "the listing in slices lacks objects that the first page held",
            where=cmdlet,
            try_="Run it again: they may have been renamed or removed meanwhile.",
            evidence={"lacking": len(glimpsed)},
        )


def _guids(page: Page) -> set[str]:
    return {text(row.get("Guid")) for row in page}


async def _slices(
    session: Session, cmdlet: str, keep: Collection[str], prefix: str
) -> AsyncIterator[Page]:
    """All objects whose Name begins with `prefix`, one letter more at a time."""
    longer = [prefix + sign for sign in ALPHABET]
    for beginning in longer:
        try:
            only = {"Filter": like(beginning)}
            async for page in session.exchange_pages(cmdlet, only, keep=keep):
                yield page
        except Incomplete:
            if len(beginning) >= DEPTH:
                raise
            async for page in _slices(session, cmdlet, keep, beginning):
                yield page
    rest = {"Filter": remainder(prefix, longer)}
    async for page in session.exchange_pages(cmdlet, rest, keep=keep):
        yield page


def like(beginning: str) -> str:
    """An OPATH filter; nothing in its alphabet needs escaping."""
    return f"Name -like '{beginning}*'"


def remainder(prefix: str, longer: list[str]) -> str:
    """What begins with `prefix` and with none of the longer beginnings."""
    rest = f"-not ({' -or '.join(like(beginning) for beginning in longer)})"
    return f"({like(prefix)}) -and ({rest})" if prefix else rest
