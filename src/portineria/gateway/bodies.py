"""A message on its way through, piece by piece, with one end and no other.

The end is CRLF dot CRLF, in these octets (RFC 5321 section 4.1.1.4). Some servers take a lone LF
for a line end too, and so a message could smuggle a second one behind the gateway's back: therefore
a lone LF becomes CRLF on the way, a lone CR a space, and a line that then would be a dot alone gets
the dot doubled. What needs none of it goes through as it came.
"""

from __future__ import annotations

import re

END = b"\r\n.\r\n"
_HELD = re.compile(rb"(?:\r?\n\.?\r?|\r)\Z")
_LONE_CR = re.compile(rb"\r(?!\n)")
_LONE_LF = re.compile(rb"(?<!\r)\n")
_DOT_ALONE = re.compile(rb"\r\n\.(?=\r\n)")


class Body:
    """`feed` octets of the client; it gives what goes on. `rest` is None until the end was seen."""

    __slots__ = ("_held", "_skip", "lines_mended", "rest", "size")

    def __init__(self) -> None:
        self._held = b"\r\n"  # the line end of DATA itself, so a first dot counts
        self._skip = 2  # and does not go on
        self.rest: bytes | None = None
        self.size = 0
        self.lines_mended = 0

    def feed(self, octets: bytes) -> bytes:
        """What is sure by now; what may be the beginning of the end is held back."""
        data = self._held + octets
        end = data.find(END)
        if end >= 0:
            self.rest = data[end + len(END) :]
            self._held = b""
            return self._through(data[: end + 2]) + b".\r\n"
        found = _HELD.search(data, max(0, len(data) - 4))
        cut = found.start() if found else len(data)
        self._held = data[cut:]
        return self._through(data[:cut], line_ends=b"\n" in self._held[:2])

    def _through(self, data: bytes, *, line_ends: bool = False) -> bytes:
        """`line_ends`: what is held back begins with a line end."""
        lines = data.count(b"\r\n")
        lone = data.count(b"\n") + data.count(b"\r") - 2 * lines
        if lone:
            self.lines_mended += lone
            data = _LONE_LF.sub(b"\r\n", _LONE_CR.sub(b" ", data))
            data = _DOT_ALONE.sub(b"\r\n..", data)
        if line_ends and data.endswith(b"\r\n."):
            data += b"."
        if self._skip and data:
            data, self._skip = data[self._skip :], 0
        self.size += len(data)
        return data
