"""The lab's own certificate authority. It survives restarts, so it is trusted once."""

from __future__ import annotations

import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from portineria.clock import Clock
from portineria.lab.names import ADDRESSES, NAMES

LIFE = timedelta(days=3650)
SERVER_LIFE = timedelta(days=397)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A key and a certificate in a folder: `ca.pem` for everybody, `ca.key` for the owner."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def path(self) -> Path:
        return self.folder / "ca.pem"

    def server_context(self, clock: Clock, extra: Sequence[str] = ()) -> ssl.SSLContext:
        """TLS for every door of the lab, with a certificate made for this start.

        It is good for NAMES and for `extra`.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _server(self, key, clock.now(), [*NAMES, *extra])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # OpenSSL reads a chain from a file only: it is there for that moment.
        place = self.folder / f"server.{os.getpid()}.pem"
        try:
            text = _private(key) + certificate.public_bytes(serialization.Encoding.PEM)
            _write(place, text, 0o600)
            context.load_cert_chain(place)
        finally:
            place.unlink(missing_ok=True)
        return context


def authority(folder: Path, clock: Clock) -> Authority:
    """The authority of a state folder, made there when it has none that is valid now.

    The folder gets mode 0700, the key 0600. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = _kept(folder)
    if known is not None and known.certificate.not_valid_after_utc > clock.now() + DAY:
        return known
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _root(key, clock.now())
    _write(folder / "ca.key", _private(key), 0o600)
    _write(folder / "ca.pem", certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return Authority(folder, key, certificate)


def _kept(folder: Path) -> Authority | None:
    try:
        key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
        certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    return Authority(folder, key, certificate)


def _root(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Portineria lab authority")])
    public = key.public_key()
    usage = {"key_cert_sign": True, "crl_sign": True}
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _server(
    issuer: Authority, key: ec.EllipticCurvePrivateKey, now: datetime, hosts: Sequence[str]
) -> x509.Certificate:
    public = key.public_key()
    names = [x509.DNSName(name) for name in dict.fromkeys(hosts)]
    numbers = [x509.IPAddress(ip_address(number)) for number in ADDRESSES]
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(issuer.certificate.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + SERVER_LIFE)
        .add_extension(x509.SubjectAlternativeName([*names, *numbers]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(above, critical=False)
        .sign(issuer.key, hashes.SHA256())
    )


def _usage(**allowed: bool) -> x509.KeyUsage:
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: allowed.get(name, False) for name in every})


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Written beside and moved, so that a key is never readable by others, nor half there."""
    beside = path.with_suffix(path.suffix + ".new")
    beside.unlink(missing_ok=True)
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    beside.replace(path)
