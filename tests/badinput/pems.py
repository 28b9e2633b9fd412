"""Certificates and keys of every unfit kind, made once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PASSWORD = "correct horse"
PEM = serialization.Encoding.PEM


@cache
def rsa_key(number: int = 1) -> rsa.RSAPrivateKey:
    """Key one, key two: different ones."""
    assert number
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(key: Key, start: float = -30, end: float = 300) -> x509.Certificate:
    """Valid from so many days after today to so many."""
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now + timedelta(days=start))
        .not_valid_after(now + timedelta(days=end))
        .sign(key, hashes.SHA256())
    )


def pem(key: Key | None = None, *certificates: x509.Certificate, password: str = "") -> bytes:
    """One file of a key and certificates; the key is locked where a password is given."""
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        locked = serialization.BestAvailableEncryption(password.encode())
    parts = [one.public_bytes(PEM) for one in certificates]
    if key is not None:
        parts.insert(0, key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, locked))
    return b"".join(parts)


def good(password: str = "") -> bytes:
    return pem(rsa_key(), certificate(rsa_key()), password=password)


def pfx() -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"app", rsa_key(), certificate(rsa_key()), None, serialization.NoEncryption()
    )
