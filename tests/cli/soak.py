"""The gateway as it runs, two processes and the one above, under everything at once: a mail server
that drops, refuses, stalls, throttles and restarts, a token service that fails, certificates,
doors and credentials that change, a process killed, clients that guess and hang up; for as long
as one wants. Every message is counted: whoever heard 250 must find it at the mail server, once.

`python tests/cli/soak.py [--minutes N] [--clients N]`: 60 and 12 without.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import ssl
import sys
import tempfile
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    tests = Path(__file__).parents[1]
    sys.path[:0] = [str(folder) for folder in (tests, tests / "cli", tests / "doors")]

from gatehouse import Upstream
from gatetown import POLICY, SCAN, Town

from doors_tls import write_chain
from portineria.cli.labs import control

PATIENCE = 20.0
AGAIN = 0.2
"""Seconds after which one that was turned away comes again."""
TIMES = 12
"""How often memory is looked at."""
FILE = """\
schema: portineria/gateway-file@1
listen:
  - {{protocol: imap, at: "127.0.0.1:0", tls: implicit}}
  - {{protocol: pop, at: "127.0.0.1:0", tls: implicit}}
  - {{protocol: smtp, at: "127.0.0.1:0", tls: implicit}}
certificates: [{{certificate: front/leaf.pem}}]
upstream:
  imap: {{at: "localhost:{imap}", tls: implicit}}
  pop: {{at: "localhost:{pop}", tls: implicit}}
  smtp: {{at: "localhost:{smtp}", tls: implicit}}
  ca: behind/ca.pem
