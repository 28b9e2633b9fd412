"""A gate under everything at once: a mail server that drops, refuses, stalls and throttles, tokens
that fail, certificates and credentials that change, clients that guess and hang up; for as long as
one wants. Every message is counted: whoever heard 250 must find it at the mail server, once.

`python tests/doors/soak.py [--minutes N]`: 60 without.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import sys
import tempfile
from base64 import b64encode
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from gatehouse import BOX, KEY, LOOPBACK, PASSWORD, House, Upstream, credential, listen, standing

from portineria.fault import ServiceFault
from portineria.gateway.admission import Register
from portineria.gateway.gatewayfile import Tls
from portineria.gateway.limits import Limits, Pacing
from portineria.tenant.mailbox import Protocol

WORKERS = 12
PATIENCE = 20.0


@dataclass
class Storm(Upstream):
    """Misbehaves by chance. `kept` counts each message that it took, by number."""

    chance: random.Random = field(default_factory=lambda: random.Random(11))
    kept: Counter[str] = field(default_factory=Counter)

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
                good = self._lets_in(line.split()[-1]) and luck > 0.03
                writer.write(b"235 in\r\n" if good else b"535 no\r\n")
            elif luck < 0.02:
                writer.write(b"421 4.4.2 shutting down\r\n")
                return
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


@dataclass
class Told:
    """What the clients heard, by number of the message, and how sessions ended."""

    taken: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    """Cut behind the end of the message: the client knows as little as anybody."""
    sessions: Counter[str] = field(default_factory=Counter)
    number: int = 0


async def _line(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE):
        answer = await reader.readline()
        while answer[3:4] == b"-":
            answer = await reader.readline()
    if not answer:
        raise ConnectionError
    return answer


async def send(house: House, told: Told, chance: random.Random) -> None:
    client = await house.knock(0)
    reader, writer = client.reader, client.writer

    async def say(line: str) -> bytes:
        writer.write(line.encode() + b"\r\n")
        return await _line(reader)

    await _line(reader)
    await say("EHLO soak")
    password = PASSWORD if chance.random() > 0.1 else "guessed"
    response = b64encode(f"\0scan\0{password}".encode()).decode()
    if not (await say(f"AUTH PLAIN {response}")).startswith(b"235"):
        told.sessions["smtp out"] += 1
        return
    told.sessions["smtp in"] += 1
    for _ in range(chance.randint(1, 3)):
        told.number += 1
        await _send(say, writer, reader, str(told.number), told, chance)
    writer.close()


async def _send(
    say: Any,
    writer: asyncio.StreamWriter,
    reader: asyncio.StreamReader,
    number: str,
    told: Told,
    chance: random.Random,
) -> None:
    told.refused.add(number)
    for line in (f"MAIL FROM:<{BOX}>", "RCPT TO:<ada@contoso.example>", "DATA"):
        if (await say(line))[:1] not in (b"2", b"3"):
            return
    body = f"Subject: {number}\r\n\r\n" + "x" * chance.randint(0, 200_000)
    writer.write(body.encode())
    if chance.random() < 0.05:
        raise ConnectionError  # before its end: nothing may be kept of it
    told.refused.discard(number)
    told.unknown.add(number)
    writer.write(b"\r\n.\r\n")
    answer = await _line(reader)
    told.unknown.discard(number)
    if answer.startswith(b"421"):
        told.unknown.add(number)
        raise ConnectionError
    (told.taken if answer.startswith(b"250") else told.refused).add(number)


async def read(house: House, told: Told, chance: random.Random) -> None:
    client = await house.knock(1)
    await _line(client.reader)
    password = PASSWORD if chance.random() > 0.1 else "guessed"
    client.writer.write(f"a1 LOGIN scan {password}\r\n".encode())
    good = (await _line(client.reader)).startswith(b"a1 OK")
    told.sessions["imap in" if good else "imap out"] += 1
    if good and chance.random() < 0.7:
        client.writer.write(b"a2 NOOP\r\n")
        await _line(client.reader)
    client.hang_up()


async def weather(house: House, chance: random.Random) -> None:
    """What an admin and the world do meanwhile."""
    gate = house.gate
    tokens: Any = gate.tokens
    ask = tokens.token
    doors = [one for some in gate.register._entrances.values() for one in some]

    async def fails(protocol: Protocol, mailbox: str) -> Any:
        raise ServiceFault("the token service is away", where="here")

    while True:
        await asyncio.sleep(0.3)
        house.upstream.logins.clear()  # nobody reads them here, and memory is the gateway's
        match chance.randrange(5):
            case 0:
                gate.server_tls.load()
            case 1:
                gate.replace(Register(KEY, [credential(note=str(chance.random()))], doors))
            case 2:
                tokens.token = fails
                await asyncio.sleep(0.1)
                tokens.token = ask
            case 3:
                for writer in list(house.upstream.open):
                    if chance.random() < 0.3:
                        writer.transport.abort()
            case _:
                gate.throttle.unlock("scan")
                gate.throttle.unlock("127.0.0.1")


def memory() -> tuple[int, int]:
    """KiB of this process, and objects that it holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4, len(gc.get_objects())


