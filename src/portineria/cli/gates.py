"""The gateway as a process: started, found again, asked, stopped."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, Any

from portineria.cli.background import alive, spawn, wait_until
from portineria.cli.frame import Asked
from portineria.doors.files import private_folder
from portineria.doors.gate.ownfile import holder
from portineria.fault import OperatorFault, ServiceFault

Info = dict[str, Any]

UP_WITHIN = 60.0
DOWN_WITHIN = 30.0
LOG = "gateway.log"


def running(state: Path) -> Info | None:
    """What the running gateway of this state folder says of itself; None where none answers."""
    try:
        kept: Info = json.loads((state / "gateway" / "running.json").read_text(encoding="utf-8"))
        code, _ = _ask(kept, "/healthz")
    except (OSError, ValueError, KeyError, TypeError, HTTPException):
        return None
    return kept if code == 200 and alive(int(kept["pid"])) else None


def silent(state: Path) -> int | None:
    """The process of a gateway that does not answer: it comes up, or goes down. 0: unknown."""
    return holder(state / "gateway")


def troubles(info: Info) -> list[dict[str, str]]:
    """Mailboxes that could not be opened the last time."""
    try:
        found: list[dict[str, str]] = json.loads(_ask(info, "/readyz")[1])["troubles"]
    except (OSError, ValueError, KeyError, HTTPException):
        return []
    return found


def _ask(info: Info, path: str) -> tuple[int, bytes]:
    connection = HTTPConnection(info["control"].removeprefix("http://"), timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def start(said: Asked, given: Info) -> Info:
    """Start one in the background and wait until it answers. Raises OperatorFault."""
    folder = private_folder(said.state / "gateway")
    log = Path(given["log"] or folder / LOG)
    with tempfile.TemporaryFile() as told:
        child = spawn(command(said, {**given, "log": str(log)}), told, log)
        found: list[Info] = []

        def answers() -> bool:
            found.extend(filter(None, [running(said.state)]))
            return bool(found) or child.poll() is not None

        wait_until(answers, UP_WITHIN)
        if found:
            # It outlives us on purpose: nobody waits for it here, `stop` does.
            child.returncode = 0
            return found[0]
        if child.poll() is None:
            child.kill()
            child.wait()
        raise _did_not_start(told, log)


def command(said: Asked, given: Info) -> list[str]:
    words = [sys.executable, "-m", "portineria", "--state", str(said.state)]
    words += ["--profile", said.profile, "--json", "gateway", "run"]
    options = {"config": "--config", "doors_file": "--doors"}
    options |= {"certificate": "--certificate", "key": "--key", "log": "--log"}
    for key, option in options.items():
        if given[key]:
            words += [option, given[key]]
    for place in given["listen"]:
        words += ["--listen", place]
    return words


def _did_not_start(told: IO[bytes], log: Path) -> OperatorFault:
    told.seek(0)
    try:
        error = json.loads(told.read())["error"]
        return OperatorFault(
            str(error["why"]), where=error["where"], try_=error["try"], evidence=error["evidence"]
        )
    except (ValueError, KeyError, TypeError):
        return OperatorFault(
            "the gateway did not come up",
            where=str(log),
            try_="portineria gateway run, in the foreground, shows more",
        )


def stop(state: Path) -> bool:
    """Ask it to stop and wait until it is gone; False where none was running."""
    info = running(state)
    pid = silent(state) if info is None else int(info["pid"])
    if pid is None:
        return False
    if not pid:
        why = "a gateway holds this folder and does not say as which process"
        raise ServiceFault(why, where=str(state / "gateway"), try_="ask again in a moment")
    with suppress(ProcessLookupError):  # it was going down already
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + DOWN_WITHIN
    if not wait_until(lambda: not alive(pid), max(0.0, end - time.monotonic())):
        raise ServiceFault(
            "the gateway does not stop",
            where=f"process {pid}",
            try_="gateway.log in the state folder says what it waits for; kill -9 ends it",
        )
    return True
