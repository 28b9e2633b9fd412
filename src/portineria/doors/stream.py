"""TCP and TLS streams to mail servers. Dull on purpose: no retry, no pool, no opinion.

Certificate and name are always checked and TLS is 1.2 at least, unless another context is handed
in (`tlsversions`, for looking only). Every wait is bounded by `limit` seconds (30 unless told): the
connection with its handshake, STARTTLS, each read, each write. The end of a TLS session without
its closing words counts as an end, as servers cut so.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from portineria.doors.certificates import facts_of
from portineria.run.cuts import Cut, NotReached, NotTrusted, TimedOut, TlsFailed
from portineria.run.tlsfacts import TlsFacts

LIMIT = 30.0  # seconds
HIGH = 262_144  # octets kept before the sender is made to wait
GOODBYE = 2.0  # seconds for a polite end


class TcpDial:
    """Opens streams; implements run.ports.Dial. `ca_file` replaces the machine's trust store.

    Raises OSError or ssl.SSLError at construction if `ca_file` cannot be read.
    """

    def __init__(
        self,
        ca_file: Path | None = None,
        *,
        limit: float = LIMIT,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._limit = limit
        if context is None:
            context = ssl.create_default_context(cafile=ca_file)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context = context

    async def __call__(
        self, host: str, port: int, *, tls: bool, source: str | None = None
    ) -> TcpStream:
        """Connect. Raises NotReached, NotTrusted, TimedOut or Cut."""
        where = f"{host}:{port}"
        with _as_cuts(where, NotReached, f"{where} cannot be reached"):
            async with asyncio.timeout(self._limit):
                transport, wire = await asyncio.get_running_loop().create_connection(
                    _Wire,
                    host,
                    port,
                    ssl=self._context if tls else None,
                    local_addr=(source, 0) if source else None,
                )
        return TcpStream(transport, wire, host, where, self._context, self._limit)


class TcpStream:
    """One connection; implements run.ports.Stream, run.attempt.Encrypted and tlsfacts.Shown."""

    def __init__(
        self,
        transport: asyncio.Transport,
        wire: _Wire,
        host: str,
        where: str,
        context: ssl.SSLContext,
        limit: float,
    ) -> None:
        self._transport = transport
        self._wire = wire
        self._host = host
        self._where = where
        self._context = context
        self._limit = limit

    @property
    def tls_version(self) -> str:
        """For example "TLSv1.3", or "" in the clear."""
        wrapped = self._transport.get_extra_info("ssl_object")
        return (wrapped.version() or "") if wrapped is not None else ""

    @property
    def tls_facts(self) -> TlsFacts | None:
        """What the handshake showed, None in the clear."""
        wrapped = self._transport.get_extra_info("ssl_object")
        return None if wrapped is None else facts_of(wrapped)

    async def read(self) -> bytes:
        """Some octets, b"" at the end. Raises TimedOut or Cut."""
        with _as_cuts(self._where, Cut, f"{self._where} cut the connection"):
            async with asyncio.timeout(self._limit):
                return await self._wire.some()

    async def write(self, data: bytes) -> None:
        """Send all of it. Raises TimedOut or Cut."""
        with _as_cuts(self._where, Cut, f"{self._where} cut the connection"):
            if self._wire.ended:
                raise ConnectionResetError
            self._transport.write(data)
            async with asyncio.timeout(self._limit):
                await self._wire.drained()

    async def start_tls(self) -> None:
        """Shake hands; what the server said before is dropped. Raises NotTrusted, TimedOut, Cut."""
        self._wire.forget()
        secured: asyncio.Transport | None = None
        try:
            with _as_cuts(self._where, TlsFailed, f"{self._where} broke off the TLS handshake"):
                async with asyncio.timeout(self._limit):
                    secured = await asyncio.get_running_loop().start_tls(
                        self._transport, self._wire, self._context, server_hostname=self._host
                    )
        finally:
            if secured is None:
                # A failed handshake ends the connection without telling its protocol.
                self._transport.abort()
                self._wire.connection_lost(None)
        if secured is None:
            raise TlsFailed(f"{self._where} cut the TLS handshake", where=self._where)
        self._transport = secured
        self._wire.connection_made(secured)

    async def close(self) -> None:
        """End it, politely for a moment, then not. Never raises."""
        self._transport.close()
        try:
            async with asyncio.timeout(GOODBYE):
                await self._wire.gone()
        except TimeoutError:
            self._transport.abort()


class _Wire(asyncio.Protocol):
    """What arrived and was not yet read, and whether the connection still is."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._fault: Exception | None = None
        self._end = False
        self._arrived = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._lost = asyncio.Event()
        self._transport: asyncio.ReadTransport | None = None
        self._paused = False

    @property
    def ended(self) -> bool:
        return self._lost.is_set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.ReadTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        self._arrived.set()
        if len(self._data) > HIGH and self._transport is not None:
            self._transport.pause_reading()
            self._paused = True

    def eof_received(self) -> None:
        self._end = True
        self._arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end, self._fault = True, exc
        self._arrived.set()
        self._writable.set()
        self._lost.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def forget(self) -> None:
        """Empty what arrived, and let more come."""
        self._data.clear()
        if not self._end:
            self._arrived.clear()
        if self._paused and self._transport is not None:
            self._transport.resume_reading()
            self._paused = False

    async def some(self) -> bytes:
        await self._arrived.wait()
        data = bytes(self._data)
        self.forget()
        if not data and self._fault is not None:
            raise self._fault
        return data

    async def drained(self) -> None:
        await self._writable.wait()
        if self._fault is not None:
            raise self._fault

    async def gone(self) -> None:
        await self._lost.wait()


