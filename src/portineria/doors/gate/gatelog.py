"""The gateway's log: one object of JSON a line, whatever it tells.

`time` is of UTC, `level` as Python calls it. A session is told by its own keys (house.told), any
other thing by `message`, a fault of the gateway's own by its traceback in `exception` too. JSON
escapes what a client says: nobody can write a line of his own into it.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

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


def begin() -> None:
    """Log to standard error from now on: of the gateway everything, of others what is wrong.

    Python is told not to look up for each line which function, thread and process it comes from:
    no line says it. Source: the logging HOWTO, "Optimization".
    """
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    log.setLevel(logging.INFO)
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
