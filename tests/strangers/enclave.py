"""A private network in which Microsoft's names lead to the lab, for programs that know no other.

    with enclave(folder) as inside:
        done = inside.run("m365", "login", "--authType", "secret", …)
        assert done.returncode == 0, inside.story(done.stdout)

Inside, login.microsoftonline.com, graph.microsoft.com, outlook.office365.com and
smtp.office365.com are this machine's loopback, on Microsoft's ports; the system trusts the lab's
authority and no other; there is no way out. Programs see the same files as outside, but for
/etc/hosts, /etc/nsswitch.conf, /etc/ssl/certs and /run, and a home of their own. At the end
every process that was started inside is killed.

Needs root, or a kernel that lets everybody make user namespaces; util-linux, iproute2, openssl.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from portineria.clock import SystemClock
from portineria.lab.authority import authority
from portineria.lab.names import NAMES

HERE = Path(__file__).parent
ROOT = os.geteuid() == 0
SPACES = ("--net", "--mount", "--pid") if ROOT else ("--user", "--net", "--mount", "--pid")
OPENS_WITHIN = 20.0
LAB_UP_WITHIN = 60.0


@dataclass(slots=True)
class Enclave:
    """The inside of a private network with a lab in it.

    `info` is what `portineria lab up --json` says. `environment` is what programs get and no
    more: the lab's authority in the variables by which programs look for one, a home.
    """

    folder: Path
    environment: dict[str, str]
    info: dict[str, Any] = field(default_factory=dict)
    _owner: socket.socket | None = None
    _root: subprocess.Popen[bytes] | None = None

    def run(
        self,
        *command: str | Path,
        timeout: float = 60.0,
        stdin: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end. Raises TimeoutExpired after having killed it."""
        child = self._popen(command, subprocess.PIPE, environment, stdin=subprocess.PIPE)
        try:
            out, err = child.communicate(stdin.encode(), timeout)
        except subprocess.TimeoutExpired as late:
            _kill(child)
            late.output, late.stderr = child.communicate()
            raise
        said = (out.decode(errors="replace"), err.decode(errors="replace"))
        return subprocess.CompletedProcess(command, child.returncode, *said)

    def start(
        self,
        *command: str | Path,
        output: Path,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program that stays; what it says is appended to `output`. End it with `stop`,
        or leave it to the enclave's end."""
        with output.open("ab") as said:
            return self._popen(command, said, environment, stdin=subprocess.DEVNULL)

    def stop(self, child: subprocess.Popen[bytes]) -> None:
        """Kill a program, and what it started in its own process group."""
        _kill(child)
        child.wait(timeout=10)

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection made inside, for the test to speak through. Raises OSError."""
        assert self._owner is not None
        self._owner.sendall(f"{host} {port}".encode())
        answer, descriptors, *_ = socket.recv_fds(self._owner, 300, 1)
        if not descriptors:
            raise ConnectionError(f"{host}:{port} inside: {answer.decode() or 'the enclave ended'}")
        found = socket.socket(fileno=descriptors[0])
        found.settimeout(10)
        return found

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Ask the lab's control door. Raises OSError where it does not answer well."""
        door = urlsplit(self.info["control"])
        host = door.hostname or ""
        trust = ssl.create_default_context(cafile=self.info["ca"])
        talk = http.client.HTTPConnection(host, timeout=10)
        talk.sock = trust.wrap_socket(self.connect(host, door.port or 443), server_hostname=host)
        try:
            talk.request(method, path, None if body is None else json.dumps(body))
            answer = talk.getresponse()
            text = answer.read()
        finally:
            talk.close()
        if answer.status >= 400:
            raise OSError(f"{method} {path}: {answer.status} {text[:200]!r}")
        return json.loads(text) if text else None

    def story(self, *said: object) -> str:
        """What the lab was asked, one line each, and what else is to be read after a failure."""
        shown = ("at", "operation", "method", "path", "status", "target", "caller")
        try:
            rows = self.control("GET", "/history")["value"]
            asked = ["  ".join(str(row[name]) for name in shown) for row in rows]
        except OSError as fault:
            asked = [f"it does not answer: {fault}"]
        return "\n".join(["", "the lab was asked:", *asked, *map(str, said)])

    def _popen(
        self,
        command: Sequence[str | Path],
        output: int | IO[bytes],
        environment: Mapping[str, str] | None,
        *,
        stdin: int,
    ) -> subprocess.Popen[bytes]:
        assert self._root is not None
        # The one in `unshare` is outside its own PID namespace; its children are inside.
        spaces = f"/proc/{self._root.pid}/ns"
        enter = [f"--net={spaces}/net", f"--mount={spaces}/mnt", f"--pid={spaces}/pid_for_children"]
        if not ROOT:
            enter = [f"--user={spaces}/user", "--preserve-credentials", *enter]
        return subprocess.Popen(
            ["nsenter", *enter, f"--wd={self.folder}", "--", *map(str, command)],
            stdin=stdin,
            stdout=output,
            stderr=subprocess.PIPE if output == subprocess.PIPE else subprocess.STDOUT,
            env={**self.environment, **(environment or {})},
            start_new_session=True,
        )


@contextmanager
def enclave(folder: Path, *, seed: str = "small", hosts: Sequence[str] = ()) -> Iterator[Enclave]:
    """An enclave with its lab up; `hosts` are further names that lead to this machine.

    `folder` is an empty one of the test's own. Raises RuntimeError with the reason where it does
    not open.
    """
    furniture = _furniture(folder, [*NAMES, *hosts])
    inside = Enclave(folder, _environment(folder))
    ours, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.settimeout(OPENS_WITHIN)
        inside._owner = ours
        inside._root = _unshare(furniture, theirs)
        theirs.close()
        try:
            _wait_for_it(inside)
            inside.info = _lab_up(inside, seed, hosts)
            yield inside
        finally:
            ours.close()  # ends the first process inside, and the kernel all others with it
            _end(inside._root)


def _unshare(furniture: Path, theirs: socket.socket) -> subprocess.Popen[bytes]:
    command = ["unshare", *SPACES, "--fork", "--kill-child"]
    if not ROOT:
        command.append("--map-root-user")
    with (furniture / "log").open("wb") as log:
        return subprocess.Popen(
            [*command, "--mount-proc", sys.executable, HERE / "enclave_init.py", furniture],
            stdin=theirs,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_for_it(inside: Enclave) -> None:
    assert inside._owner is not None
    try:
        answer = inside._owner.recv(100)
    except TimeoutError:
        answer = b""
    if answer != b"ready":
        log = (inside.folder / "furniture" / "log").read_text(errors="replace")
        raise RuntimeError(f"no private network could be made here: {log}")


def _end(root: subprocess.Popen[bytes]) -> None:
    try:
        root.wait(timeout=10)
    except subprocess.TimeoutExpired:
        _kill(root)
        root.wait(timeout=10)


def _kill(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _furniture(folder: Path, names: Sequence[str]) -> Path:
    """Files that lie over the machine's own: names, where to look for names, whom to trust."""
    furniture = folder / "furniture"
    certs = furniture / "certs"
    certs.mkdir(parents=True)
    lines = [f"127.0.0.1 {name}" for name in names]
    (furniture / "hosts").write_text("\n".join(["::1 localhost", *lines, ""]))
    (furniture / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
    ca = authority(_state(folder) / "lab", SystemClock(_never)).path
    shutil.copy(ca, certs / "lab.pem")
    shutil.copy(ca, certs / "ca-certificates.crt")
    subprocess.run(["openssl", "rehash", certs], check=True, capture_output=True, timeout=20)
    return furniture


async def _never(_seconds: float) -> None:
    raise AssertionError("nobody sleeps here")


def _state(folder: Path) -> Path:
    found = folder / "state"
    found.mkdir(mode=0o700, exist_ok=True)
    return found


def _environment(folder: Path) -> dict[str, str]:
    home = folder / "home"
    home.mkdir()
    trusted = str(folder / "furniture" / "certs" / "ca-certificates.crt")
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        # Node and requests carry lists of authorities of their own; OpenSSL reads the system's.
        "NODE_EXTRA_CA_CERTS": trusted,
        "REQUESTS_CA_BUNDLE": trusted,
        "SSL_CERT_FILE": trusted,
    }


def _lab_up(inside: Enclave, seed: str, hosts: Sequence[str]) -> dict[str, Any]:
    named = [word for host in hosts for word in ("--host", host)]
    command = ["portineria", "--state", str(_state(inside.folder)), "--json", "lab", "up"]
    command += ["--detach", "--real-ports", "--seed", seed, *named]
    up = inside.run(*command, timeout=LAB_UP_WITHIN)
    if up.returncode != 0:
        raise RuntimeError(f"no lab could be opened inside: {up.stdout}{up.stderr}")
    return dict(json.loads(up.stdout))