workers: 2
pool: 2
limits: {{failures: 50, lockout_seconds: 2, patience_seconds: 5}}
pacing: {{messages_per_minute: 0, recipients_per_day: 0, smtp_connections: 8}}
"""
Deed = Callable[[], Coroutine[Any, Any, None]]


@dataclass
class Storm(Upstream):
    """A mail server that misbehaves by chance. `kept` counts each message that it took."""

    chance: random.Random = field(default_factory=lambda: random.Random(11))
    kept: Counter[str] = field(default_factory=Counter)
    servers: dict[str, asyncio.Server] = field(default_factory=dict)

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.chance.random() < 0.05:
            return
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper() if line.split() else b""
            luck = self.chance.random()
            if verb == b"EHLO":
                writer.write(b"250-mail\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n")
            elif verb == b"AUTH":
                response = line.split()[2:]
                if not response:  # a token of a real length allows no initial response
                    writer.write(b"334 \r\n")
                    response = (await reader.readline()).split()
                good = luck > 0.03 and bool(response) and self._lets_in(response[0])
                writer.write(b"235 in\r\n" if good else b"535 no\r\n")
            elif luck < 0.02:
                writer.write(b"421 4.4.2 shutting down\r\n")
                return
            elif luck < 0.0205 and verb == b"MAIL":
                writer.write(b"432 4.3.2 Concurrent connections limit exceeded\r\n")
            elif luck < 0.021 and verb == b"RCPT":
                await asyncio.sleep(8)
                writer.write(b"250 ok\r\n")
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                await writer.drain()
                if not await self._message(reader, writer):
                    return
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()

    async def _message(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        mail = await reader.readuntil(b"\r\n.\r\n")
        number = mail.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()
        luck = self.chance.random()
        if luck < 0.05:
            return False  # cut behind its end, and not kept
        if luck < 0.10:
            writer.write(b"451 4.3.0 Try again\r\n")
            return True
        self.kept[number] += 1
        if luck < 0.15:
            return False  # cut behind its end, and kept: nobody knows
        if luck < 0.25:
            await asyncio.sleep(0.05)
        writer.write(b"250 2.0.0 kept\r\n")
        return True

    async def begin(self, ports: dict[str, int]) -> None:
        for name, port in ports.items():
            self.servers[name] = await asyncio.start_server(
                self._serving(name), "127.0.0.1", port, ssl=self.context, limit=1 << 20
            )

    def _serving(self, name: str) -> Any:
        serve = getattr(self, name)

        async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.open.add(writer)
            try:
                await serve(reader, writer)
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass  # cancelled at the end of all
            finally:
                self.open.discard(writer)
                self.logins.clear()
                writer.close()

        return session

    @property
    def ports(self) -> dict[str, int]:
        return {name: one.sockets[0].getsockname()[1] for name, one in self.servers.items()}

    def drop(self, share: float) -> None:
        for writer in list(self.open):
            if self.chance.random() < share:
                writer.transport.abort()

    def end(self) -> None:
        for one in self.servers.values():
            one.close()
        self.drop(1.0)


@dataclass
class Told:
    """What the clients heard, by number of the message, and how sessions and days went."""

    taken: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    """Cut behind the end of the message: the client knows as little as anybody."""
    sessions: Counter[str] = field(default_factory=Counter)
    weather: Counter[str] = field(default_factory=Counter)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    """KiB of the process above, and of the one of the two that nobody kills."""
    wrong: list[str] = field(default_factory=list)
    number: int = 0


@dataclass
class Soak:
    town: Town
    storm: Storm
    password: str
    tls: ssl.SSLContext
    told: Told = field(default_factory=Told)
    chance: random.Random = field(default_factory=lambda: random.Random(5))

    @asynccontextmanager
    async def knock(self, door: str) -> AsyncIterator[Client]:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.town.port(door), ssl=self.tls, server_hostname="localhost"
        )
        try:
            yield Client(reader, writer)
        finally:
            writer.transport.abort()

    def word(self) -> str:
        return self.password if self.chance.random() > 0.1 else "guessed"

    async def send(self) -> None:
        async with self.knock("smtps") as client:
            await client.line()
            await client.say("EHLO soak")
            response = b64encode(f"\0scan\0{self.word()}".encode()).decode()
            if not (await client.say(f"AUTH PLAIN {response}")).startswith(b"235"):
                self.told.sessions["smtp out"] += 1
                await asyncio.sleep(AGAIN)
                return
            self.told.sessions["smtp in"] += 1
            for _ in range(self.chance.randint(1, 3)):
                self.told.number += 1
                await self._message(client, str(self.told.number))

    async def _message(self, client: Client, number: str) -> None:
        told = self.told
        told.refused.add(number)
        for line in (f"MAIL FROM:<{SCAN}>", "RCPT TO:<ada@contoso.example>", "DATA"):
            if (await client.say(line))[:1] not in (b"2", b"3"):
                return
        body = f"Subject: {number}\r\n\r\n" + "x" * self.chance.randint(0, 200_000)
        client.writer.write(body.encode())
        if self.chance.random() < 0.05:
            raise ConnectionError  # before its end: nothing may be kept of it
        told.refused.discard(number)
        told.unknown.add(number)
        answer = await client.say("\r\n.")
        if answer.startswith(b"421"):
            raise ConnectionError
        told.unknown.discard(number)
        (told.taken if answer.startswith(b"250") else told.refused).add(number)

    async def read(self) -> None:
        async with self.knock("imaps") as client:
            await client.line()
            good = (await client.say(f"a1 LOGIN scan {self.word()}")).startswith(b"a1 OK")
            self.told.sessions["imap in" if good else "imap out"] += 1
            if not good:
                await asyncio.sleep(AGAIN)
            elif self.chance.random() < 0.7:
                await client.say("a2 NOOP")

    async def fetch(self) -> None:
        async with self.knock("pops") as client:
            await client.line()
            await client.say("USER scan")
            good = (await client.say(f"PASS {self.word()}")).startswith(b"+OK")
            self.told.sessions["pop in" if good else "pop out"] += 1
            if good:
                await client.say("QUIT")
            else:
                await asyncio.sleep(AGAIN)

    async def work(self, end: float) -> None:
        while asyncio.get_running_loop().time() < end:
            luck = self.chance.random()
            deed: Deed = self.send if luck < 0.6 else self.read if luck < 0.8 else self.fetch
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await deed()

    async def weather(self) -> None:
        """What an admin and the world do meanwhile."""
        await self._token_service(failing=False)
        often = [self._reload, self._drop, self._restart, self._no_tokens]
        deeds: list[Deed] = [*often, self._kill, *often, self._rotate]
        while True:
            self.chance.shuffle(deeds)
            for deed in deeds:
                await asyncio.sleep(1.0)
                await deed()
                self.told.weather[deed.__name__.strip("_")] += 1

    async def _reload(self) -> None:
        """A new certificate, the doors file looked at again; nobody is cut off."""
        front = self.town.shell.folder / "front"
        write_chain(front)
        self.tls.load_verify_locations(front / "ca.pem")
        doors = self.town.shell.state / "gateway" / "doors.json"
        os.utime(doors)
        os.kill(self.town.told["pid"], signal.SIGHUP)

    async def _drop(self) -> None:
        self.storm.drop(0.3)

    async def _restart(self) -> None:
        ports = self.storm.ports
        self.storm.end()
        await asyncio.sleep(0.5)
        await self.storm.begin(ports)

    async def _no_tokens(self) -> None:
        await self._token_service(failing=True)
        await asyncio.sleep(1.0)
        await self._token_service(failing=False)

    async def _token_service(self, *, failing: bool) -> None:
        """Tokens live for four seconds, so that they are asked for all the time."""
        overrides = {"token_seconds": 4, "server_errors": 1.0 if failing else 0.0}
        body = {"name": "fair", "overrides": overrides}
        await asyncio.to_thread(control, self.town.lab, "POST", "/weather", body)

    async def _kill(self) -> None:
        os.kill(self.worker(1), signal.SIGKILL)
        await asyncio.sleep(2.0)

    async def _rotate(self) -> None:
        """The old password is good for another hour, so no client notices."""
        words = ("gateway", "credential", "rotate", "scan", "--overlap", "1")
        self.password = (await asyncio.to_thread(self.town, *words))["password"]

    def worker(self, number: int) -> int:
        """Its process; waits for none. Raises LookupError where it is not there now."""
        above = self.town.told["pid"]
        for pid in Path(f"/proc/{above}/task/{above}/children").read_text().split():
            told = Path(f"/proc/{pid}/environ").read_text()
            if f"PORTINERIA_GATEWAY_WORKER={number}\0" in told:
                return int(pid)
        raise LookupError(f"worker {number} is not there")

    async def look(self, seconds: float) -> None:
        first = self.worker(0)
        for _ in range(TIMES):
            await asyncio.sleep(seconds / TIMES)
            if self.worker(0) != first:
                self.told.wrong.append("a process ended that nobody killed")
                return
            self.told.sizes.append((resident(self.town.told["pid"]), resident(first)))
            print(so_far(self.told), file=sys.stderr, flush=True)


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, line: str) -> bytes:
        self.writer.write(line.encode() + b"\r\n")
        return await self.line()

    async def line(self) -> bytes:
        """The last line of an answer."""
        async with asyncio.timeout(PATIENCE):
            answer = await self.reader.readline()
            while answer[3:4] == b"-":
                answer = await self.reader.readline()
        if not answer:
            raise ConnectionError
        return answer


def resident(pid: int) -> int:
    """KiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4


