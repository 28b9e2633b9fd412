"""Dials that offer one TLS version only, or trust anybody: for looking at a server, never for a
login. Nothing secret is said through them.
"""

from __future__ import annotations

import ssl
import warnings

from portineria.doors.stream import LIMIT, TcpDial
from portineria.tenant.unseen import Unseen

VERSIONS = {
    "TLSv1.0": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}
_ANY_CIPHER = "ALL:@SECLEVEL=0"


class Lookers:
    """Implements run.survey.Lookers."""

    def __init__(self, *, limit: float = LIMIT) -> None:
        self._limit = limit

    def trusting(self) -> TcpDial:
        """TLS as usual, and no certificate checked."""
        return TcpDial(limit=self._limit, context=_context())

    def only(self, version: str) -> TcpDial | Unseen:
        """One version of VERSIONS; Unseen where this machine's OpenSSL cannot offer it."""
        wanted = VERSIONS[version]
        context = _context()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = wanted
            if wanted is not ssl.TLSVersion.TLSv1_3:
                context.set_ciphers(_ANY_CIPHER)
        except (ValueError, ssl.SSLError):
            return _cannot(version)
        return TcpDial(limit=self._limit, context=context) if _offers(context) else _cannot(version)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _offers(context: ssl.SSLContext) -> bool:
    """Whether a first message of the handshake can be made with it, which asks no network."""
    wrapped = context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
    try:
        wrapped.do_handshake()
    except ssl.SSLWantReadError:
        return True
    except ssl.SSLError:
        return False
    return False


def _cannot(version: str) -> Unseen:
    return Unseen(f"this machine's {ssl.OPENSSL_VERSION} does not offer {version} any more")
