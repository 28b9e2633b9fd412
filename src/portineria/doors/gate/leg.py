"""One connection of the gateway, with its own TLS.

asyncio's TLS keeps 256 KiB a connection and wakes up for every record. Here one buffer for what
comes in and one for what it says in the clear serve the whole process, because everything read is
passed on before anybody else reads (docs/decisions/0011-gate.md). So an idle session costs the two
TLS states and little else, and STARTTLS begins in the middle of a connection without a new
transport.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Protocol as Shape
from typing import cast

SIZE = 131_072
"""Octets read at once. Twice as many move a large letter no faster, and a client that reads nothing
holds as many more."""
MOST_WAITING = 65_536
"""Octets that wait for a slow reader before the other side waits too."""
SLOW, BEHIND, OTHERS, GATHER = 1, 2, 4, 8
"""Reasons to read no more of a leg."""
STREAM = 4_096
"""Octets that make one read part of a stream, if another was shortly before it."""
SHORTLY, GATHERED = 0.004, 0.001
"""Seconds: between two reads of a stream at most, and how long it is left to grow."""
_RECORD = 16_384
"""The most that one TLS record holds."""
_RECEIVED = memoryview(bytearray(SIZE))
_CLEAR = memoryview(bytearray(SIZE + 2 * _RECORD))
"""More than comes of one read, with the record that an earlier one left unfinished."""
_MORE = "more"
"""Nothing more for now: a mark by identity."""


class Owner(Shape):
    """Who is told. `received` must be done with `octets` when it returns."""

    def connected(self, leg: Leg) -> None:
        """Before a handshake, if there is one."""
        ...

    def held(self, leg: Leg, octets: bytes) -> None:
        """What comes on a leg that is held, before anything else of it is read."""
        ...

    def received(self, leg: Leg, octets: memoryview) -> None: ...
    def secured(self, leg: Leg) -> None: ...
    def ended(self, leg: Leg, why: str) -> None:
        """The other end sends no more; `why` is "" for a polite end."""
        ...

    def full(self, leg: Leg, is_full: bool) -> None:
        """The leg's reader is slow: stop, or go on."""
        ...


