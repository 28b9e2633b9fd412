"""How the way to a mail server can be broken. Raised by Dial and Stream."""

from __future__ import annotations

from portineria.fault import NetworkFault
from portineria.fault import NotTrusted as Untrusted


class Cut(NetworkFault):
    """The way to the mail server is broken."""


class NotReached(Cut):
    """No connection: name unknown, refused, no route, or the source address is not ours."""


class TlsFailed(Cut):
    """No TLS came about, for another reason than the certificate.

    `theirs` is true where the server itself said no (an alert), false where it merely cut, and
    `clear` where what it said is no TLS at all.
    """

    def __init__(self, why: str, *, where: str, theirs: bool = False, clear: bool = False) -> None:
        super().__init__(why, where=where)
        self.theirs = theirs
        self.clear = clear


class NotTrusted(Cut, Untrusted):
    """The server's certificate or name is not trusted; nothing was said to it."""


class TimedOut(Cut):
    """A wait was longer than the stream allows."""
