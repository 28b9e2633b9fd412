"""`lab up --real-ports` on a network of its own: Microsoft's numbers, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.stranger

INSIDE = """
import fcntl, http.client, json, socket, ssl, struct, subprocess, sys

with socket.socket() as plug:  # the loopback of a new network is down: SIOCSIFFLAGS, IFF_UP
    fcntl.ioctl(plug, 0x8914, struct.pack("16sh14x", b"lo", 0x1))


def lab(*words):
    line = [sys.executable, "-m", "portineria", "lab", *words, "--json"]
    done = subprocess.run(line, stdout=subprocess.PIPE, text=True, timeout=90)
    return done.returncode, json.loads(done.stdout)


def reachable(port):
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


UP = ("up", "--detach", "--real-ports", "--seed", "small")
PORTS = (443, 993, 143, 995, 110, 587)
try:
    with socket.create_server(("127.0.0.1", 587)):
        code, told = lab(*UP)
    error = told["error"]
    assert (code, error["where"], error["evidence"]["port"]) == (2, "--real-ports", 587), told
    assert "port 587 (smtp) is taken" in error["why"], told
    assert not any(map(reachable, PORTS))

    code, info = lab(*UP)
    assert code == 0, info
    assert all(map(reachable, PORTS))
    assert lab(*UP) == (0, info)
    assert info["login"] == "https://login.microsoftonline.com"
    assert info["exchange"] == "https://outlook.office365.com"
    assert (info["imaps"], info["smtp"]) == ("outlook.office365.com:993", "smtp.office365.com:587")
    trust = ssl.create_default_context(cafile=info["ca"])
    path = f"/{info['tenant']}/v2.0/.well-known/openid-configuration"
    talk = http.client.HTTPConnection("login.microsoftonline.com")
    plain = socket.create_connection(("127.0.0.1", 443))
    talk.sock = trust.wrap_socket(plain, server_hostname="login.microsoftonline.com")
    talk.request("GET", path)
    assert json.load(talk.getresponse())["issuer"].startswith("https://login.microsoftonline.com/")
    talk.close()
    assert lab("down") == (0, {"schema": "portineria/lab-down@1", "stopped": True})
    assert not any(map(reachable, PORTS))
finally:
    lab("down")
"""


def test_microsofts_ports_are_taken_whole_or_not_at_all_and_given_back(tmp_path: Path) -> None:
    alone = ["unshare", "--net", *(["--map-root-user"] if os.geteuid() else [])]
    done = subprocess.run(
        [*alone, sys.executable, "-c", INSIDE],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PORTINERIA_STATE": str(tmp_path / "state")},
    )
    assert done.returncode == 0, done.stderr