async def soak(folder: Path, seconds: float) -> tuple[Told, Storm, list[tuple[int, int]]]:
    """What was told, what was kept, and memory at a third of the time and at its end."""
    told, chance = Told(), random.Random(5)
    sizes: list[tuple[int, int]] = []
    near: Any = {"tls": Tls.NONE, "networks": LOOPBACK}
    limits = Limits(failures=50, lockout_seconds=2, patience_seconds=5)
    pacing = Pacing(
        messages_per_minute=0, recipients_per_day=0, smtp_connections=8, mailbox_connections=8
    )
    listeners = (listen(Protocol.SMTP, **near), listen(Protocol.IMAP, **near))
    storms: list[Storm] = []

    def stormy(context: Any) -> Storm:
        storms.append(Storm(context))
        return storms[-1]

    async with standing(
        folder, *listeners, limits=limits, pacing=pacing, pool=2, make=stormy
    ) as house:
        end = asyncio.get_running_loop().time() + seconds

        async def work() -> None:
            while asyncio.get_running_loop().time() < end:
                deed = send if chance.random() < 0.6 else read
                with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                    await deed(house, told, chance)

        async def look() -> None:
            await asyncio.sleep(seconds / 3)
            sizes.append(memory())

        wind = asyncio.ensure_future(weather(house, chance))
        try:
            await asyncio.gather(look(), *(work() for _ in range(WORKERS)))
        finally:
            wind.cancel()
        await house.until(lambda: not house.gate.open)
        sizes.append(memory())
    return told, storms[0], sizes


def judged(told: Told, storm: Storm, sizes: list[tuple[int, int]]) -> list[str]:
    """What is wrong; nothing, as it should be."""
    wrong = [
        f"{one} got 250 and was kept {storm.kept[one]} times"
        for one in told.taken
        if storm.kept[one] != 1
    ]
    wrong += [f"{one} was refused and kept" for one in told.refused if storm.kept[one]]
    wrong += [f"{one} was kept twice" for one in told.unknown if storm.kept[one] > 1]
    if sizes[1][1] > 1.2 * sizes[0][1]:
        wrong.append("more and more objects are held")
    enough = (told.taken, told.refused, told.unknown, told.sessions["smtp out"])
    return wrong if all(enough) else [*wrong, "the weather was too mild"]


def summary(told: Told, storm: Storm, sizes: list[tuple[int, int]]) -> str:
    ambiguous = sum(storm.kept[one] > 0 for one in told.unknown)
    return (
        f"sessions {dict(told.sessions)}\n"
        f"messages: {len(told.taken)} taken, {len(told.refused)} refused, "
        f"{len(told.unknown)} cut behind their end ({ambiguous} of them kept)\n"
        f"memory, the numbers of all messages in it, at a third "
        f"{sizes[0][0]} KiB and {sizes[0][1]} objects, at the end "
        f"{sizes[1][0]} KiB and {sizes[1][1]}"
    )


if __name__ == "__main__":
    words = argparse.ArgumentParser(description="The gateway under everything at once.")
    words.add_argument("--minutes", type=float, default=60.0)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as name:
        found = asyncio.run(soak(Path(name), asked.minutes * 60))
    print(summary(*found))
    mistakes = judged(*found)
    print("\n".join(mistakes) or "every message is accounted for")
    sys.exit(1 if mistakes else 0)
