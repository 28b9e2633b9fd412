"""One gateway process with very many at its doors: what they cost.

Two figures, before a mail server of the benchmark's own (it takes any token, and can talk without
end): memory of ten thousand sessions that say nothing, and the processor time they take; and a
client that does not read while its server talks. How long others wait meanwhile: waits.py.

`benchmarks/crowd.py [--sessions N]`. Root, or a limit of open files above 2 N + 1,000.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from contenders import ADA, PASSWORD, gate, write_chain
from processes import cpu, pss

IN = f"a1 LOGIN {ADA} {PASSWORD}\r\n".encode()
STALL = 8.0


# --- the mail server behind ---


async def upstream(leaf: str) -> None:
    """Prints its port. FLOOD is answered with octets without end."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)
    piece = b"x" * 65_536

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hello\r\n")
        try:
            while line := await reader.readline():
                tag, verb, *_ = line.split()
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
    def __init__(self, port: int, ca: Path, pid: int) -> None:
        self.port, self.pid = port, pid
        self.context = ssl.create_default_context(cafile=ca)

    async def enter(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(
            "localhost", self.port, ssl=self.context, limit=1 << 20
        )
        await reader.readline()
        writer.write(IN)
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


async def measured(crowd: Crowd, sessions: int) -> dict[str, float]:
    found: dict[str, float] = {}
    kib, share = await crowd.stalled()
    found["a client that does not read, KiB"] = kib
    found["and its part of a core, %"] = share * 100
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
        at = {"imap": (port, False)}
        token = base64.b64encode(b"t" * 900).decode()
        pid, ports, own = stack.enter_context(gate(folder / "gate", ca, token, at))
        crowd = Crowd(ports["imap"], own, pid)
        return asyncio.run(measured(crowd, sessions))


def main() -> None:
    words = argparse.ArgumentParser(description="Very many at one gateway's doors.")
    words.add_argument("--sessions", type=int, default=10_000)
    words.add_argument("--upstream", help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.upstream:
        asyncio.run(upstream(asked.upstream))
    else:
        for told, value in run(asked.sessions).items():
            print(f"{told:<48}{value:10.2f}")


if __name__ == "__main__":
    main()
