"""A byte stream cut into lines and counted octets, with limits from the first day.

However the network splits the bytes, the same pieces come out: a piece depends only on what
was fed so far in total, never on the sizes of the feeds.
"""

from __future__ import annotations


class LineTooLong(Exception):
    """No line end within the limit. The rest of that line is dropped as it arrives."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a line is longer than {limit} octets")
        self.limit = limit


def drained(out: bytearray) -> bytes:
    """Everything in it; nothing is in it afterwards."""
    if not out:
        return b""
    data = bytes(out)
    out.clear()
    return data


class Buffer:
    """Feed it what arrives; ask it for a line or for a number of octets."""

    __slots__ = ("_data", "_dropping", "_seen", "bare")

    def __init__(self) -> None:
        self._data = bytearray()
        self._seen = 0  # octets already searched for a line end
        self._dropping = False  # inside the tail of a line that was too long
        self.bare = False
        """Whether the last line ended with LF alone."""

    def __len__(self) -> int:
        return len(self._data)

    def feed(self, data: bytes) -> None:
        self._data += data
        if self._dropping:
            self._drop()

    def clear(self) -> int:
        """Forget everything not yet taken; the number of octets forgotten.

        Called at STARTTLS: what came before the handshake was not protected by it.
        """
        count = len(self._data)
        self._data.clear()
        self._seen = 0
        self._dropping = False
        return count

    def line(self, limit: int) -> bytes | None:
        """The next line without its end (CRLF or LF), or None while it is incomplete.

        Raises LineTooLong, once for such a line, when no LF is within the first `limit` octets.
        """
        data = self._data
        if self._dropping or not data:
            return None
        end = data.find(b"\n", self._seen, limit)
        if end < 0:
            if len(data) >= limit:
                self._dropping = True
                self._drop()
                raise LineTooLong(limit)
            self._seen = len(data)
            return None
        text = bytes(data[:end])
        self._advance(end + 1)
        self.bare = not text.endswith(b"\r")
        return text if self.bare else text[:-1]

    def exactly(self, count: int) -> bytes | None:
        """`count` octets, or None while fewer are here."""
        if self._dropping or len(self._data) < count:
            return None
        octets = bytes(self._data[:count])
        self._advance(count)
        return octets

    def some(self, most: int) -> bytes:
        """What is here, at most `most` octets; empty when nothing is."""
        if self._dropping:
            return b""
        octets = bytes(self._data[:most])
        self._advance(len(octets))
        return octets

    def put_back(self, octets: bytes) -> None:
        """Octets taken by `some` that turned out to belong to the next piece."""
        self._data[:0] = octets
        self._seen = 0

    def _drop(self) -> None:
        end = self._data.find(b"\n")
        self._seen = 0
        if end < 0:
            self._data.clear()
        else:
            del self._data[: end + 1]
            self._dropping = False

    def _advance(self, count: int) -> None:
        del self._data[:count]
        self._seen = 0
