"""A certificate of our own and its key: made here, kept here, and only its public half shown.

Source: Graph dossier 5.2; Entra takes self-signed certificates of RSA keys. One for signing needs
no name that anybody checks: the subject is for the people who find it in the portal.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from portineria.doors.files import write_atomic
from portineria.doors.textfile import read_octets
from portineria.fault import BadCredential, StateFault

BITS = 3072
"""RSA of the strength of 128 bits (NIST SP 800-57, table 2)."""
DAYS = 365
"""A stolen key serves until then at most; `connect rotate` takes a minute."""
EARLIER = timedelta(minutes=10)
"""Valid from a little before now: the service's clock may be behind ours."""
MOST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Certificate:
    """The public half. `der` is what the service is given."""

    der: bytes
    thumbprint: str
    """SHA-256, in hexadecimal."""
    ends: datetime

    @property
    def base64(self) -> str:
        return base64.b64encode(self.der).decode()


def make(path: Path, name: str, now: datetime, days: int = DAYS) -> Certificate:
    """Write a new key and its certificate into one PEM file, mode 0600, whole or not at all.

    Raises StateFault.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Portineria"),
        ]
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        write_atomic(path, pem + made.public_bytes(Encoding.PEM))
    except OSError as error:
        raise StateFault(
            f"the key cannot be written: {error.strerror}", where=str(path), try_=StateFault.mend
        ) from None
    return _public(made)


def read(path: Path) -> Certificate:
    """The certificate of a PEM file with key and certificate. Raises OperatorFault."""
    data = read_octets(path, most=MOST)
    try:
        load_pem_private_key(data, None)
        return _public(x509.load_pem_x509_certificates(data)[0])
    except (ValueError, TypeError):
        raise BadCredential(
            "the file holds no private key with its certificate, as PEM and unlocked",
            where=str(path),
            try_="move it away: portineria connect makes another one",
        ) from None


def public(path: Path) -> Certificate:
    """The first certificate of a PEM file, whatever its key is. Raises OperatorFault."""
    try:
        return _public(x509.load_pem_x509_certificates(read_octets(path, most=MOST))[0])
    except ValueError:
        raise BadCredential(
            "the file holds no certificate as PEM",
            where=str(path),
            try_="put the private key and the certificate into one PEM file",
        ) from None


def _public(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        der=certificate.public_bytes(Encoding.DER),
        thumbprint=certificate.fingerprint(hashes.SHA256()).hex(),
        ends=certificate.not_valid_after_utc,
    )
