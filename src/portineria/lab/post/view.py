"""One session's picture of a folder: its own message numbers, and what it was told so far.

Others may change the folder at any time. A message keeps its number here until this client has
been told EXPUNGE, which is never said while FETCH, STORE or SEARCH are answered (RFC 3501
sections 5.5 and 7.4.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portineria.lab.post.mailboxes import FLAGS, Folder, Stored
from portineria.mail.imap.grammar import chosen

Row = tuple[int, Stored]


class OutOfRange(Exception):
    """A message number that no message has."""


class View:
    """`writable` tells SELECT from EXAMINE. Only SELECT takes the mark of being recent away."""

    def __init__(self, folder: Folder, *, writable: bool) -> None:
        self.folder = folder
        self.writable = writable
        self._rows: list[Stored] = []
        self._told: dict[int, frozenset[str]] = {}
        self._recent: set[int] = set()
        self._last = 0  # the highest uid that ever had a number here
        self._version = folder.version
        self._take_new()

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return enumerate(self._rows, start=1)

    @property
    def recent(self) -> int:
        return sum(stored.uid in self._recent for stored in self._rows)

    @property
    def first_unseen(self) -> int:
        """Its number, 0 when everything was seen."""
        return next((number for number, stored in self if "\\Seen" not in stored.flags), 0)

    def flags(self, stored: Stored) -> list[str]:
        """In the service's order, the mark of being recent last."""
        recent = ["\\Recent"] if stored.uid in self._recent else []
        return [flag for flag in FLAGS if flag in stored.flags] + recent

    def picked(self, pairs: Iterable[tuple[int, int]], *, uid: bool) -> list[Row]:
        """What a sequence set names. Raises OutOfRange for numbers; uids may be missing."""
        if not uid:
            pairs = self._in_range(pairs)
        keys = [stored.uid for stored in self._rows] if uid else range(1, len(self) + 1)
        wanted = set(chosen(pairs, keys))
        return [row for row, key in zip(self, keys, strict=True) if key in wanted]

    def _in_range(self, pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        checked = list(pairs)
        if not self._rows or any(number > len(self) for pair in checked for number in pair):
            raise OutOfRange
        return checked

    # --- what the client is told ---

    def told(self, rows: Iterable[Row]) -> None:
        """These flags were just said, or the client asked not to hear them."""
        for _, stored in rows:
            self._told[stored.uid] = frozenset(stored.flags)

    def news(self, *, expunges: bool) -> list[bytes]:
        """What happened since, as untagged lines; EXPUNGE only when it may be said now."""
        if self._version == self.folder.version:
            return []
        lines = self._gone() if expunges else []
        lines += self._take_new()
        lines += self._other_flags()
        if expunges:
            self._version = self.folder.version
        return lines

    def _gone(self) -> list[bytes]:
        alive = {stored.uid for stored in self.folder.messages}
        lines = []
        for number, stored in reversed(list(self)):
            if stored.uid not in alive:
                lines.append(b"%d EXPUNGE" % number)
                del self._rows[number - 1]
                self._told.pop(stored.uid)
        return lines

    def _take_new(self) -> list[bytes]:
        new = [stored for stored in self.folder.messages if stored.uid > self._last]
        for stored in new:
            self._rows.append(stored)
            self._last = stored.uid
            self._told[stored.uid] = frozenset(stored.flags)
            if stored.recent:
                self._recent.add(stored.uid)
                stored.recent = not self.writable
        return [b"%d EXISTS" % len(self), b"%d RECENT" % self.recent] if new else []

    def _other_flags(self) -> list[bytes]:
        lines = []
        for number, stored in self:
            if self._told[stored.uid] != stored.flags:
                lines.append(b"%d FETCH (FLAGS (%s))" % (number, self.said(stored)))
                self._told[stored.uid] = frozenset(stored.flags)
        return lines

    def said(self, stored: Stored) -> bytes:
        """Its flags as they are written."""
        return " ".join(self.flags(stored)).encode()
