"""A configuration profile with its signature around it, as Apple's devices show who made it.

Source: Apple, Device Management, Configuration Profile (signed with CMS, DER); RFC 5652.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)

from portineria.doors.state import refuse_readable_by_others
from portineria.fault import BadCredential


def signed(profile: bytes, file: Path) -> bytes:
    """`file` is PEM: the certificate, its chain, and its private key. Raises BadCredential."""
    try:
        refuse_readable_by_others(file, "a private key", "chmod 600", BadCredential)
        pem = file.read_bytes()
        own, *chain = x509.load_pem_x509_certificates(pem)
        key = load_pem_private_key(pem[_key(pem) :], None)
    except (OSError, ValueError, TypeError) as error:
        raise BadCredential(
            f"the profile cannot be signed with it: {type(error).__name__}",
            where=str(file),
            try_="name a PEM file with a certificate, its chain, and its key without a passphrase",
        ) from None
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise BadCredential(
            "a key of this kind signs no profile",
            where=str(file),
            try_="use one of RSA, or of an elliptic curve",
        )
    builder = PKCS7SignatureBuilder().set_data(profile).add_signer(own, key, SHA256())
    for one in chain:
        builder = builder.add_certificate(one)
    return builder.sign(Encoding.DER, [PKCS7Options.Binary])


def _key(pem: bytes) -> int:
    """Where in a file the private key begins. Raises ValueError."""
    for head in (b"-----BEGIN PRIVATE", b"-----BEGIN RSA", b"-----BEGIN EC"):
        if head in pem:
            return pem.index(head)
    raise ValueError("no private key")
