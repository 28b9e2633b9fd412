"""PostgreSQL on loopback, with a folder of its own; the machine's own server is not touched."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

PASSWORD = "only-for-tests"


def binaries() -> Path:
    """Debian keeps them beside each other, by version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else Path(shutil.which("initdb") or "initdb").parent


@dataclass(frozen=True)
class Server:
    folder: Path
    port: int

    @property
    def conninfo(self) -> str:
        return f"host=127.0.0.1 port={self.port} dbname=postgres user=gate password={PASSWORD}"

    def run(self, program: str, *words: str) -> None:
        """As a user that is not root, for the server refuses root."""
        root = os.geteuid() == 0
        subprocess.run(
            [binaries() / program, *words],
            check=True,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            user="postgres" if root else None,
            extra_groups=[] if root else None,
            group=pwd.getpwnam("postgres").pw_gid if root else None,
        )

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -h 127.0.0.1 -c fsync=off"
        log = str(self.folder / "log")
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-o", options, "-l", log, "-w", "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")


@contextmanager
def postgres() -> Iterator[Server]:
    with TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        server = Server(folder, free_port())
        (folder / "pw").write_text(PASSWORD)
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            for path in (folder, folder / "pw"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        words = ("--auth=scram-sha-256", f"--pwfile={folder / 'pw'}", "--no-sync", "-U", "gate")
        server.run("initdb", "-D", str(folder / "data"), *words)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
