"""The post office against the dossier's transcripts, line by line, in process and over sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from post_tenant import PASSWORD, Tenant, b64, guid, xoauth2

from dialogue import FOLDER, Dialogue, folder, play
from portineria.clock import SystemClock
from portineria.lab.authority import authority
from portineria.lab.history import History
from portineria.lab.post import folders, selected
from portineria.lab.post.serve import DOORS, PostServers, into, listen, serve_connection
from portineria.lab.post.smtp import SmtpFront
from portineria.mail.imap.words import AFTER_LOGIN
from portineria.mail.pop.words import TRANSACTION

DIALOGUES = folder("post")


def values(tenant: Tenant) -> dict[str, str]:
    users = {name: tenant.user_token("ada", name) for name in ("imap", "pop", "smtp")}
    return {
        "ada-imap": xoauth2("ada", users["imap"]),
        "ada-pop": xoauth2("ada", users["pop"]),
        "ada-smtp": xoauth2("ada", users["smtp"]),
        "desk-as-ada": xoauth2("desk", users["imap"]),
        "expired-imap": xoauth2("ada", tenant.user_token("ada", "imap", seconds=-1)),
        "expired-pop": xoauth2("ada", tenant.user_token("ada", "pop", seconds=-1)),
        "ada-name": b64("ada@contoso.example"),
        "password": b64(PASSWORD),
        "wrong": b64("wrong"),
    }


def mail(name: str) -> bytes:
    """A message beside the dialogues, as it is on the wire."""
    return (FOLDER / "post" / "mail" / f"{name}.eml").read_bytes().replace(b"\n", b"\r\n")


class InProcess:
    def __init__(self, tenant: Tenant, door: str) -> None:
        self.front = DOORS[door].front(tenant.office, "192.0.2.7")

    @property
    def closed(self) -> bool:
        return self.front.closed

    async def open(self) -> bytes:
        return await self.front.open()

    async def hear(self, octets: bytes) -> bytes:
        return await self.front.receive(octets)

    def shake(self) -> None:
        assert self.front.shaking
        self.front.tls_started()


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=[d.name for d in DIALOGUES])
async def test_the_post_office_says_what_was_captured(dialogue: Dialogue) -> None:
    tenant = Tenant()
    for name in dialogue.settings.get("mail", "").split():
        tenant.receives("ada", mail(name))
    await play(dialogue, InProcess(tenant, dialogue.settings["use"]), values(tenant))


def said_in(doors: str) -> set[str]:
    """The commands that clients say at these doors."""
    lines = [
        line.text.replace("\\r\\n", "\n")
        for dialogue in DIALOGUES
        for line in dialogue.lines
        if dialogue.settings["use"].startswith(doors) and line.kind.startswith("C")
    ]
    return {word.upper() for line in "\n".join(lines).split("\n") for word in line.split()[:2]}


def test_every_command_has_a_dialogue() -> None:
    """They are the manual of the post office too."""
    assert folders.COMMANDS.keys() | selected.COMMANDS.keys() | AFTER_LOGIN <= said_in("imap")
    assert TRANSACTION.keys() | {"CAPA", "STLS", "AUTH", "USER", "PASS", "QUIT"} <= said_in("pop")
    smtp = "EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY EXPN HELP QUIT"
    assert set(smtp.split()) <= said_in("smtp")


def test_every_door_has_a_dialogue() -> None:
    assert {dialogue.settings["use"] for dialogue in DIALOGUES} == set(DOORS)


# --- over sockets ---


@dataclass
class Open:
    tenant: Tenant
    servers: PostServers
    history: History
    trust: ssl.SSLContext


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Open]:
    tenant, history, clock = Tenant(), History(), SystemClock(asyncio.sleep)
    tenant.office.record = into(history)
    ca = authority(tmp_path, clock)
    doors = dict.fromkeys(DOORS, 0)
    servers = await listen(tenant.office, ca.server_context(clock), ports=doors, idle=5.0)
    yield Open(tenant, servers, history, ssl.create_default_context(cafile=ca.path))
    await servers.close()


def in_thread(work: Any) -> Any:
    return asyncio.get_running_loop().run_in_executor(None, work)


async def test_the_standard_librarys_clients_log_in(post: Open) -> None:
    """imaplib, poplib and smtplib against every kind of port, with a token of real length."""
    import imaplib
    import poplib
    import smtplib

    tokens = {
        name: b64decode(xoauth2("ada", post.tenant.user_token("ada", name))).decode()
        for name in ("imap", "pop", "smtp")
    }
    ports = post.servers.ports

    def imap(starttls: bool) -> tuple[str, list[Any]]:
        if starttls:
            client = imaplib.IMAP4("localhost", ports["imap"])
            client.starttls(post.trust)
        else:
            client = imaplib.IMAP4_SSL("localhost", ports["imaps"], ssl_context=post.trust)
        client.authenticate("XOAUTH2", lambda _: tokens["imap"].encode())
        selected = client.select("INBOX", readonly=True)
        client.logout()
        return selected

    def pop(starttls: bool) -> tuple[int, int]:
        if starttls:
            client = poplib.POP3("localhost", ports["pop"])
            client.stls(post.trust)
        else:
            client = poplib.POP3_SSL("localhost", ports["pops"], context=post.trust)
        client._shortcmd("AUTH XOAUTH2")  # type: ignore[attr-defined]
        client._shortcmd(b64(tokens["pop"]))  # type: ignore[attr-defined]
        status = client.stat()
        client.quit()
        return status

    def smtp() -> dict[str, Any]:
        with smtplib.SMTP("localhost", ports["smtp"], local_hostname="client.example") as client:
            client.starttls(context=post.trust)
            client.ehlo()
            client.auth("XOAUTH2", lambda challenge=None: tokens["smtp"], initial_response_ok=True)
            return client.sendmail(
                "ada@contoso.example", ["bob@contoso.example"], "Subject: x\n\n.\n"
            )

    assert await in_thread(lambda: imap(False)) == ("OK", [b"0"])
    assert await in_thread(lambda: imap(True)) == ("OK", [b"0"])
    assert await in_thread(lambda: pop(False)) == (0, 0)
    assert await in_thread(lambda: pop(True)) == (0, 0)
    assert await in_thread(smtp) == {}
    (arrived,) = post.tenant.office.store.inbox(guid("bob")).messages
    assert arrived.content.endswith(b"Subject: x\r\n\r\n.\r\n")
    operations = {(asked.operation, asked.status) for asked in post.history.asked}
    assert ("imap first command", 200) in operations
    assert ("smtp auth", 200) in operations


async def test_a_client_that_idles_over_a_socket_hears_of_mail_that_another_sends(
    post: Open,
) -> None:
    import imaplib
    import smtplib

    tokens = {
        name: b64decode(xoauth2("ada", post.tenant.user_token("ada", name))).decode()
        for name in ("imap", "smtp")
    }

    def story() -> list[bytes]:
        client = imaplib.IMAP4("localhost", post.servers.ports["imap"])
        client.starttls(post.trust)
        client.authenticate("XOAUTH2", lambda _: tokens["imap"].encode())
        client.select("INBOX")
        client.send(b"x IDLE\r\n")
        heard = [client.readline()]
        with smtplib.SMTP("localhost", post.servers.ports["smtp"], local_hostname="me") as other:
            other.starttls(context=post.trust)
            other.ehlo()
            other.auth("XOAUTH2", lambda _=None: tokens["smtp"])
            other.sendmail("ada@contoso.example", ["ada@contoso.example"], "Subject: x\n\ny\n")
        heard += [client.readline(), client.readline()]
        client.send(b"DONE\r\n")
        heard.append(client.readline())
        client.shutdown()
        return heard

    assert await in_thread(story) == [
        b"+ IDLE accepted, awaiting DONE command.\r\n",
        b"* 1 EXISTS\r\n",
        b"* 1 RECENT\r\n",
        b"x OK IDLE completed.\r\n",
    ]


@pytest.mark.parametrize(
    ("door", "last"),
    [
        ("imap", b"* BYE Connection is closed. 13\r\n"),
        ("smtp", b"421 4.4.2 Connection dropped\r\n"),
        ("pop", b""),
    ],
)
async def test_a_client_that_is_silent_for_too_long_is_told_goodbye(
    tmp_path: Path, door: str, last: bytes
) -> None:
    clock = SystemClock(asyncio.sleep)
    context = authority(tmp_path, clock).server_context(clock)
    servers = await listen(Tenant().office, context, ports={door: 0}, idle=0.05)
    try:
        reader, writer = await asyncio.open_connection("localhost", servers.ports[door])
        await reader.readline()
        assert await reader.read() == last
        writer.close()
        await writer.wait_closed()
    finally:
        await servers.close()


async def test_many_answers_at_once_are_sent_as_they_are_made(post: Open) -> None:
    """A client that asks a thousand times before it reads does not fill our memory."""
    import imaplib

    post.tenant.receives("ada", b"Subject: x\r\n\r\n" + b"x" * 100_000)
    token = b64decode(xoauth2("ada", post.tenant.user_token("ada", "imap")))

    def story() -> int:
        client = imaplib.IMAP4_SSL("localhost", post.servers.ports["imaps"], ssl_context=post.trust)
        client.authenticate("XOAUTH2", lambda _: token)
        client.select("INBOX", readonly=True)
        client.send(b"y FETCH 1 BODY[]\r\n" * 50)
        octets = sum(len(client.readline()) for _ in range(50 * 5))
        client.shutdown()
        return octets

    assert await in_thread(story) > 50 * 100_000


async def test_what_is_sent_behind_starttls_in_the_clear_is_never_obeyed(post: Open) -> None:
    def attack() -> bytes:
        with socket.create_connection(("localhost", post.servers.ports["smtp"])) as clear:
            clear.recv(4096)
            clear.sendall(b"EHLO evil.example\r\n")
            clear.recv(4096)
            clear.sendall(b"STARTTLS\r\nEHLO evil.example\r\nNOOP\r\n")
            assert clear.recv(4096) == b"220 2.0.0 SMTP server ready\r\n"
            with post.trust.wrap_socket(clear, server_hostname="localhost") as tls:
                tls.sendall(b"QUIT\r\n")
                return tls.recv(4096)

    assert (await in_thread(attack)).startswith(b"221 ")


class Slow(SmtpFront):
    """Lets the network run ahead: what follows STARTTLS is read while it is being answered."""

    async def receive(self, data: bytes) -> bytes:
        answer = await super().receive(data)
        if self.shaking:
            await asyncio.sleep(0.2)
        return answer


async def test_what_arrives_while_starttls_is_answered_is_never_obeyed(tmp_path: Path) -> None:
    tenant, clock = Tenant(), SystemClock(asyncio.sleep)
    ca = authority(tmp_path, clock)
    context = ca.server_context(clock)
    trust = ssl.create_default_context(cafile=ca.path)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve_connection(Slow(tenant.office), reader, writer, context, idle=5.0)

    def attack(port: int) -> bytes:
        with socket.create_connection(("localhost", port)) as clear:
            clear.recv(4096)
            clear.sendall(b"STARTTLS\r\n")
            time.sleep(0.05)
            clear.sendall(b"NOOP\r\n" * 3)
            assert clear.recv(4096) == b"220 2.0.0 SMTP server ready\r\n"
            with trust.wrap_socket(clear, server_hostname="localhost") as tls:
                tls.sendall(b"QUIT\r\n")
                return tls.recv(4096)

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert (await in_thread(lambda: attack(port))).startswith(b"221 ")


async def test_a_peer_that_does_not_speak_tls_or_leaves_is_no_error(post: Open) -> None:
    def rude() -> None:
        with socket.create_connection(("localhost", post.servers.ports["smtp"])) as clear:
            clear.recv(4096)
            clear.sendall(b"EHLO me\r\nSTARTTLS\r\n")
            clear.recv(4096)
            clear.sendall(b"this is no handshake\r\n")
            clear.recv(4096)
        with socket.create_connection(("localhost", post.servers.ports["imaps"])) as clear:
            clear.sendall(b"GET / HTTP/1.1\r\n\r\n")
            clear.recv(4096)

    await in_thread(rude)
    reader, writer = await asyncio.open_connection(
        "localhost", post.servers.ports["pops"], ssl=post.trust
    )
    assert (await reader.readline()).startswith(b"+OK The Microsoft Exchange POP3")
    writer.close()
    await writer.wait_closed()


async def test_a_lost_connection_gives_its_place_back(post: Open) -> None:
    def login_and_vanish() -> None:
        with socket.create_connection(("localhost", post.servers.ports["smtp"])) as clear:
            clear.recv(4096)
            clear.sendall(b"EHLO me\r\n")
            clear.recv(4096)
            clear.sendall(b"STARTTLS\r\n")
            clear.recv(4096)
            with post.trust.wrap_socket(clear, server_hostname="localhost") as tls:
                tls.sendall(b"EHLO me\r\n")
                tls.recv(4096)
                for line in ("AUTH LOGIN", b64("ada@contoso.example"), b64(PASSWORD)):
                    tls.sendall(line.encode() + b"\r\n")
                    said = tls.recv(4096)
                assert said.startswith(b"235 ")

    await in_thread(login_and_vanish)
    for _ in range(100):
        if not post.tenant.office.connections[guid("ada")]:
            break
        await asyncio.sleep(0.01)
    assert post.tenant.office.connections[guid("ada")] == 0
