"""The embedded tenant as a process: started, found again, stopped, and written into a profile."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from portineria.cli.background import alive, spawn, wait_until
from portineria.doors.files import Lock, write_atomic
from portineria.doors.state import StateFolder
from portineria.fault import Locked, OperatorFault, ServiceFault

if TYPE_CHECKING:
    from portineria.cli.labwish import Wish

Info = dict[str, Any]

UP_WITHIN = 120.0
DOWN_WITHIN = 20.0
PROFILE = "lab"
LOCK = "running.lock"
LOG = "lab.log"
KEPT = ("ca.pem", "ca.key", LOG, LOCK)
"""What `lab down` leaves: the authority, so that it is trusted once, and the log. The lock goes
by itself."""


def running(state: StateFolder) -> Info | None:
    """What the running lab of this state folder says of itself; None where none answers."""
    try:
        kept = json.loads(_info_file(state).read_text(encoding="utf-8"))
        told: Info = control(kept, "GET", "/info")
        return told if told["pid"] == kept["pid"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def control(info: Mapping[str, Any], method: str, path: str, body: Any = None) -> Any:
    """Ask the lab's control door. Raises OSError where it does not answer well."""
    context = ssl.create_default_context(cafile=info["ca"])
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    request = Request(f"{info['control']}{path}", data, headers, method=method)  # noqa: S310
    with urlopen(request, timeout=10, context=context) as answer:  # noqa: S310 - our own https URL
        return json.loads(answer.read() or b"null")


def announce(state: StateFolder, info: Info) -> None:
    """Called by a lab that is open: writes the profile, then says that it is there.

    There is none where the tenant has no application yet: `portineria connect` makes both.
    """
    if info["admin"]["client_id"]:
        write_profile(state, info)
    write_atomic(_info_file(state), json.dumps(info, indent=2).encode())


def forget(state: StateFolder) -> None:
    """Called where no lab runs: of the last one its authority and its log stay, nothing else."""
    (state.profiles / f"{PROFILE}.yaml").unlink(missing_ok=True)
    for path in state.lab.glob("*") if state.lab.is_dir() else ():
        if path.name not in KEPT:
            path.unlink(missing_ok=True)


def start(state: StateFolder, wish: Wish) -> Info:
    """Start a lab in the background and wait until it answers. Raises OperatorFault.

    Where another call starts one at the same time, that one is waited for; it has to be what is
    asked for here.
    """
    end = time.monotonic() + UP_WITHIN
    while True:
        with tempfile.TemporaryFile() as said:
            child = _spawn(state, wish, said)
            info = _answering(state, child, end)
            if info is not None:
                wish.refuse_another(info)
                return info
            if child.returncode != Locked.exit_code or time.monotonic() > end:
                raise _did_not_start(said, state.lab / LOG)
        # Another one is starting or stopping: then that one answers, or the next of ours does.
        time.sleep(0.5)


def _spawn(state: StateFolder, wish: Wish, said: IO[bytes]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "portineria", "--state", str(state.root), "--json"]
    command += ["lab", "up", *wish.words()]
    return spawn(command, said, state.lab / LOG)


def _answering(state: StateFolder, child: subprocess.Popen[bytes], end: float) -> Info | None:
    """What the lab says once it answers; None where the child ended, or has to be ended."""
    found: list[Info] = []

    def answers() -> bool:
        found.extend(filter(None, [running(state)]))
        return bool(found) or child.poll() is not None

    try:
        wait_until(answers, end - time.monotonic())
        if found:
            # It outlives us on purpose: nobody waits for it here, `stop` does.
            child.returncode = 0
    finally:
        if not found and child.poll() is None:
            child.kill()
            child.wait()
            _tidy(state)
    return found[0] if found else None


def _did_not_start(said: IO[bytes], log: Path) -> OperatorFault:
    said.seek(0)
    try:
        error = json.loads(said.read())["error"]
        return OperatorFault(
            str(error["why"]), where=error["where"], try_=error["try"], evidence=error["evidence"]
        )
    except (ValueError, KeyError, TypeError):
        return OperatorFault(
            "the lab did not come up",
            where=str(log),
            try_="portineria lab up, without --detach, shows more",
        )


def stop(state: StateFolder) -> bool:
    """Stop the lab and wait until it is gone; False where none was running."""
    info = running(state)
    if info is not None:
        control(info, "POST", "/stop", {})
        _gone(int(info["pid"]))
    _tidy(state)
    return info is not None


def _tidy(state: StateFolder) -> None:
    """What a lab that was killed has left is cleared away."""
    if not state.lab.is_dir():
        return
    try:
        with Lock(state.lab / LOCK, passing=True):
            forget(state)
    except Locked:
        return  # the next one is starting already


def _gone(pid: int) -> None:
    if wait_until(lambda: not alive(pid), DOWN_WITHIN):
        return
    os.kill(pid, signal.SIGKILL)
    if not wait_until(lambda: not alive(pid), 5.0):
        raise ServiceFault("the lab does not stop", where=f"process {pid}")


def write_profile(state: StateFolder, info: Info) -> Path:
    """The profile `lab`: endpoints, the control app, and what may be probed with."""
    secrets = {
        "control.secret": info["admin"]["client_secret"],
        "mail.secret": info["mail_app"]["client_secret"],
        "passwords.yaml": _lines((one["upn"], one["password"]) for one in info["people"]),
        "tokens.yaml": _lines(_refresh_tokens(info)),
    }
    for name, text in secrets.items():
        write_atomic(state.lab / name, f"{text}\n".encode())
    path = state.profiles / f"{PROFILE}.yaml"
    write_atomic(path, _PROFILE.format(**_fields(info)).encode())
    return path


_PROFILE = """\
# Written by `portineria lab up`. The embedded tenant: everything here is invented.
schema: portineria/profile@1
tenant: {tenant}
endpoints:
  login: {login}
  graph: {graph}
  exchange: {exchange}
  imap: {imaps}
  pop: {pops}
  smtp: {smtp}
control: {{client_id: {control_id}, secret: "file:../lab/control.secret"}}
probe:
  app: {{client_id: {mail_id}, secret: "file:../lab/mail.secret"}}
  user: {{client_id: {public_id}, refresh_tokens: "file:../lab/tokens.yaml"}}
  passwords: "file:../lab/passwords.yaml"
ca: {ca}
"""


def _fields(info: Info) -> dict[str, str]:
    keys = ("tenant", "login", "graph", "exchange", "imaps", "pops", "smtp")
    return {key: str(info[key]) for key in keys} | {
        "control_id": info["admin"]["client_id"],
        "mail_id": info["mail_app"]["client_id"],
        "public_id": info["public_client_id"],
        "ca": json.dumps(info["ca"]),
    }


def _refresh_tokens(info: Info) -> list[tuple[str, str]]:
    """As if the first person of the seed had signed in with a mail client and consented."""
    first = next((one["upn"] for one in info["people"] if one["password"]), None)
    if first is None:
        return []
    answer = control(info, "POST", f"/people/{first}/refresh-token", {})
    return [(first, str(answer["refresh_token"]))]


def _lines(pairs: Any) -> str:
    lines = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in pairs if value]
    return "\n".join(lines) or "{}"


def _info_file(state: StateFolder) -> Path:
    return state.lab / "info.json"
