"""The first process inside an enclave: it furnishes the place, then opens connections on request.

Run by `enclave.py` as `unshare … python enclave_init.py FOLDER`, with a pair of sockets as
standard input. It answers "ready", then one descriptor for every "host port". When the other end
of the pair is closed, however its owner died, it ends, and the kernel ends every process of its
PID namespace with it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

COVERED = {
    "hosts": "/etc/hosts",
    "nsswitch.conf": "/etc/nsswitch.conf",
    "certs": "/etc/ssl/certs",
}
"""What lies in FOLDER, and where programs look for it."""


def furnish(folder: Path) -> None:
    for name, place in COVERED.items():
        _tool("mount", "--bind", str(folder / name), place)
    # Through sockets under /run (a resolver, a name cache, D-Bus) a program could reach processes
    # that live outside and are asked to look up a name or open a page.
    _tool("mount", "-t", "tmpfs", "tmpfs", "/run")
    _tool("ip", "link", "set", "lo", "up")
    # getaddrinfo with AI_ADDRCONFIG leaves IPv4 out where there is nothing but 127.0.0.1.
    _tool("ip", "address", "add", "127.0.0.2/8", "dev", "lo")


def _tool(*command: str) -> None:
    subprocess.run(command, check=True, timeout=20)


def connect(target: str) -> tuple[bytes, list[int]]:
    host, _, port = target.partition(" ")
    try:
        found = socket.create_connection((host, int(port)), timeout=10)
    except OSError as fault:
        return f"no {fault}".encode(), []
    return b"yes", [found.detach()]


def main() -> None:
    owner = socket.socket(fileno=0)
    furnish(Path(sys.argv[1]))
    # From here on nothing is waited for: orphans that land here vanish by themselves.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    owner.sendall(b"ready")
    while target := owner.recv(300):
        answer, descriptors = connect(target.decode())
        socket.send_fds(owner, [answer], descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    main()
