"""Certificates for servers of tests, good ones and bad ones."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Chain:
    """`ca` is to be trusted; `leaf` holds the server's key and certificate."""

    ca: Path
    leaf: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.leaf)
        return context


def make_chain(
    folder: Path, *, name: str = "127.0.0.1", days: int = 60, alone: bool = False
) -> Chain:
    """A server's certificate for `name` that ends in so many days, perhaps below zero. `alone` is
    signed by itself: nobody vouches for it."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority, subject = _name(f"Authority for {name}"), _name(name)
    ca = (
        _builder(authority, authority, ca_key, 90)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        _builder(subject, subject if alone else authority, key, days)
        .add_extension(x509.SubjectAlternativeName([_general(name)]), critical=False)
        .sign(key if alone else ca_key, hashes.SHA256())
    )
    private = key.private_bytes(
        PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "ca.pem").write_bytes(ca.public_bytes(PEM))
    (folder / "leaf.pem").write_bytes(private + leaf.public_bytes(PEM))
    return Chain(folder / "ca.pem", folder / "leaf.pem")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(100))
        .not_valid_after(now + timedelta(days, minutes=5))
    )
