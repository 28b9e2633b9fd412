"""One gateway process with very many at its doors: what they cost, and what others feel of them.

Four figures, before a mail server of the benchmark's own (it takes any token, and can talk without
end): memory of ten thousand sessions that say nothing, and the processor time they take; a client
that does not read while its server talks; and how long another session's NOOP takes (p99) while
somebody guesses passwords, and while 25 MB are fetched, beside a quiet minute of the same run. At
the same time the NOOP of a session straight at another mail server, which has nothing to do with
the gateway, is a measure of the machine itself.

`benchmarks/crowd.py [--sessions N]`. Root, or a limit of open files above 2 N + 1,000.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import resource
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from contenders import ADA, PASSWORD, gate, write_chain
from processes import cpu, pss

IN = f"a1 LOGIN {ADA} {PASSWORD}\r\n".encode()
LETTER = 25 * 1024 * 1024
QUIET = 1500
"""NOOPs of each measurement."""
PAUSE = 0.004
"""Seconds between two: other sessions are what is measured, not this one's own rate."""
STALL = 8.0


# --- the mail server behind ---


async def upstream(leaf: str) -> None:
    """Prints its port. FETCH is answered with 25 MB, and FLOOD with octets without end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)
    piece = b"x" * 65_536

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hello\r\n")
        try:
            while line := await reader.readline():
                tag, verb, *_ = line.split()
                if verb == b"FETCH":
                    writer.write(b"* 1 FETCH (BODY[] {%d}\r\n" % LETTER)
                    for _ in range(LETTER // len(piece)):
                        writer.write(piece)
                        await writer.drain()
                        await asyncio.sleep(0)  # others of this server are served in between
                    writer.write(b")\r\n")
                while verb == b"FLOOD":
                    writer.write(piece)
                    await writer.drain()
                writer.write(tag + b" OK done\r\n")
                await writer.drain()
        except (OSError, ValueError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context, backlog=4096)
    print(json.dumps(server.sockets[0].getsockname()[1]), flush=True)
    await server.serve_forever()


# --- those who come ---


class Crowd:
    def __init__(self, port: int, ca: Path, pid: int, line: bytes = IN) -> None:
        self.port, self.pid, self.line = port, pid, line
        self.context = ssl.create_default_context(cafile=ca)

    async def enter(self, line: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(
            "localhost", self.port, ssl=self.context, limit=1 << 20
        )
        await reader.readline()
        writer.write(line or self.line)
        await reader.readline()
        return reader, writer

    async def idle(self, number: int) -> tuple[float, float]:
        """KiB a session that says nothing, and what part of a core all of them take."""
        before, kept = pss(self.pid), []
        turns = asyncio.Semaphore(20)

        async def one() -> None:
            async with turns:
                kept.append(await self.enter())

        await asyncio.gather(*(one() for _ in range(number)))
        await asyncio.sleep(2.0)
        grown = pss(self.pid) - before
        spent, began = cpu(self.pid), time.monotonic()
        await asyncio.sleep(20.0)
        share = (cpu(self.pid) - spent) / (time.monotonic() - began)
        for _, writer in kept:
            writer.transport.abort()
        await asyncio.sleep(2.0)
        return grown / number, share

    async def stalled(self) -> tuple[float, float]:
        """KiB that one client costs who does not read, and what part of a core he takes."""
        before = pss(self.pid)
        reader, writer = await self.enter()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"a2 FLOOD\r\n")
        await asyncio.sleep(2.0)
        spent = cpu(self.pid)
        await asyncio.sleep(STALL)
        share, grown = (cpu(self.pid) - spent) / STALL, pss(self.pid) - before
        writer.transport.abort()
        del reader
        return grown, share

    async def p99(self, beside: Callable[[], Awaitable[None]] | None = None) -> float:
        """Milliseconds of another session's NOOP, 99 of 100 are below."""
        reader, writer = await self.enter()
        other = asyncio.ensure_future(_for_ever(beside)) if beside is not None else None
        await asyncio.sleep(0.5)
        took = []
        for number in range(QUIET):
            began = time.perf_counter()
            writer.write(b"n%d NOOP\r\n" % number)
            await reader.readline()
            took.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(PAUSE)
        if other is not None:
            other.cancel()
        writer.close()
        return statistics.quantiles(took, n=100)[98]


