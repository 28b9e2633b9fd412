"""systemd's own program opens the ports, and the gateway takes them over."""

from __future__ import annotations

import imaplib
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from gatetown import SCAN, Town

from postgres import free_port

pytestmark = [pytest.mark.stranger, pytest.mark.slow]
FILE = """\
schema: portineria/gateway-file@1
listen: [{{protocol: imap, at: "127.0.0.1:{port}", tls: implicit}}]
workers: {workers}
"""


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    found = Town(tmp_path_factory.mktemp("activated"), gateway=False)
    yield found
    found.shell("lab", "down", code=None)


def activated(town: Town, open_port: int, file: str) -> subprocess.Popen[bytes]:
    (town.shell.folder / "activated.yaml").write_text(file)
    words = [sys.executable, "-m", "portineria", "--state", str(town.shell.state)]
    words += ["--profile", "lab", "--json", "gateway", "run", "--config", "activated.yaml"]
    return subprocess.Popen(
        ["systemd-socket-activate", f"--listen=127.0.0.1:{open_port}", *words],
        cwd=town.shell.folder,
        stdout=subprocess.PIPE,
        env=town.shell.environment,
    )


def listeners(town: Town) -> object:
    end = time.monotonic() + 20
    while True:
        told = town.shell.json("--profile", "lab", "gateway", "status", code=None)
        if told["running"] or time.monotonic() > end:
            return told["running"] and told["gateway"]["listeners"]
        time.sleep(0.2)


@pytest.mark.parametrize("workers", [1, 2])
def test_whoever_called_before_the_gateway_was_there_is_served(town: Town, workers: int) -> None:
    port = free_port()
    process = activated(town, port, FILE.format(port=port, workers=workers))
    try:
        words = (f"early-{workers}", "--mailbox", SCAN, "--protocol", "imap")
        password = town.add(*words)["password"]
        # The first connection is what starts it: it waits in systemd's socket until then.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        client = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=context, timeout=40)
        client.login(f"early-{workers}", password)
        assert client.noop()[0] == "OK"
        client.logout()
        # The first worker that is ready serves; status answers when all of them are.
        assert listeners(town) == {"imaps": f"127.0.0.1:{port}"}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_a_socket_that_the_file_does_not_name_is_refused(town: Town) -> None:
    port = free_port()
    process = activated(town, port, FILE.format(port=free_port(), workers=1))
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            break
        except OSError:
            time.sleep(0.1)
    told = process.communicate(timeout=30)[0]
    assert process.returncode == 2
    assert f"at which the gateway does not listen: 127.0.0.1:{port}".encode() in told


def test_the_socket_unit_of_the_example_names_the_ports_of_the_examples_file() -> None:
    unit = Path(__file__).parents[2] / "docs/examples/systemd/portineria-gateway.socket"
    ports = {line.partition("=")[2] for line in unit.read_text().splitlines() if "ListenS" in line}
    file = (resources.files("portineria.gateway") / "gateway.example.yaml").read_text("utf-8")
    assert ports == {"127.0.0.1:9993", "127.0.0.1:9995", "127.0.0.1:5870"}
    assert all(f'at: "{port}"' in file for port in ports)
