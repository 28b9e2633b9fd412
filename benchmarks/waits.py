"""How long one session waits for an answer while others keep the gateway busy.

One session says NOOP every few milliseconds, and the time until its answer is what is told: p99 in
quiet, while four connections guess passwords as fast as they can, and while a letter of 25 MB is
fetched without a pause. At the same time another session, straight at the mail server, says the
same: what it waits is the machine's part.

So that the gateway is measured and not the scheduler, the gateway has a core of its own and all the
others share the rest; the two sessions that are measured, and the mail server's two processes that
answer them, come before anybody else there (SCHED_FIFO). Needs root and two cores.

`benchmarks/waits.py [--plain]`: with `--plain` nobody has a core or comes first.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import socket
import ssl
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from contenders import ADA, PASSWORD, gate, write_chain
from load import Client, Target

LETTER = 25 * 1024 * 1024
ASKED = 3000
"""NOOPs of each measurement."""
PAUSE = 0.004
"""Seconds between two: other sessions are what is measured, not this one's own rate."""
FIRST = 10
"""The priority of those who come first."""
FORKING = multiprocessing.get_context("fork")
WHILE = ("quiet", "guesses", "fetches")


def come_first(plain: bool) -> None:
    if not plain:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(FIRST))


def keep_to(cores: set[int], plain: bool) -> None:
    if not plain:
        os.sched_setaffinity(0, cores)


# --- the mail server: a process for each session ---


def serve(door: socket.socket, leaf: Path, plain: bool) -> None:
    """Until it is killed. FETCH is answered with 25 MB; FIRST makes this session's process one of
    those that come first."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    while True:
        raw, _ = door.accept()
        if os.fork() == 0:
            try:
                _session(context, raw, plain)
            finally:
                os._exit(0)
        raw.close()


def _session(context: ssl.SSLContext, raw: socket.socket, plain: bool) -> None:
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with context.wrap_socket(raw, server_side=True) as client:
        client.sendall(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hello\r\n")
        reader, letter = client.makefile("rb"), b"x" * LETTER
        for line in reader:
            tag, verb, *_ = line.split()
            if verb == b"FIRST":
                come_first(plain)
            if verb == b"FETCH":
                client.sendall(b"* 1 FETCH (BODY[] {%d}\r\n" % LETTER)
                client.sendall(letter)
                client.sendall(b")\r\n")
            client.sendall(tag + b" OK done\r\n")


# --- those who keep it busy ---


def guesses(target: Target) -> None:
    """Four connections at a time, for ever."""
    wrong = Target(target.ports, target.ca, "nobody@contoso.example", "wrong")
    context = ssl.create_default_context(cafile=target.ca)

    def guess() -> None:
        while True:
            with suppress(AssertionError, OSError):
                Client(wrong, "imap", context)

    for _ in range(4):
        threading.Thread(target=guess, daemon=True).start()
    threading.Event().wait()


def fetches(target: Target) -> None:
    client = Client(target, "imap", ssl.create_default_context(cafile=target.ca))
    buffer = memoryview(bytearray(1 << 20))
    while True:
        client.socket.sendall(b"f FETCH 1 BODY[]\r\n")
        left = int(client.reader.readline().rpartition(b"{")[2].rstrip(b"}\r\n"))
        while left:
            left -= client.reader.readinto(buffer[: min(left, len(buffer))])
        while not client.reader.readline().startswith(b"f OK"):
            pass


# --- the one who waits ---


def ask(target: Target, plain: bool, result: multiprocessing.SimpleQueue[float]) -> None:
    """Milliseconds that 99 of 100 NOOPs are answered in."""
    client = Client(target, "imap", ssl.create_default_context(cafile=target.ca))
    client.ask(b"x FIRST")
    come_first(plain)
    took = []
    for number in range(ASKED):
        began = time.perf_counter()
        client.ask(b"n%d NOOP" % number)
        took.append((time.perf_counter() - began) * 1000)
        time.sleep(PAUSE)
    result.put(statistics.quantiles(took, n=100)[98])


def both(through: Target, straight: Target, plain: bool) -> tuple[float, float]:
    found = []
    for target in (through, straight):
        result = FORKING.SimpleQueue()
        process = FORKING.Process(target=ask, args=(target, plain, result))
        process.start()
        found.append((process, result))
    for process, _ in found:
        process.join()
        assert process.exitcode == 0, "a session that was measured ended early"
    first, second = (result.get() for _, result in found)
    return first, second


@contextmanager
def busy(what: str, target: Target) -> Iterator[None]:
    deed = {"guesses": guesses, "fetches": fetches}.get(what)
    time.sleep(1.0)  # what was beside before is over
    if deed is None:
        yield
        return
    process = FORKING.Process(target=deed, args=(target,), daemon=True)
    process.start()
    time.sleep(1.0)
    try:
        yield
    finally:
        process.kill()
        process.join()


def measure(rounds: int, plain: bool) -> dict[str, tuple[float, float]]:
    """By what goes on beside: p99 through the gateway, and straight; medians of the rounds."""
    cores = os.sched_getaffinity(0)
    own = {min(cores)}
    with tempfile.TemporaryDirectory(prefix="waits-") as name:
        folder = Path(name)
        for part in ("up", "gate"):
            (folder / part).mkdir()
        ca, leaf = write_chain(folder / "up")
        door = socket.create_server(("127.0.0.1", 0), backlog=128)
        port = door.getsockname()[1]
        keep_to(cores - own, plain)
        server = FORKING.Process(target=serve, args=(door, leaf, plain))
        server.start()
        keep_to(own, plain)
        try:
            with gate(folder / "gate", ca, "t" * 900, {"imap": (port, False)}) as (_, ports, trust):
                keep_to(cores - own, plain)
                through = Target(ports, trust, ADA, PASSWORD)
                straight = Target({"imap": port}, ca, ADA, PASSWORD)
                return _rounds(through, straight, rounds, plain)
        finally:
            server.kill()
            server.join()


def _rounds(
    through: Target, straight: Target, rounds: int, plain: bool
) -> dict[str, tuple[float, float]]:
    found: dict[str, list[tuple[float, float]]] = {what: [] for what in WHILE}
    for number in range(rounds):
        for what in WHILE:
            with busy(what, through):
                found[what].append(both(through, straight, plain))
            told = " ".join(f"{one:.3f}" for one in found[what][-1])
            print(f"round {number + 1}: {what}: {told}", file=sys.stderr)
    return {
        what: (statistics.median(a for a, _ in each), statistics.median(b for _, b in each))
        for what, each in found.items()
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--plain", action="store_true", help="nobody comes first")
    asked = words.parse_args()
    if not asked.plain and (os.geteuid() or len(os.sched_getaffinity(0)) < 2):
        words.error("it needs root and two cores; --plain needs neither")
    found = measure(asked.rounds, asked.plain)
    print("| while | through the gateway, p99 ms | to quiet | straight, p99 ms | to quiet |")
    print("|---|---|---|---|---|")
    for what, (mine, other) in found.items():
        quiet = [f"{found['quiet'][0]:.2f}", f"{found['quiet'][1]:.2f}"]
        told = [f"{mine:.2f}", f"{mine / float(quiet[0]):.1f}"]
        told += [f"{other:.2f}", f"{other / float(quiet[1]):.1f}"]
        print(f"| {what} | {' | '.join(told)} |")


if __name__ == "__main__":
    main()
