"""Who may stand in the place of the service: proxies that refuse, portals, other certificates."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from desk import Desk

PEM = serialization.Encoding.PEM
CLOSE = b"Connection: close\r\n"


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """One whole HTTP answer, after which the connection ends."""
    lines = b"".join(f"{line}\r\n".encode() for line in headers)
    length = f"Content-Length: {len(body)}\r\n".encode()
    return f"HTTP/1.1 {status}\r\n".encode() + CLOSE + lines + length + b"\r\n" + body


class Host:
    """Answers whatever is asked with the same octets; over TLS where it has a context."""

    def __init__(self, reply: bytes, context: ssl.SSLContext | None = None) -> None:
        self._reply = reply
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                wire, _ = self._socket.accept()
            except OSError:
                return
            wire.settimeout(5.0)
            try:
                with self._wrapped(wire) as stream:
                    stream.recv(65536)
                    stream.sendall(self._reply)
            except OSError:
                wire.close()

    def _wrapped(self, wire: socket.socket) -> socket.socket:
        return self._context.wrap_socket(wire, server_side=True) if self._context else wire

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def chain(folder: Path, name: str, start: float, end: float) -> tuple[Path, ssl.SSLContext]:
    """A CA file, and a server's context with a certificate for `name`, valid for those days."""
    now = datetime.now(UTC)
    key, leaf = _key(), ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())

    def made(
        subject: str, public: ec.EllipticCurvePublicKey, days: tuple[float, float]
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(named(subject))
            .issuer_name(named("somebody's CA"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
        )

    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    ca = (
        made("somebody's CA", key.public_key(), (-400, 400))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    names = [x509.DNSName(name)]
    server = (
        made("somebody", leaf.public_key(), (start, end))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(above, critical=False)
        .sign(key, hashes.SHA256())
    )
    private = leaf.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "their-ca.pem").write_bytes(ca.public_bytes(PEM))
    (folder / "their.pem").write_bytes(private + server.public_bytes(PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "their.pem")
    return folder / "their-ca.pem", context


def instead(
    reply: bytes, *, name: str = "localhost", days: tuple[float, float] = (-1, 30)
) -> Callable[[Desk], None]:
    """A host of somebody else's answers in the place of the login, and is trusted."""

    def arrange(desk: Desk) -> None:
        outside = desk.folder.parent
        ca, context = chain(outside, name, *days)
        host = Host(reply, context)
        desk.closing.append(host.close)
        desk.endpoints(login=f"https://localhost:{host.port}")
        desk.edit_profile(ca=str(ca), tenant="contoso.onmicrosoft.com")

    return arrange


def instead_by_id(reply: bytes) -> Callable[[Desk], None]:
    """The same, for a tenant named by its id: msal is the first to ask."""

    def arrange(desk: Desk) -> None:
        instead(reply)(desk)
        desk.edit_profile(tenant=desk.lab.info["tenant"])

    return arrange


def behind_proxy(reply: bytes, credential: str = "") -> Callable[[Desk], None]:
    """The login has a name that only a proxy could reach, and the proxy answers like this."""

    def arrange(desk: Desk) -> None:
        host = Host(reply)
        desk.closing.append(host.close)
        desk.patch.setenv("HTTPS_PROXY", f"http://{credential}127.0.0.1:{host.port}")
        far_away(desk)

    return arrange


def far_away(desk: Desk) -> None:
    """A login that is not on this machine. It is asked of a proxy alone, never of a resolver."""
    desk.endpoints(login="https://login.example")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
