"""Two gateways that share a PostgreSQL, behind HAProxy that says for whom it speaks (PROXY v2)."""

from __future__ import annotations

import imaplib
import os
import re
import shutil
import signal
import smtplib
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from gatetown import FILE, LETTER, SCAN, Town
from shell import Shell

from portineria.doors.gate.credentialfile import hash_key
from postgres import Server, free_port, postgres

pytestmark = [pytest.mark.stranger, pytest.mark.slow]
NODE = (
    FILE
    + """\
database: env:GATES_DATABASE
proxy: [127.0.0.1]
pacing: {smtp_connections: 1, messages_per_minute: 4}
limits: {patience_seconds: 6}
"""
)


class Node:
    """A state folder of its own before the same lab."""

    def __init__(self, folder: Path, first: Shell, name: str, file: str = NODE) -> None:
        self.shell = Shell(folder / name)
        state = self.shell.state
        (state / "gateway").mkdir(parents=True, mode=0o700)
        state.chmod(0o700)
        for part in ("profiles", "lab"):
            (state / part).symlink_to(first.state / part)
        for part in ("doors.json", "hash.key"):
            shutil.copy(first.state / "gateway" / part, state / "gateway" / part)
        (state / "gateway" / "gateway.yaml").write_text(file)
        self.told: dict[str, Any] = {}

    def __call__(self, *words: str, code: int = 0) -> Any:
        return self.shell.json("--profile", "lab", *words, code=code)

    def up(self) -> None:
        self.told = self("gateway", "up", "--detach")

    def port(self, door: str) -> int:
        return int(self.told["listeners"][door].rpartition(":")[2])

    @property
    def control(self) -> str:
        return str(self.told["control"]).removeprefix("http://")

    def log(self) -> str:
        return (self.shell.state / "gateway" / "gateway.log").read_text()


