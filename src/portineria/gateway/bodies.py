"""A message on its way through, piece by piece, with one end and no other.

The end is CRLF dot CRLF, in these octets (RFC 5321 section 4.1.1.4). Some servers take a lone LF
for a line end too, and so a message could smuggle a second one behind the gateway's back: therefore
a lone LF becomes CRLF on the way, a lone CR a space, and a line that then would be a dot alone gets
the dot doubled. What needs none of it goes through as it came.
"""

from __future__ import annotations

import re
from enum import StrEnum

END = b"\r\n.\r\n"
_HELD = re.compile(rb"(?:\r?\n\.?\r?|\r)\Z")
_LONE_CR = re.compile(rb"\r(?!\n)")
_LONE_LF = re.compile(rb"(?<!\r)\n")
_LONE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_DOT_ALONE = re.compile(rb"\r\n\.(?=\r\n)")


class BareLf(StrEnum):
    """What a listener makes of a message whose lines end with LF alone. A BDAT says how long it is
    (RFC 3030), so nothing can be smuggled in it, and it passes as it is.

    `mend`: they become lines, and end no message. `end`: so does a lone dot end it, for a client
    that ended DATA with LF alone as well: it knows no other end, and would wait for ever.
    `refuse`: the message is not taken.
    """

    MEND = "mend"
    END = "end"
    REFUSE = "refuse"


class Body:
    """`feed` octets of the client; it gives what goes on. `rest` is None until the end was seen.

    `lf_ends`: the client's lines end with LF; whatever ends one is a line end, of this message too.
    `strict`: what stands before the first lone CR or LF goes on, and then it is `broken`.
    """

    __slots__ = (
        "_behind_cr",
        "_held",
        "_lf_ends",
        "_skip",
        "_strict",
        "broken",
        "lines_mended",
        "rest",
        "size",
    )

    def __init__(self, *, lf_ends: bool = False, strict: bool = False) -> None:
        self._lf_ends = lf_ends
        self._strict = strict
        self.broken = False
        self._behind_cr = False
        self._held = b"\r\n"  # the line end of DATA itself, so a first dot counts
        self._skip = 2  # and does not go on
        self.rest: bytes | None = None
        self.size = 0
        self.lines_mended = 0

    def feed(self, octets: bytes) -> bytes:
        """What is sure by now; what may be the beginning of the end is held back."""
        data = self._held + (self._whole_lines(octets) if self._lf_ends else octets)
        end = data.find(END)
        if end >= 0:
            self.rest = data[end + len(END) :]
            self._held = b""
            through = self._through(data[: end + 2])
            return through if self.broken else through + b".\r\n"
        found = _HELD.search(data, max(0, len(data) - 4))
        cut = found.start() if found else len(data)
        self._held = data[cut:]
        return self._through(data[:cut], line_ends=b"\n" in self._held[:2])

    def _whole_lines(self, octets: bytes) -> bytes:
        """With CR before each LF, wherever the octets were cut."""
        before = b"\r" * self._behind_cr
        self._behind_cr = (before + octets)[-1:] == b"\r"
        return _LONE_LF.sub(b"\r\n", before + octets)[len(before) :]

    def _through(self, data: bytes, *, line_ends: bool = False) -> bytes:
        """`line_ends`: what is held back begins with a line end."""
        lines = data.count(b"\r\n")
        lone = data.count(b"\n") + data.count(b"\r") - 2 * lines
        if lone:
            if self._strict:
                self.broken = True
                return self._unskipped(data[: _first_lone(data)])
            self.lines_mended += lone
            data = _LONE_LF.sub(b"\r\n", _LONE_CR.sub(b" ", data))
            data = _DOT_ALONE.sub(b"\r\n..", data)
        if line_ends and data.endswith(b"\r\n."):
            data += b"."
        return self._unskipped(data)

    def _unskipped(self, data: bytes) -> bytes:
        if self._skip and data:
            data, self._skip = data[self._skip :], 0
        self.size += len(data)
        return data


def _first_lone(data: bytes) -> int:
    found = _LONE.search(data)
    return found.start() if found else len(data)
