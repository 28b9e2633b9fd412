"""The gateway beside emailproxy, HAProxy, nginx and a Dovecot as proxy, before the same Dovecot,
which takes tokens only.

One interleaved run: each test is done with each contender in turn, three times over, and medians
are printed. The figure is the processor time of the contender's own process tree (user and system,
from /proc): neither a busy neighbour nor a slow mail server changes it much. Ours is the whole
product: credentials, limits, throttling, one log line a session.

What is not the same stands with each contender (contenders.py). The load is made in Python and is
slower than the quick ones, and Dovecot and the load want the same cores: a rate says how many times
emailproxy's ours is at least, and nothing about HAProxy.

`benchmarks/gateway.py [--rounds N] [--only WORD]`. Needs dovecot-imapd, dovecot-pop3d,
dovecot-submissiond, haproxy, nginx and libnginx-mod-mail; emailproxy comes from PyPI into a venv of
its own.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import imaplib
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from contenders import (
    ADA,
    DIRECT,
    Contender,
    Dovecot,
    dovecot_proxy,
    emailproxy,
    haproxy,
    missing,
    nginx,
    ours,
)
from dovecot import dovecot

TICK = os.sysconf("SC_CLK_TCK")
LETTER = 25 * 1024 * 1024
LOGINS, SLOW, NOOPS, IDLE, FETCHES, MESSAGES = 200, 12, 5000, 200, 8, 100
SMALL = b"Subject: small\r\n\r\n" + (b"x" * 76 + b"\r\n") * 128
"""A message of 10 kB."""
Figures = dict[str, float]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


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


# --- load ---


class Load:
    """Clients of one contender."""

    def __init__(self, one: Contender, token: str) -> None:
        self.contender = one
        self.context = ssl.create_default_context(cafile=one.ca)
        said = f"user={ADA}\x01auth=Bearer {token}\x01\x01"
        self.response = base64.b64encode(said.encode()) if one.oauth else b""
        self.plain = base64.b64encode(f"\0{ADA}\0{one.password}".encode())

    async def connect(self, protocol: str) -> Streams:
        reader, writer = await asyncio.open_connection(
            "localhost", self.contender.ports[protocol], ssl=self.context, limit=1 << 20
        )
        await reader.readline()
        return reader, writer

    async def imap(self) -> Streams:
        reader, writer = await self.connect("imap")
        login = f'LOGIN {ADA} "{self.contender.password}"'.encode()
        if self.response:
            login = b"AUTHENTICATE XOAUTH2 " + self.response
        await self.ask(reader, writer, b"a1 " + login)
        return reader, writer

    async def pop(self) -> Streams:
        reader, writer = await self.connect("pop")
        if self.response:
            words = [b"AUTH XOAUTH2", self.response]
        else:
            words = [f"USER {ADA}".encode(), f"PASS {self.contender.password}".encode()]
        for word in words:
            answer = await said(reader, writer, word)
        assert answer.startswith(b"+OK"), answer
        return reader, writer

    async def smtp(self) -> Streams:
        reader, writer = await self.connect("smtp")
        await said(reader, writer, b"EHLO bench")
        if self.response:
            await said(reader, writer, b"AUTH XOAUTH2")
            answer = await said(reader, writer, self.response)
        else:
            answer = await said(reader, writer, b"AUTH PLAIN " + self.plain)
        assert answer.startswith(b"235"), answer
        return reader, writer

    @staticmethod
    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> None:
        writer.write(line + b"\r\n")
        tag = line.split()[0] + b" "
        while not (answer := await reader.readline()).startswith(tag):
            assert answer, "the connection was cut"
        assert answer.startswith(tag + b"OK"), answer

    async def _many(self, number: int, deed: Callable[[], Awaitable[None]]) -> tuple[float, float]:
        """Milliseconds of processor time each, and how many a second, eight at a time."""
        number = SLOW if self.contender.slow else number
        before, began = cpu(self.contender.pid), time.monotonic()
        gate = asyncio.Semaphore(8)

        async def one() -> None:
            async with gate:
                await deed()

        await asyncio.gather(*(one() for _ in range(number)))
        took = time.monotonic() - began
        await asyncio.sleep(0.3)
        return (cpu(self.contender.pid) - before) * 1000 / number, number / took

    async def logins(self) -> Figures:
        async def one() -> None:
            _, writer = await self.imap()
            writer.close()

        spent, rate = await self._many(LOGINS, one)
        return {"IMAP login, CPU ms": spent, "IMAP logins a second": rate}

    async def noops(self) -> Figures:
        reader, writer = await self.imap()
        before = cpu(self.contender.pid)
        for number in range(NOOPS):
            await self.ask(reader, writer, b"n%d NOOP" % number)
        spent = cpu(self.contender.pid) - before
        writer.close()
        return {"NOOP, CPU ms": spent * 1000 / NOOPS}

    async def _bulk(self, sessions: int, one: Callable[[], Awaitable[int]]) -> tuple[float, float]:
        """Seconds of processor time a GB, and MB a second."""
        before, began = cpu(self.contender.pid), time.monotonic()
        size = sum(await asyncio.gather(*(one() for _ in range(sessions))))
        took = time.monotonic() - began
        return (cpu(self.contender.pid) - before) / (size / 1e9), size / 1e6 / took

    async def fetches(self, sessions: int) -> Figures:
        async def one() -> int:
            reader, writer = await self.imap()
            await self.ask(reader, writer, b"s SELECT INBOX")
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

        spent, rate = await self._bulk(sessions, one)
        how = "one session" if sessions == 1 else "eight sessions"
        return {f"FETCH 25 MB, {how}, CPU s/GB": spent, f"FETCH 25 MB, {how}, MB/s": rate}

    async def retrieves(self) -> Figures:
        async def one() -> int:
            reader, writer = await self.pop()
            count = 0
            for _ in range(FETCHES // 2):
                writer.write(b"RETR 1\r\n")
                end = b""
                while end != b"\r\n.\r\n":
                    octets = await reader.read(1 << 20)
                    assert octets, "the connection was cut"
                    count, end = count + len(octets), (end + octets[-5:])[-5:]
            await said(reader, writer, b"QUIT")
            writer.close()
            return count

        spent, rate = await self._bulk(1, one)
        return {"RETR 25 MB, CPU s/GB": spent, "RETR 25 MB, MB/s": rate}

    async def messages(self) -> Figures:
        async def one() -> None:
            reader, writer = await self.smtp()
            for line in (f"MAIL FROM:<{ADA}>".encode(), f"RCPT TO:<{ADA}>".encode(), b"DATA"):
                await said(reader, writer, line)
            answer = await said(reader, writer, SMALL + b".")
            assert answer.startswith(b"250"), answer
            await said(reader, writer, b"QUIT")
            writer.close()

        spent, rate = await self._many(MESSAGES, one)
        return {"SMTP session of one 10 kB message, CPU ms": spent, "such sessions a second": rate}

    async def idle(self) -> Figures:
        await asyncio.sleep(0.5)
        before, number = pss(self.contender.pid), 20 if self.contender.slow else IDLE
        kept = [await self.imap() for _ in range(number)]
        await asyncio.sleep(0.5)
        grown = pss(self.contender.pid) - before
        for _, writer in kept:
            writer.close()
        return {"idle session, KiB": grown / number}


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    """The last line of what is answered."""
    writer.write(line + b"\r\n")
    answer = await reader.readline()
    while answer[3:4] == b"-":
        answer = await reader.readline()
    assert answer, "the connection was cut"
    return answer


TESTS: dict[str, Callable[[Load], Awaitable[Figures]]] = {
    "idle": Load.idle,
    "login": Load.logins,
    "noop": Load.noops,
    "fetch": lambda load: load.fetches(1),
    "fetch-eight": lambda load: load.fetches(8),
    "retr": Load.retrieves,
    "smtp": Load.messages,
}
FRESH = ("idle",)
"""Asked once, before anything else: later on memory that was used once serves again."""
OTHERS = ("HAProxy", "emailproxy", "nginx", "Dovecot")


def fill(upstream: Dovecot, token: str) -> None:
    """One large letter, where there is a token; else by the password."""
    context = ssl.create_default_context(cafile=upstream.ca)
    client = imaplib.IMAP4_SSL("127.0.0.1", upstream.doors["imaps"], ssl_context=context)
    if token:
        said = f"user={ADA}\x01auth=Bearer {token}\x01\x01".encode()
        client.authenticate("XOAUTH2", lambda _: said)
    else:
        client.login(ADA, DIRECT)
    line = b"x" * 74 + b"\r\n"
    client.append("INBOX", "", "", b"Subject: large\r\n\r\n" + line * (LETTER // len(line)))
    client.logout()


async def sink() -> None:
    """Where Dovecot's submission hands on to: it takes everything. Prints its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
            writer.write(b"250 ok\r\n")
            if verb == b"QUIT":
                break
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def sinking() -> Iterator[int]:
    words = [sys.executable, __file__, "--sink"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()


def measure(rounds: int, only: str) -> dict[str, dict[str, float]]:
    """By test and contender, the median of the rounds."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="gatebench-"))
        folder = Path(name)
        folder.chmod(0o755)
        for one in ("ours", "haproxy", "emailproxy", "nginx", "dovecot"):
            (folder / one).mkdir()
        relay = stack.enter_context(sinking())
        upstream = stack.enter_context(dovecot(tokens=True, relay=relay))
        clear = stack.enter_context(dovecot(tokens=False, relay=relay, clear=True))
        token = upstream.token(seconds=86_400)
        fill(upstream, token)
        fill(clear, "")
        made = (
            ours(folder / "ours", upstream, token),
            haproxy(folder / "haproxy", upstream),
            emailproxy(folder / "emailproxy", upstream, token),
            nginx(folder / "nginx", clear),
            dovecot_proxy(folder / "dovecot", upstream, token),
        )
        contenders = [stack.enter_context(one) for one in made]
        time.sleep(4)
        return _rounds(contenders, token, rounds, only)


def _rounds(
    contenders: list[Contender], token: str, rounds: int, only: str
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds):
        for test, run in TESTS.items():
            if (number and test in FRESH) or only not in ("", test):
                continue
            for one in contenders:
                for what, figure in asyncio.run(_figures(run, Load(one, token))).items():
                    found.setdefault(what, {}).setdefault(one.name, []).append(figure)
                    told = f"round {number + 1}: {what}: {one.name} {figure:.3f}"
                    print(told, file=sys.stderr)
    return {
        test: {name: statistics.median(figures) for name, figures in each.items()}
        for test, each in found.items()
    }


async def _figures(run: Callable[[Load], Awaitable[Figures]], load: Load) -> Figures:
    return await run(load)


def table(found: dict[str, dict[str, float]]) -> str:
    names = ("portineria", *OTHERS)
    lines = [f"| what | {' | '.join(names)} | to HAProxy | to emailproxy |"]
    lines.append("|---" * (len(names) + 3) + "|")
    for test, each in found.items():
        mine = each["portineria"]
        figures = [f"{each[name]:.3g}" for name in names]
        ratios = [f"{mine / each[name]:.2f}" if each[name] else "-" for name in OTHERS[:2]]
        lines.append(f"| {test} | {' | '.join([*figures, *ratios])} |")
    return "\n".join(lines)


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--only", choices=list(TESTS), default="", help="one test alone")
    words.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.sink:
        asyncio.run(sink())
        return 0
    if lacking := missing():
        print(f"not installed: {', '.join(lacking)}", file=sys.stderr)
        return 2
    print(table(measure(asked.rounds, asked.only)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
