"""Mail programs that nobody here wrote, with a device's password, through the gateway: to a Dovecot
that takes tokens only, and to the lab. In with the right password, out with every other, and out at
the mail server itself, which is why there is a gateway.

One table: mail server × TLS × program × protocol. A row that fails names itself.
"""

from __future__ import annotations

import asyncio
import imaplib
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from clients import PROGRAMS
from clients.curl import Curl, run_curl
from clients.fetchmail import Fetchmail
from clients.node import Node, NodeProgram
from clients.openssl import Openssl
from clients.program import Errand, Outcome, Program, Protocol, Tls
from clients.swaks import Swaks, SwaksLogin
from dovecot import ADA, Dovecot, dovecot
from running_lab import Doors
from states import ERP, INVOICES, WAITING

from doors_tls import write_chain
from portineria.clock import SystemClock
from portineria.doors.gate.gate import Gate
from portineria.doors.gate.house import Behind
from portineria.doors.gate.servertls import ServerTls
from portineria.doors.gate.turns import OwnTurns
from portineria.gateway.admission import Credential, Entrance, Register, proof_of
from portineria.gateway.gatewayfile import CertificateWish, GatewayFile, ListenWish
from portineria.gateway.gatewayfile import Tls as GateTls
from portineria.gateway.limits import Limits, Pacing
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol as MailProtocol

pytestmark = pytest.mark.stranger

KEY, PASSWORD = b"k" * 32, "abcdefghjkmnpqrstuvwxyz234"
LETTER = f"From: {ADA}\r\nTo: {ADA}\r\nSubject: {WAITING}\r\n\r\n{WAITING}\r\n"


class CurlPlain(Curl):
    name = "curl, AUTH=PLAIN"

    def go(self, errand: Errand, folder: Path) -> Outcome:
        return run_curl(errand, folder, "--login-options", "AUTH=PLAIN", "--sasl-ir")


class CurlLogin(Curl):
    name = "curl, AUTH=LOGIN"

    def go(self, errand: Errand, folder: Path) -> Outcome:
        return run_curl(errand, folder, "--login-options", "AUTH=LOGIN")


ALL = (*PROGRAMS, CurlPlain, CurlLogin, Fetchmail, Swaks, SwaksLogin, Openssl)
WAYS: tuple[Tls, ...] = ("implicit", "starttls")
SERVERS = ("lab", "dovecot")
ROWS = [
    (server, tls, protocol, program)
    for server in SERVERS
    for tls in WAYS
    for program in ALL
    for protocol in ("imap", "pop", "smtp")
    if protocol in program.speaks and (program.starttls or tls != "starttls")
]
NUMBERS = count()