@contextmanager
def _as_cuts(where: str, kind: type[Cut], why: str) -> Iterator[None]:
    """Turn what sockets and TLS raise into the faults of the port."""
    try:
        yield
    except ssl.SSLCertVerificationError as fault:
        raise NotTrusted(
            f"the certificate of {where} is not trusted: {fault.verify_message}",
            where=where,
            try_="name the right CA file, or ask whose TLS-inspecting proxy answers here",
        ) from fault
    except TimeoutError as fault:
        raise TimedOut(f"{where} did not answer in time", where=where) from fault
    except ssl.SSLError as fault:
        raise _handshake(where, fault) from fault
    except UnicodeError as fault:
        raise NotReached(f"{where} is not the name of a host", where=where) from fault
    except (ConnectionResetError, ConnectionAbortedError) as fault:
        # Nobody resets what is not yet connected: it came in the middle of the handshake.
        late = TlsFailed if kind is NotReached else kind
        why = f"{where} cut the TLS handshake" if kind is NotReached else why
        raise late(f"{why} ({fault.strerror or 'it closed'})", where=where) from fault
    except OSError as fault:
        reason = fault.strerror or str(fault) or type(fault).__name__
        raise kind(f"{why} ({reason})", where=where) from fault


def _handshake(where: str, fault: ssl.SSLError) -> TlsFailed:
    """Why no TLS came about, in words where OpenSSL's own would not be understood."""
    reason = fault.reason or type(fault).__name__
    clear = reason in _NO_TLS
    if clear:
        why = f"{where} does not speak TLS here: it broke off the handshake ({reason})"
    elif reason in _OTHER_VERSION:
        why = f"{where} speaks no TLS version that is allowed here ({reason}): 1.2 is the oldest"
    else:
        why = f"{where} broke off the TLS handshake ({reason})"
    return TlsFailed(why, where=where, theirs="ALERT" in reason, clear=clear)


_NO_TLS = {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
_OTHER_VERSION = {
    "UNSUPPORTED_PROTOCOL",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "VERSION_TOO_LOW",
    "NO_PROTOCOLS_AVAILABLE",
}
