"""How long a login takes where the mail server is 30 ms away: straight, and through the gateway
with and without its pool.

A relay on loopback holds back every piece for half the way, and a new connection for one whole way,
as a TCP handshake does. Straight means a client that presents the token itself; through the gateway
it presents its password, and the gateway is near. Medians of logins one after the other, wall time.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import ssl
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contenders import ADA, PASSWORD, gate
from dovecot import dovecot

WAY = 0.030
LOGINS = 30
REST = 0.25
"""Seconds between two logins: the pool fills up meanwhile, as it does where devices come and go."""
PROTOCOLS = ("imap", "pop", "smtp")


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    while octets := await reader.read(65_536):
        loop.call_later(WAY / 2, writer.write, octets)
    loop.call_later(WAY / 2, writer.close)


@contextmanager
def far(ports: dict[str, int]) -> Iterator[dict[str, int]]:
    """Relays before these ports, in a loop of their own."""
    loop = asyncio.new_event_loop()
    found: dict[str, int] = {}
    tasks: set[asyncio.Task[None]] = set()

    async def relay(name: str, port: int) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(WAY)
            try:
                there = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                writer.close()
                return
            for pair in ((reader, there[1]), (there[0], writer)):
                task = asyncio.ensure_future(_carry(*pair))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        found[name] = server.sockets[0].getsockname()[1]

    for name, port in ports.items():
        loop.run_until_complete(relay(name, port))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


class Straight:
    """One login by hand, by each protocol; TLS first, or STARTTLS. `token`: by XOAUTH2."""

    def __init__(self, ca: Path, token: str = "") -> None:
        self.context = ssl.create_default_context(cafile=ca)
        said = f"user={ADA}\x01auth=Bearer {token}\x01\x01"
        self.response = base64.b64encode(said.encode()) if token else b""
        self.plain = base64.b64encode(f"\0{ADA}\0{PASSWORD}".encode())

    async def login(self, protocol: str, port: int, *, starttls: bool) -> float:
        """Milliseconds until the login is answered."""
        begun = time.perf_counter()
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1",
            port,
            ssl=None if starttls else self.context,
            server_hostname=None if starttls else "127.0.0.1",
        )
        await self.reader.readline()
        if starttls:
            await self._starttls(protocol)
        await getattr(self, f"_{protocol}")()
        spent = time.perf_counter() - begun
        self.writer.close()
        return spent * 1000

    async def _say(self, line: bytes, end: bytes = b"") -> bytes:
        self.writer.write(line + b"\r\n")
        while True:
            answer = await self.reader.readline()
            assert answer, line
            if answer[3:4] != b"-" and answer.startswith(end):
                return answer

    async def _starttls(self, protocol: str) -> None:
        if protocol == "smtp":
            await self._say(b"EHLO bench")
        await self._say({"pop": b"STLS", "smtp": b"STARTTLS", "imap": b"s STARTTLS"}[protocol])
        await self.writer.start_tls(self.context, server_hostname="127.0.0.1")

    async def _imap(self) -> None:
        if self.response:
            line = b"a AUTHENTICATE XOAUTH2 " + self.response
        else:
            line = f"a LOGIN {ADA} {PASSWORD}".encode()
        assert b"a OK" in await self._say(line, b"a ")

    async def _pop(self) -> None:
        if self.response:
            await self._say(b"AUTH XOAUTH2")
            assert b"+OK" in await self._say(self.response)
            return
        await self._say(f"USER {ADA}".encode())
        assert b"+OK" in await self._say(f"PASS {PASSWORD}".encode())

    async def _smtp(self) -> None:
        await self._say(b"EHLO bench")
        if self.response:
            await self._say(b"AUTH XOAUTH2")
            assert b"235" in await self._say(self.response)
            return
        assert b"235" in await self._say(b"AUTH PLAIN " + self.plain)


async def _logins(one: Straight, protocol: str, port: int, *, starttls: bool) -> float:
    spent = []
    for _ in range(LOGINS):
        spent.append(await one.login(protocol, port, starttls=starttls))
        await asyncio.sleep(REST)
    return statistics.median(spent)


def measure() -> dict[str, dict[str, float]]:
    """By protocol: straight, with the pool, without."""
    found: dict[str, dict[str, float]] = {one: {} for one in PROTOCOLS}
    with tempfile.TemporaryDirectory(prefix="path-") as name, dovecot(tokens=True, relay=9) as up:
        token = up.token(seconds=86_400)
        near = {"imap": up.doors["imaps"], "pop": up.doors["pops"], "smtp": up.doors["smtp"]}
        with far(near) as ports:
            servers = {one: (port, one == "smtp") for one, port in ports.items()}
            for way, pool in (("with the pool", 2), ("without", 0)):
                folder = Path(name) / str(pool)
                folder.mkdir()
                with gate(folder, up.ca, token, servers, pool) as (_, own, ca):
                    time.sleep(1)
                    for one in PROTOCOLS:
                        here = _logins(Straight(ca), one, own[one], starttls=False)
                        found[one][way] = asyncio.run(here)
            for one in PROTOCOLS:
                straight = Straight(up.ca, token)
                there = _logins(straight, one, ports[one], starttls=one == "smtp")
                found[one]["straight"] = asyncio.run(there)
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    lines = [
        "| login, ms | straight | with the pool | without | pool to straight |",
        "|---|---|---|---|---|",
    ]
    for one, each in found.items():
        figures = " | ".join(f"{each[way]:.0f}" for way in ("straight", "with the pool", "without"))
        ratio = each["with the pool"] / each["straight"]
        lines.append(f"| {one.upper()} | {figures} | {ratio:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    print(table(measure()))
    sys.exit(0)