class Leg(asyncio.BufferedProtocol):
    """`context` makes TLS begin at once; `begin_tls` begins it later."""

    __slots__ = (
        "_cut",
        "_ended",
        "_held",
        "_incoming",
        "_outgoing",
        "_owner",
        "_shaken",
        "_streamed",
        "_tls",
        "_waits",
        "context",
        "name",
        "resume",
        "transport",
    )

    def __init__(
        self, owner: Owner, context: ssl.SSLContext | None = None, name: str | None = None
    ) -> None:
        self._owner = owner
        self.context = context
        self.name = name.encode() if name is not None and name.isascii() else name
        """Checked against the certificate: this is then the client of the TLS session. As octets
        it is not taken for an international name at each handshake."""
        self.resume: ssl.SSLSession | None = None
        """A session of the same context with the same server, to be taken up again."""
        self.transport: asyncio.Transport | None = None
        self._tls: ssl.SSLObject | None = None
        self._shaken = False
        self._ended = False
        self._cut = False
        self._held = False
        self._waits = 0
        self._streamed = 0.0  # when much came unasked the last time

    # --- the owner's side ---

    def hold(self) -> None:
        """From here on octets are the owner's to read, before any TLS."""
        self._held = True

    def release(self, rest: bytes) -> None:
        """Begin as if `rest` were the first that came."""
        self._held = False
        if self.context is not None:
            self.begin_tls(self.context)
        if rest and self._tls is not None:
            self._incoming.write(rest)
            self._shake()
        elif rest:
            self._owner.received(self, memoryview(rest))

    def adopt(self, owner: Owner) -> None:
        """Somebody else is told from now on."""
        self._owner = owner

    @property
    def secure(self) -> bool:
        return self._shaken

    @property
    def tls(self) -> ssl.SSLObject | None:
        return self._tls

    def begin_tls(self, context: ssl.SSLContext) -> None:
        """Shake hands on an open connection; what was received before is not part of it."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        server = self.name is None
        self._tls = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server,
            server_hostname=self.name,
            session=self.resume,
        )
        if not server:  # a server has nothing to say before the client's first words
            self._shake()

    def send(self, octets: bytes | memoryview, *, last: bool = False) -> None:
        """Goes out as one piece. Nothing is sent once the connection is closing. With `last` it
        goes with the closing words of TLS: `close` follows."""
        transport = self.transport
        if transport is None or transport.is_closing() or not octets:
            return
        self._streamed = 0.0  # what comes now may be the answer, which nobody holds up
        if self._tls is None:
            transport.write(bytes(octets))
            return
        try:
            self._tls.write(octets)
        except ssl.SSLError:
            self._end("TLS broke while sending")
            return
        if not last:
            self._flush()

    def wait(self, waiting: bool, reason: int) -> None:
        """Read no more for this reason, or not for this one any more: it is read on when none is
        left. SLOW: the other side's reader. BEHIND: too much is held that nobody has looked at.
        OTHERS: it is other legs' turn. GATHER: more of a stream is to come together."""
        before = self._waits
        self._waits = before | reason if waiting else before & ~reason
        transport = self.transport
        if self._waits == before or transport is None or transport.is_closing():
            return
        if self._waits and transport.is_reading():
            transport.pause_reading()
        elif not self._waits and not transport.is_reading():
            transport.resume_reading()

    def finish(self) -> None:
        """Say that no more will be sent; what the other end still says is received."""
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        self._farewell()
        if self._tls is None and transport.can_write_eof():
            transport.write_eof()

    def close(self) -> None:
        """Send what is left and close."""
        transport, self.transport = self.transport, None
        if transport is not None and not transport.is_closing():
            self.transport = transport
            self._farewell()
            self.transport = None
            transport.close()

    def abort(self) -> None:
        transport, self.transport = self.transport, None
        if transport is not None:
            transport.abort()

    # --- asyncio's side ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)  # uvloop's is of no such class
        self.transport = transport
        transport.set_write_buffer_limits(high=MOST_WAITING)
        self._owner.connected(self)
        if self.context is not None and not self._held:
            self.begin_tls(self.context)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _RECEIVED

    def buffer_updated(self, nbytes: int) -> None:
        if nbytes >= STREAM:
            self._much(nbytes)
        if self._held:
            self._owner.held(self, bytes(_RECEIVED[:nbytes]))
            return
        if self._tls is None:
            self._owner.received(self, _RECEIVED[:nbytes])
            return
        self._incoming.write(_RECEIVED[:nbytes])
        if self._shaken:
            self._read()
        else:
            self._shake()

    def _much(self, nbytes: int) -> None:
        """Give way after a full buffer, for libuv reads on, up to 32 times, before it asks whose
        turn it is. Let some of a stream gather: a piece of it costs more than its octets."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if nbytes == SIZE:
            self.wait(True, OTHERS)
            loop.call_soon(self.wait, False, OTHERS)
        elif now - self._streamed < SHORTLY:
            self.wait(True, GATHER)
            loop.call_later(GATHERED, self.wait, False, GATHER)
        self._streamed = now

    def eof_received(self) -> bool:
        """True keeps the way out open: what the other side still has to say is sent."""
        self._end("" if self._tls is None or self._ended else "the connection was cut")
        return self.transport is not None

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._end("the connection was cut")

    def pause_writing(self) -> None:
        self._owner.full(self, True)

    def resume_writing(self) -> None:
        self._owner.full(self, False)

    # --- TLS ---

    def _shake(self) -> None:
        tls = self._tls
        assert tls is not None
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return
        except (ssl.SSLError, ssl.CertificateError) as error:
            self._flush()
            self._end(f"TLS was not agreed on: {_reason(error)}")
            return
        self._shaken = True
        self._owner.secured(self)
        self._flush()  # what the owner said went with the end of the handshake: one packet less
        if self._incoming.pending:
            self._read()

    def _read(self) -> None:
        over = self._records()
        if self._outgoing.pending:
            self._flush()
        if over is not _MORE:
            self._end(over)

    def _records(self) -> str:
        """Pass on whatever is complete, in as few pieces as the buffer allows; why that was all."""
        tls, incoming = self._tls, self._incoming
        assert tls is not None
        filled, over = 0, _MORE
        try:
            # OpenSSL would say by an exception that nothing is left: dearer than a record.
            # A whole record is read at a time, so that none is left half read inside.
            while incoming.pending:
                count = int(tls.read(_RECORD, _CLEAR[filled:]))
                if not count:
                    over = ""
                    break
                filled += count
                if filled > len(_CLEAR) - _RECORD:
                    self._owner.received(self, _CLEAR[:filled])
                    filled = 0
        except ssl.SSLError as error:
            over = _why(error)
        if filled:
            self._owner.received(self, _CLEAR[:filled])
        return over

    def _flush(self) -> None:
        transport = self.transport
        if self._outgoing.pending and transport is not None and not transport.is_closing():
            transport.write(self._outgoing.read())

    def _farewell(self) -> None:
        """The closing words of TLS, without waiting for the other end's; none to who is gone."""
        if self._tls is None or not self._shaken:
            return
        if not self._cut:
            with suppress(ssl.SSLError):
                self._tls.unwrap()
        self._flush()

    def _end(self, why: str) -> None:
        if not self._ended:
            self._ended, self._cut = True, bool(why)
            self._owner.ended(self, why)


def _why(error: ssl.SSLError) -> str:
    """Why nothing more is read now."""
    if isinstance(error, ssl.SSLWantReadError):
        return _MORE
    return "" if isinstance(error, ssl.SSLZeroReturnError) else f"TLS broke: {_reason(error)}"


def _reason(error: Exception) -> str:
    """OpenSSL's word for it, such as CERTIFICATE_VERIFY_FAILED."""
    detail = getattr(error, "verify_message", "") or getattr(error, "reason", "")
    return str(detail or type(error).__name__).lower().replace("_", " ")
