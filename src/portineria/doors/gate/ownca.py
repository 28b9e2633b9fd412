"""An authority of the gateway's own, for whoever has no certificate: devices trust its one file.

`ca.pem` and its key stay; the gateway's certificate is made anew before it ends, or when it is
asked to be good for other names. Both keys are files of the owner alone.
Source: RFC 5280; CA/Browser Forum Baseline Requirements 6.3.2 (398 days).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from portineria.doors.files import private_folder, write_atomic
from portineria.fault import StateFault
from portineria.gateway.gatewayfile import CertificateWish

CA_LIFE = timedelta(days=3650)
LIFE = timedelta(days=397)
RENEW = timedelta(days=30)
"""Left of its life when the next certificate is made."""
BITS = 2048
"""RSA: printers and old programs know it, and not every one knows elliptic curves."""


def certified(folder: Path, names: Sequence[str], now: datetime) -> CertificateWish:
    """The gateway's certificate, made where there is none that fits. Raises StateFault."""
    private_folder(folder)
    try:
        ca, ca_key = _authority(folder, now)
        path = folder / "gate.pem"
        if not _fits(path, ca, names, now):
            _issue(path, ca, ca_key, names, now)
    except (OSError, ValueError, TypeError) as error:
        raise StateFault(
            f"the gateway's own authority cannot be used: {error}",
            where=str(folder),
            try_="move ca.pem and ca.key of that folder away: a new authority is made then",
        ) from None
    return CertificateWish(certificate=path)


def _authority(folder: Path, now: datetime) -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    certificate, key_file = folder / "ca.pem", folder / "ca.key"
    if certificate.exists() and key_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("ca.key is no RSA key")
        return x509.load_pem_x509_certificate(certificate.read_bytes()), key
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Portineria gateway")])
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    made = (
        _begun(name, name, key.public_key(), now, CA_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_atomic(key_file, _private(key))
    write_atomic(certificate, made.public_bytes(serialization.Encoding.PEM))
    certificate.chmod(0o644)
    return made, key


def _issue(
    path: Path,
    ca: x509.Certificate,
    ca_key: rsa.RSAPrivateKey,
    names: Sequence[str],
    now: datetime,
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    made = (
        _begun(subject, ca.subject, key.public_key(), now, LIFE)
        .add_extension(x509.SubjectAlternativeName(list(map(_name, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    write_atomic(path, _private(key) + made.public_bytes(serialization.Encoding.PEM))


def _fits(path: Path, ca: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    if not path.exists():
        return False
    found = x509.load_pem_x509_certificate(path.read_bytes())
    told = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if found.issuer != ca.subject or found.not_valid_after_utc - now < RENEW:
        return False
    return set(map(_name, names)) <= set(told)


def _begun(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + life)
    )


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _private(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