class Sink(socketserver.StreamRequestHandler):
    """Where Dovecot's submission relays to: it takes everything, and remembers it."""

    mails: list[str]

    def handle(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go\r\n")
                body = b""
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    body += line
                self.mails.append(body.decode())
                self.wfile.write(b"250 2.0.0 kept\r\n")
            elif line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 yes\r\n")


@dataclass
class Front:
    """A gateway before one mail server, and the way to the mail server itself."""

    ports: dict[tuple[Protocol, Tls], int]
    ca: Path
    direct: dict[tuple[Protocol, Tls], int]
    direct_ca: Path
    mailbox: str
    mails: list[str]
    gate: Gate
    direct_host: str = "localhost"

    def errand(self, protocol: Protocol, tls: Tls, name: str, letter: str) -> Errand:
        return Errand(
            protocol=protocol,
            port=self.ports[protocol, tls],
            tls=tls,
            ca=self.ca,
            user=name,
            secret=PASSWORD,
            kind="password",
            letter=letter,
            sender=self.mailbox,
            to=INVOICES,
        )


def credentials(mailbox: str) -> list[Credential]:
    """One that is in, and one for each reason to be out."""
    now = datetime.now(UTC)
    right = Credential(
        id="right",
        names=("device-2f",),
        proof=proof_of(KEY, Secret(PASSWORD)),
        mailboxes=(mailbox,),
        protocols=frozenset(MailProtocol),
        created=now - timedelta(days=1),
    )

    def other(name: str, **changes: Any) -> Credential:
        return replace(right, id=name, names=(name,), **changes)

    return [
        right,
        other("revoked", revoked=now),
        other("expired", until=now - timedelta(hours=1)),
        other("elsewhere", networks=(ip_network("192.0.2.0/24"),)),
        *(
            other(f"no-{one.value}", protocols=frozenset(set(MailProtocol) - {one}))
            for one in MailProtocol
        ),
    ]


@contextmanager
def fronting(
    folder: Path, servers: dict[MailProtocol, Behind], mailbox: str, token: str
) -> Iterator[tuple[Gate, Path]]:
    """The gate in a thread of its own."""
    ca, leaf = write_chain(folder)
    ways = {"implicit": GateTls.IMPLICIT, "starttls": GateTls.STARTTLS}
    listeners = tuple(
        ListenWish(protocol=protocol, host="127.0.0.1", port=0, tls=way)
        for protocol in MailProtocol
        for way in ways.values()
    )
    file = GatewayFile(
        listen=listeners,
        limits=Limits(failures=1_000_000),
        pacing=Pacing(messages_per_minute=0, smtp_connections=0, mailbox_connections=0),
        certificates=(CertificateWish(certificate=leaf),),
        pool=1,
    )

    class Tokens:
        async def token(self, entrance: Entrance) -> Secret:
            return Secret(token)

        def renew(self, entrance: Entrance) -> bool:
            return False

    doors = [Entrance(mailbox=mailbox, protocol=one, grant="g") for one in MailProtocol]
    register = Register(KEY, credentials(mailbox), doors)
    clock = SystemClock(asyncio.sleep)
    loop = asyncio.new_event_loop()
    ready, made = threading.Event(), []

    async def serve() -> None:
        turns = OwnTurns(file.pacing, float(file.limits.patience_seconds), clock)
        tls = ServerTls(file.certificates)
        gate = Gate(file, tls, servers, register, Tokens(), clock, turns)
        made.append(gate)
        await gate.serve(lambda _: ready.set())

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield made[0], ca
    finally:
        loop.call_soon_threadsafe(made[0].stop)
        thread.join(30)
        loop.close()


def _ports(gate: Gate) -> dict[tuple[Protocol, Tls], int]:
    found: dict[tuple[Protocol, Tls], int] = {}
    for wish, port in gate.ports:
        tls: Tls = "implicit" if wish.tls is GateTls.IMPLICIT else "starttls"
        found[wish.protocol.value, tls] = port
    return found


@pytest.fixture(scope="module")
def before_lab(lab: Doors, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    context = ssl.create_default_context(cafile=str(lab.ca))
    servers = {
        one: Behind("localhost", lab.port(door), one is MailProtocol.SMTP, context)
        for one, door in zip(MailProtocol, ("imaps", "pops", "smtp"), strict=True)
    }
    direct: dict[tuple[Protocol, Tls], int] = {
        ("imap", "implicit"): lab.port("imaps"),
        ("imap", "starttls"): lab.port("imap"),
        ("pop", "implicit"): lab.port("pops"),
        ("pop", "starttls"): lab.port("pop"),
        ("smtp", "starttls"): lab.port("smtp"),
    }
    folder = tmp_path_factory.mktemp("before-lab")
    with fronting(folder, servers, ERP, lab.app_token()) as (gate, ca):
        yield Front(_ports(gate), ca, direct, lab.ca, ERP, [], gate)


@pytest.fixture(scope="module")
def before_dovecot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    mails: list[str] = []
    sink = type("Keeping", (Sink,), {"mails": mails})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), sink) as relay:
        relay.daemon_threads = True
        threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.02}).start()
        try:
            with dovecot(tokens=True, relay=relay.server_address[1]) as running:
                yield from _before(running, tmp_path_factory.mktemp("before-dovecot"), mails)
        finally:
            relay.shutdown()


def _before(running: Dovecot, folder: Path, mails: list[str]) -> Iterator[Front]:
    context = ssl.create_default_context(cafile=str(running.ca))
    token = running.token()
    client = imaplib.IMAP4_SSL("127.0.0.1", running.doors["imaps"], ssl_context=context)
    client.authenticate("XOAUTH2", lambda _: f"user={ADA}\x01auth=Bearer {token}\x01\x01".encode())
    assert client.append("INBOX", "", "", LETTER.encode())[0] == "OK"
    client.logout()
    servers = {
        MailProtocol.IMAP: Behind("127.0.0.1", running.doors["imaps"], False, context),
        MailProtocol.POP: Behind("127.0.0.1", running.doors["pop"], True, context),
        MailProtocol.SMTP: Behind("127.0.0.1", running.doors["smtp"], True, context),
    }
    direct: dict[tuple[Protocol, Tls], int] = {
        ("imap", "implicit"): running.doors["imaps"],
        ("imap", "starttls"): running.doors["imap"],
        ("pop", "implicit"): running.doors["pops"],
        ("pop", "starttls"): running.doors["pop"],
        ("smtp", "starttls"): running.doors["smtp"],
    }
    with fronting(folder, servers, ADA, token) as (gate, ca):
        yield Front(_ports(gate), ca, direct, running.ca, ADA, mails, gate, "127.0.0.1")


