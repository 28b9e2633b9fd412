"""The clients of the benchmark: blocking ones, in threads of two processes.

A client of an event loop costs several times as much as those who are measured, and takes the cores
from them; one of these costs less than a millisecond a login. Each handshake is a whole one: nobody
takes a TLS session up again.
"""

from __future__ import annotations

import base64
import multiprocessing
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROCESSES, THREADS = 2, 4
SMALL = b"Subject: small\r\n\r\n" + (b"x" * 76 + b"\r\n") * 128
"""A message of 10 kB."""
WITHIN = 60.0
"""Seconds that an answer may take."""


@dataclass(frozen=True)
class Target:
    """Who is measured, as a client sees him. With a `token` it presents that, else the password."""

    ports: Mapping[str, int]
    ca: Path
    user: str
    password: str
    token: str = ""

    @property
    def response(self) -> bytes:
        said = f"user={self.user}\x01auth=Bearer {self.token}\x01\x01"
        return base64.b64encode(said.encode()) if self.token else b""


class Client:
    """One connection that has heard the greeting."""

    def __init__(self, target: Target, protocol: str, context: ssl.SSLContext) -> None:
        raw = socket.create_connection(("127.0.0.1", target.ports[protocol]), WITHIN)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(raw, server_hostname="localhost")
        self.reader = self.socket.makefile("rb", 1 << 16)
        self.target = target
        self.reader.readline()
        getattr(self, f"_{protocol}")()

    def close(self) -> None:
        self.reader.close()
        self.socket.close()

    def ask(self, line: bytes) -> None:
        """IMAP: a command that is to be answered with OK."""
        self.socket.sendall(line + b"\r\n")
        tag = line.split()[0] + b" "
        while not (answer := self.reader.readline()).startswith(tag):
            assert answer, "the connection was cut"
        assert answer.startswith(tag + b"OK"), answer

    def say(self, line: bytes, code: bytes) -> None:
        """POP and SMTP: a command whose answer is to begin so."""
        self.socket.sendall(line + b"\r\n")
        answer = self.reader.readline()
        while answer[3:4] == b"-":
            answer = self.reader.readline()
        assert answer.startswith(code), answer

    def _imap(self) -> None:
        target = self.target
        word = f'LOGIN {target.user} "{target.password}"'.encode()
        if target.token:
            word = b"AUTHENTICATE XOAUTH2 " + target.response
        self.ask(b"a1 " + word)

    def _pop(self) -> None:
        target = self.target
        if target.token:
            self.say(b"AUTH XOAUTH2", b"+")
            self.say(target.response, b"+OK")
        else:
            self.say(f"USER {target.user}".encode(), b"+OK")
            self.say(f"PASS {target.password}".encode(), b"+OK")

    def _smtp(self) -> None:
        target = self.target
        self.say(b"EHLO bench", b"250")
        if target.token:
            self.say(b"AUTH XOAUTH2", b"334")
            self.say(target.response, b"235")
        else:
            plain = base64.b64encode(f"\0{target.user}\0{target.password}".encode())
            self.say(b"AUTH PLAIN " + plain, b"235")


Deed = Callable[[Target, ssl.SSLContext], int]
"""What one client does; it returns the octets that it was for, if they are counted."""


def login(target: Target, context: ssl.SSLContext) -> int:
    Client(target, "imap", context).close()
    return 0


def message(target: Target, context: ssl.SSLContext) -> int:
    client = Client(target, "smtp", context)
    client.say(f"MAIL FROM:<{target.user}>".encode(), b"250")
    client.say(f"RCPT TO:<{target.user}>".encode(), b"250")
    client.say(b"DATA", b"354")
    client.say(SMALL + b".", b"250")
    client.say(b"QUIT", b"221")
    client.close()
    return len(SMALL)


def fetch(target: Target, context: ssl.SSLContext) -> int:
    """The large letter, four times."""
    client, count = Client(target, "imap", context), 0
    client.ask(b"s SELECT INBOX")
    buffer = memoryview(bytearray(1 << 20))
    for _ in range(4):
        client.socket.sendall(b"f FETCH 1 BODY.PEEK[]\r\n")
        size = left = int(client.reader.readline().rpartition(b"{")[2].rstrip(b"}\r\n"))
        while left:
            left -= client.reader.readinto(buffer[: min(left, len(buffer))])
        while not client.reader.readline().startswith(b"f OK"):
            pass
        count += size
    client.close()
    return count


def retrieve(target: Target, context: ssl.SSLContext) -> int:
    """The large letter by POP, four times."""
    client, count = Client(target, "pop", context), 0
    for _ in range(4):
        client.socket.sendall(b"RETR 1\r\n")
        end = b""
        while end != b"\r\n.\r\n":
            octets = client.reader.read1(1 << 18)
            assert octets, "the connection was cut"
            count, end = count + len(octets), (end + octets[-5:])[-5:]
    client.say(b"QUIT", b"+OK")
    client.close()
    return count


def noops(target: Target, context: ssl.SSLContext) -> int:
    client = Client(target, "imap", context)
    for number in range(NOOPS):
        client.ask(b"n%d NOOP" % number)
    client.close()
    return 0


NOOPS = 20_000


def _share(deed: Deed, target: Target, number: int, threads: int) -> tuple[float, float, int]:
    """One process's part: when it began, when it ended, octets."""
    context = ssl.create_default_context(cafile=target.ca)
    with ThreadPoolExecutor(threads) as pool:
        began = time.monotonic()
        octets = sum(pool.map(lambda _: deed(target, context), range(number)))
        return began, time.monotonic(), octets


def many(deed: Deed, target: Target, number: int, at_once: int) -> tuple[float, int]:
    """Seconds and octets of that many clients, so many of them at the same time."""
    processes = min(PROCESSES, at_once)
    forking = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(processes, mp_context=forking) as pool:
        parts = [
            pool.submit(_share, deed, target, number // processes, at_once // processes)
            for _ in range(processes)
        ]
        found = [part.result() for part in parts]
    began, ended, octets = zip(*found, strict=True)
    return max(ended) - min(began), sum(octets)
