"""An application's proof, looked at before it is sent: what is wrong is said by its own file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from portineria.doors.textfile import read_octets
from portineria.fault import BadCredential
from portineria.secret import Secret

MOST = 1024 * 1024
_KEY, _CERTIFICATE = b"PRIVATE KEY-----", b"-----BEGIN CERTIFICATE-----"
BOTH = "put the private key and the certificate into one PEM file"
FROM_PFX = "openssl pkcs12 -in app.pfx -nodes -out app.pem"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppCredential:
    """An application's proof: a secret, or a PEM file with its key and its certificate."""

    client_id: str
    secret: Secret | None = None
    certificate_file: Path | None = None
    passphrase: Secret | None = None


def proof(credential: AppCredential, now: datetime) -> str | dict[str, str]:
    """What msal takes: a secret as it is; key and certificate, which it signs with PS256.

    Raises BadCredential for whatever is wrong with it that can be told without asking.
    """
    if credential.secret is not None:
        return credential.secret.reveal()
    path = credential.certificate_file
    if path is None:
        raise BadCredential(
            "the application has neither a secret nor a certificate",
            where=f"application {credential.client_id}",
            try_="name one of them in the profile",
        )
    data = read_octets(path, most=MOST)
    _refuse_halves(path, data)
    key = _key(path, data, credential.passphrase)
    _refuse_unfit(path, key, _certificates(path, data), now)
    pem = data.decode("ascii", "ignore")
    found = {"private_key": pem, "public_certificate": pem[pem.index(_CERTIFICATE.decode()) :]}
    if credential.passphrase is not None and b"ENCRYPTED" in data:
        found["passphrase"] = credential.passphrase.reveal()
    return found


def _refuse_halves(path: Path, data: bytes) -> None:
    if _KEY in data and _CERTIFICATE in data:
        return
    if data[:1] == b"\x30":
        why, cure = "the certificate file is no PEM but PKCS#12 or DER", FROM_PFX
    elif _CERTIFICATE in data:
        why, cure = "the certificate file lacks the private key", BOTH
    elif _KEY in data:
        why, cure = "the certificate file lacks the certificate", BOTH
    else:
        why, cure = "the certificate file cannot be read as PEM", f"{BOTH}; {FROM_PFX}"
    raise BadCredential(why, where=str(path), try_=cure)


def _key(path: Path, data: bytes, passphrase: Secret | None) -> PrivateKeyTypes:
    given = passphrase.reveal().encode() if passphrase is not None else None
    if b"ENCRYPTED" not in data:
        given = None
    try:
        return serialization.load_pem_private_key(data, given)
    except TypeError:
        raise BadCredential(
            "the private key is locked by a password, and none is named",
            where=str(path),
            try_="name it in the profile: password: file:PATH, or env:NAME",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        locked = given is not None
        raise BadCredential(
            "the password does not open the private key" if locked else "the private key is broken",
            where=str(path),
            try_="check the password that the profile names" if locked else BOTH,
        ) from None


def _certificates(path: Path, data: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        raise BadCredential("the certificate is broken", where=str(path), try_=BOTH) from None


def _refuse_unfit(
    path: Path, key: PrivateKeyTypes, chain: Sequence[x509.Certificate], now: datetime
) -> None:
    """The service takes RSA; the first certificate is the application's, and valid now."""
    if not isinstance(key, rsa.RSAPrivateKey):
        raise BadCredential(
            "the private key is no RSA key, and the token service takes no other",
            where=str(path),
            try_="make one: openssl req -x509 -newkey rsa:2048 -nodes -days 365",
        )
    leaf = chain[0]
    if leaf.public_key() != key.public_key():
        raise BadCredential(
            "the private key and the first certificate do not belong together",
            where=str(path),
            try_=f"{BOTH}, the application's own certificate first",
        )
    start, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if not start <= now <= end:
        raise BadCredential(
            f"the certificate expired on {end:%Y-%m-%d %H:%M} UTC"
            if now > end
            else f"the certificate is not valid until {start:%Y-%m-%d %H:%M} UTC",
            where=str(path),
            try_="make a new one and upload it (Entra admin center, App registrations, "
            f"Certificates & secrets), or set this machine's clock: it says {now:%Y-%m-%d %H:%M}",
            evidence={"not_before": start.isoformat(), "not_after": end.isoformat()},
        )
