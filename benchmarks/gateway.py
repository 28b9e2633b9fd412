"""The gateway beside emailproxy, HAProxy, nginx and a Dovecot as proxy, before the same Dovecot,
which takes tokens only.

One interleaved run: each test is done with each contender in turn, five times over; medians are
printed, and beside HAProxy the least and the greatest ratio of a round. The figure is the processor
time of the contender's own process tree (user and system, from /proc): neither a busy neighbour nor
a slow mail server changes it much. Ours is the whole product: credentials, limits, throttling, one
log line a session. What is not the same stands with each contender (contenders.py).

Twice over: before a Dovecot that logs many in by one process, which is its quick form, and for what
begins with a login also before one as Debian ships it, a process for each login. The quick one
takes TLS sessions up again and costs less itself; the other one does neither.

`benchmarks/gateway.py [--rounds N] [--only WORD]`. Needs dovecot-imapd, dovecot-pop3d,
dovecot-submissiond, haproxy, nginx and libnginx-mod-mail; emailproxy comes from PyPI into a venv of
its own.
"""

from __future__ import annotations

import argparse
import asyncio
import imaplib
import math
import platform
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

import load
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
from load import Client, Target
from processes import cpu, pss

LETTER = 25 * 1024 * 1024
LOGINS, SLOW, IDLE = 800, 24, 200
AT_ONCE = 8
SETTLED = 0.3
"""Seconds after which what was asked is done with."""
Figures = dict[str, float]
Rounds = dict[str, dict[str, list[float]]]
"""By test and contender, what each round found."""


def many(one: Contender, target: Target, deed: load.Deed) -> tuple[float, float]:
    """Milliseconds of processor time each, and how many a second, eight at a time."""
    number = SLOW if one.slow else LOGINS
    before = cpu(one.pid)
    took, _ = load.many(deed, target, number, AT_ONCE)
    time.sleep(SETTLED)
    return (cpu(one.pid) - before) * 1000 / number, number / took


def bulk(one: Contender, target: Target, deed: load.Deed, sessions: int) -> tuple[float, float]:
    """Seconds of processor time a GB, and MB a second."""
    before = cpu(one.pid)
    took, size = load.many(deed, target, max(sessions, 4), sessions)
    time.sleep(SETTLED)
    return (cpu(one.pid) - before) / (size / 1e9), size / 1e6 / took


def logins(one: Contender, target: Target) -> Figures:
    spent, rate = many(one, target, load.login)
    return {"IMAP login, CPU ms": spent, "IMAP logins a second": rate}


def messages(one: Contender, target: Target) -> Figures:
    spent, rate = many(one, target, load.message)
    return {"SMTP session of one 10 kB message, CPU ms": spent, "such sessions a second": rate}


def noops(one: Contender, target: Target) -> Figures:
    before = cpu(one.pid)
    load.many(load.noops, target, 1, 1)
    return {"NOOP, CPU ms": (cpu(one.pid) - before) * 1000 / load.NOOPS}


def fetches(one: Contender, target: Target, sessions: int, how: str) -> Figures:
    spent, rate = bulk(one, target, load.fetch, sessions)
    return {f"FETCH 25 MB, {how}, CPU s/GB": spent, f"FETCH 25 MB, {how}, MB/s": rate}


def retrieves(one: Contender, target: Target) -> Figures:
    spent, rate = bulk(one, target, load.retrieve, 1)
    return {"RETR 25 MB, CPU s/GB": spent, "RETR 25 MB, MB/s": rate}


def idle(one: Contender, target: Target) -> Figures:
    time.sleep(SETTLED)
    before, number = pss(one.pid), 20 if one.slow else IDLE
    context = ssl.create_default_context(cafile=target.ca)
    kept = [Client(target, "imap", context) for _ in range(number)]
    time.sleep(SETTLED)
    grown = pss(one.pid) - before
    for client in kept:
        client.close()
    return {"idle session, KiB": grown / number}


