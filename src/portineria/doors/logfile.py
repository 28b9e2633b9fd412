"""A log as it lies there, in whatever encoding: what is looked for in it is plain ASCII.

Other than a policy or a list (`textfile`) a log is not refused for its encoding: no address is
read out of it, and a sign that is read wrongly does no harm.
"""

from __future__ import annotations

from pathlib import Path

from portineria.doors.textfile import named_kind, read_octets
from portineria.fault import BadEncoding

MOST = 16 * 1024 * 1024
"""Octets of one log."""

_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


def read_log(path: Path) -> str:
    """The whole log. Raises NoFile, BadFile where it is too large, BadEncoding where it is none."""
    return decoded(read_octets(path, most=MOST), str(path))


def decoded(data: bytes, where: str) -> str:
    """Octets as text; where they are an archive, a picture or a workbook, BadEncoding."""
    if kind := named_kind(data):
        raise BadEncoding(
            f"this is no text: it is {kind}", where=where, try_="save the log as text first"
        )
    codec = next((codec for mark, codec in _MARKS if data.startswith(mark)), "") or _unmarked(data)
    try:
        return data.decode(codec or "utf-8")
    except UnicodeDecodeError:
        return data.decode(codec or "cp1252", "replace")


def _unmarked(data: bytes) -> str:
    """UTF-16 without its mark: every second octet of the beginning is NUL."""
    head = data[:400]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if len(head) < 4 or max(even, odd) * 3 < len(head) or min(even, odd) * 10 > len(head):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"