async def _for_ever(beside: Callable[[], Awaitable[None]]) -> None:
    while True:
        await beside()


def storm(port: int, ca: Path, what: str) -> subprocess.Popen[bytes]:
    """Somebody else, in a process of his own: what he costs the load is not measured as ours."""
    return subprocess.Popen([sys.executable, __file__, "--beside", what, str(port), str(ca)])


async def beside(what: str, port: int, ca: Path) -> None:
    crowd = Crowd(port, ca, 0)

    async def guess() -> None:
        try:
            reader, writer = await crowd.enter(b"a1 LOGIN nobody@contoso.example wrong\r\n")
            writer.close()
            del reader
        except OSError:
            await asyncio.sleep(0.05)

    async def fetch() -> None:
        reader, writer = await crowd.enter()
        while True:
            writer.write(b"f FETCH 1 BODY[]\r\n")
            while b"f OK" not in await reader.read(1 << 20):
                pass

    if what == "storm":
        await asyncio.gather(*(_for_ever(guess) for _ in range(4)))
    await fetch()


async def measured(crowd: Crowd, straight: Crowd, ca: Path, sessions: int) -> dict[str, float]:
    found: dict[str, float] = {}
    kib, share = await crowd.stalled()
    found["a client that does not read, KiB"] = kib
    found["and its part of a core, %"] = share * 100

    async def both() -> tuple[float, float]:
        through, beside = await asyncio.gather(crowd.p99(), straight.p99())
        return through, beside

    quiet = [await both()]
    for what, told in (("storm", "guessed passwords"), ("fetch", "25 MB fetched")):
        other = storm(crowd.port, ca, what)
        try:
            await asyncio.sleep(1.0)
            through, beside = await both()
        finally:
            other.kill()
            other.wait()
        found[f"NOOP p99 while {told}, ms"] = through
        found[f"straight, while {told}, ms"] = beside
        quiet.append(await both())
    found["NOOP p99 in quiet, ms"] = statistics.median(one for one, _ in quiet)
    found["straight, in quiet, ms"] = statistics.median(one for _, one in quiet)
    kib, share = await crowd.idle(sessions)
    found[f"an idle session of {sessions:,}, KiB"] = kib
    found["all of them, part of a core, %"] = share * 100
    return found


@contextmanager
def mail_server(folder: Path) -> Iterator[tuple[int, Path]]:
    """Its port, and whom to trust."""
    folder.mkdir()
    ca, leaf = write_chain(folder)
    words = [sys.executable, __file__, "--upstream", str(leaf)]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline()), ca
    finally:
        server.kill()
        server.wait()


def run(sessions: int) -> dict[str, float]:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = min(2 * sessions + 2000, most) if most > 0 else 2 * sessions + 2000
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crowd-")))
        (folder / "gate").mkdir()
        port, ca = stack.enter_context(mail_server(folder / "up"))
        apart, whom = stack.enter_context(mail_server(folder / "apart"))
        at = {"imap": (port, False)}
        token = base64.b64encode(b"t" * 900).decode()
        pid, ports, own = stack.enter_context(gate(folder / "gate", ca, token, at))
        straight = Crowd(apart, whom, 0, b"a1 LOGIN x y\r\n")
        crowd = Crowd(ports["imap"], own, pid)
        return asyncio.run(measured(crowd, straight, own, sessions))


def main() -> None:
    words = argparse.ArgumentParser(description="Very many at one gateway's doors.")
    words.add_argument("--sessions", type=int, default=10_000)
    words.add_argument("--upstream", help=argparse.SUPPRESS)
    words.add_argument("--beside", nargs=3, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.upstream:
        asyncio.run(upstream(asked.upstream))
    elif asked.beside:
        what, port, ca = asked.beside
        asyncio.run(beside(what, int(port), Path(ca)))
    else:
        for told, value in run(asked.sessions).items():
            print(f"{told:<48}{value:10.2f}")


if __name__ == "__main__":
    main()
