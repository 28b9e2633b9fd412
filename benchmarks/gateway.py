"""The gateway beside emailproxy and HAProxy, before the same Dovecot, which takes tokens only.

One interleaved run: each test is done with each contender in turn, three times over, and medians
are printed. The figure is the processor time of the contender's own process tree (user and system,
from /proc): neither a busy neighbour nor a slow mail server changes it much. Ours is the whole
product: credentials, limits, throttling, one log line a session.

What is not the same: HAProxy passes octets on and checks nobody, the client speaks OAuth itself
through it; emailproxy has its token already. The load is made in Python and is slower than the
contenders, so rates are not printed: processor time an operation is.

`benchmarks/gateway.py [--rounds N] [--write]`. Needs dovecot-imapd, dovecot-pop3d,
dovecot-submissiond and haproxy; emailproxy comes from PyPI into a venv of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import imaplib
import json
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
for folder in ("tests", "tests/strangers"):
    sys.path.insert(0, str(ROOT / folder))

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from dovecot import ADA, Dovecot, dovecot, free_ports

from doors_tls import write_chain

PASSWORD = "abcdefghjkmnpqrstuvwxyz234"
TICK = os.sysconf("SC_CLK_TCK")
LETTER = 25 * 1024 * 1024
LOGINS, SLOW_LOGINS, NOOPS, IDLE, FETCHES = 200, 12, 5000, 200, 8
EMAILPROXY_ROUNDS = 870_000
"""emailproxy's own number of iterations (release 2026.7)."""


@dataclass(frozen=True)
class Contender:
    """`oauth`: the client presents the token itself. `slow`: fewer logins are asked of it."""

    name: str
    port: int
    pid: int
    ca: Path
    oauth: bool = False
    slow: bool = False


def tree(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, left = [], [pid]
    while left:
        one = left.pop()
        found.append(one)
        left += children.get(one, [])
    return found


def cpu(pid: int) -> float:
    """Seconds of processor time, of the tree, ended children included."""
    total = 0
    for one in tree(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15]))
    return total / TICK


def pss(pid: int) -> int:
    """KiB of memory, shared pages shared out."""
    total = 0
    for one in tree(pid):
        for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


# --- contenders ---


@contextmanager
def gate(
    folder: Path, ca: Path, token: str, servers: dict[str, tuple[int, bool]], pool: int = 0
) -> Iterator[tuple[int, dict[str, int], Path]]:
    """A gateway before these servers: its process, its ports by protocol, whom to trust."""
    own, leaf = write_chain(folder)
    given = {"leaf": str(leaf), "ca": str(ca), "mailbox": ADA, "token": token}
    given |= {"password": PASSWORD, "pool": pool, "servers": servers}
    with (folder / "gate.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "benchmarks" / "gate.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(given) + "\n")
            process.stdin.flush()
            yield process.pid, json.loads(process.stdout.readline()), own
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def ours(folder: Path, upstream: Dovecot, token: str) -> Iterator[Contender]:
    servers = {"imap": (upstream.doors["imaps"], False)}
    with gate(folder, upstream.ca, token, servers) as (pid, ports, ca):
        yield Contender("portineria", ports["imap"], pid, ca)


