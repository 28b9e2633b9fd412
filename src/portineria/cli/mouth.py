"""Standard output as it is: closed, full, gone away, or of an alphabet that lacks a sign."""

from __future__ import annotations

import io
import os
import sys

from portineria.fault import NoFile

ELSEWHERE = "send the answer elsewhere; > /dev/null says that none is wanted"


def open_mouth() -> None:
    """Make standard streams usable. Raises NoFile where nobody could be answered.

    A sign that the terminal's alphabet lacks is escaped: no answer fails for somebody's name. A
    descriptor that is closed is filled, lest the next file that is opened take its number.
    """
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
            stream.reconfigure(errors="backslashreplace")
    if closed:
        raise NoFile(
            "standard output is closed, so there is nobody to answer",
            where="standard output",
            try_=ELSEWHERE,
        )


def unheard(error: Exception) -> NoFile | None:
    """Whether it was standard output that failed. Such an error names no file; then what waits
    there, or one more line, fails again."""
    if not isinstance(error, OSError) or error.filename is not None:
        return None
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError as full:
        hush()
        return NoFile(
            f"the answer could not be written: {full.strerror}",
            where="standard output",
            try_=f"{ELSEWHERE}; what a run did is in its journal: portineria runs list",
        )
    return None


def hush() -> None:
    """What is left in the buffer goes nowhere, without a second error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
