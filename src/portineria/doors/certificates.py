"""A certificate as a handshake showed it, read by the cryptography library."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from portineria.run.tlsfacts import Certificate, TlsFacts

if TYPE_CHECKING:
    from cryptography import x509

_DER = 2  # _ssl.ENCODING_DER


def facts_of(wrapped: ssl.SSLObject) -> TlsFacts:
    """What a finished handshake showed. Whatever cannot be read is left out."""
    cipher = wrapped.cipher()
    return TlsFacts(
        version=wrapped.version() or "",
        cipher=cipher[0] if cipher else "",
        certificate=_certificate(wrapped),
        trusted=wrapped.context.verify_mode is ssl.CERT_REQUIRED,
    )


def _certificate(wrapped: ssl.SSLObject) -> Certificate | None:
    from cryptography import x509

    data = wrapped.getpeercert(binary_form=True)
    if not data:
        return None
    try:
        own = x509.load_der_x509_certificate(data)
        chain = [x509.load_der_x509_certificate(one) for one in _chain(wrapped)]
        return Certificate(
            subject=_told(own.subject),
            issuer=_told(own.issuer),
            names=_names(own),
            begins=own.not_valid_before_utc,
            ends=own.not_valid_after_utc,
            chain=tuple(_told(one.subject) for one in chain),
        )
    except ValueError:
        return None


def _chain(wrapped: ssl.SSLObject) -> list[bytes]:
    """The chain in DER, leaf first. Python has a public name for it from 3.13 on."""
    inner: Any = getattr(wrapped, "_sslobj", None)
    checked = wrapped.context.verify_mode is ssl.CERT_REQUIRED
    name = "get_verified_chain" if checked else "get_unverified_chain"
    found: list[Any] = getattr(inner, name, list)() or []
    return [one if isinstance(one, bytes) else one.public_bytes(_DER) for one in found]


def _told(name: x509.Name) -> str:
    return name.rfc4514_string() or "(no subject)"


def _names(own: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        found = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    hosts = found.get_values_for_type(x509.DNSName)
    addresses = found.get_values_for_type(x509.IPAddress)
    return (*hosts, *map(str, addresses))
