"""Standard output as it is: closed, full, gone away, or of an alphabet that lacks a sign."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Callable

from portineria.fault import NoFile

ELSEWHERE = "send the answer elsewhere; > /dev/null says that none is wanted"
ESCAPE = "portineria-escape"


def open_mouth() -> NoFile | None:
    """Make standard streams usable; a fault where nobody could be answered.

    A sign that the terminal's alphabet lacks is escaped, as JSON escapes it: no answer fails for
    somebody's name. A descriptor that is closed is filled, lest the next file that is opened
    take its number.
    """
    codecs.register_error(ESCAPE, _escaped)
    closed = sys.stdout is None
    for name, flags, mode in (
        ("stdin", os.O_RDONLY, "r"),
        ("stdout", os.O_WRONLY, "w"),
        ("stderr", os.O_WRONLY, "w"),
    ):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode))
        elif mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ESCAPE)
    if not closed:
        return None
    return NoFile(
        "standard output is closed, so there is nobody to answer",
        where="standard output",
        try_=ELSEWHERE,
    )


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """`\\u00e9`, and two of them for a sign beyond the first plane (RFC 8259, section 7)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    units = signs.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


def unheard(error: Exception) -> NoFile | None:
    """Whether it was standard output that failed. Such an error names no file; then what waits
    there, or one more line, fails again."""
    if not isinstance(error, OSError) or error.filename is not None:
        return None
    full = heard(print)
    if full is None:
        return None
    return NoFile(
        f"the answer could not be written: {full.strerror}",
        where="standard output",
        try_=f"{ELSEWHERE}; what a run did is in its journal: portineria runs list",
    )


def heard(speak: Callable[[], None]) -> OSError | None:
    """Print on standard output; where that fails it goes nowhere, and why is given."""
    try:
        speak()
        sys.stdout.flush()
    except OSError as full:
        hush()
        return full
    return None


def hush() -> None:
    """What is left in the buffer goes nowhere, without a second error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