class Nodes:
    """`front` is where devices come in: HAProxy's ports, by door."""

    def __init__(self, folder: Path, server: Server, stack: ExitStack) -> None:
        os.environ["GATES_DATABASE"] = server.conninfo
        stack.callback(os.environ.pop, "GATES_DATABASE")
        self.server = server
        self.town = Town(folder / "town", gateway=False)
        stack.callback(self.town.shell, "lab", "down", code=None)
        # The first one's folder has the doors and the key; it runs nothing itself.
        hash_key(self.town.shell.state / "gateway")
        self.nodes = [
            Node(folder, self.town.shell, "a"),
            Node(folder, self.town.shell, "b", NODE + "workers: 2\n"),
        ]
        for node in self.nodes:
            node.up()
            stack.callback(node.shell, "gateway", "down", code=None)
        self.front = {"imaps": free_port(), "smtp": free_port()}
        (folder / "haproxy.cfg").write_text(self._configuration())
        process = subprocess.Popen(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")])
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        # Each node has an authority of its own; a device that may meet both trusts both.
        self.tls = ssl.create_default_context(cafile=self.nodes[0].told["ca"])
        self.tls.load_verify_locations(self.nodes[1].told["ca"])
        time.sleep(2.0)

    def _configuration(self) -> str:
        lines = ["defaults", "  mode tcp", "  timeout connect 5s", "  timeout client 1h"]
        lines += ["  timeout server 1h", "  option redispatch", "  retries 3"]
        for door, port in self.front.items():
            lines += [f"listen {door}", f"  bind 127.0.0.1:{port}", "  balance roundrobin"]
            lines += [
                "  option httpchk",
                "  http-check send meth GET uri /readyz hdr Host localhost",
            ]
            for name, node in zip("ab", self.nodes, strict=True):
                health = node.told["health"].rpartition(":")[2]
                lines.append(
                    f"  server {name} 127.0.0.1:{node.port(door)} send-proxy-v2 "
                    f"check port {health} inter 300ms fall 2 rise 1 "
                    "on-marked-down shutdown-sessions"
                )
        return "\n".join(lines) + "\n"

    def imap(self, name: str, password: str) -> imaplib.IMAP4_SSL:
        client = imaplib.IMAP4_SSL("localhost", self.front["imaps"], ssl_context=self.tls)
        client.login(name, password)
        return client

    def add(self, *words: str) -> str:
        password = self.nodes[0]("gateway", "credential", "add", *words)["password"]
        time.sleep(1.0)
        return str(password)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with ExitStack() as stack:
        server = stack.enter_context(postgres())
        yield Nodes(tmp_path_factory.mktemp("nodes"), server, stack)


def logins(node: Node) -> int:
    line = HTTPConnection(node.control, timeout=10)
    line.request("GET", "/metrics", headers={"Host": "localhost"})
    text = line.getresponse().read().decode()
    found = re.findall(r"^portineria_gateway_logins_total\S* (\d+)$", text, re.MULTILINE)
    return sum(map(int, found))


def test_a_credential_made_on_one_is_good_on_both_and_dead_on_both_in_a_second(
    nodes: Nodes,
) -> None:
    password = nodes.add("both", "--mailbox", SCAN, "--protocol", "imap", "--from", "127.0.0.0/8")
    clients = [nodes.imap("both", password) for _ in range(4)]
    assert all(logins(node) for node in nodes.nodes), "each of them had some"
    assert '"from": "127.0.0.1"' in nodes.nodes[0].log() or clients
    nodes.nodes[1]("gateway", "credential", "revoke", "both")
    time.sleep(1.0)
    for client in clients:
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            client.noop()
    for _ in range(4):
        with pytest.raises(imaplib.IMAP4.error):
            nodes.imap("both", password)


def test_messages_of_a_mailbox_are_paced_across_both(nodes: Nodes) -> None:
    """Four a minute, and who would wait over six seconds is told to come again."""
    password = nodes.add("pacer", "--mailbox", SCAN, "--protocol", "smtp")
    answers = []
    for _ in range(8):
        with smtplib.SMTP("localhost", nodes.front["smtp"], timeout=40) as smtp:
            smtp.login("pacer", password)
            try:
                smtp.sendmail(SCAN, ["ada@contoso.example"], LETTER)
                answers.append(250)
            except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
                answers.append(refused.smtp_code)
    assert answers == [250] * 4 + [451] * 4
    assert min(map(logins, nodes.nodes)) >= 3, "both had their part in it"


def test_connections_of_a_mailbox_are_counted_across_both(nodes: Nodes) -> None:
    password = nodes.add("single", "--mailbox", SCAN, "--protocol", "smtp")
    with smtplib.SMTP("localhost", nodes.front["smtp"], timeout=40) as first:
        first.login("single", password)
        for _ in range(2):
            with smtplib.SMTP("localhost", nodes.front["smtp"], timeout=40) as second:
                with pytest.raises(smtplib.SMTPAuthenticationError) as told:
                    second.login("single", password)
                assert told.value.smtp_code == 421


def test_a_node_with_another_key_is_refused(nodes: Nodes, tmp_path: Path) -> None:
    node = Node(tmp_path, nodes.town.shell, "c")
    (node.shell.state / "gateway" / "hash.key").write_bytes(b"x" * 32)
    told = node("gateway", "credential", "list", code=2)
    assert "under another key" in told["error"]["why"]
    assert "hash.key" in told["error"]["where"]


def test_without_the_database_a_node_is_not_ready_and_says_why(nodes: Nodes) -> None:
    code, body = 200, ""
    nodes.server.stop()
    try:
        end = time.monotonic() + 30
        while code == 200 and time.monotonic() < end:
            line = HTTPConnection(nodes.nodes[0].control, timeout=10)
            line.request("GET", "/readyz", headers={"Host": "localhost"})
            answer = line.getresponse()
            code, body = answer.status, answer.read().decode()
            time.sleep(0.5)
        assert code == 503
        assert "the gateways' database does not answer" in body
    finally:
        nodes.server.start()
    assert "only-for-tests" not in nodes.nodes[0].log()
    time.sleep(6.0)


def test_a_node_that_is_killed_loses_its_own_sessions_and_frees_what_it_had(
    nodes: Nodes,
) -> None:
    password = nodes.add("lives", "--mailbox", SCAN, "--protocol", "imap")
    before = [logins(node) for node in nodes.nodes]
    clients = [nodes.imap("lives", password) for _ in range(8)]
    mine = logins(nodes.nodes[0]) - before[0]
    assert 0 < mine < 8
    os.kill(nodes.nodes[0].told["pid"], signal.SIGKILL)
    time.sleep(0.5)
    alive = 0
    for client in clients:
        try:
            alive += client.noop()[0] == "OK"
        except (imaplib.IMAP4.abort, OSError):
            continue
    assert alive == 8 - mine
    # Eight connections are all that a mailbox has: the dead one's are free within ten seconds.
    end, free = time.monotonic() + 20, False
    while not free and time.monotonic() < end:
        try:
            nodes.imap("lives", password).logout()
            free = True
        except (imaplib.IMAP4.error, OSError):
            time.sleep(0.5)
    assert free


def test_the_example_for_haproxy_is_one_that_it_takes() -> None:
    example = Path(__file__).parents[2] / "docs/examples/haproxy/gateways.cfg"
    done = subprocess.run(["haproxy", "-c", "-f", str(example)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "check port 9181" in example.read_text()
