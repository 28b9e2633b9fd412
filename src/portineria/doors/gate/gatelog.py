"""The gateway's log: one object of JSON a line, whatever it tells.

`time` is of UTC, `level` as Python calls it. A session is told by its own keys (house.told), any
other thing by `message`, a fault of the gateway's own by its traceback in `exception` too. JSON
escapes what a client says: nobody can write a line of his own into it.

A file of it is one among processes: whoever finds it long begins another, and the others follow.
"""

from __future__ import annotations

import fcntl
import io
import json
import logging
import os
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path

MOST = 50 * 1024 * 1024
"""Octets of a log file, after which another is begun."""
KEPT = 5
"""Older ones that are kept: FILE.1 is the youngest."""
_LOOK = 64
"""Lines between two looks at how long it is."""

log = logging.getLogger("portineria.gateway")


class Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {"time": when, "level": record.levelname.lower()}
        if isinstance(record.msg, dict):
            said |= record.msg
        else:
            said["message"] = record.getMessage()
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said)


class LogFile(WatchedFileHandler):
    """For its owner alone. Where standard error is this file too, it follows to the next."""

    def __init__(self, path: Path) -> None:
        self._lines = 0
        self._errors_too = _is(2, path)
        super().__init__(path, encoding="ascii")

    def _open(self) -> io.TextIOWrapper:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        stream = os.fdopen(os.open(self.baseFilename, flags, 0o600), "a", encoding=self.encoding)
        if self._errors_too:
            os.dup2(stream.fileno(), 2)
        return stream

    def emit(self, record: logging.LogRecord) -> None:
        self._lines += 1
        try:
            if self._lines % _LOOK == 1:
                with suppress(OSError):  # a log that grows is better than none
                    self._shift()
            super().emit(record)  # in the next file, where the one that is open was moved away
        except OSError:  # its folder is gone: no session ends for that
            self.handleError(record)

    def _shift(self) -> None:
        path = Path(self.baseFilename)
        if path.stat().st_size < MOST:
            return
        lock = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.stat().st_size < MOST:
                return  # another process was quicker
            for number in range(KEPT, 0, -1):
                older = path if number == 1 else path.with_name(f"{path.name}.{number - 1}")
                with suppress(FileNotFoundError):
                    older.replace(path.with_name(f"{path.name}.{number}"))
        finally:
            os.close(lock)


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def begin(file: Path | None = None) -> None:
    """Log from now on, to standard error or to a file: of the gateway everything, of others what
    is wrong. Raises OSError.

    Python is told not to look up for each line which function, thread and process it comes from:
    no line says it. Source: the logging HOWTO, "Optimization".
    """
    handler = logging.StreamHandler() if file is None else LogFile(file)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    log.setLevel(logging.INFO)
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
