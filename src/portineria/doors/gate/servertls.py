"""The gateway's own certificates: one context a certificate, chosen by the name a client asks for.

Each certificate has two contexts: TLS 1.2 and better for everybody, and one that takes TLS 1.0 and
1.1 too, for clients of networks that a listener names. `load` reads the files again; sessions that
are open keep what they have.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from portineria.fault import BadCredential
from portineria.gateway.gatewayfile import CertificateWish


@dataclass(slots=True)
class ServerTls:
    """`certificates`: the first is shown to whoever asks for no name, or for one nobody has."""

    certificates: Sequence[CertificateWish]
    client_ca: Path | None = None
    _modern: ssl.SSLContext = field(init=False, repr=False)
    _old: ssl.SSLContext = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.load()

    def load(self) -> None:
        """Raises BadCredential; what was loaded before stays then."""
        modern, old = self._every(old=False), self._every(old=True)
        self._modern, self._old = modern, old

    def context(self, *, old: bool) -> ssl.SSLContext:
        return self._old if old else self._modern

    def _every(self, *, old: bool) -> ssl.SSLContext:
        contexts = [self._one(wish, old=old) for wish in self.certificates]
        by_name: dict[str, ssl.SSLContext] = {}
        for wish, context in zip(self.certificates, contexts, strict=True):
            for name in _names(wish.certificate):
                by_name.setdefault(name, context)
        first = contexts[0]
        if len(contexts) > 1:
            first.sni_callback = lambda tls, name, _: _choose(tls, name, by_name)
        return first

    def _one(self, wish: CertificateWish, *, old: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.num_tickets = 1  # a mail program comes back on one connection at a time
        if old:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = ssl.TLSVersion.TLSv1
            # OpenSSL 3 knows TLS 1.0 at security level 0 only: SHA-1 signs its handshake.
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        try:
            # A password is never asked for: nobody sits before a service.
            context.load_cert_chain(wish.certificate, wish.key, password="")
            if self.client_ca is not None:
                context.load_verify_locations(self.client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
        except (OSError, ValueError) as error:
            raise BadCredential(
                f"the certificate or its key cannot be used: {type(error).__name__}",
                where=str(wish.certificate),
                try_="name PEM files: the certificate with its chain, and the key without a "
                "password",
            ) from None
        return context


def _choose(
    tls: ssl.SSLObject | ssl.SSLSocket, name: str | None, by_name: dict[str, ssl.SSLContext]
) -> None:
    """An unknown name gets the first certificate: old clients send odd names."""
    asked = (name or "").lower()
    found = by_name.get(asked) or by_name.get(f"*.{asked.partition('.')[2]}")
    if found is not None:
        tls.context = found


def _names(path: Path) -> list[str]:
    """The names that a certificate is for. What cannot be read was complained about before."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return []
    return [name.lower() for name in names.value.get_values_for_type(x509.DNSName)]