@contextmanager
def haproxy(folder: Path, upstream: Dovecot) -> Iterator[Contender]:
    ca, leaf = write_chain(folder)
    (port,) = free_ports(1)
    (folder / "haproxy.cfg").write_text(
        "global\n  nbthread 1\ndefaults\n  mode tcp\n  timeout connect 10s\n"
        "  timeout client 1h\n  timeout server 1h\n"
        f"listen imap\n  bind 127.0.0.1:{port} ssl crt {leaf}\n"
        f"  server dovecot 127.0.0.1:{upstream.doors['imaps']} ssl verify required "
        f"ca-file {upstream.ca}\n"
    )
    process = subprocess.Popen(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")])
    try:
        yield Contender("HAProxy", port, process.pid, ca, oauth=True)
    finally:
        process.terminate()
        process.wait(30)


def emailproxy_program(folder: Path) -> str:
    """Its own venv, kept beside the benchmark's others."""
    program = folder / "bin" / "emailproxy"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = str(folder / "bin" / "pip")
        subprocess.run([pip, "install", "--quiet", "emailproxy"], check=True)
    return str(program)


@contextmanager
def emailproxy(folder: Path, upstream: Dovecot, token: str) -> Iterator[Contender]:
    ca, leaf = write_chain(folder)
    (port,) = free_ports(1)
    salt = os.urandom(16)
    derive = PBKDF2HMAC(hashes.SHA256(), 32, salt, EMAILPROXY_ROUNDS)
    key = base64.urlsafe_b64encode(derive.derive(PASSWORD.encode()))
    kept = Fernet(key).encrypt(token.encode()).decode()
    (folder / "emailproxy.config").write_text(
        f"[IMAP-{port}]\nlocal_address = 127.0.0.1\nserver_address = 127.0.0.1\n"
        f"server_port = {upstream.doors['imaps']}\n"
        f"local_certificate_path = {leaf}\nlocal_key_path = {leaf}\n\n"
        f"[{ADA}]\npermission_url = https://localhost/a\ntoken_url = https://localhost/t\n"
        "oauth2_scope = x\nredirect_uri = http://localhost\nclient_id = x\nclient_secret = x\n"
        f"token_salt = {base64.b64encode(salt).decode()}\n"
        f"token_iterations = {EMAILPROXY_ROUNDS}\naccess_token = {kept}\n"
        f"refresh_token = {kept}\naccess_token_expiry = {int(time.time()) + 86_400}\n"
    )
    program = emailproxy_program(ROOT / ".benchmarks" / "emailproxy")
    words = ["--no-gui", "--config-file", str(folder / "emailproxy.config")]
    with (folder / "emailproxy.log").open("wb") as log:
        process = subprocess.Popen(
            [program, *words],
            stdout=log,
            stderr=log,
            stdin=subprocess.PIPE,
            env={**os.environ, "SSL_CERT_FILE": str(upstream.ca)},
        )
        try:
            yield Contender("emailproxy", port, process.pid, ca, slow=True)
        finally:
            process.terminate()
            process.wait(30)


# --- load ---


class Load:
    """Clients of one contender."""

    def __init__(self, one: Contender, token: str) -> None:
        self.contender = one
        self.context = ssl.create_default_context(cafile=one.ca)
        said = f"user={ADA}\x01auth=Bearer {token}\x01\x01"
        response = base64.b64encode(said.encode()).decode()
        self.login = f"a1 LOGIN {ADA} {PASSWORD}"
        if one.oauth:
            self.login = f"a1 AUTHENTICATE XOAUTH2 {response}"

    async def enter(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(
            "localhost", self.contender.port, ssl=self.context, limit=1 << 20
        )
        await reader.readline()
        await self.ask(reader, writer, self.login)
        return reader, writer

    @staticmethod
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: str) -> None:
        writer.write(line.encode() + b"\r\n")
        tag = line.split()[0].encode() + b" "
        while not (answer := await reader.readline()).startswith(tag):
            assert answer, "the connection was cut"
        assert answer.startswith(tag + b"OK"), answer

    async def logins(self) -> float:
        """Milliseconds a login."""
        number = SLOW_LOGINS if self.contender.slow else LOGINS
        before = cpu(self.contender.pid)
        gate = asyncio.Semaphore(4)

        async def one() -> None:
            async with gate:
                _, writer = await self.enter()
                writer.close()

        await asyncio.gather(*(one() for _ in range(number)))
        await asyncio.sleep(0.3)
        return (cpu(self.contender.pid) - before) * 1000 / number

    async def noops(self) -> float:
        """Milliseconds a NOOP, of one session."""
        reader, writer = await self.enter()
        before = cpu(self.contender.pid)
        for number in range(NOOPS):
            await self.ask(reader, writer, f"n{number} NOOP")
        spent = cpu(self.contender.pid) - before
        writer.close()
        return spent * 1000 / NOOPS

    async def fetches(self, sessions: int) -> float:
        """Seconds a GB."""
        before, size = cpu(self.contender.pid), 0

        async def one() -> int:
            reader, writer = await self.enter()
            await self.ask(reader, writer, "s SELECT INBOX")
            count = 0
            for _ in range(FETCHES // sessions):
                writer.write(b"f FETCH 1 BODY.PEEK[]\r\n")
                line = await reader.readline()
                left = int(line.rpartition(b"{")[2].rstrip(b"}\r\n"))
                count += left
                while left:
                    left -= len(await reader.read(min(left, 1 << 20)))
                while not (await reader.readline()).startswith(b"f OK"):
                    pass
            writer.close()
            return count

        size = sum(await asyncio.gather(*(one() for _ in range(sessions))))
        return (cpu(self.contender.pid) - before) / (size / 1e9)

    async def idle(self) -> float:
        """KiB a session that says nothing."""
        await asyncio.sleep(0.5)
        before, number = pss(self.contender.pid), 20 if self.contender.slow else IDLE
        kept = [await self.enter() for _ in range(number)]
        await asyncio.sleep(0.5)
        grown = pss(self.contender.pid) - before
        for _, writer in kept:
            writer.close()
        return grown / number


TESTS: dict[str, Callable[[Load], float]] = {
    "idle session, KiB": lambda load: asyncio.run(load.idle()),
    "IMAP login, CPU ms": lambda load: asyncio.run(load.logins()),
    "NOOP, CPU ms": lambda load: asyncio.run(load.noops()),
    "FETCH 25 MB, one session, CPU s/GB": lambda load: asyncio.run(load.fetches(1)),
    "FETCH 25 MB, eight sessions, CPU s/GB": lambda load: asyncio.run(load.fetches(8)),
}
FRESH = ("idle session, KiB",)
"""Asked once, before anything else: later on memory that was used once serves again."""
AGAINST = ("HAProxy", "emailproxy")


def fill(upstream: Dovecot, token: str) -> None:
    context = ssl.create_default_context(cafile=upstream.ca)
    client = imaplib.IMAP4_SSL("127.0.0.1", upstream.doors["imaps"], ssl_context=context)
    client.authenticate("XOAUTH2", lambda _: f"user={ADA}\x01auth=Bearer {token}\x01\x01".encode())
    line = b"x" * 74 + b"\r\n"
    client.append("INBOX", "", "", b"Subject: large\r\n\r\n" + line * (LETTER // len(line)))
    client.logout()


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """By test and contender, the median of the rounds."""
    with tempfile.TemporaryDirectory(prefix="gatebench-") as name:
        folders = {one: Path(name) / one for one in ("ours", "haproxy", "emailproxy")}
        for folder in folders.values():
            folder.mkdir()
        with dovecot(tokens=True, relay=9) as upstream:
            token = upstream.token(seconds=86_400)
            fill(upstream, token)
            with (
                ours(folders["ours"], upstream, token) as mine,
                haproxy(folders["haproxy"], upstream) as his,
                emailproxy(folders["emailproxy"], upstream, token) as theirs,
            ):
                time.sleep(4)
                return _rounds([mine, his, theirs], token, rounds)


def _rounds(contenders: list[Contender], token: str, rounds: int) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds):
        for test, run in TESTS.items():
            if number and test in FRESH:
                continue
            for one in contenders:
                figure = run(Load(one, token))
                found.setdefault(test, {}).setdefault(one.name, []).append(figure)
                print(f"round {number + 1}: {test}: {one.name} {figure:.3f}", file=sys.stderr)
    return {
        test: {name: statistics.median(figures) for name, figures in each.items()}
        for test, each in found.items()
    }


def table(found: dict[str, dict[str, float]]) -> str:
    lines = ["| what | portineria | HAProxy | emailproxy | to HAProxy | to emailproxy |"]
    lines.append("|---|---|---|---|---|---|")
    for test, each in found.items():
        mine = each["portineria"]
        figures = [f"{each[name]:.3g}" for name in ("portineria", *AGAINST)]
        ratios = [f"{mine / each[name]:.2f}" if each[name] else "-" for name in AGAINST]
        lines.append(f"| {test} | {' | '.join([*figures, *ratios])} |")
    return "\n".join(lines)


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--rounds", type=int, default=3)
    asked = words.parse_args()
    missing = [name for name in ("dovecot", "haproxy") if shutil.which(name) is None]
    if missing:
        print(f"not installed: {', '.join(missing)}", file=sys.stderr)
        return 2
    print(table(measure(asked.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
