"""Streams over real sockets on loopback: trust, time limits, addresses, and the probe on top."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portineria.clock import SystemClock
from portineria.doors.stream import TcpDial
from portineria.mail.conversation import Token
from portineria.policy.verdict import Answer
from portineria.run.probe import Ask, Cut, NotReached, NotTrusted, TimedOut, Tls, probe
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Authority:
    """A certificate authority made for one test run, and a server certificate by it."""

    ca_file: Path
    chain: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain)
        return context


def make_authority(folder: Path, name: str) -> Authority:
    """`name` is the only one the server's certificate is good for."""
    now = datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Test authority for {name}")])
    dates = {"not_valid_before": now - timedelta(1), "not_valid_after": now + timedelta(1)}

    def build(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder(issuer, subject, public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(dates["not_valid_before"])
            .not_valid_after(dates["not_valid_after"])
        )

    ca = (
        build(issuer, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    try:
        san: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        san = x509.DNSName(name)
    leaf = (
        build(x509.Name([]), key.public_key())
        .add_extension(x509.SubjectAlternativeName([san]), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "chain.pem").write_bytes(private + leaf.public_bytes(pem))
    return Authority(folder / "ca.pem", folder / "chain.pem")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("trusted"), "127.0.0.1")


@asynccontextmanager
async def serving(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server on loopback whose connections end with the block."""

    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1000):
        writer.write(data)
        await writer.drain()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def test_octets_go_both_ways_in_the_clear() -> None:
    async with serving(echo) as port:
        stream = await TcpDial()("127.0.0.1", port, tls=False)
        await stream.write(b"hello")
        assert await stream.read() == b"hello"
        assert stream.tls_version == ""
        await stream.close()


async def test_tls_is_spoken_from_the_first_octet(authority: Authority) -> None:
    async with serving(echo, authority.context()) as port:
        stream = await TcpDial(authority.ca_file)("127.0.0.1", port, tls=True)
        await stream.write(b"x" * 1_000_000)
        got = 0
        while got < 1_000_000:
            got += len(await stream.read())
        assert stream.tls_version in {"TLSv1.2", "TLSv1.3"}
        await stream.close()


async def test_an_unknown_authority_is_not_trusted(authority: Authority) -> None:
    async with serving(echo, authority.context()) as port:
        with pytest.raises(NotTrusted, match="not trusted"):
            await TcpDial()("127.0.0.1", port, tls=True)


async def test_a_certificate_for_another_name_is_not_trusted(tmp_path: Path) -> None:
    other = make_authority(tmp_path, "mail.contoso.example")
    async with serving(echo, other.context()) as port:
        with pytest.raises(NotTrusted, match="not trusted"):
            await TcpDial(other.ca_file)("127.0.0.1", port, tls=True)


async def test_a_server_without_tls_breaks_the_handshake(authority: Authority) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 this is not TLS\r\n")
        await reader.read()

    async with serving(greet) as port:
        with pytest.raises(Cut, match="handshake"):
            await TcpDial(authority.ca_file)("127.0.0.1", port, tls=True)


async def test_start_tls_drops_what_came_before_it(authority: Authority) -> None:
    context = authority.context()
    ready = asyncio.Event()

    async def injected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"injected")
        await writer.drain()
        await reader.readexactly(5)
        ready.set()
        await writer.start_tls(context)
        writer.write(b"protected")
        await reader.read()

    async with serving(injected) as port:
        stream = await TcpDial(authority.ca_file)("127.0.0.1", port, tls=False)
        await stream._wire._arrived.wait()
        await stream.write(b"READY")
        await ready.wait()
        await stream.start_tls()
        assert await stream.read() == b"protected"
        assert stream.tls_version.startswith("TLSv1.")
        await stream.close()


async def test_start_tls_checks_the_certificate_too(authority: Authority) -> None:
    context = authority.context()

    async def secure(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(context)

    async with serving(secure) as port:
        stream = await TcpDial()("127.0.0.1", port, tls=False)
        with pytest.raises(NotTrusted):
            await stream.start_tls()
        await stream.close()


async def test_nobody_listening_is_not_reached() -> None:
    async with serving(echo) as port:
        pass
    with pytest.raises(NotReached, match="cannot be reached"):
        await TcpDial()("127.0.0.1", port, tls=False)
    with pytest.raises(NotReached):
        await TcpDial()("not..a.host", 1, tls=False)


async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """So much slower than the limit that a whole message cannot have gone."""
    while await reader.read(65_536):
        await asyncio.to_thread(time.sleep, 0.01)


async def test_every_wait_is_bounded(authority: Authority) -> None:
    dial = TcpDial(authority.ca_file, limit=0.05)
    async with serving(slow) as port:
        with pytest.raises(TimedOut):
            await dial("127.0.0.1", port, tls=True)
        stream = await dial("127.0.0.1", port, tls=False)
        with pytest.raises(TimedOut):
            await stream.read()
        with pytest.raises(TimedOut):
            await stream.write(b"x" * 50_000_000)
        stream._transport.abort()
        await stream.close()
        stream = await dial("127.0.0.1", port, tls=False)
        with pytest.raises(TimedOut):
            await stream.start_tls()
        await stream.close()


async def test_an_end_is_empty_and_a_reset_is_a_cut() -> None:
    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()

    async with serving(end) as port:
        stream = await TcpDial()("127.0.0.1", port, tls=False)
        await stream.write(b"x")
        assert await stream.read() == b""
        assert await stream.read() == b""
        await stream.close()
    async with serving(reset) as port:
        stream = await TcpDial()("127.0.0.1", port, tls=False)
        await stream.write(b"x")
        with pytest.raises(Cut, match="cut the connection"):
            await stream.read()
        with pytest.raises(Cut, match="cut the connection"):
            await stream.write(b"x")
        await stream.close()


async def test_the_source_address_is_the_one_asked_for() -> None:
    async def name(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(writer.get_extra_info("peername")[0].encode())
        await reader.read()

    async with serving(name) as port:
        stream = await TcpDial()("127.0.0.1", port, tls=False, source="127.0.0.9")
        assert await stream.read() == b"127.0.0.9"
        await stream.close()
        with pytest.raises(NotReached):
            await TcpDial()("127.0.0.1", port, tls=False, source="203.0.113.1")


async def test_a_probe_goes_through_starttls_on_a_real_socket(authority: Authority) -> None:
    context = authority.context()

    async def submission(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(text: str) -> bytes:
            writer.write(text.encode() + b"\r\n")
            return await reader.readline()

        assert await say("220 ready") == b"EHLO [127.0.0.1]\r\n"
        assert await say("250-x\r\n250 STARTTLS") == b"STARTTLS\r\n"
        writer.write(b"220 go\r\n250 AUTH PLAIN\r\n")
        await writer.start_tls(context)
        assert await reader.readline() == b"EHLO [127.0.0.1]\r\n"
        assert await say("250-x\r\n250 AUTH LOGIN XOAUTH2") == b"AUTH XOAUTH2\r\n"
        assert len(await say("334 ")) > 2000
        assert await say("235 2.7.0 Authentication successful") == b"QUIT\r\n"
        await say("221 bye")

    async with serving(submission) as port:
        found = await probe(
            TcpDial(authority.ca_file),
            SystemClock(asyncio.sleep),
            Ask(
                protocol=Protocol.SMTP,
                host="127.0.0.1",
                port=port,
                tls=Tls.STARTTLS,
                mailbox="scan@contoso.example",
                credential=Token("scan@contoso.example", Secret("t" * 2200)),
                caller="app",
            ),
        )
    assert found.answer is Answer.YES
    assert found.line == "235 2.7.0 Authentication successful"
    assert found.tls is not None