@asynccontextmanager
async def standing(folder: Path) -> AsyncIterator[Soak]:
    for name in ("front", "behind"):
        (folder / name).mkdir()
    front, _ = write_chain(folder / "front")
    _, leaf = write_chain(folder / "behind")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)
    storm = Storm(context)
    await storm.begin(dict.fromkeys(("imap", "pop", "smtp"), 0))
    policy = POLICY.replace("[imap, smtp]", "[imap, pop, smtp]")
    file = FILE.format(**storm.ports)
    town = await asyncio.to_thread(Town, folder, file, policy=policy)
    try:
        opens = (word for name in ("imap", "pop", "smtp") for word in ("--protocol", name))
        words = ("gateway", "credential", "add", "scan", "--mailbox", SCAN, *opens)
        password = (await asyncio.to_thread(town, *words))["password"]
        await asyncio.sleep(1.0)
        yield Soak(town, storm, password, ssl.create_default_context(cafile=front))
    finally:
        await asyncio.to_thread(town.shell, "gateway", "down", code=None)
        await asyncio.to_thread(town.shell, "lab", "down", code=None)
        storm.end()


async def soak(folder: Path, seconds: float, clients: int) -> tuple[Told, Storm]:
    async with standing(folder) as found:
        end = asyncio.get_running_loop().time() + seconds
        wind = asyncio.ensure_future(found.weather())
        try:
            await asyncio.gather(found.look(seconds), *(found.work(end) for _ in range(clients)))
            assert not wind.done(), wind.exception()
        finally:
            wind.cancel()
    for log in (folder / "state" / "gateway").glob("gateway.log*"):  # with the older ones
        if (at := (said := log.read_text()).find("Traceback")) >= 0:
            of_it = said[max(0, at - 200) : at + 2000]
            found.told.wrong.append(f"the log tells of an error of our own: {of_it}")
    return found.told, found.storm


def judged(told: Told, storm: Storm) -> list[str]:
    """What is wrong; nothing, as it should be."""
    wrong = told.wrong + [
        f"{one} got 250 and was kept {storm.kept[one]} times"
        for one in told.taken
        if storm.kept[one] != 1
    ]
    wrong += [f"{one} was refused and kept" for one in told.refused if storm.kept[one]]
    wrong += [f"{one} was kept twice" for one in told.unknown if storm.kept[one] > 1]
    third, last = told.sizes[TIMES // 3 - 1], told.sizes[-1]
    if any(now > 1.25 * then for then, now in zip(third, last, strict=True)):
        wrong.append("memory grows")
    enough = (told.taken, told.refused, told.unknown, told.sessions["smtp out"], told.weather)
    return wrong if all(enough) else [*wrong, "the weather was too mild"]


def so_far(told: Told) -> str:
    above, below = told.sizes[-1]
    return (
        f"{len(told.sizes)} of {TIMES}: {sum(told.sessions.values())} sessions, {len(told.taken)} "
        f"messages taken, {sum(told.weather.values())} turns of the weather, "
        f"{above} and {below} KiB"
    )


def summary(told: Told, storm: Storm) -> str:
    ambiguous = sum(storm.kept[one] > 0 for one in told.unknown)
    above, below = zip(*told.sizes, strict=True)
    return (
        f"sessions {dict(told.sessions)}\n"
        f"weather {dict(told.weather)}\n"
        f"messages: {len(told.taken)} taken, {len(told.refused)} refused, "
        f"{len(told.unknown)} cut behind their end ({ambiguous} of them kept)\n"
        f"KiB of the process above, over time: {' '.join(map(str, above))}\n"
        f"KiB of the one that nobody kills:    {' '.join(map(str, below))}"
    )


if __name__ == "__main__":
    words = argparse.ArgumentParser(description="The gateway under everything at once.")
    words.add_argument("--minutes", type=float, default=60.0)
    words.add_argument("--clients", type=int, default=12)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        ended = asyncio.run(soak(Path(name), asked.minutes * 60, asked.clients))
    print(summary(*ended))
    mistakes = judged(*ended)
    print("\n".join(mistakes) or "every message is accounted for")
    sys.exit(1 if mistakes else 0)