@pytest.fixture
def front(server: str, request: pytest.FixtureRequest) -> Front:
    found = request.getfixturevalue(f"before_{server}")
    assert isinstance(found, Front)
    return found


def _made(program: type[Program], request: pytest.FixtureRequest) -> Program:
    if not issubclass(program, NodeProgram):
        return program()
    node: Node = request.getfixturevalue("node")
    return program(node)


def _id(row: tuple[str, Tls, Protocol, type[Program]]) -> str:
    server, tls, protocol, program = row
    return f"{program.name}-{protocol}-{tls}-{server}"


MATRIX = pytest.mark.parametrize(("server", "tls", "protocol", "program"), ROWS, ids=map(_id, ROWS))


@MATRIX
def test_a_program_with_a_devices_password_is_in(
    front: Front,
    tls: Tls,
    protocol: Protocol,
    program: type[Program],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    letter = WAITING if protocol != "smtp" else f"Letter {next(NUMBERS)} by {program.name}"
    errand = front.errand(protocol, tls, "device-2f", letter)
    outcome = _made(program, request).go(errand, tmp_path)
    assert outcome.done, outcome.shown
    if protocol != "smtp":
        assert WAITING in outcome.fetched, outcome.shown
    elif front.mails:
        assert any(letter in mail and "\n..\n" in mail.replace("\r", "") for mail in front.mails)


OUT = [row for row in ROWS if row[1] == "implicit" or row[3].name == "getmail"]
REASONS = ("wrong", "revoked", "expired", "elsewhere", "no-{protocol}")


@pytest.mark.parametrize(("server", "tls", "protocol", "program"), OUT, ids=map(_id, OUT))
def test_a_program_with_any_other_password_is_out(
    front: Front,
    tls: Tls,
    protocol: Protocol,
    program: type[Program],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Every reason in turn: a name apiece, all with a password that is right but for `wrong`."""
    reasons = [one.format(protocol=protocol) for one in REASONS]
    # Of each program one reason and the wrong password; all programs together meet them all.
    chosen = {reasons[0], reasons[1 + ROWS.index((_server(request), tls, protocol, program)) % 4]}
    for number, reason in enumerate(sorted(chosen)):
        folder = tmp_path / str(number)
        folder.mkdir()
        name = "device-2f" if reason == "wrong" else reason
        errand = front.errand(protocol, tls, name, "never")
        if reason == "wrong":
            errand = replace(errand, secret="not-the-password-at-all")
        before = sum(front.gate.counts.logins.values())
        outcome = _made(program, request).go(errand, folder)
        assert not (outcome.done and (outcome.fetched or protocol == "smtp")), outcome.shown
        assert WAITING not in outcome.fetched
        assert sum(front.gate.counts.logins.values()) == before, "nobody reached the mail server"


def _server(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("server"))


STRAIGHT = [row for row in ROWS if (row[2], row[1]) != ("smtp", "implicit")]


@pytest.mark.parametrize(("server", "tls", "protocol", "program"), STRAIGHT, ids=map(_id, STRAIGHT))
def test_the_same_program_with_a_password_straight_at_the_mail_server_is_out(
    front: Front,
    tls: Tls,
    protocol: Protocol,
    program: type[Program],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """The reason why there is a gateway."""
    errand = replace(
        front.errand(protocol, tls, front.mailbox, "never"),
        port=front.direct[protocol, tls],
        ca=front.direct_ca,
        host=front.direct_host,
    )
    outcome = _made(program, request).go(errand, tmp_path)
    assert not (outcome.done and (outcome.fetched or protocol == "smtp")), outcome.shown
    assert WAITING not in outcome.fetched


def test_every_reason_was_met_and_nothing_of_it_is_left(before_lab: Front) -> None:
    gate = before_lab.gate
    end = time.monotonic() + 10
    while gate.open and time.monotonic() < end:
        time.sleep(0.05)
    assert gate.crowd.total == len(gate.open) == 0