TESTS: dict[str, Callable[[Contender, Target], Figures]] = {
    "idle": idle,
    "login": logins,
    "noop": noops,
    "fetch": lambda one, target: fetches(one, target, 1, "one session"),
    "fetch-eight": lambda one, target: fetches(one, target, 8, "eight sessions"),
    "retr": retrieves,
    "smtp": messages,
}
FRESH = ("idle",)
"""Asked once, before anything else: later on memory that was used once serves again."""
AT_LOGIN = ("login", "smtp")
"""Asked before a Dovecot as Debian ships it too."""
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


def measure(rounds: int, tests: list[str], *, quick: bool) -> Rounds:
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="gatebench-"))
        folder = Path(name)
        folder.chmod(0o755)
        for one in ("ours", "haproxy", "emailproxy", "nginx", "dovecot"):
            (folder / one).mkdir()
        relay = stack.enter_context(sinking())
        upstream = stack.enter_context(dovecot(tokens=True, relay=relay, quick=quick))
        clear = stack.enter_context(dovecot(tokens=False, relay=relay, clear=True, quick=quick))
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
        return _rounds(contenders, token, rounds, tests)


def _rounds(contenders: list[Contender], token: str, rounds: int, tests: list[str]) -> Rounds:
    found: Rounds = {}
    for number in range(rounds):
        for test in tests:
            if number and test in FRESH:
                continue
            for one in contenders:
                given = token if one.oauth else ""
                target = Target(one.ports, one.ca, ADA, one.password, given)
                for what, figure in TESTS[test](one, target).items():
                    found.setdefault(what, {}).setdefault(one.name, []).append(figure)
                    told = f"round {number + 1}: {what}: {one.name} {figure:.3f}"
                    print(told, file=sys.stderr)
    return found


def table(found: Rounds) -> str:
    names = ("portineria", *OTHERS)
    lines = [f"| what | {' | '.join(names)} | to HAProxy | round by round | to emailproxy |"]
    lines.append("|---" * (len(names) + 4) + "|")
    for test, each in found.items():
        medians = {name: statistics.median(figures) for name, figures in each.items()}
        figures = [f"{medians[name]:.3g}" for name in names]
        to, to_emailproxy = (_ratio(medians["portineria"], medians[name]) for name in OTHERS[:2])
        by_round = sorted(map(_ratio, each["portineria"], each["HAProxy"]), key=float)
        spread = f"{by_round[0]} to {by_round[-1]}"
        lines.append(f"| {test} | {' | '.join([*figures, to, spread, to_emailproxy])} |")
    return "\n".join(lines)


def _ratio(mine: float, other: float) -> str:
    """Infinite beside what cost nothing that could be measured."""
    return f"{mine / other if other else math.inf:.2f}"


def ran_with() -> str:
    """What may make a difference: who built Python does."""
    programs = (["haproxy", "-v"], ["nginx", "-v"], ["dovecot", "--version"])
    said = [subprocess.run(one, capture_output=True, text=True, check=True) for one in programs]
    others = [(one.stdout or one.stderr).partition("\n")[0] for one in said]
    python = f"Python {platform.python_version()} at {Path(sys.executable).resolve()}"
    return "\n".join([f"{python}, {ssl.OPENSSL_VERSION}, uvloop {version('uvloop')}", *others])


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--only", choices=list(TESTS), default="", help="one test alone")
    words.add_argument("--sink", action="store_true", help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.sink:
        asyncio.run(sink())
        return 0
    if lacking := missing():
        print(f"not installed: {', '.join(lacking)}", file=sys.stderr)
        return 2
    print(ran_with())
    tests = [asked.only] if asked.only else list(TESTS)
    found = measure(asked.rounds, tests, quick=True)
    if at_login := [test for test in tests if test in AT_LOGIN]:
        shipped = measure(asked.rounds, at_login, quick=False)
        found |= {f"{what}, a process each": figures for what, figures in shipped.items()}
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
